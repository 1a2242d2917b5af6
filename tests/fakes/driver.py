"""A cgroup driver in memory, for passes without a kernel.

tests/contract/ proves the real drivers; this one only keeps the facts that a pass
looks at. `place` puts processes into a container's group.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

from porto.kernel.cgroup.driver import FreezerState
from porto.kernel.cgroup.group import Group


class _Pids:
    def unsupported(self) -> Mapping[str, str]:
        return {}

    def render(self, limit: int | None) -> Mapping[str, str]:
        return {"pids.max": str(limit) if limit else "max"}


class FakeOom:
    """`counts` are set by a test."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def kills(self, group: Group) -> int:
        return self.counts.get(group.name, 0)

    def count(self, group: Group) -> int:
        return self.kills(group)

    def arm(self, group: Group) -> int | None:
        return None

    def events_name(self) -> str | None:
        return None


class _Memory:
    """Has no knobs."""

    guarantee_knob = None
    reclaiming = frozenset[str]()

    def promised(self) -> int | None:
        return None

    def unsupported(self) -> Mapping[str, str]:
        return {}

    def render(self, limits: object) -> Mapping[str, str]:
        return {}


class _Cpu:
    """Has no knobs, and no threads that a test could harm."""

    def unsupported(self) -> Mapping[str, str]:
        return {}

    def render(self, time: object) -> Mapping[str, str]:
        return {}

    def threads(self, group: Group) -> list[int]:
        return []


class FakeDriver:
    cpu = _Cpu()
    pids = _Pids()
    memory = _Memory()
    version = "fake"
    controllers = frozenset({"freezer", "memory", "pids"})

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, str]] = {}
        self.tasks: dict[str, set[int]] = {}
        self.frozen: set[str] = set()
        self.refuse: dict[str, OSError] = {}
        self.immortal: set[int] = set()
        self.ending: set[str] = set()
        """Groups in which the last thread of a process ends that is not listed any more."""
        self.oom = FakeOom()
        self.writes: list[tuple[str, str, str]] = []

    def place(self, name: str, *pids: int) -> None:
        self.tasks.setdefault(name, set()).update(pids)

    def locate(self, name: str, enabled: Callable[[str], frozenset[str]]) -> Group:
        directory = f"/fake/{name}"
        mine = enabled(name)
        directories = {"freezer": directory}
        own = [directory]
        for word in ("pids", "memory"):
            directories[word] = f"{directory}.{word}" if word in mine else "/fake"
            if word in mine:
                own.append(directories[word])
        return Group(name=name, directories=directories, own=tuple(own))

    def default_controllers(self, level: int) -> frozenset[str]:
        return self.controllers if level == 1 else frozenset({"freezer"})

    def bound(self, controllers: frozenset[str]) -> frozenset[str]:
        return controllers | {"freezer"}

    def exists(self, group: Group) -> bool:
        return group.name in self.groups

    def is_new(self, group: Group) -> bool:
        return group.name not in self.groups

    def lacking(self, group: Group) -> list[str]:
        return []

    def intact(self) -> bool:
        return True

    def create(self, group: Group) -> bool:
        if group.name in self.groups:
            return False
        self.groups[group.name] = {"pids.max": "max"}
        return True

    def remove(self, group: Group) -> None:
        if self.is_populated(group):
            raise OSError(16, "Device or resource busy", group.freezer)
        self.groups.pop(group.name, None)
        self.frozen.discard(group.name)
        self.oom.counts.pop(group.name, None)

    def join_files(self, group: Group) -> tuple[str, ...]:
        return (f"{group.freezer}/tasks",)

    def launch_directory(self, group: Group) -> str | None:
        return None

    def attach(self, group: Group, pid: int) -> None:
        for pids in self.tasks.values():
            pids.discard(pid)
        self.place(group.name, pid)

    def processes(self, group: Group) -> list[int]:
        return sorted(self.tasks.get(group.name, ()))

    def _subtree(self, group: Group) -> list[str]:
        return [n for n in self.tasks if n == group.name or n.startswith(group.name + "/")]

    def subtree_processes(self, group: Group) -> list[int]:
        return sorted(pid for name in self._subtree(group) for pid in self.tasks[name])

    def is_populated(self, group: Group) -> bool:
        return bool(self.subtree_processes(group)) or group.name in self.ending

    def subtree_threads(self, group: Group) -> int:
        return len(self.subtree_processes(group))

    def pidfds(self, group: Group, limit: int) -> list[int]:
        return []

    def events_file(self, group: Group) -> str | None:
        return None

    def freeze(self, group: Group) -> None:
        self.frozen.add(group.name)

    def thaw(self, group: Group) -> None:
        self.frozen.discard(group.name)

    def freezer_state(self, group: Group) -> FreezerState:
        for name in self.frozen:
            if group.name == name or group.name.startswith(name + "/"):
                return FreezerState.FROZEN
        return FreezerState.THAWED

    def self_frozen(self, group: Group) -> bool:
        return group.name in self.frozen

    def kill(self, group: Group) -> list[int]:
        there = self.subtree_processes(group)
        for name in self._subtree(group):
            self.tasks[name] &= self.immortal
        return there

    def read(self, group: Group, controller: str, knob: str) -> str:
        if group.name not in self.groups:
            raise FileNotFoundError(2, "No such file or directory", f"{group.freezer}/{knob}")
        return self.groups[group.name][knob] + "\n"

    def fresh(self, controller: str, knob: str) -> str:
        return "max\n"

    def write(self, group: Group, controller: str, knob: str, text: str) -> None:
        if knob in self.refuse:
            raise self.refuse[knob]
        self.writes.append((group.name, knob, text))
        self.groups[group.name][knob] = text

    def unsupported(self) -> Mapping[str, str]:
        return {}

    def canonical(self, knob: str, text: str) -> str:
        return text.strip()

    def membership(self, pid: int) -> bytes:
        return (self.container_of(pid) or "/").encode()

    def held(self) -> AbstractContextManager[None]:
        return nullcontext()

    def name_in(self, membership: bytes) -> str | None:
        name = membership.decode()
        return None if name == "/" else name

    def is_home(self, group: Group, membership: bytes) -> bool:
        return self.name_in(membership) == group.name

    def container_of(self, pid: int) -> str | None:
        for name, pids in self.tasks.items():
            if pid in pids:
                return name
        return None

    def sweep(
        self, keep: Callable[[str], bool], located: Callable[[str], Group] | None = None
    ) -> list[str]:
        gone = [name for name in self.groups if not keep(name)]
        for name in gone:
            del self.groups[name]
        return gone
