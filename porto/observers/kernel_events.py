"""What the kernel tells by itself about the containers' cgroups.

Two things become a pass at once, without waiting for the next resync: somebody wrote to
a knob of ours (inotify on the group's directories), and a group ran out of memory (v1: an
eventfd; v2: the events file). Asked by `containers/life/`, which look again all the same:
an event that is lost costs time, not truth. inotify(7); admin-guide/cgroup-v1/memory.rst,
"OOM Control"; admin-guide/cgroup-v2.rst, "memory.events".
"""

import asyncio
import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from porto.kernel.cgroup.group import Group
from porto.kernel.file.inotify import IN_IGNORED, IN_MODIFY, IN_ONLYDIR, IN_Q_OVERFLOW
from porto.kernel.ports import Kernel, Watches
from porto.observers.clock import Clock
from porto.spec.key import Key

NOT_KNOBS = frozenset(
    {
        b"cgroup.event_control",
        b"cgroup.events",
        b"cgroup.procs",
        b"cgroup.threads",
        b"memory.events",
        b"memory.events.local",
        b"memory.swap.events",
        b"pids.events",
        b"tasks",
    }
)
"""Files that change in ordinary life."""
SUBTREE_CONTROL = b"cgroup.subtree_control"

log = structlog.get_logger()


@dataclass(slots=True)
class _Watched:
    """What is watched of one container.

    watches -- inotify watches of its directories
    announced -- that of the file that the kernel changes when it runs out of memory
    event   -- eventfd of memory.oom_control, None where there is none
    oom     -- CLOCK_MONOTONIC second at which it told, 0.0 if it has not
    seen    -- what `driver.oom.count` said when it was armed
    settled -- the generation for which all knobs were found as they should be
    """

    group: Group
    watches: tuple[int, ...] = ()
    announced: int | None = None
    event: int | None = None
    armed: bool = False
    oom: float = 0.0
    seen: int = 0
    settled: int = field(default=-1)


class KernelEvents:
    """Events of all containers, by container; used from the event loop only."""

    def __init__(self, kernel: Kernel, clock: Clock, on_event: Callable[[Key], None]) -> None:
        """`on_event` gets the key of a container that deserves a look."""
        self._clock = clock
        self._driver = kernel.cgroups
        self._open = kernel.inotify
        self._on_event = on_event
        self._watched: dict[Key, _Watched] = {}
        self._owners: dict[int, Key] = {}
        self._inotify: Watches | None = None
        self._full = False

    def start(self) -> None:
        """Begin to listen; without inotify every look is a full one."""
        try:
            self._inotify = self._open()
        except OSError as error:
            log.warning("no inotify: drift is found by the resync alone", reason=str(error))
            return
        asyncio.get_running_loop().add_reader(self._inotify.fileno(), self._read)

    # -- out of memory -------------------------------------------------------

    def arm(self, key: Key, group: Group) -> None:
        """Be told when the container runs out of memory; once per start."""
        known = self._known(key, group)
        if known.armed or not group.owns("memory"):
            return
        known.armed = True
        known.seen = self._driver.oom.count(group)
        events = self._driver.oom.events_name()
        if events is not None:
            self._watch_events(key, known, f"{group.own[0]}/{events}")
            return
        try:
            known.event = self._driver.oom.arm(group)
        except OSError as error:
            # The exit of a killed task is seen all the same, and counted.
            log.warning("no notice of OOM", container=group.name, reason=str(error))
            return
        if known.event is not None:
            asyncio.get_running_loop().add_reader(known.event, self._out_of_memory, key)

    def is_armed(self, key: Key, group: Group) -> bool:
        """Whether `arm` was called for these groups."""
        known = self._watched.get(key)
        return known is not None and known.armed and known.group == group

    def is_out_of_memory(self, key: Key) -> bool:
        """Whether an eventfd has told so since the start."""
        known = self._watched.get(key)
        return known is not None and known.oom > 0.0

    def oom_time(self, key: Key) -> float:
        """When it told, CLOCK_MONOTONIC seconds; 0.0 if it has not."""
        known = self._watched.get(key)
        return 0.0 if known is None else known.oom

    def _out_of_memory(self, key: Key) -> None:
        known = self._watched[key]
        if known.event is not None:
            os.eventfd_read(known.event)
        if self._driver.exists(known.group):
            known.oom = known.oom or self._clock.mono()
        else:
            # The kernel tells the removal of a group in the same way.
            self.forget(key)
        self._on_event(key)

    # -- knobs -----------------------------------------------------------------

    def watch(self, key: Key, group: Group) -> bool:
        """Be told when somebody writes to a knob; whether all directories are watched."""
        known = self._known(key, group)
        known.settled = -1
        return self._add_watches(key, known, group.own)

    def settle(self, key: Key, generation: int) -> None:
        """All knobs of this generation were found as they should be, after `watch`."""
        known = self._watched.get(key)
        if known is not None:
            known.settled = generation

    def is_quiet(self, key: Key, generation: int) -> bool:
        """Whether nobody has written to a knob since `settle`."""
        known = self._watched.get(key)
        return known is not None and known.settled == generation

    def unsettle(self) -> None:
        """Let everything be looked at once more: not every change is a write."""
        for known in self._watched.values():
            known.settled = -1

    def _unsettle_below(self, group: Group) -> None:
        for known in self._watched.values():
            if known.group.name.startswith(f"{group.name}/"):
                known.settled = -1

    def forget(self, key: Key) -> None:
        """The container's groups are about to be removed."""
        known = self._watched.pop(key, None)
        if known is None:
            return
        if known.event is not None:
            asyncio.get_running_loop().remove_reader(known.event)
            os.close(known.event)
        for watch in (*known.watches, *filter(None, (known.announced,))):
            # cgroupfs ends no watch by itself: its inode would stay for ever.
            self._owners.pop(watch, None)
            if self._inotify is not None:
                self._inotify.remove(watch)
        if known.watches:
            self._full = False

    def close(self) -> None:
        """Stop listening."""
        for key in list(self._watched):
            self.forget(key)
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self._inotify.fileno())
            self._inotify.close()
            self._inotify = None

    def _watch_events(self, key: Key, known: _Watched, path: str) -> None:
        """Watch the file itself: of a file that nobody holds the kernel announces nothing."""
        if self._inotify is None:
            return
        try:
            watch = self._inotify.add(path, IN_MODIFY)
        except OSError as error:
            log.warning("no notice of OOM", path=path, reason=str(error))
            return
        self._owners[watch] = key
        known.announced = watch

    # -- internals -----------------------------------------------------------

    def _known(self, key: Key, group: Group) -> _Watched:
        known = self._watched.get(key)
        if known is not None and known.group != group:
            self.forget(key)
            known = None
        if known is None:
            known = self._watched[key] = _Watched(group)
        return known

    def _add_watches(self, key: Key, known: _Watched, directories: tuple[str, ...]) -> bool:
        if self._inotify is None or self._full:
            return False
        if len(known.watches) >= len(directories):
            return True
        watches = set(known.watches)
        try:
            for directory in directories:
                watch = self._inotify.add(directory, IN_MODIFY | IN_ONLYDIR)
                self._owners[watch] = key
                watches.add(watch)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                self._full = True
                log.warning("inotify is full: drift is found by the resync alone")
            return False
        finally:
            known.watches = tuple(watches)
        return True

    def _read(self) -> None:
        assert self._inotify is not None
        touched: set[Key] = set()
        for event in self._inotify.read():
            if event.mask & IN_Q_OVERFLOW:
                self.unsettle()
                continue
            key = self._owners.get(event.watch)
            if key is None:
                continue
            if event.mask & IN_IGNORED:
                self._watched[key].settled = -1
            elif event.name == SUBTREE_CONTROL:
                # What a group passes on is what those below it have.
                self._unsettle_below(self._watched[key].group)
            elif event.watch == self._watched[key].announced:
                known = self._watched[key]
                if self._driver.oom.count(known.group) > known.seen:
                    touched.add(key)
            elif event.name not in NOT_KNOBS:
                self._watched[key].settled = -1
                touched.add(key)
        for key in touched:
            self._on_event(key)
