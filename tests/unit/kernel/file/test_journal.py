import os
from pathlib import Path

import pytest

from porto.kernel.file import journal
from porto.kernel.file.journal import LINE_MAX, Journal


def lines(found: Journal, after: int = 0) -> list[tuple[int, bytes]]:
    return list(found.read(after))


def test_lines_are_numbered_from_one(tmp_path: Path) -> None:
    found = Journal(str(tmp_path / "j"))
    assert (found.append(b"a"), found.append(b"b c")) == (1, 2)
    assert lines(found) == [(1, b"a"), (2, b"b c")]
    assert lines(found, 1) == [(2, b"b c")]
    assert lines(found, 2) == []
    found.close()


def test_lines_are_found_by_what_they_hold(tmp_path: Path) -> None:
    found = Journal(str(tmp_path / "j"), segment_max=40)
    for body in (b'"a"', b"b", b'x "a" "a"', b'"ab"', b'"a"', b"7"):
        found.append(body)
    assert [number for number, _ in found.read(0, b'"a"')] == [1, 3, 5]
    assert list(found.read(1, b'"a"')) == [(3, b'x "a" "a"'), (5, b'"a"')]
    assert list(found.read(5, b'"a"')) == []
    assert list(found.read(0, b"none")) == []
    found.close()


def test_a_new_writer_goes_on_with_the_numbers(tmp_path: Path) -> None:
    first = Journal(str(tmp_path / "j"))
    first.append(b"a")
    first.close()
    second = Journal(str(tmp_path / "j"))
    assert second.last == 1
    assert second.append(b"b") == 2
    assert lines(second) == [(1, b"a"), (2, b"b")]
    second.close()


def test_a_line_that_was_cut_short_is_removed_and_its_number_used_again(tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(b"7 a\n8 b")
    found = Journal(str(tmp_path / "j"))
    assert lines(found) == [(7, b"a")]
    assert found.append(b"c") == 8
    assert (tmp_path / "j").read_bytes() == b"7 a\n8 c\n"
    found.close()


def test_numbers_go_on_when_the_writer_died_between_rename_and_open(tmp_path: Path) -> None:
    (tmp_path / "j.old").write_bytes(b"41 a\n")
    found = Journal(str(tmp_path / "j"))
    assert found.append(b"b") == 42
    assert lines(found) == [(41, b"a"), (42, b"b")]
    found.close()


def test_two_segments_bound_the_size(tmp_path: Path) -> None:
    found = Journal(str(tmp_path / "j"), segment_max=100)
    for _ in range(100):
        found.append(b"x" * 20)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["j", "j.old"]
    kept = [number for number, _ in found.read()]
    assert kept == list(range(kept[0], 101))
    assert len(kept) > 4
    assert lines(found, kept[0]) == lines(found)[1:]
    found.close()


def test_several_lines_are_kept_by_one_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Journal(str(tmp_path / "j"))
    found.append(b"a")
    real, written = os.write, list[bytes]()

    def write(descriptor: int, data: bytes) -> int:
        written.append(data)
        return real(descriptor, data)

    monkeypatch.setattr(journal.os, "write", write)
    assert list(found.extend([b"b", b"c"])) == [2, 3]
    assert found.append(b"d") == 4
    assert written == [b"2 b\n3 c\n", b"4 d\n"]
    assert lines(found, 1) == [(2, b"b"), (3, b"c"), (4, b"d")]
    found.close()


def test_several_lines_that_do_not_fit_together_are_kept_one_by_one(tmp_path: Path) -> None:
    found = Journal(str(tmp_path / "j"), segment_max=40)
    assert list(found.extend([b"x" * 20, b"y" * LINE_MAX, b"z" * 20])) == [1, 0, 2]
    assert (lines(found), found.lost) == ([(1, b"x" * 20), (2, b"z" * 20)], 1)
    found.close()


def test_several_lines_of_which_one_is_cut_short_are_kept_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Journal(str(tmp_path / "j"))
    found.append(b"a")
    real = os.write
    monkeypatch.setattr(
        journal.os, "write", lambda fd, data: real(fd, data[:6] if data.count(b"\n") > 1 else data)
    )
    assert list(found.extend([b"bcd", b"e"])) == [2, 3]
    assert lines(found) == [(1, b"a"), (2, b"bcd"), (3, b"e")]
    found.close()


def test_what_does_not_fit_is_lost_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Journal(str(tmp_path / "j"))
    found.append(b"a")
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(journal.os, "write", lambda fd, data: real(fd, data[:3]))
        assert found.append(b"full") == 0
    assert found.append(b"x" * LINE_MAX) == 0
    assert found.lost == 2
    assert found.append(b"b") == 2
    assert lines(found) == [(1, b"a"), (2, b"b")]
    found.close()


def test_a_failed_rotation_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Journal(str(tmp_path / "j"), segment_max=10)
    found.append(b"aaaaaa")

    def refuse(*_: object) -> int:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(journal.os, "open", refuse)
        assert found.append(b"bbbbbb") == 0
    assert found.append(b"cccccc") == 2
    assert lines(found) == [(1, b"aaaaaa"), (2, b"cccccc")]
    found.close()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"1 secret\n")
    (tmp_path / "j").symlink_to(tmp_path / "other")
    found = Journal(str(tmp_path / "j"))
    assert found.append(b"a") == 0
    assert lines(found) == []
    assert (tmp_path / "other").read_bytes() == b"1 secret\n"


def test_a_journal_that_cannot_be_opened_is_tried_again(tmp_path: Path) -> None:
    found = Journal(str(tmp_path / "later" / "j"))
    assert (found.append(b"a"), found.lost) == (0, 1)
    (tmp_path / "later").mkdir()
    assert found.append(b"b") == 1
    assert lines(found) == [(1, b"b")]
    found.close()


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    found = Journal(str(tmp_path / "j"))
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600
    found.close()
