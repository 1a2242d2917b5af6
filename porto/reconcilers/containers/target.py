"""One container as its facets see it in a pass, and what a facet provides.

A facet is one concern of a container. It implements the phases it needs:

    Live      what is kept true on every pass of a started container
    Launch    operations of a start, in the order of `chain.py`
    Teardown  removal of what the facet made, when the container stops
    Witness   what it has to say about the container's life

Every method here is pure: from the records and what is observed, to changes and
operations as values. No facet calls another one's phases: each sees a `Target`, and what
two of them say of a container is said in `spec/containers/effective.py`. They raise
`PortoError`; an OSError of an observation is turned into one by the caller, with facet and
subject named.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Protocol, TypeVar

from porto.kernel.cgroup.group import Group
from porto.launcher.ops import LaunchFailed, Op
from porto.reconcilers.engine.change import Change
from porto.reconcilers.ports import Ports
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import ACTIVE
from porto.spec.errors import PortoError
from porto.spec.key import Key

P = ParamSpec("P")
T = TypeVar("T")


class Sight:
    """What one pass has observed: each thing is looked at when it is first asked for, once.

    So all that is decided in a pass is decided on the same facts, and what nobody asks
    for is not read.
    """

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[object, Any] = {}

    def look(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer of an observation, which is remembered; an error is not."""
        asked = (read, args)
        seen = self._seen
        if asked in seen:
            found: T = seen[asked]
            return found
        found = seen[asked] = read(*args, **kwargs)
        return found


@dataclass(frozen=True, slots=True)
class Target:
    """One container during one pass.

    lineage -- records of the ancestors, nearest first
    group   -- its cgroups
    is_new  -- whether no directory of the group exists: its knobs have the kernel's defaults
    mono, wall -- the time of the pass, in seconds
    """

    record: ContainerRecord
    lineage: tuple[ContainerRecord, ...]
    group: Group
    is_new: bool = False
    mono: float = 0.0
    wall: float = 0.0
    sight: Sight = field(default_factory=Sight, compare=False)

    @property
    def key(self) -> Key:
        """Its key."""
        return self.record.key

    @property
    def name(self) -> str:
        """Full name."""
        return self.record.name

    @property
    def host(self) -> ContainerRecord | None:
        """The nearest ancestor with a process, whose namespaces the container joins."""
        for ancestor in self.lineage:
            life = ancestor.status.life
            if life.process is not None and life.state in ACTIVE:
                return ancestor
        return None

    def look(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Observe; see `Sight`."""
        return self.sight.look(read, *args, **kwargs)


class Source(Protocol):
    """A descriptor that travels with a launch, as a value."""

    def open(self, ports: Ports) -> int:
        """Open it, close-on-exec; raises PortoError or OSError. The carrier closes it."""


@dataclass(slots=True)
class LaunchPlan:
    """A start under construction; facets append in the order of the chain.

    before  -- changes that must be made before the launch
    sources -- of the descriptors, by the index under which operations name them
    """

    before: list[Change] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    clone_flags: int = 0
    pid_ns: int | None = None
    cgroup_fd: int | None = None

    def add(self, *ops: Op) -> None:
        """Append operations."""
        self.ops.extend(ops)

    def pass_fd(self, source: Source) -> int:
        """The index by which operations name what `source` opens."""
        self.sources.append(source)
        return len(self.sources) - 1


class Facet(Protocol):
    """What all phases have."""

    @property
    def name(self) -> str:
        """The facet's name: `Prop.owner` of its properties."""


class Planned(Facet, Protocol):
    """What of a facet is planned on a pass."""

    def plan(self, target: Target) -> Sequence[Change]:
        """Want minus have, in canonical texts; empty right after they were made."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One knob or object of a facet, true or not: canonical texts as in `Change`."""

    subject: str
    want: str
    have: str


class Live(Planned, Protocol):
    """A facet that is kept true while the container runs."""

    def show(self, target: Target) -> Sequence[Shown]:
        """All that it keeps true of a started container."""


class Wishing(Live, Protocol):
    """A live facet whose wish follows not from the container's own record alone."""

    def wish(self, target: Target) -> Hashable:
        """What is wanted, as anything that compares: a difference is no drift when it is new."""


class Launch(Facet, Protocol):
    """A facet that takes part in a start."""

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Append operations, sources of descriptors and changes."""


class Explaining(Launch, Protocol):
    """A launch facet that knows what a failure of its operations means."""

    def explain(self, target: Target, failure: LaunchFailed) -> PortoError | None:
        """The error that the user sees; None when it is not about this facet."""


class Teardown(Facet, Protocol):
    """A facet that leaves something behind in the kernel or on disk."""

    def teardown(self, target: Target) -> Sequence[Change]:
        """Its removal; nothing there is fine. Made after the last task is gone."""


Fields = Mapping[str, object]
"""Fields of the status, by name."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A running container must end.

    fields -- what is written down before it is killed
    wait   -- seconds until this is certain; 0.0 when it is
    """

    fields: Fields
    wait: float = 0.0


class Witness:
    """A facet with a part of its own in the status of a container: it has nothing to say."""

    def verdict(self, target: Target) -> Verdict | None:
        """Why a running container must end now."""
        return None

    def died(self, target: Target, status: int) -> Fields:
        """What is written down at the death of the main task; `status` is its wait status."""
        return {}

    def counted(self, fields: Fields) -> Sequence[str]:
        """What of that is counted: names of the daemon's counters."""
        return ()

    def ended(self, target: Target) -> Fields:
        """What is written down when the container is stopped: most of it is reset."""
        return {}

    def bequeathed(self, record: ContainerRecord, parent: ContainerRecord) -> Fields:
        """What the parent keeps of a container that is destroyed."""
        return {}
