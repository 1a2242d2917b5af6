"""Somebody else changes what a container is made of: it is put back, told once, counted."""

import functools
import json
import os
import signal
import time
from pathlib import Path

import pytest

import porto
from porto.kernel.syscalls import setns
from tests import patience
from tests.patience import patient

PERIOD_S = patient(15)
"""Generous to the 5 s of resync_s: a loaded machine may skip a beat."""
until = functools.partial(patience.until, limit_s=PERIOD_S)


@pytest.fixture
def drifting(make_daemon):
    """A daemon of its own, so that its counters are this test's alone; it looks every second."""
    daemon = make_daemon("daemon { resync_s: 1 }")
    yield daemon
    daemon.stop()


def start(conn: "porto.Connection", name: str, command: str = "sleep 1000", **values: str):
    container = conn.Create(name)
    container.SetProperty("command", command)
    for key, value in values.items():
        container.SetProperty(key, value)
    container.Start()
    return container


def repaired(conn: "porto.Connection") -> int:
    return int(conn.GetProperty("/", "porto_stat[drift_repaired]"))


def drift_lines(daemon) -> list[str]:
    return [line for line in daemon.log.read_text().splitlines() if "drift repaired" in line]


def knob(container, controller: str, *names: str) -> Path:
    """The first of these knobs that exists in the container's group."""
    directory = Path(container.GetProperty(f"cgroups[{controller}]"))
    return next(directory / name for name in names if (directory / name).exists())


def test_a_written_knob_is_put_back_told_once_and_counted(drifting) -> None:
    conn = drifting.connection()
    container = start(conn, "a", thread_limit="123")
    limit = knob(container, "pids", "pids.max")
    before = repaired(conn)
    limit.write_text("7")
    until(lambda: limit.read_text().strip() == "123", "pids.max is still drifted")
    until(lambda: repaired(conn) == before + 1, "not counted")
    lines = drift_lines(drifting)
    assert len(lines) == 1
    for word in ("pids.max", "123", "7", "a"):
        assert word in lines[0]
    status = json.loads(conn.GetProperty("/", "porto_status"))
    assert status["drift"] == {"pids": 1}


def test_a_watched_knob_is_put_back_at_once(own_daemon) -> None:
    """After the first full look the kernel tells of each write: no resync is waited for."""
    conn = own_daemon.connection()
    container = start(conn, "a", thread_limit="123")
    limit = knob(container, "pids", "pids.max")
    inotify = Path(f"/proc/{own_daemon.pid('daemon')}/fdinfo")
    group = f"ino:{os.stat(limit.parent).st_ino:x}"

    def watched() -> bool:
        for entry in inotify.iterdir():
            try:
                if group in entry.read_text():
                    return True
            except OSError:
                continue
        return False

    until(watched, "the group is not watched")
    for number in range(20):
        limit.write_text(str(10 + number))
        # Twenty repairs, one after the other, fit into less than two resyncs only when
        # each is told at once.
        until(lambda: limit.read_text().strip() == "123", "not put back", limit_s=PERIOD_S / 3)
    assert repaired(conn) == 20


def test_a_rival_that_undoes_every_repair_is_told_and_left_alone(own_daemon) -> None:
    conn = own_daemon.connection()
    container = start(conn, "a", thread_limit="123")
    limit = knob(container, "pids", "pids.max")

    def contested() -> list[str]:
        limit.write_text("7")
        conditions = json.loads(conn.GetProperty("/", "porto_status"))["conditions"]
        return [item["message"] for item in conditions if item["kind"] == "Contested"]

    until(contested, "the rival is not told")
    assert limit.read_text().strip() == "7"
    assert "pids.max of a at 123" in contested()[0]
    container.SetProperty("thread_limit", "124")
    assert limit.read_text().strip() == "124"


@pytest.mark.parametrize("isolate", ["true", "false"])
def test_the_main_task_and_its_children_are_moved_back(drifting, isolate: str) -> None:
    """Whose child it is, only a pid namespace of its own tells."""
    conn = drifting.connection()
    container = start(conn, "a", "sh -c 'sleep 1000 & sleep 1000 & wait'", isolate=isolate)
    main = int(container["root_pid"])
    until(lambda: container["process_count"] in ("3", "4"), "the children do not run")
    child = int(Path(f"/proc/{main}/task/{main}/children").read_text().split()[0])
    directory = Path(container.GetProperty("cgroups[freezer]"))
    home = Path(f"/proc/{main}/cgroup").read_text()
    top = directory
    while top.name != drifting.cgroup:
        top = top.parent
    outside = top.parent / "cgroup.procs"
    moved = (main, child) if isolate == "true" else (main,)
    for pid in moved:
        outside.write_text(str(pid))
        assert Path(f"/proc/{pid}/cgroup").read_text() != home
        until(
            lambda pid=pid: Path(f"/proc/{pid}/cgroup").read_text() == home,
            f"{pid} was not moved back",
        )
    assert container["state"] == "running"
    assert repaired(conn) == len(moved)


def test_a_process_that_came_from_outside_is_left_alone(drifting) -> None:
    """An administrator's nsenter is not the container's process."""
    conn = drifting.connection()
    container = start(conn, "a")
    main = int(container["root_pid"])
    init = int(Path(f"/proc/{main}/stat").read_text().rsplit(")", 1)[1].split()[1])
    namespace = os.open(f"/proc/{init}/ns/pid", os.O_RDONLY)
    read, write = os.pipe()
    visitor = os.fork()
    if visitor == 0:
        setns(namespace, 0)
        child = os.fork()
        if child == 0:
            signal.pause()
        os.write(write, f"{child}\n".encode())
        os.waitpid(child, 0)
        os._exit(0)
    os.close(namespace)
    try:
        pid = int(os.read(read, 64))
        home = Path(f"/proc/{pid}/cgroup").read_text()
        other = start(conn, "b", thread_limit="55")
        limit = knob(other, "pids", "pids.max")
        limit.write_text("5")
        until(lambda: limit.read_text().strip() == "55", "no resync")
        # Twice the time in which every process of the host is looked at.
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            assert Path(f"/proc/{pid}/cgroup").read_text() == home
            time.sleep(0.2)
    finally:
        os.close(read)
        os.close(write)
        for victim in Path(f"/proc/{visitor}/task/{visitor}/children").read_text().split():
            os.kill(int(victim), signal.SIGKILL)
        os.waitpid(visitor, 0)


def test_a_removed_group_is_made_again_with_its_limits(drifting) -> None:
    conn = drifting.connection()
    container = conn.Create("a")
    container.SetProperty("isolate", "false")
    container.SetProperty("thread_limit", "77")
    container.Start()
    assert container["state"] == "meta"
    limit = knob(container, "pids", "pids.max")
    directory = limit.parent
    for inner in [*directory.glob("%leaf"), directory]:
        inner.rmdir()
    until(lambda: limit.exists() and limit.read_text().strip() == "77", "not made again")
    assert container["state"] == "meta"
    assert repaired(conn) >= 1


def test_an_idle_container_has_nothing_to_repair(drifting) -> None:
    conn = drifting.connection()
    container = start(conn, "a", thread_limit="123")
    limit = knob(container, "pids", "pids.max")
    limit.write_text("9")
    until(lambda: limit.read_text().strip() == "123", "not put back")
    passes = repaired(conn)
    time.sleep(3)
    assert repaired(conn) == passes
