"""Kept output and descriptors of clients."""

import errno
import os
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from porto.kernel import syscalls
from porto.kernel.file import files
from porto.kernel.process import processes

BLOCK = 4096


@dataclass(frozen=True)
class Client:
    pid: int
    start: int
    uid: int
    gid: int
    groups: tuple[int, ...] = ()


def me(uid: int = 0, gid: int = 0, groups: tuple[int, ...] = ()) -> Client:
    return Client(os.getpid(), processes.start_time(os.getpid()), uid, gid, groups)


def written(path: Path, blocks: int) -> Path:
    with path.open("wb") as file:
        for number in range(blocks):
            file.write(bytes([number % 251]) * BLOCK)
        file.flush()
        os.fsync(file.fileno())
    return path


def kept(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(files.first_data(file.fileno()))
        return file.read()


def test_a_file_below_the_limit_is_left_alone(tmp_path: Path) -> None:
    path = written(tmp_path / "stdout", 8)
    assert files.collapse_head(str(path), 8 * BLOCK) == 0
    assert path.stat().st_size == 8 * BLOCK


def test_the_head_goes_and_the_tail_stays(tmp_path: Path) -> None:
    path = written(tmp_path / "stdout", 32)
    before = path.read_bytes()
    lost = files.collapse_head(str(path), 16 * BLOCK)
    assert lost == 24 * BLOCK
    assert kept(path) == before[lost:]
    assert path.stat().st_blocks * 512 <= 16 * BLOCK
    assert files.collapse_head(str(path), 16 * BLOCK) == 0


def test_a_writer_that_appends_goes_on(tmp_path: Path) -> None:
    path = written(tmp_path / "stdout", 32)
    with path.open("ab", buffering=0) as writer:
        files.collapse_head(str(path), 16 * BLOCK)
        writer.write(b"next")
    assert kept(path).endswith(bytes([31]) * 8 + b"next")


def test_without_collapse_the_head_becomes_a_hole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "stdout", 32)
    before = path.read_bytes()
    only(monkeypatch, syscalls.FALLOC_FL_PUNCH_HOLE)
    lost = files.collapse_head(str(path), 16 * BLOCK)
    assert path.stat().st_size == 32 * BLOCK
    assert kept(path) == before[lost:]
    with path.open("ab") as writer:
        writer.write(b"x" * 16 * BLOCK)
    more = files.collapse_head(str(path), 16 * BLOCK)
    assert lost + more == 48 * BLOCK - 8 * BLOCK
    assert kept(path) == b"x" * 8 * BLOCK


def test_without_holes_the_file_is_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "stdout", 32)
    only(monkeypatch, 0x8000)
    assert files.collapse_head(str(path), 16 * BLOCK) == 32 * BLOCK
    assert path.stat().st_size == 0


def only(monkeypatch: pytest.MonkeyPatch, supported: int) -> None:
    """A filesystem that has just this mode of fallocate."""
    real = syscalls.fallocate

    def fallocate(fd: int, mode: int, offset: int, length: int) -> None:
        if not mode & supported:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        real(fd, mode, offset, length)

    monkeypatch.setattr(syscalls, "fallocate", fallocate)


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    assert files.collapse_head(str(tmp_path / "missing"), 1) == 0
    assert files.collapse_head(str(tmp_path), 1) == 0
    os.mkfifo(tmp_path / "fifo")
    assert files.collapse_head(str(tmp_path / "fifo"), 1) == 0
    assert files.collapse_head("/dev/null", 1) == 0


def test_a_link_is_not_rotated(tmp_path: Path) -> None:
    target = written(tmp_path / "target", 32)
    (tmp_path / "stdout").symlink_to(target)
    assert files.collapse_head(str(tmp_path / "stdout"), BLOCK) == 0
    assert target.stat().st_size == 32 * BLOCK


def test_a_descriptor_is_rotated_too(tmp_path: Path) -> None:
    path = written(tmp_path / "stdout", 32)
    with path.open("r+b") as file:
        assert files.collapse_head(file.fileno(), 16 * BLOCK) == 24 * BLOCK


@pytest.mark.parametrize("kind", ["directory", "fifo", "socket"])
def test_only_regular_files_are_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
    with pytest.raises(OSError, match="not a regular file"):
        files.open_regular(str(path), os.O_RDONLY)


def test_a_link_at_the_end_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("secret")
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(PermissionError, match="symbolic link"):
        files.open_regular(str(tmp_path / "link"), os.O_RDONLY)


@pytest.mark.needs("root")
def test_a_users_link_on_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("secret")
    (tmp_path / "link").symlink_to("real")
    os.lchown(tmp_path / "link", 1234, 1234)
    opened = len(os.listdir("/proc/self/fd"))
    with pytest.raises(PermissionError, match="leads elsewhere"):
        files.open_regular(str(tmp_path / "link" / "file"), os.O_RDONLY)
    assert len(os.listdir("/proc/self/fd")) == opened


@pytest.mark.needs("root")
def test_roots_link_on_the_way_is_the_administrators_choice(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("text")
    (tmp_path / "link").symlink_to("real")
    os.close(files.open_regular(str(tmp_path / "link" / "file"), os.O_RDONLY))


@pytest.mark.needs("root")
def test_links_of_procfs_mean_another_place_to_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("secret")
    monkeypatch.chdir(tmp_path)
    for path in ("/proc/self/cwd/file", f"/proc/self/root{tmp_path}/file", "/proc/self/status"):
        with pytest.raises(PermissionError):
            files.open_regular(path, os.O_RDONLY)


def test_a_file_the_client_only_named_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    named = os.open(tmp_path / "file", os.O_PATH)
    try:
        with pytest.raises(PermissionError, match="has not opened it"):
            files.open_client_descriptor(me(), named, write=False)
    finally:
        os.close(named)


def test_a_clients_pipe_is_written_to() -> None:
    reader, writer = os.pipe()
    try:
        descriptor = files.open_client_descriptor(me(), writer, write=True)
        os.write(descriptor, b"hello")
        os.close(descriptor)
        assert os.read(reader, 10) == b"hello"
    finally:
        os.close(reader)
        os.close(writer)


def test_a_clients_file_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("before ")
    with path.open("rb") as file:
        descriptor = files.open_client_descriptor(me(), file.fileno(), write=True)
        os.write(descriptor, b"after")
        os.close(descriptor)
    assert path.read_text() == "before after"


def test_a_clients_file_is_shared_with_its_offset(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_text("read text")
    with path.open("rb", buffering=0) as file:
        file.read(5)
        descriptor = files.open_client_descriptor(me(), file.fileno(), write=False)
        assert os.read(descriptor, 10) == b"text"
        assert file.read() == b""
        os.close(descriptor)


def test_a_file_written_by_the_client_is_continued_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("wb", buffering=0) as file:
        file.write(b"one ")
        descriptor = files.open_client_descriptor(me(), file.fileno(), write=True)
        os.write(descriptor, b"two ")
        os.close(descriptor)
        file.write(b"three")
    assert path.read_text() == "one two three"


@pytest.mark.needs("root")
def test_a_client_that_is_not_what_connected_gets_no_open_file(tmp_path: Path) -> None:
    """Its process runs as root by now: only the rights of who connected count."""
    path = tmp_path / "secret"
    path.write_text("secret")
    path.chmod(0o600)
    with path.open("rb") as file, pytest.raises(PermissionError):
        files.open_client_descriptor(me(1000, 1000), file.fileno(), write=False)


def test_a_pipe_that_would_not_block_is_opened_anew() -> None:
    reader, writer = os.pipe2(os.O_NONBLOCK)
    descriptor = files.open_client_descriptor(me(), writer, write=True)
    assert os.get_blocking(descriptor)
    assert not os.get_blocking(writer)
    for opened in (reader, writer, descriptor):
        os.close(opened)


def test_a_missing_descriptor_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="no descriptor 987654"):
        files.open_client_descriptor(me(), 987654, write=True)


def test_a_client_that_is_gone_has_no_descriptors() -> None:
    client = Client(os.getpid(), 1, 0, 0)
    with pytest.raises(ProcessLookupError):
        files.open_client_descriptor(client, 0, write=False)


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    ("mode", "uid", "gid", "groups", "write", "allowed"),
    [
        (0o600, 1000, 1000, (), True, True),
        (0o400, 1000, 1000, (), True, False),
        (0o060, 1000, 1000, (), False, False),
        (0o060, 2000, 1000, (), True, True),
        (0o060, 2000, 2000, (1000,), True, True),
        (0o006, 2000, 1000, (), True, False),
        (0o006, 2000, 2000, (), True, True),
        (0o002, 2000, 2000, (), False, False),
        (0o000, 0, 0, (), True, True),
    ],
)
def test_the_client_needs_the_right_itself(
    tmp_path: Path,
    mode: int,
    uid: int,
    gid: int,
    groups: tuple[int, ...],
    write: bool,
    allowed: bool,
) -> None:
    path = tmp_path / "file"
    path.write_text("")
    os.chown(path, 1000, 1000)
    path.chmod(mode)
    client = me(uid, gid, groups)
    with path.open("r+b") as file:
        if allowed:
            os.close(files.open_client_descriptor(client, file.fileno(), write=write))
        else:
            with pytest.raises(PermissionError, match="the client may not"):
                files.open_client_descriptor(client, file.fileno(), write=write)


def test_a_socket_is_a_stream() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        descriptor = files.open_client_descriptor(me(), theirs.fileno(), write=True)
        os.write(descriptor, b"x")
        os.close(descriptor)
        assert ours.recv(1) == b"x"


def test_a_directory_is_no_stream(tmp_path: Path) -> None:
    directory = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(OSError, match="neither a file"):
        files.open_client_descriptor(me(), directory, write=False)
    os.close(directory)


def test_a_terminal_is_opened_both_ways() -> None:
    primary, secondary = os.openpty()
    descriptor = files.open_client_descriptor(me(), secondary, write=False)
    os.write(descriptor, b"x")
    assert os.read(primary, 1) == b"x"
    for opened in (primary, secondary, descriptor):
        os.close(opened)
