"""Ports of passes that are only imagined: what they look at is the host, what they do stays here.

Made by `course.py`. Nothing can be written through them: whoever tries gets an AssertionError.
What a change of a life means for the next pass (a launch that has succeeded, groups that are
empty or gone, a freezer) is written down here and answered instead of the kernel's word.
"""

import dataclasses
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from porto.kernel.cgroup.driver import CgroupDriver, FreezerState
from porto.kernel.cgroup.group import Group
from porto.launcher.ops import Exited, Launched, LaunchFailed
from porto.observers.exits import Exits
from porto.reconcilers.containers.facets.task import container_of
from porto.reconcilers.engine.recording import Recording
from porto.reconcilers.ports import Launches, Ports
from porto.spec.catalog import Catalog
from porto.spec.containers.names import ancestors, is_below
from porto.spec.containers.status import Process
from porto.spec.containers.store import ContainerStore
from porto.spec.key import Key

CONTROLLERS = frozenset({"cpu", "cpuset", "devices", "hugetlb", "io", "memory", "oom", "pids"})
"""Parts of the cgroup driver, which read and write themselves."""

WRITES = frozenset(
    {
        "acknowledge", "add", "arm", "attach", "begin", "collapse_head", "create", "delete",
        "drop", "enforce", "forget", "freeze", "kill", "make_work_directory", "note",
        "promise", "put", "remove", "resume", "run", "send_signal", "set_limit",
        "start_counting", "sweep", "take", "thaw", "watch", "write", "write_ioprio",
    }
)  # fmt: skip
"""What effects call, of all ports."""


@dataclass(slots=True)
class Imagination:
    """What has been imagined so far.

    made     -- containers whose groups were made here: their knobs have the kernel's defaults
    ended    -- those all of whose processes have ended
    launched -- names of launches that have succeeded
    emptied  -- groups that are empty, with all below, by name of the container
    absent   -- names of containers whose groups are gone
    frozen   -- what the freezers were told, by name of the container
    """

    made: set[Key] = field(default_factory=set)
    ended: set[Key] = field(default_factory=set)
    launched: set[str] = field(default_factory=set)
    emptied: dict[str, Group] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    frozen: dict[str, bool] = field(default_factory=dict)


class ReadOnly:
    """A port, or a part of one, without its writes."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        if name in WRITES:
            raise AssertionError(f"{name} is an effect, and this is only imagined")
        return getattr(self._port, name)


class ImaginedCgroups(ReadOnly):
    """The host's cgroups with what has been imagined of them."""

    def __init__(self, driver: CgroupDriver, store: ContainerStore, imagined: Imagination) -> None:
        super().__init__(driver)
        self._driver = driver
        self._store = store
        self._imagined = imagined

    def __getattr__(self, name: str) -> Any:
        found = super().__getattr__(name)
        return ReadOnly(found) if name in CONTROLLERS else found

    def exists(self, group: Group) -> bool:
        """See `CgroupDriver`."""
        return group.name not in self._imagined.absent and self._driver.exists(group)

    def is_new(self, group: Group) -> bool:
        """See `CgroupDriver`."""
        return group.name in self._imagined.absent or self._driver.is_new(group)

    def processes(self, group: Group) -> Sequence[int]:
        """See `CgroupDriver`."""
        return () if self._is_empty(group) else self._driver.processes(group)

    def subtree_processes(self, group: Group) -> Sequence[int]:
        """See `CgroupDriver`."""
        if self._is_empty(group):
            return ()
        ended = {
            pid for below in self._below(group) for pid in self._driver.subtree_processes(below)
        }
        return [pid for pid in self._driver.subtree_processes(group) if pid not in ended]

    def is_populated(self, group: Group) -> bool:
        """See `CgroupDriver`; of some that are empty below, the lists tell."""
        if self._is_empty(group):
            return False
        if self._below(group):
            return bool(self.subtree_processes(group))
        return self._driver.is_populated(group)

    def self_frozen(self, group: Group) -> bool:
        """See `CgroupDriver`."""
        told = self._imagined.frozen.get(group.name)
        return self._driver.self_frozen(group) if told is None else told

    def freezer_state(self, group: Group) -> FreezerState:
        """See `CgroupDriver`; what is asked of a freezer has come true."""
        told = self._imagined.frozen
        if any(frozen and _is_within(group.name, top) for top, frozen in told.items()):
            return FreezerState.FROZEN
        if group.name in told:
            return FreezerState.THAWED
        return self._driver.freezer_state(group)

    def _is_empty(self, group: Group) -> bool:
        emptied = self._imagined.emptied
        return any(name in emptied for name in (group.name, *ancestors(group.name)))

    def _below(self, group: Group) -> list[Group]:
        """Those that are empty below one that is not."""
        emptied = self._imagined.emptied
        below = self._store.descendants(group.name) if emptied else ()
        return [emptied[item.name] for item in below if item.name in emptied]


class ImaginedLaunches(ReadOnly):
    """Launches, and those that have been imagined."""

    def __init__(self, launches: Launches, imagined: Imagination) -> None:
        super().__init__(launches)
        self._launches = launches
        self._imagined = imagined

    def find(self, launch_id: str) -> Launched | LaunchFailed | None:
        """See `Launches`: of what was imagined the processes are nobody's."""
        if launch_id in self._imagined.launched:
            return Launched(launch_id, 0, 0, 0, 0, 0)
        return self._launches.find(launch_id)


class ImaginedExits(ReadOnly):
    """Exits, and those that have been imagined."""

    def __init__(self, exits: Exits, imagined: Imagination) -> None:
        super().__init__(exits)
        self._exits = exits
        self._imagined = imagined

    def find(self, process: Process) -> Exited | None:
        """See `Exits`."""
        if container_of(process.launch_id) in self._imagined.ended:
            return Exited(process.launch_id, process.init_pid, signal.SIGKILL)
        if process.launch_id in self._imagined.launched:
            return None
        return self._exits.look(process)


def imagined_ports(ports: Ports, store: ContainerStore, imagined: Imagination) -> Ports:
    """The ports of passes over a copy of the store: only its records are written."""
    closed: dict[str, Any] = {
        item.name: ReadOnly(getattr(ports, item.name))
        for item in dataclasses.fields(ports)
        if item.name not in ("disks", "cpus", "clock")
    }
    closed |= {
        "cgroups": cast(CgroupDriver, ImaginedCgroups(ports.cgroups, store, imagined)),
        "launches": cast(Launches, ImaginedLaunches(ports.launches, imagined)),
        "records": Recording(Catalog(store), ports.clock),
    }
    return dataclasses.replace(ports, **closed)


def _is_within(name: str, top: str) -> bool:
    return name == top or is_below(name, top)
