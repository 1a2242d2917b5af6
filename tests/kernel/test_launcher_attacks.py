"""Somebody else changes the directory that a launch works in, while it does."""

import contextlib
import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel import syscalls
from porto.launcher import ops, slots
from porto.launcher.ops import Finish, Finished, LaunchFailed
from tests.kernel.launches import NOBODY, failures, output
from tests.kernel.masters import Link, Master, request, run
from tests.kernel.test_launcher_slots import open_directory

pytestmark = pytest.mark.needs("root")

_SWAP = """
import ctypes, os, sys
libc, first, second = ctypes.CDLL(None), *(os.fsencode(name) for name in sys.argv[1:])
os.write(1, b"x")
while os.getppid() > 1:
    for _ in range(1000):
        libc.renameat2(-100, first, -100, second, 2)  # RENAME_EXCHANGE
"""


@contextlib.contextmanager
def exchanged(first: Path, second: Path) -> Iterator[None]:
    """Somebody who exchanges two names, over and over."""
    words = [sys.executable, "-c", _SWAP, str(first), str(second)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.read(1) == b"x"
            yield
        finally:
            process.kill()


def open_stream(path: str, *, create: bool = True) -> ops.Op:
    return slots.OpenStreamAt(1, 0, path, os.O_WRONLY | os.O_APPEND, create, 0o640, NOBODY, 12)


def test_a_directory_that_becomes_a_link_leads_nowhere(tmp_path: Path) -> None:
    """Each operation meets both, and makes nothing where the link leads."""
    yard, secret = tmp_path / "yard", tmp_path / "secret"
    (yard / "a").mkdir(parents=True)
    (secret / "d").mkdir(parents=True)
    (secret / "known").write_text("unchanged")
    (yard / "a/known").write_text("")
    (yard / "b").symlink_to(secret)
    kinds = [
        lambda number: slots.MakeDirectoriesAt(0, f"a/d/{number}", 0o755, NOBODY, 0),
        lambda number: slots.MakeFileAt(0, f"a/f{number}", 0o644, NOBODY, 0),
        lambda number: slots.MakeNodeAt(0, f"a/n{number}", stat.S_IFCHR | 0o666, 1, 3, NOBODY, 0),
        lambda number: slots.MakeLinkAt(0, f"a/l{number}", "x"),
        lambda _: slots.WriteFileAt(0, "a/known", "changed!!"),
        lambda number: open_stream(f"a/s{number}"),
        lambda _: slots.OpenSlot(
            *(1, 0, "a/d", os.O_PATH), syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS
        ),
    ]

    async def body(master: Master, link: Link) -> None:
        for kind in kinds:
            found: set[int] = set()
            for number in range(1000):
                wanted = request("r", open_directory(0, yard), kind(number), Finish())
                outcome = await link.client.prepared(wanted)
                found.add(outcome.errno if isinstance(outcome, LaunchFailed) else 0)
                if number >= 60 and len(found) > 1:
                    break
            link_met = {errno.ELOOP, errno.ENOTDIR, errno.EXDEV, errno.ENOENT, errno.EAGAIN}
            assert 0 in found
            assert found & link_met, kind(0)
            assert found <= link_met | {0}, kind(0)

    with exchanged(yard / "a", yard / "b"):
        run(tmp_path, body)
    assert sorted(os.listdir(secret)) == ["d", "known"]
    assert os.listdir(secret / "d") == []
    assert (secret / "known").read_text() == "unchanged"
    assert (secret / "known").stat().st_uid == 0


def test_a_stream_is_made_for_its_owner_and_appended_to(tmp_path: Path) -> None:
    for _ in range(2):
        text = output(
            tmp_path,
            open_directory(0, tmp_path),
            open_stream("out"),
            script="echo line",
        )
        (tmp_path / "rendezvous").unlink()
    assert text == ""  # what `output` reads was replaced
    assert (tmp_path / "out").read_text() == "line\nline\n"
    found = (tmp_path / "out").stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o640, NOBODY, 12)


def test_a_stream_blocks_as_a_program_expects(tmp_path: Path) -> None:
    output(
        tmp_path,
        open_directory(0, tmp_path),
        open_stream("out"),
        script="cat /proc/self/fdinfo/1",
    )
    flags = int((tmp_path / "out").read_text().split("flags:")[1].split()[0], 8)
    assert flags & os.O_APPEND
    assert not flags & (os.O_NONBLOCK | os.O_CLOEXEC)


def test_what_is_put_in_the_place_of_a_stream_is_refused(tmp_path: Path) -> None:
    yard, secret = tmp_path / "yard", tmp_path / "secret"
    yard.mkdir()
    secret.write_text("unchanged")
    os.link(secret, yard / "hard")
    (yard / "soft").symlink_to(secret)
    (yard / "dangling").symlink_to(tmp_path / "none")
    (yard / "dir").mkdir()
    os.mkfifo(yard / "fifo")
    os.mkfifo(yard / "read")
    os.mknod(yard / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    cases = [
        ("hard", errno.EMLINK, "hard: has 2 names"),
        ("soft", errno.ELOOP, "soft"),
        ("dangling", errno.ELOOP, "dangling"),
        ("dir", errno.EISDIR, "dir"),
        ("fifo", errno.ENXIO, "fifo"),
        ("read", errno.EINVAL, "read: not a regular file"),
        ("null", errno.EINVAL, "null: not a regular file"),
        ("../secret", errno.EXDEV, "../secret"),
        ("dir/../../secret", errno.EXDEV, "dir/../../secret"),
        (str(secret), errno.EXDEV, str(secret)),
        ("none/out", errno.ENOENT, "none/out"),
    ]
    reader = os.open(yard / "read", os.O_RDONLY | os.O_NONBLOCK)
    try:
        lists = [(open_directory(0, yard), open_stream(path)) for path, _, _ in cases]
        found = failures(tmp_path, lists, timeout=20)
    finally:
        os.close(reader)
    assert [(one.op, one.errno, one.subject) for one in found] == [
        ("OpenStreamAt", code, subject) for _, code, subject in cases
    ]
    assert secret.read_text() == "unchanged"
    assert secret.stat().st_uid == 0
    assert not (tmp_path / "none").exists()


def test_an_input_that_is_a_fifo_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "in")
    wanted = slots.OpenStreamAt(0, 0, "in", os.O_RDONLY)
    found = failures(tmp_path, [(open_directory(0, tmp_path), wanted)], timeout=20)[0]
    assert (found.op, found.errno) == ("OpenStreamAt", errno.EINVAL)


def test_a_magic_link_is_no_stream(tmp_path: Path) -> None:
    wanted = slots.OpenStreamAt(0, 0, "fd/0", os.O_RDONLY)
    found = failures(tmp_path, [(open_directory(0, "/proc/self"), wanted)])[0]
    assert found.errno == errno.ELOOP


def test_a_file_with_two_names_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("unchanged")
    os.link(tmp_path / "secret", tmp_path / "hard")
    wanted = slots.WriteFileAt(0, "hard", "changed")
    found = failures(tmp_path, [(open_directory(0, tmp_path), wanted)])[0]
    assert (found.errno, found.subject) == (errno.EMLINK, "hard: has 2 names")
    assert (tmp_path / "secret").read_text() == "unchanged"


def test_a_fifo_that_becomes_a_file_and_back_never_blocks(tmp_path: Path) -> None:
    yard = tmp_path / "yard"
    yard.mkdir()
    os.mkfifo(yard / "fifo")
    (yard / "out").touch()

    async def body(master: Master, link: Link) -> None:
        found: set[object] = set()
        for number in range(1000):
            wanted = request("r", open_directory(0, yard), open_stream("out"), Finish(), timeout=20)
            outcome = await link.client.prepared(wanted)
            found.add(outcome.errno if isinstance(outcome, LaunchFailed) else type(outcome))
            if number >= 60 and len(found) > 1:
                break
        assert found == {Finished, errno.ENXIO}

    with exchanged(yard / "fifo", yard / "out"):
        run(tmp_path, body)
