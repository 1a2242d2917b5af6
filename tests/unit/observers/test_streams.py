"""Kept output: windows, offsets, and files that users have swapped."""

import os
from pathlib import Path

import pytest

from porto.kernel.file import files
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.errors import InvalidData, InvalidState, InvalidValue, Permission
from tests.unit.observers.hosts import Host

TEXT = "0123456789"


def kept(host: Host, values: dict[str, str] | None = None, text: str = TEXT) -> ContainerRecord:
    record = host.make("a", values, state=State.RUNNING)
    (host.place / "porto" / "a").mkdir()
    (host.place / "porto" / "a" / "stdout").write_text(text)
    return record


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (None, TEXT),
        ("0", TEXT),
        ("4", "456789"),
        ("4:2", "45"),
        (":3", "789"),
        (":100", TEXT),
        ("10", ""),
        ("100", ""),
        ("9:100", "9"),
        (":0", ""),
    ],
)
def test_a_window(host: Host, index: str | None, expected: str) -> None:
    assert host.get(kept(host), "stdout", index) == expected


@pytest.mark.parametrize("index", ["x", "-1", "1:2:3", ":", "1:x", "99999999999999999999", " 1"])
def test_a_window_that_is_none(host: Host, index: str) -> None:
    with pytest.raises(InvalidValue, match="cannot get stdout"):
        host.get(kept(host), "stdout", index)


def test_offsets_count_what_was_dropped(host: Host) -> None:
    record = kept(host)
    record = host.store.put_status(record, record.with_status(stdout_offset=1000).status, now=3.0)
    assert host.get(record, "stdout_offset") == "1000"
    assert host.get(record, "stderr_offset") == "0"
    assert host.get(record, "stdout", "1004:2") == "45"
    assert host.get(record, "stdout", ":2") == "89"
    assert host.get(record, "stdout") == TEXT
    with pytest.raises(InvalidData, match="offset 1000"):
        host.get(record, "stdout", "999")


def test_offsets_hold_after_a_rotation(host: Host) -> None:
    """Whatever way the filesystem has to drop the head."""
    text = "".join(f"{number:015}\n" for number in range(8192))
    record = kept(host, text=text)
    path = host.place / "porto" / "a" / "stdout"
    with path.open("rb") as file:
        os.fsync(file.fileno())
    lost = files.collapse_head(str(path), 65536)
    assert lost > 0
    record = host.store.put_status(record, record.with_status(stdout_offset=lost).status, now=3.0)
    assert host.get(record, "stdout") == text[lost:]
    assert host.get(record, "stdout", f"{lost + 16}:16") == text[lost + 16 : lost + 32]


def test_the_limit_bounds_what_is_read(host: Host) -> None:
    record = kept(host, {"stdout_limit": "4"})
    assert host.get(record, "stdout") == "6789"
    assert host.get(record, "stdout", "1") == "1234"
    assert host.get(record, "stdout", "1:6") == "123456"


def test_bytes_that_are_no_text_survive(host: Host) -> None:
    record = kept(host)
    (host.place / "porto" / "a" / "stdout").write_bytes(b"\xff\xfe ok")
    assert host.get(record, "stdout").encode("utf-8", "surrogateescape") == b"\xff\xfe ok"


def test_a_stopped_container_keeps_nothing(host: Host) -> None:
    with pytest.raises(InvalidState, match="cannot get stdout of a"):
        host.get(host.make("a"), "stdout")


@pytest.mark.parametrize("path", ["/dev/null", "/dev/fd/1"])
def test_what_is_not_kept_cannot_be_read(host: Host, path: str) -> None:
    with pytest.raises(InvalidData, match="not kept"):
        host.get(kept(host, {"stdout_path": path}), "stdout")


def test_os_mode_keeps_nothing(host: Host) -> None:
    with pytest.raises(InvalidData, match="not kept"):
        host.get(kept(host, {"virt_mode": "os"}), "stdout")


def test_a_chosen_path_is_relative_to_the_working_directory(host: Host, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("there")
    record = kept(host, {"cwd": str(tmp_path), "stdout_path": "out"})
    assert host.get(record, "stdout") == "there"


def test_an_absolute_path(host: Host, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("there")
    assert host.get(kept(host, {"stdout_path": f"{tmp_path}/out"}), "stdout") == "there"


def test_a_missing_file(host: Host) -> None:
    with pytest.raises(InvalidData, match="No such file"):
        host.get(kept(host), "stderr")


def test_a_swapped_file(host: Host, tmp_path: Path) -> None:
    record = kept(host)
    path = host.place / "porto" / "a" / "stdout"
    (tmp_path / "secret").write_text("secret")
    path.unlink()
    path.symlink_to(tmp_path / "secret")
    with pytest.raises(Permission, match="symbolic link"):
        host.get(record, "stdout")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InvalidData, match="not a regular file"):
        host.get(record, "stdout")


@pytest.mark.needs("root")
def test_a_swapped_directory(host: Host, tmp_path: Path) -> None:
    record = kept(host)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "stdout").write_text("secret")
    directory = host.place / "porto" / "a"
    directory.rename(tmp_path / "old")
    directory.symlink_to(tmp_path / "elsewhere")
    os.lchown(directory, 1234, 1234)
    with pytest.raises(Permission, match="symbolic link"):
        host.get(record, "stdout")
