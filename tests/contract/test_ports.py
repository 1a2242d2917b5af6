"""The fakes of processes, threads, files, mounts and time do what the kernel does."""

import errno
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.file import files
from porto.kernel.mount import mounts
from porto.kernel.ports import Files, Mounts, Processes, Scheduling
from porto.kernel.process import processes, scheduling
from porto.kernel.process.scheduling import BATCH, IOPRIO_NAMES, Schedule
from porto.observers.clock import Clock
from tests.fakes.processes import FakeProcesses
from tests.fakes.tables import FakeClock, FakeFiles, FakeMounts, FakeThreads
from tests.patience import until

BOTH = pytest.mark.parametrize("world", ["fake", "kernel"], indirect=True)
LISTENS = """
import signal, sys
signal.signal(signal.SIGUSR1, lambda *_: None)
print(flush=True)
sys.stdin.read()
"""
"""It has a handler for SIGUSR1, and ends when nobody holds its input."""


class Faked:
    """Processes and threads that are entries of tables."""

    processes: Processes
    scheduling: Scheduling

    def __init__(self) -> None:
        self.table = FakeProcesses()
        self.threads = FakeThreads()
        self.processes, self.scheduling = self.table, self.threads
        self.parent = self.table.add(10)

    def spawn(self) -> int:
        """A process of ours with a handler for SIGUSR1."""
        pid = 11 + len(self.table.table)
        return self.table.add(pid, parent=self.parent, handled=[signal.SIGUSR1])

    def reap(self, pid: int) -> None:
        """Take what is left of one that has ended."""
        self.table.reap(pid)
        self.threads.gone.add(pid)

    def close(self) -> None:
        """End them all."""
        for pid, found in list(self.table.table.items()):
            if found.status is None:
                self.table.end(pid)


class Real:
    """Children of this process."""

    processes: Processes = processes
    scheduling: Scheduling = scheduling
    parent = os.getpid()

    def __init__(self) -> None:
        self.children: dict[int, subprocess.Popen[bytes]] = {}

    def spawn(self) -> int:
        pipe = subprocess.PIPE
        command = [sys.executable, "-IS", "-c", LISTENS]
        child = subprocess.Popen(command, stdin=pipe, stdout=pipe)
        assert child.stdout is not None
        child.stdout.readline()
        self.children[child.pid] = child
        return child.pid

    def reap(self, pid: int) -> None:
        self.children.pop(pid).communicate()

    def close(self) -> None:
        for child in self.children.values():
            child.communicate()


World = Faked | Real


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    made = Faked() if request.param == "fake" else Real()
    yield made
    made.close()


def ended(world: World) -> tuple[int, int]:
    """A zombie: its pid and start."""
    pid = world.spawn()
    start = world.processes.start_time(pid)
    assert world.processes.send_signal(pid, start, signal.SIGKILL)
    until(lambda: world.processes.has_ended(pid))
    return pid, start


@BOTH
def test_a_process_is_known_by_pid_and_start(world: World) -> None:
    pid = world.spawn()
    start = world.processes.start_time(pid)
    stat = world.processes.read_stat(pid)
    assert (stat.start, stat.parent, stat.has_ended) == (start, world.parent, False)
    assert world.processes.is_alive(pid, start)
    assert not world.processes.is_alive(pid, start + 1)
    assert not world.processes.has_ended(pid)
    assert not world.processes.send_signal(pid, start + 1, signal.SIGKILL)
    with pytest.raises(ProcessLookupError):
        world.processes.open_pidfd(pid, start + 1)
    assert world.processes.is_alive(pid, start)


@BOTH
def test_a_zombie_has_ended_and_keeps_its_number(world: World) -> None:
    pid, start = ended(world)
    assert not world.processes.is_alive(pid, start)
    assert world.processes.read_stat(pid).has_ended
    assert world.processes.start_time(pid) == start
    assert world.processes.send_signal(pid, start, signal.SIGTERM)
    os.close(world.processes.open_pidfd(pid, start))


@BOTH
def test_of_one_who_is_gone_nothing_is_told(world: World) -> None:
    pid, start = ended(world)
    world.reap(pid)
    port = world.processes
    assert not port.is_alive(pid, start)
    assert port.has_ended(pid)
    assert not port.send_signal(pid, start, signal.SIGTERM)
    assert not port.handles_signal(pid, signal.SIGUSR1)
    assert port.virtual_memory([pid]) == {}
    with pytest.raises(FileNotFoundError):
        port.pid_namespace(pid)
    for ask in (port.start_time, port.read_stat, port.read_limits):
        with pytest.raises(ProcessLookupError):
            ask(pid)
    with pytest.raises(ProcessLookupError):
        port.open_pidfd(pid, start)
    with pytest.raises(ProcessLookupError):
        port.set_limit(pid, resource.RLIMIT_CORE, (0, 0))


@BOTH
def test_the_end_is_told_by_the_pidfd(world: World) -> None:
    pid = world.spawn()
    start = world.processes.start_time(pid)
    pidfd = world.processes.open_pidfd(pid, start)
    assert select.select([pidfd], [], [], 0)[0] == []
    assert world.processes.exit_status(pidfd) is None
    world.processes.send_signal(pid, start, signal.SIGKILL)
    until(lambda: select.select([pidfd], [], [], 0)[0] == [pidfd])
    os.close(pidfd)


@BOTH
def test_a_signal_with_a_handler_ends_nobody(world: World) -> None:
    pid = world.spawn()
    start = world.processes.start_time(pid)
    assert world.processes.handles_signal(pid, signal.SIGUSR1)
    assert not world.processes.handles_signal(pid, signal.SIGTERM)
    assert world.processes.send_signal(pid, start, signal.SIGUSR1)
    assert world.processes.is_alive(pid, start)
    assert world.processes.send_signal(pid, start, signal.SIGTERM)
    until(lambda: world.processes.has_ended(pid))


@BOTH
def test_limits_are_set_and_read_by_the_kernels_words(world: World) -> None:
    pid = world.spawn()
    world.processes.set_limit(pid, resource.RLIMIT_NOFILE, (20, 30))
    world.processes.set_limit(pid, resource.RLIMIT_CORE, (0, 0))
    found = world.processes.read_limits(pid)
    assert found["Max open files"] == (20, 30)
    assert found["Max core file size"] == (0, 0)
    with pytest.raises(OSError, match=f"Errno {errno.EINVAL}"):
        world.processes.set_limit(pid, resource.RLIMIT_NOFILE, (31, 30))
    assert world.processes.read_limits(pid)["Max open files"] == (20, 30)


@BOTH
def test_who_sees_whom(world: World) -> None:
    pid = world.spawn()
    assert world.processes.ns_pid(pid, 0) == pid
    assert world.processes.ns_pid(pid, world.parent) == pid
    assert world.processes.pid_namespace(pid) == world.processes.pid_namespace("self")
    assert {pid, world.parent} <= {*world.processes.host_pids()}
    count, threads = world.processes.count_host()
    assert threads >= 1
    assert count >= 2
    assert world.processes.uptime() > 0


@BOTH
def test_memory_is_summed(world: World) -> None:
    pid = world.spawn()
    once, twice = (world.processes.virtual_memory([pid] * n) for n in (1, 2))
    assert once["VmSize"] >= once["VmRSS"] > 0
    assert twice["VmSize"] == 2 * once["VmSize"]


@BOTH
def test_a_threads_schedule_is_what_was_written(world: World) -> None:
    thread = world.spawn()
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    assert world.scheduling.read(thread).policy == 0
    assert world.scheduling.read_ioprio(thread) == 0
    batch = Schedule(BATCH, nice + 3)
    world.scheduling.write(thread, batch)
    assert world.scheduling.read(thread) == batch
    assert not world.scheduling.is_ordinary(thread)
    idle = IOPRIO_NAMES.index("idle") << 13
    world.scheduling.write_ioprio(thread, idle)
    assert world.scheduling.read_ioprio(thread) == idle


@BOTH
def test_a_thread_that_is_gone(world: World) -> None:
    thread, _ = ended(world)
    world.reap(thread)
    for ask in (world.scheduling.read, world.scheduling.is_ordinary):
        with pytest.raises(ProcessLookupError):
            ask(thread)
    with pytest.raises(ProcessLookupError):
        world.scheduling.write(thread, Schedule(BATCH, 5))


@pytest.mark.parametrize("port", [files, FakeFiles()], ids=["kernel", "fake"])
def test_directories_and_files(port: Files, tmp_path: Path) -> None:
    who = os.getuid(), os.getgid()
    assert port.make_work_directory(str(tmp_path), "a", 0o755, *who)
    assert not port.make_work_directory(str(tmp_path), "a", 0o755, *who)
    os.close(port.open_directory(str(tmp_path)))
    kept = tmp_path / "kept"
    kept.write_bytes(b"x" * (1 << 20))
    if isinstance(port, FakeFiles):
        port.sizes[str(kept)] = 1 << 20
    assert port.occupied(str(kept)) >= 1 << 20
    assert port.occupied(str(tmp_path / "none")) == 0
    assert port.collapse_head(str(kept), 2 << 20) == 0
    assert port.collapse_head(str(kept), 1 << 16) > 0
    assert port.occupied(str(kept)) <= 1 << 16
    assert port.collapse_head(str(tmp_path / "none"), 1) == 0


@pytest.mark.parametrize("port", [mounts, FakeMounts(["/proc"])], ids=["kernel", "fake"])
def test_what_is_mounted(port: Mounts, tmp_path: Path) -> None:
    assert port.is_mount("/proc")
    assert not port.is_mount(str(tmp_path))
    assert not port.is_mount(str(tmp_path / "none"))


@pytest.mark.parametrize("clock", [Clock(), FakeClock()], ids=["kernel", "fake"])
def test_time_does_not_go_back(clock: Clock) -> None:
    assert 0 < clock.mono() <= clock.mono()
    assert clock.wall() > 0
