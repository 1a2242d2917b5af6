"""System calls that need no privilege, and how their failures are told."""

import contextlib
import errno
import os
import select
import signal
from pathlib import Path

import pytest

from porto.kernel import syscalls


def child_of(body: object) -> int:
    """Fork with clone3, run, return the exit code."""
    pid, pidfd = syscalls.clone3(0)
    if pid == 0:
        try:
            os._exit(int(body()))  # type: ignore[operator]
        finally:
            os._exit(99)
    assert pidfd == -1
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_clone3_forks() -> None:
    assert child_of(lambda: 7) == 7


def test_clone3_gives_a_pidfd() -> None:
    pid, pidfd = syscalls.clone3(0, pidfd=True)
    if pid == 0:
        os._exit(3)
    assert select.select([pidfd], [], [], 10)[0]
    info = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    assert info is not None
    assert (info.si_pid, info.si_status) == (pid, 3)
    os.close(pidfd)


def test_clone_without_its_successor() -> None:
    pid = syscalls.clone(0)
    if pid == 0:
        os._exit(4)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 4


def test_the_exit_status_of_a_reaped_process() -> None:
    pid, pidfd = syscalls.clone3(0, pidfd=True)
    if pid == 0:
        os._exit(5)
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert syscalls.pidfd_exit_status(pidfd) is None  # not reaped yet
        os.waitpid(pid, 0)
        # Linux 6.15 and later know; older ones never do.
        assert syscalls.pidfd_exit_status(pidfd) in (5 << 8, None)
    finally:
        os.close(pidfd)
    assert syscalls.pidfd_exit_status(0) is None


def test_fallocate_modes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    fd = os.open(path, os.O_RDWR)
    with contextlib.suppress(OSError):  # not every file system has it
        syscalls.fallocate(fd, syscalls.FALLOC_FL_KEEP_SIZE, 0, 8192)
    assert os.fstat(fd).st_size == 100
    with pytest.raises(OSError, match=os.strerror(errno.EINVAL)):
        syscalls.fallocate(fd, syscalls.FALLOC_FL_COLLAPSE_RANGE, 0, 1)
    os.close(fd)


def test_names_and_close_range_and_signals() -> None:
    def body() -> int:
        syscalls.set_name("a-name-that-is-too-long")
        assert Path("/proc/self/comm").read_text() == "a-name-that-is-\n"
        extra = os.open("/dev/null", os.O_RDONLY)
        syscalls.close_range(extra, extra)
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(extra)
        syscalls.block_signals((signal.SIGUSR1,))
        fd = syscalls.signalfd((signal.SIGUSR1,))
        os.kill(os.getpid(), signal.SIGUSR1)
        assert os.read(fd, 128)[0] == signal.SIGUSR1
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        syscalls.reset_signal(signal.SIGUSR1)
        syscalls.unblock_signals()
        status = Path("/proc/self/status").read_text()
        assert "SigBlk:\t0000000000000000" in status
        bit = 1 << (signal.SIGUSR1 - 1)
        assert not int(status.split("SigIgn:")[1].split()[0], 16) & bit
        return 0

    assert child_of(body) == 0


def test_ioprio() -> None:
    def body() -> int:
        syscalls.ioprio_set(0, 2 << 13 | 5)
        assert syscalls.ioprio_get(0) == 2 << 13 | 5
        return 0

    assert child_of(body) == 0


@pytest.mark.parametrize(
    ("call", "subject"),
    [
        (lambda: syscalls.mount("a", "/nowhere", "tmpfs", 0), "/nowhere"),
        (lambda: syscalls.umount2("/nowhere", 0), "/nowhere"),
        (lambda: syscalls.setns(-1, 0), -1),
        (lambda: syscalls.prctl(9999), "prctl 9999"),
        (lambda: syscalls.close_range(5, 4), 5),
        (lambda: syscalls.ioprio_set(0, 7 << 13), 0),
    ],
)
def test_a_failure_names_its_subject(call: object, subject: object) -> None:
    with pytest.raises(OSError, match=r"\[Errno") as caught:
        call()  # type: ignore[operator]
    assert caught.value.filename == subject
    assert caught.value.errno


@pytest.mark.parametrize(
    "call",
    [
        lambda: syscalls.mount("a\0b", "/", None, 0),
        lambda: syscalls.mount(None, "/\0", None, 0),
        lambda: syscalls.umount2("/\0x", 0),
    ],
)
def test_a_nul_is_refused_and_not_cut_off(call: object) -> None:
    with pytest.raises(ValueError, match="null byte"):
        call()  # type: ignore[operator]
