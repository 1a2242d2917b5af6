"""The solver of CPU sets: from requests, topology and present holdings to an allocation.

Pure. Called by `host.py`. Top-down, for each parent its children by kind: a mask and a
node are given as they are; cores, threads and reserve take CPUs out of what the parent
has vacant, for themselves alone; who has no wish gets what is then left. CPUs held
exclusively are disjoint among siblings and among their subtrees. Who holds CPUs keeps
them as long as they still fit, so the answer depends on what is held at present, but not
on the order of the mapping. A request that cannot be had is a problem of the answer and
takes nothing. Manual section "CPU", cpu_set.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from porto.kernel.host.topology import Topology
from porto.reconcilers.host.cpuset.requests import (
    Demand,
    Problem,
    Request,
    Share,
    Solution,
    crowd_problems,
)
from porto.spec.codecs.cpuset import MASK
from porto.spec.containers.names import ROOT, ancestors, parent_name
from porto.spec.cpulist import each_cpu, format_cpus

ORDER = (MASK, "node", "cores", "threads", "reserve", "inherit")
_NO_WISH = Request("inherit")


def solve(demand: Demand, topology: Topology, present: Mapping[str, Share]) -> Solution:
    """The allocation; `present` tells what is held now, by name."""
    return _Solver(demand, topology, present).run()


def grant(solution: Solution, name: str, request: Request, topology: Topology) -> Solution | None:
    """What `solve` says after one more mask or node, when nothing else can change.

    None when all must be solved again.
    """
    parent = solution.shares.get(parent_name(name))
    if parent is None or name in solution.shares or request.is_exclusive or solution.problems:
        return None
    try:
        affinity = _given(parent_name(name), parent, request, topology)
    except _Refused:
        return None
    held = (parent.foreign | parent.affinity & ~parent.vacant) & affinity
    share = Share(affinity=affinity, vacant=affinity, foreign=held)
    return Solution({**solution.shares, name: share}, solution.problems)


def revoke(solution: Solution, name: str, demand: Demand) -> Solution | None:
    """What `solve` says without the mask or node of `name`, when nothing else can change.

    `demand` is what is left. None when all must be solved again.
    """
    below = f"{name}/"
    if solution.problems or any(other.startswith(below) for other in demand.requests):
        return None
    shares = dict(solution.shares)
    shares.pop(name, None)
    return Solution(shares, solution.problems)


class _Refused(Exception):
    """A request cannot be had."""


@dataclass(slots=True)
class _Parent:
    """A parent whose children are being served.

    idle    -- CPUs beside the affinity that nobody uses: siblings of its cores
    requested -- CPUs that masks in each child's subtree name, by the child's name
    held    -- CPUs that exclusive children hold now, by their names
    refused -- children that get what is left in the end
    """

    name: str
    share: Share
    idle: int
    requested: Mapping[str, int]
    held: dict[str, int]
    refused: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        return _title(self.name)


class _Solver:
    def __init__(self, demand: Demand, topology: Topology, present: Mapping[str, Share]) -> None:
        self.demand = demand
        self.topology = topology
        self.present = present
        self.children: dict[str, list[str]] = {}
        self.named: dict[str, int] = {}
        self.shares: dict[str, Share] = {}
        self.idle: dict[str, int] = {ROOT: 0}
        self.problems: dict[Problem, str] = {}

    def run(self) -> Solution:
        self._index()
        online = self.topology.online
        self.shares[ROOT] = Share(affinity=online, vacant=online)
        pending = [ROOT]
        for parent in pending:
            self._distribute(parent)
            pending.extend(self.children.get(parent, ()))
        return Solution(self.shares, self.problems)

    def _index(self) -> None:
        """Children that matter by parent, and the masks named in each subtree."""
        known: set[str] = set()
        for name in sorted(self.demand.requests):
            request = self.demand.requests[name]
            named = self._named(request)
            for item in (name, *ancestors(name)):
                if named:
                    self.named[item] = self.named.get(item, 0) | named
                if item not in known:
                    known.add(item)
                    self.children.setdefault(parent_name(item), []).append(item)

    def _named(self, request: Request) -> int:
        if request.kind == MASK:
            return request.mask & self.topology.online
        return self.topology.nodes.get(request.number, 0) if request.kind == "node" else 0

    def _request(self, name: str) -> Request:
        return self.demand.requests.get(name, _NO_WISH)

    def _distribute(self, name: str) -> None:
        children = sorted(self.children.get(name, ()))
        parent = self._parent(name, children)
        for child in sorted(children, key=self._turn):
            self._serve(parent, child)
        self.shares[name] = share = parent.share
        for child in parent.refused:
            rest = self._request(child).mask & share.affinity or share.vacant or share.affinity
            self.shares[child] = Share(affinity=rest)
        taken = _union(self.shares[child].reserved for child in children)
        for child in children:
            self._settle(parent, child, taken)
        inheriting = self.demand.inheriting.get(name, 0)
        inheriting += sum(child not in self.demand.requests for child in children)
        guaranteed = self.demand.guaranteed.get(name, 0)
        if children or inheriting:
            self.problems.update(
                crowd_problems(name, share, inheriting=inheriting, guaranteed=guaranteed)
            )

    def _turn(self, child: str) -> tuple[int, bool]:
        """By kind; who only wants to keep what he has comes before who wants more."""
        request, share = self._request(child), self.present.get(child, Share(0))
        # Of a core one thread is used; who was refused uses what he does not hold.
        held = share.reserved & share.affinity if request.kind == "cores" else share.reserved
        wants_more = held.bit_count() < request.number
        return ORDER.index(request.kind), request.is_exclusive and wants_more

    def _parent(self, name: str, children: list[str]) -> _Parent:
        share = self.shares[name]
        held = {}
        for child in children:
            if self._request(child).is_exclusive and child in self.present:
                held[child] = self.present[child].reserved
        return _Parent(
            name=name,
            share=share,
            idle=self.idle[name],
            requested={child: self.named[child] for child in children if child in self.named},
            held=held,
        )

    def _serve(self, parent: _Parent, child: str) -> None:
        """Give one child its share."""
        request = self._request(child)
        affinity = parent.share.affinity
        reserved = 0
        try:
            match request.kind:
                case "inherit":
                    affinity = parent.share.vacant or affinity
                case "cores":
                    affinity, reserved = self._cores(parent, child, request.number)
                case "threads":
                    affinity = reserved = self._threads(parent, child, request.number)
                case "reserve":
                    reserved = self._threads(parent, child, request.number)
                case _:
                    affinity = _given(parent.name, parent.share, request, self.topology)
        except _Refused as refusal:
            self.problems["request", child] = str(refusal)
            parent.refused.append(child)
        parent.held.pop(child, None)
        parent.share = replace(parent.share, vacant=parent.share.vacant & ~reserved)
        self.shares[child] = Share(affinity=affinity, reserved=reserved)

    def _settle(self, parent: _Parent, child: str, taken: int) -> None:
        """What the child may hand on, now that all its siblings are served."""
        share = self.shares[child]
        foreign = (parent.share.foreign | taken) & share.affinity & ~share.reserved
        self.shares[child] = replace(share, vacant=share.affinity, foreign=foreign)
        self.idle[child] = (parent.idle | share.reserved) & ~share.affinity

    # -- kinds -----------------------------------------------------------------

    def _cores(self, parent: _Parent, child: str, count: int) -> tuple[int, int]:
        """One thread of each of `count` vacant cores, and all threads of those."""
        free = self._free(parent)
        unused = free | parent.idle
        cores: dict[int, int] = {}
        for cpu in each_cpu(free):
            core = self.topology.cores[cpu]
            if not core & ~unused:
                cores.setdefault(core, cpu)
        if len(cores) < count:
            raise _Refused(f"{parent.title} has {len(cores)} cores vacant, not {count}")
        now = self.present.get(child, Share(0))
        rank = self._rank(parent, child)
        chosen = sorted(cores, key=lambda core: (*rank(core), cores[core]))[:count]
        affinity = reserved = 0
        for core in chosen:
            kept = now.affinity & core & free
            affinity |= kept & -kept or 1 << cores[core]
            reserved |= core
        return affinity, reserved

    def _threads(self, parent: _Parent, child: str, count: int) -> int:
        """`count` vacant CPUs, of half-used cores first."""
        free = self._free(parent)
        if free.bit_count() < count:
            raise _Refused(f"{parent.title} has {free.bit_count()} CPUs vacant, not {count}")
        now = self.present.get(child, Share(0)).reserved & free
        if now.bit_count() == count:
            return now
        unused = free | parent.idle
        rank = self._rank(parent, child)

        def order(cpu: int) -> tuple[object, ...]:
            core = self.topology.cores[cpu]
            full = not core & ~unused
            return (*rank(1 << cpu), full, core & -core, cpu)

        return sum(1 << cpu for cpu in sorted(each_cpu(free), key=order)[:count])

    @staticmethod
    def _free(parent: _Parent) -> int:
        """CPUs that a child may take for itself."""
        return parent.share.vacant & ~parent.share.foreign

    def _rank(self, parent: _Parent, child: str) -> Callable[[int], tuple[bool, ...]]:
        """How willingly CPUs are taken, the best first.

        Those that are held already; those that the child's own children name; of a
        parent with a reserve its own; not those that others hold or name.
        """
        now = self.present.get(child, Share(0)).reserved
        wished = parent.requested.get(child, 0)
        own = parent.share.reserved
        held, named = parent.held, parent.requested
        taken = _union(mask for name, mask in held.items() if name != child)
        disputed = _union(mask for name, mask in named.items() if name != child)

        def rank(cpus: int) -> tuple[bool, ...]:
            return (
                not cpus & now,
                not cpus & wished,
                bool(own) and not cpus & own,
                bool(cpus & taken),
                bool(cpus & disputed),
            )

        return rank


def _given(parent: str, share: Share, request: Request, topology: Topology) -> int:
    """The CPUs of a mask or a node, all of which the parent must have."""
    mask = request.mask
    if request.kind == "node":
        if request.number not in topology.nodes:
            raise _Refused(f"there is no NUMA node {request.number}")
        mask = topology.nodes[request.number]
        if not mask:
            raise _Refused(f"NUMA node {request.number} has no CPU online")
    beyond = mask & ~share.affinity
    if beyond:
        raise _Refused(f"{_title(parent)} does not have CPU {format_cpus(beyond)}")
    return mask


def _title(name: str) -> str:
    return "the host" if name == ROOT else name


def _union(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found
