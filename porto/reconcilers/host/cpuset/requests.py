"""What the solver of CPU sets is asked, and what it answers: plain data.

Made by `host.py` and by tests, read by `solve.py`. Sets of CPUs are numbers as in
`spec/cpulist.py`; names are those of containers, `ROOT` is the host.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from porto.spec.codecs.cpuset import EXCLUSIVE, INHERIT, MASK, CpuSetValue
from porto.spec.containers.names import ROOT, parent_name
from porto.spec.cpulist import parse_cpus

CORE = 10**9
"""One CPU in the unit of cpu_guarantee, nanoseconds per second."""


@dataclass(frozen=True, slots=True)
class Request:
    """A container's cpu_set.

    kind   -- inherit, set, node, cores, threads or reserve
    number -- of the node, or how many
    mask   -- the CPUs of a set
    """

    kind: str
    number: int = 0
    mask: int = 0

    @property
    def is_exclusive(self) -> bool:
        """Whether it takes CPUs away from the others."""
        return self.kind in EXCLUSIVE


def request_of(value: CpuSetValue) -> Request | None:
    """The request that a value of cpu_set makes; None for no wish."""
    if value == INHERIT:
        return None
    kind, argument = value
    if kind == MASK:
        return Request(MASK, mask=parse_cpus(argument))
    return Request(kind, number=int(argument))


@dataclass(frozen=True, slots=True)
class Demand:
    """All that started containers ask for.

    requests   -- of those with a cpu_set, by name
    inheriting -- how many of the other children a parent has, by the parent's name
    guaranteed -- sum of the guarantees of the children without exclusive CPUs, likewise
    """

    requests: Mapping[str, Request]
    inheriting: Mapping[str, int] = field(default_factory=dict)
    guaranteed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Share:
    """What one container got.

    affinity -- CPUs that its tasks may use
    reserved -- CPUs that it alone holds among its siblings
    vacant   -- CPUs of the affinity that its children have not taken
    foreign  -- CPUs of the affinity that somebody outside of its subtree holds
    """

    affinity: int
    reserved: int = 0
    vacant: int = 0
    foreign: int = 0


Problem = tuple[str, str]
"""("request", name) or, of a parent's children, ("vacant" or "guarantee", parent's name)."""


@dataclass(frozen=True, slots=True)
class Solution:
    """An allocation of the whole host.

    shares   -- of the host, of those with a request and of their ancestors
    problems -- what could not be had, with the reason
    """

    shares: Mapping[str, Share]
    problems: Mapping[Problem, str]

    def affinity(self, name: str) -> int:
        """The CPUs of any started container."""
        share = self.shares.get(name)
        if share is not None:
            return share.affinity
        parent = parent_name(name)
        share = self.shares.get(parent)
        if share is None:
            return self.affinity(parent)
        return share.vacant or share.affinity


def crowd_problems(
    parent: str, share: Share, *, inheriting: int, guaranteed: int
) -> Mapping[Problem, str]:
    """What is wrong for the children that share a parent's vacant CPUs."""
    problems: dict[Problem, str] = {}
    where = "the host" if parent == ROOT else parent
    if not share.vacant and (inheriting or parent == ROOT):
        problems["vacant", parent] = f"no CPU of {where} is left vacant"
    vacant = share.vacant.bit_count()
    if share.vacant != share.affinity and guaranteed > vacant * CORE:
        problems["guarantee", parent] = (
            f"{guaranteed / CORE:g} CPUs of {where} are guaranteed to others, {vacant} are vacant"
        )
    return problems
