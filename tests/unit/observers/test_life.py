"""State, exit, times and the main process's pid."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from porto.kernel.process import processes
from porto.spec.containers.status import Process, State
from porto.spec.errors import InvalidState, InvalidValue
from tests.unit.observers.hosts import Host


@pytest.mark.parametrize("state", list(State))
def test_the_state_is_a_word(host: Host, state: State) -> None:
    assert host.get(host.make("a", state=state), "state") == state.value


@pytest.mark.parametrize(
    ("status", "oom", "code", "core"),
    [
        (0, False, "0", "false"),
        (3 << 8, False, "3", "false"),
        (255 << 8, False, "255", "false"),
        (signal.SIGKILL, False, "-9", "false"),
        (signal.SIGKILL, True, "-99", "false"),
        (signal.SIGSEGV | 0x80, False, "-11", "true"),
        (64, False, "-64", "false"),
        (None, True, "-99", "false"),
    ],
)
def test_the_exit(host: Host, status: int | None, oom: bool, code: str, core: str) -> None:
    record = host.make("a", state=State.DEAD, exit_status=status, oom_killed=oom)
    assert host.get(record, "exit_code") == code
    assert host.get(record, "core_dumped") == core
    assert host.get(record, "oom_killed") == ("true" if oom else "false")
    assert host.get(record, "exit_status") == str(
        int(signal.SIGKILL) if status is None else int(status)
    )


def test_an_exit_nobody_saw_is_not_a_success(host: Host) -> None:
    record = host.make("a", state=State.DEAD)
    for name in ("exit_status", "exit_code", "core_dumped"):
        with pytest.raises(InvalidState, match=f"cannot get {name} of a: nobody saw"):
            host.get(record, name)


@pytest.mark.parametrize("name", ["exit_status", "exit_code", "oom_killed", "death_time"])
def test_the_living_have_no_exit(host: Host, name: str) -> None:
    with pytest.raises(InvalidState, match="not dead"):
        host.get(host.make("a", state=State.RUNNING), name)


def test_times(host: Host) -> None:
    running = host.make("a", state=State.RUNNING, start_mono=900.5, start_time=1_000_000.7)
    assert host.get(running, "time") == "99"
    assert host.get(running, "start_time", "raw") == "1000000"
    assert len(host.get(running, "start_time")) == len("2017-08-01 12:00:00")
    assert host.get(running, "creation_time", "raw") == "1"
    with pytest.raises(InvalidValue, match=r"start_time\[x\] of a"):
        host.get(running, "start_time", "x")
    with pytest.raises(InvalidState, match=r"time\[dead\] of a"):
        host.get(running, "time", "dead")


def test_times_of_the_dead(host: Host) -> None:
    dead = host.make("a", state=State.DEAD, start_mono=900.0, death_mono=950.0, death_time=5.0)
    assert host.get(dead, "time") == "50"
    assert host.get(dead, "time", "dead") == "50"
    assert host.get(dead, "death_time", "raw") == "5"


def test_times_of_the_stopped(host: Host) -> None:
    stopped = host.make("a", state=State.STOPPED, start_mono=900.0)
    assert host.get(stopped, "time") == "0"
    assert host.get(stopped, "start_time") == ""


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    made = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL)
    yield made
    made.kill()
    made.wait()


def launched(pid: int, *, task: bool) -> Process:
    start = processes.start_time(pid)
    if task:
        return Process("1:1", 1, 1, task_pid=pid, task_start=start)
    return Process("1:1", pid, start)


@pytest.mark.parametrize("task", [True, False], ids=["task", "meta"])
def test_the_main_process_has_a_pid(host: Host, child: subprocess.Popen[bytes], task: bool) -> None:
    record = host.make("a", state=State.RUNNING, process=launched(child.pid, task=task))
    assert host.get(record, "root_pid") == str(child.pid)
    assert host.get(record, "root_pid", pid=os.getpid()) == str(child.pid)


def test_a_main_process_that_ended_has_none(host: Host, child: subprocess.Popen[bytes]) -> None:
    record = host.make("a", state=State.RUNNING, process=launched(child.pid, task=True))
    child.kill()
    child.wait()
    with pytest.raises(InvalidState, match="no main process"):
        host.get(record, "root_pid")


def test_a_container_without_processes_has_no_root_pid(host: Host) -> None:
    with pytest.raises(InvalidState, match="cannot get root_pid of a"):
        host.get(host.make("a", state=State.META), "root_pid")
