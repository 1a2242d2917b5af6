import os
import socket
import stat

import pytest

from porto.spec.sources.files import (
    FileKey,
    FileRefused,
    Rules,
    check_directory,
    check_file,
    os_reason,
    read_file,
)

ROOT_ONLY = Rules(trusted_uids=frozenset({0}))


def stat_of(mode: int, *, uid: int = 0, size: int = 5) -> os.stat_result:
    return os.stat_result((mode, 1, 1, 1, uid, 0, size, 0, 0, 0))


def reason(path, rules=None) -> str:
    with pytest.raises(FileRefused) as refusal:
        read_file(str(path), rules or Rules())
    return refusal.value.reason


def test_a_regular_file_is_read_also_through_a_link(tmp_path):
    (tmp_path / "a").write_bytes(b"text")
    (tmp_path / "b").symlink_to("a")
    data, key = read_file(str(tmp_path / "b"), Rules())
    assert data == b"text"
    assert key == FileKey.of(os.stat(tmp_path / "a"))


def test_what_is_no_regular_file_is_refused_without_blocking(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        assert reason(tmp_path / "socket") == "it is a socket, not a regular file"
    assert reason(tmp_path / "pipe") == "it is a pipe, not a regular file"
    assert reason(tmp_path) == "it is a directory, not a regular file"
    assert reason("/dev/null") == "it is a character device, not a regular file"


def test_a_huge_file_is_refused_unread(tmp_path):
    huge = tmp_path / "huge.CT"
    huge.touch()
    os.truncate(huge, 100 << 20)
    assert reason(huge) == "it is larger (104857600 bytes) than the limit of 1048576 bytes"


def test_files_that_lie_about_their_size_are_read_up_to_the_limit():
    # Files of /proc say that they are empty.
    refusal = reason("/proc/self/mountinfo", Rules(max_bytes=4))
    assert refusal == "it is larger (5 bytes) than the limit of 4 bytes"


def test_a_file_that_changes_while_it_is_read_has_no_key(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"half")
    real = os.read

    def slow(descriptor, size):
        data = real(descriptor, size)
        if not data:
            with path.open("ab") as file:
                file.write(b" and half")
        return data

    monkeypatch.setattr(os, "read", slow)
    assert read_file(str(path), Rules())[1] is None


def test_no_descriptor_is_left_open(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 100)
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(5):
        read_file(str(tmp_path / "a"), Rules())
        reason(tmp_path / "a", Rules(max_bytes=5))
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (stat_of(0o100644), ""),
        (stat_of(0o100600), ""),
        (stat_of(0o100644, uid=1000), "the file belongs to user 1000, not to root"),
        (stat_of(0o100664), "the file is writable by others than root (mode 0664)"),
        (stat_of(0o100646), "the file is writable by others than root (mode 0646)"),
        (stat_of(0o100644, size=2 << 20), "it is larger (2097152 bytes) than the limit of"),
    ],
)
def test_root_trusts_only_what_root_alone_can_write(found, expected):
    check_file(stat_of(0o100666, uid=1000), Rules())
    if not expected:
        check_file(found, ROOT_ONLY)
        return
    with pytest.raises(FileRefused, match="^" + expected.replace("(", r"\(").replace(")", r"\)")):
        check_file(found, ROOT_ONLY)


def test_directories_are_checked_likewise():
    check_directory(stat_of(stat.S_IFDIR | 0o755), ROOT_ONLY)
    check_directory(stat_of(stat.S_IFDIR | 0o1777), ROOT_ONLY)
    check_directory(stat_of(stat.S_IFDIR | 0o777, uid=5), Rules())
    for found in (
        stat_of(stat.S_IFDIR | 0o777),
        stat_of(stat.S_IFDIR | 0o755, uid=5),
        stat_of(stat.S_IFDIR | 0o1777, uid=5),
    ):
        with pytest.raises(FileRefused, match="its directory"):
            check_directory(found, ROOT_ONLY)


def test_the_rules_follow_who_we_are(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert Rules.of_this_process().trusted_uids == {0}
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert Rules.of_this_process().trusted_uids is None


def test_it_is_opened_without_waiting_for_anybody(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"text")
    flags = []
    real = os.open

    def noting(path, flag):
        flags.append((path, flag))
        return real(path, flag)

    monkeypatch.setattr(os, "open", noting)
    assert read_file(str(tmp_path / "a"), Rules())[0] == b"text"
    wanted = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    assert flags == [(str(tmp_path / "a"), wanted)]


def test_a_long_file_is_read_in_parts_up_to_the_limit(tmp_path, monkeypatch):
    content = bytes(range(256)) * 1200
    (tmp_path / "a").write_bytes(content)
    sizes = []
    real = os.read

    def noting(descriptor, size):
        sizes.append(size)
        return real(descriptor, size)

    monkeypatch.setattr(os, "read", noting)
    data, key = read_file(str(tmp_path / "a"), Rules(max_bytes=len(content)))
    assert (data, key) == (content, FileKey.of(os.stat(tmp_path / "a")))
    assert sizes == [1 << 18, len(content) + 1 - (1 << 18), 1]


def test_a_file_of_just_the_limit_is_read(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_file(str(tmp_path / "a"), Rules(max_bytes=5))[0] == b"12345"
    assert reason(tmp_path / "a", Rules(max_bytes=4)) == (
        "it is larger (5 bytes) than the limit of 4 bytes"
    )


def test_a_file_that_somebody_changed_before_it_was_opened_is_checked_again(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"text")
    monkeypatch.setattr(os, "fstat", lambda descriptor: stat_of(0o100666, uid=7))
    assert reason(tmp_path / "a", Rules(trusted_uids=frozenset({os.geteuid()}))) == (
        "the file belongs to user 7, not to root"
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [(OSError(13, "whatever"), "permission denied"), (OSError("torn"), "torn")],
)
def test_the_systems_words_for_a_failure(error, words):
    assert os_reason(error) == words
