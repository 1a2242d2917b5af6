"""Identity of processes."""

import errno
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from porto.kernel.process import processes

NOBODY = 1 << 22  # above every pid_max


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    made = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL)
    yield made
    made.kill()
    made.wait()


def ended(pid: int) -> None:
    """Wait for the end without burying."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def test_a_process_is_known_by_pid_and_start(child: subprocess.Popen[bytes]) -> None:
    start = processes.start_time(child.pid)
    assert start > 0
    assert processes.is_alive(child.pid, start)
    assert not processes.is_alive(child.pid, start + 1)
    assert processes.read_stat(child.pid).parent == os.getpid()


def test_a_zombie_is_not_alive(child: subprocess.Popen[bytes]) -> None:
    start = processes.start_time(child.pid)
    child.kill()
    ended(child.pid)
    assert not processes.is_alive(child.pid, start)
    assert processes.read_stat(child.pid).state == "Z"


@pytest.mark.parametrize("pid", [NOBODY, 0, -1])
def test_nobody_is_gone(pid: int) -> None:
    with pytest.raises(ProcessLookupError):
        processes.start_time(pid)
    assert not processes.is_alive(pid, 1)
    with pytest.raises(ProcessLookupError):
        processes.open_pidfd(pid, 1)
    assert not processes.send_signal(pid, 1, signal.SIGKILL)


def test_a_name_with_parentheses_and_blanks_does_not_confuse() -> None:
    program = (
        "import ctypes, sys\n"
        "ctypes.CDLL(None).prctl(15, b') R 1 (x) ', 0, 0, 0)\n"
        "print('named', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-S", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as made:
        assert made.stdout is not None
        made.stdout.readline()
        stat = processes.read_stat(made.pid)
        made.kill()
    assert stat.parent == os.getpid()
    assert stat.start >= processes.start_time(os.getpid())


def test_a_pidfd_is_of_the_right_process(child: subprocess.Popen[bytes]) -> None:
    start = processes.start_time(child.pid)
    with pytest.raises(ProcessLookupError):
        processes.open_pidfd(child.pid, start - 1)
    pidfd = processes.open_pidfd(child.pid, start)
    child.kill()
    readable, _, _ = select.select([pidfd], [], [], 20)
    os.close(pidfd)
    assert readable == [pidfd]


def test_an_ended_process_whose_number_is_a_group_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Linux 6.9 the kernel says EINVAL of it."""

    def refuse(_: int) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    with pytest.raises(ProcessLookupError):
        processes.open_pidfd(os.getpid(), 1)


def test_a_wrong_pidfd_is_not_left_open(child: subprocess.Popen[bytes]) -> None:
    opened = len(os.listdir("/proc/self/fd"))
    with pytest.raises(ProcessLookupError):
        processes.open_pidfd(child.pid, 1)
    assert len(os.listdir("/proc/self/fd")) == opened


def test_a_signal_reaches_the_process_and_not_its_successor(
    child: subprocess.Popen[bytes],
) -> None:
    start = processes.start_time(child.pid)
    assert not processes.send_signal(child.pid, start + 1, signal.SIGKILL)
    assert processes.send_signal(child.pid, start, signal.SIGTERM)
    assert child.wait(20) == -signal.SIGTERM


def test_handlers_are_seen() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        assert processes.handles_signal(os.getpid(), signal.SIGUSR1)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        assert not processes.handles_signal(os.getpid(), signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert not processes.handles_signal(NOBODY, signal.SIGTERM)


def test_pids_in_our_own_namespace_are_what_they_are(child: subprocess.Popen[bytes]) -> None:
    assert processes.ns_pid(child.pid, 0) == child.pid
    assert processes.ns_pid(child.pid, os.getpid()) == child.pid


def test_a_viewer_who_is_gone_sees_nothing(child: subprocess.Popen[bytes]) -> None:
    with pytest.raises(ProcessLookupError):
        processes.ns_pid(child.pid, NOBODY)


def test_the_boot_has_a_name_and_an_age() -> None:
    assert len(processes.boot_id()) == 36
    assert processes.uptime() > 0


def test_the_host_has_processes_and_at_least_as_many_threads() -> None:
    count, threads = processes.count_host()
    assert threads >= count > 0
