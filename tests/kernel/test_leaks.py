"""After many lives and many failures everything is where it was."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import porto
from porto.exceptions import PortoException
from porto.kernel.file.files import ASIDE
from tests.kernel.conftest import GROUPS, Daemon
from tests.kernel.peers import TIMEOUT_S, children, open_files, resident_kb
from tests.patience import patient, until

CYCLES = 200
FAILURES = 50
WARM_UP = 20
GROWTH_KB = 4 << 10
SETTLE_S = patient(20)
REST_S = 0.3
KEPT = {"sleeper", "a"}
"""Containers that a test keeps from beginning to end."""


class World:
    """What a daemon holds of the machine, counted from outside."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.pids = {which: daemon.pid(which) for which in ("master", "daemon")}

    def held(self) -> dict[str, Any]:
        return {
            "master's files": open_files(self.pids["master"]),
            "daemon's files": open_files(self.pids["daemon"]),
            "daemon's children": len(children(self.pids["daemon"])),
            "master's children": len(children(self.pids["master"])),
            "zombies": list(children(self.pids["master"]).values()).count("Z"),
            "cgroups": sorted(self._cgroups()),
            "mounts": self.daemon.leftovers(),
            "work directories": sorted(self._directories()),
            "records": sorted(os.listdir(self.daemon.runtime / "porto" / "kvs")),
            "runtime": sorted(os.listdir(self.daemon.runtime)),
        }

    def memory(self) -> dict[str, int]:
        return {which: resident_kb(pid) for which, pid in self.pids.items()}

    def _directories(self) -> Iterator[str]:
        """Where large ones wait for their removal stays, empty."""
        for directory in (self.daemon.place / "porto").iterdir():
            yield from os.listdir(directory) if directory.name == ASIDE else [directory.name]

    def _cgroups(self) -> Iterator[str]:
        for top, names, _ in os.walk(GROUPS):
            depth = top.count("/") - GROUPS.count("/")
            found = [name for name in names if name.split("%")[0] == self.daemon.cgroup]
            yield from (f"{top}/{name}" for name in found)
            # Foreign trees are none of our business, ours are read to the bottom.
            if self.daemon.cgroup not in top and depth >= 1:
                names[:] = found
            elif self.daemon.cgroup in top:
                yield from (f"{top}/{name}" for name in names)


@pytest.fixture
def world(own_daemon: Daemon) -> World:
    return World(own_daemon)


def rested(world: World) -> dict[str, Any]:
    """What is held once nothing changes any more: exits are told of a little later."""
    deadline = time.monotonic() + SETTLE_S
    held, since = world.held(), time.monotonic()
    while time.monotonic() < since + REST_S:
        time.sleep(0.02)
        now = world.held()
        if now != held:
            assert time.monotonic() < deadline, (held, now)
            held, since = now, time.monotonic()
    return held


def compare(world: World, work: Callable[[int], None], times: int) -> None:
    """Do the work `times` times; nothing may be left of it."""
    # What the first starts make once: the top cgroups, the master's one spare child.
    for number in range(WARM_UP):
        work(number)
    before, memory = rested(world), world.memory()
    for number in range(times):
        work(number)
    after = rested(world)
    for what, former in before.items():
        assert after[what] == former, what
    for which, grown in world.memory().items():
        assert grown < memory[which] + GROWTH_KB, f"{which} grew from {memory[which]} to {grown} kB"
    assert {which: world.daemon.pid(which) for which in world.pids} == world.pids
    assert set(after["work directories"]) <= KEPT


@pytest.mark.lengthy
def test_many_lives(world, own_daemon) -> None:
    conn = own_daemon.connection()

    def live(number: int) -> None:
        container = conn.Create(f"life-{number % 7}")
        container["command"] = "sh -c 'echo out; echo err >&2; exit 3'"
        container["isolate"] = "true" if number % 2 else "false"
        container["thread_limit"] = "100"
        container.Start()
        if number % 3:
            assert conn.WaitContainers([container.name], timeout=TIMEOUT_S) == container.name
        if number % 5 == 0:
            child = conn.Create(f"{container.name}/child")
            child.Destroy()
        container.Destroy()

    compare(world, live, CYCLES)


@pytest.mark.lengthy
def test_many_failed_starts(world, own_daemon) -> None:
    conn = own_daemon.connection()
    faults = [
        {"command": "/nonexistent/program"},
        {"command": "/etc/passwd"},
        {"command": "true", "cwd": "/nonexistent"},
        {"command": "true", "stdin_path": "/nonexistent/file"},
        {"command": "true", "stdout_path": "/nonexistent/directory/file"},
        {"command": "true", "stderr_path": "/dev/fd/999"},
        {"command": "sh -c 'unfinished"},
        {"command": "true", "stdin_path": "/dev/fd/0", "stdout_path": "/dev/fd/4000"},
    ]

    def fail(number: int) -> None:
        container = conn.Create("fault")
        for name, value in faults[number % len(faults)].items():
            container[name] = value
        container["isolate"] = "true" if number // len(faults) % 2 else "false"
        with pytest.raises(PortoException):
            container.Start()
        assert container["state"] == "stopped"
        container.Destroy()

    compare(world, fail, FAILURES)


@pytest.mark.lengthy
def test_many_clients_and_waits(world, own_daemon) -> None:
    keeper = own_daemon.connection()
    sleeper = keeper.Create("sleeper")
    sleeper["command"] = "sleep 1000"
    sleeper.Start()

    def visit(number: int) -> None:
        conn = porto.Connection(socket_path=own_daemon.socket)
        conn.CreateWeakContainer(f"weak-{number}")
        conn.AsyncWait(["***"], lambda **event: None)
        with pytest.raises(porto.exceptions.WaitContainerTimeout):
            conn.WaitContainers(["sleeper"], timeout=0)
        assert conn.Get(["***"], ["state", "stdout", "process_count"])
        conn.disconnect()
        until(lambda: keeper.List() == ["sleeper"], "the weak container goes")

    compare(world, visit, CYCLES)


@pytest.mark.lengthy
def test_many_restarts_of_one_container(world, own_daemon) -> None:
    conn = own_daemon.connection()
    container = conn.Create("a")
    container["command"] = "sleep 1000"

    def restart(number: int) -> None:
        container.Start()
        if number % 2:
            container.Pause()
            container.Resume()
        container.Kill(9)
        assert conn.WaitContainers(["a"], timeout=TIMEOUT_S) == "a"
        container.Stop()

    compare(world, restart, FAILURES)


def test_a_failed_client_descriptor_is_not_kept(world, own_daemon, tmp_path) -> None:
    """Streams that come from the client's own descriptors go back to the client."""
    conn = own_daemon.connection()

    def lend(number: int) -> None:
        path = tmp_path / "out"
        with path.open("wb") as file:
            container = conn.Create("lent")
            container["command"] = "echo lent"
            container["stdout_path"] = f"/dev/fd/{file.fileno()}"
            container.Start()
            assert conn.WaitContainers(["lent"], timeout=TIMEOUT_S) == "lent"
            container.Destroy()
        assert path.read_bytes() == b"lent\n"

    compare(world, lend, FAILURES)


def test_a_new_daemon_holds_no_more_than_the_first(own_daemon) -> None:
    conn = own_daemon.connection()
    for number in range(10):
        container = conn.Create(f"c{number}")
        container["command"] = "sleep 1000"
        container.Start()
    own_daemon.await_new_daemon(own_daemon.kill("daemon"))
    conn.Version()
    first = open_files(own_daemon.pid("daemon"))
    master = open_files(own_daemon.pid("master"))
    for _ in range(5):
        own_daemon.await_new_daemon(own_daemon.kill("daemon"))
        conn.Version()
    until(lambda: open_files(own_daemon.pid("master")) == master, f"the master holds {master}")
    until(
        lambda: open_files(own_daemon.pid("daemon")) <= first + len(own_daemon._connections),
        f"the daemon holds about {first}",
    )
    zombies = [state for state in children(own_daemon.pid("master")).values() if state == "Z"]
    assert zombies == []
    assert Path(f"/proc/{own_daemon.pid('daemon')}").exists()
