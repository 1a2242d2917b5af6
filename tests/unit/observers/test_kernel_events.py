"""Which events make a container's pass, and when a container is known to be untouched."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from porto.kernel.cgroup.group import Group
from porto.kernel.file.inotify import IN_Q_OVERFLOW, Event, Inotify
from porto.observers.clock import Clock
from porto.observers.kernel_events import KernelEvents
from tests.fakes.driver import FakeDriver, FakeOom
from tests.fakes.ports import make_kernel

KEY = 7


class ArmedOom(FakeOom):
    """v1's way: one eventfd per group."""

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, int] = {}

    def arm(self, group: Group) -> int | None:
        self.events[group.name] = os.eventfd(0, os.EFD_NONBLOCK)
        return self.events[group.name]


class AnnouncedOom(FakeOom):
    """v2's way: a file in the directory."""

    def events_name(self) -> str | None:
        return "memory.events"


class Rig:
    def __init__(self, root: Path, oom: FakeOom) -> None:
        self.driver = FakeDriver()
        self.driver.oom = oom
        self.told: list[int] = []
        self.events = KernelEvents(make_kernel(self.driver), Clock(), self.told.append)
        self.groups: dict[str, Group] = {}
        self.root = root

    def group(self, name: str) -> Group:
        if name not in self.groups:
            directory = self.root / name
            directory.mkdir()
            (directory / "pids.max").write_text("1")
            (directory / "memory.events").write_text("")
            (directory / "cgroup.procs").write_text("")
            words = ("freezer", "memory", "pids")
            path = str(directory)
            self.groups[name] = Group(name, dict.fromkeys(words, path), (path,))
            self.driver.groups[name] = {}
        return self.groups[name]

    def write(self, name: str, knob: str, text: str = "2") -> None:
        with (self.root / name / knob).open("r+") as file:
            file.write(text)


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., None]:
    def run(body: Callable[[Rig], Coroutine[Any, Any, None]], oom: FakeOom | None = None) -> None:
        async def main() -> None:
            rig = Rig(tmp_path, oom or FakeOom())
            rig.events.start()
            try:
                await body(rig)
            finally:
                rig.events.close()

        asyncio.run(main())

    return run


async def turn() -> None:
    """Let the loop see what is readable now."""
    for _ in range(3):
        await asyncio.sleep(0)


def test_settled_until_somebody_writes(play: Any) -> None:
    async def body(rig: Rig) -> None:
        assert not rig.events.is_quiet(KEY, 1)
        assert rig.events.watch(KEY, rig.group("a"))
        assert not rig.events.is_quiet(KEY, 1)
        rig.events.settle(KEY, 1)
        assert rig.events.is_quiet(KEY, 1)
        assert not rig.events.is_quiet(KEY, 2)
        rig.write("a", "pids.max")
        await turn()
        assert rig.told == [KEY]
        assert not rig.events.is_quiet(KEY, 1)

    play(body)


def test_files_of_ordinary_life_are_no_drift(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.events.watch(KEY, rig.group("a"))
        rig.events.settle(KEY, 1)
        rig.write("a", "cgroup.procs")
        rig.write("a", "memory.events")
        await turn()
        assert rig.told == []
        assert rig.events.is_quiet(KEY, 1)

    play(body)


def test_events_that_the_kernel_dropped_unsettle_everything(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """inotify(7): IN_Q_OVERFLOW has no watch; whose knob was written is not known."""

    async def body(rig: Rig) -> None:
        for key, name in ((1, "a"), (2, "b")):
            rig.events.watch(key, rig.group(name))
            rig.events.settle(key, 1)
        real = Inotify.read
        overflow = Event(-1, IN_Q_OVERFLOW, b"")
        monkeypatch.setattr(Inotify, "read", lambda self: [overflow, *real(self)])
        rig.write("a", "cgroup.procs")
        await turn()
        assert [rig.events.is_quiet(key, 1) for key in (1, 2)] == [False, False]
        # Each is looked at by the next resync: thousands of passes at once would be worse.
        assert rig.told == []

    play(body)


def test_many_writes_are_one_event(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.events.watch(KEY, rig.group("a"))
        for number in range(50):
            rig.write("a", "pids.max", str(number))
        await turn()
        assert rig.told == [KEY]

    play(body)


def test_a_forgotten_container_is_not_told_of(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.events.watch(KEY, rig.group("a"))
        rig.events.settle(KEY, 1)
        rig.events.forget(KEY)
        rig.events.forget(KEY)
        rig.write("a", "pids.max")
        await turn()
        assert rig.told == []
        assert not rig.events.is_quiet(KEY, 1)

    play(body)


def test_what_a_parent_passes_on_unsettles_those_below(play: Any) -> None:
    async def body(rig: Rig) -> None:
        parent = rig.group("a")
        (rig.root / "a" / "cgroup.subtree_control").write_text("")
        child = rig.group("a/b")
        rig.events.watch(1, parent)
        rig.events.watch(2, child)
        for key in (1, 2):
            rig.events.settle(key, 1)
        rig.write("a", "cgroup.subtree_control", "+pids")
        await turn()
        assert rig.events.is_quiet(1, 1)
        assert not rig.events.is_quiet(2, 1)

    play(body)


def test_an_eventfd_tells_of_oom_once_armed(play: Any) -> None:
    oom = ArmedOom()

    async def body(rig: Rig) -> None:
        rig.events.arm(KEY, rig.group("a"))
        rig.events.arm(KEY, rig.group("a"))
        assert not rig.events.is_out_of_memory(KEY)
        os.eventfd_write(oom.events["a"], 1)
        await turn()
        assert rig.told == [KEY]
        assert rig.events.is_out_of_memory(KEY)
        assert rig.events.oom_time(KEY) > 0
        rig.events.forget(KEY)
        assert not rig.events.is_out_of_memory(KEY)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.eventfd_write(oom.events["a"], 1)

    play(body, oom)


def test_the_removal_of_a_group_is_no_oom(play: Any) -> None:
    oom = ArmedOom()

    async def body(rig: Rig) -> None:
        rig.events.arm(KEY, rig.group("a"))
        del rig.driver.groups["a"]
        os.eventfd_write(oom.events["a"], 1)
        await turn()
        assert rig.told == [KEY]
        assert not rig.events.is_out_of_memory(KEY)

    play(body, oom)


def test_an_events_file_is_looked_at_for_a_grown_count(play: Any) -> None:
    oom = AnnouncedOom()

    async def body(rig: Rig) -> None:
        oom.counts["a"] = 3
        rig.events.arm(KEY, rig.group("a"))
        rig.write("a", "memory.events", "max 7")
        await turn()
        assert rig.told == []
        oom.counts["a"] = 4
        rig.write("a", "memory.events", "oom_kill 4")
        await turn()
        assert rig.told == [KEY]

    play(body, oom)


def test_another_place_is_another_watch(play: Any) -> None:
    """A restarted container may have other controllers, hence other directories."""

    async def body(rig: Rig) -> None:
        rig.events.watch(KEY, rig.group("a"))
        rig.events.watch(KEY, rig.group("b"))
        rig.write("a", "pids.max")
        await turn()
        assert rig.told == []
        rig.write("b", "pids.max")
        await turn()
        assert rig.told == [KEY]

    play(body)
