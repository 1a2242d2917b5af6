"""Which CPUs a container may use, solved for the whole host.

Live facet; `reconcilers/host/cpuset/host.py` knows the solution, `kernel/cgroup/*/cpuset.py`
the knobs. A start or a change that the host has no CPUs for is refused in `plan`. Manual
section "CPU", cpu_set.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from porto.reconcilers.containers.facets.knobs import KnobFacet
from porto.reconcilers.containers.target import Target
from porto.reconcilers.engine.change import Change, Effect
from porto.reconcilers.host.cpuset.host import Allocation
from porto.reconcilers.host.cpuset.order import OrderedWriter
from porto.reconcilers.host.cpuset.requests import Solution
from porto.reconcilers.ports import Ports
from porto.spec.containers.record import ContainerRecord
from porto.spec.cpulist import format_cpus

HOST = "CPUs of the host"
"""Subject of the change that lets a container in."""


@dataclass(frozen=True, slots=True)
class Admit:
    """Let a container in with what it asks for; whose CPUs change gets a pass."""

    allocation: Allocation
    record: ContainerRecord
    confined: bool

    def carry(self, ports: Ports) -> None:
        """Raises ResourceNotAvailable, and everything stays as it was."""
        self.allocation.admit(self.record, confined=self.confined)


@dataclass(frozen=True, slots=True)
class LookAgain:
    """See which CPUs the host has now; everybody gets a pass."""

    allocation: Allocation

    def carry(self, ports: Ports) -> None:
        """The knobs of those who hold others then."""
        self.allocation.look()


@dataclass(frozen=True, slots=True)
class WriteInOrder:
    """Write one knob with those of the relatives that must be written before and after."""

    writer: OrderedWriter
    target: Target
    knob: str

    def carry(self, ports: Ports) -> None:
        """Ancestors are widened, the subtree gets what it shall have."""
        self.writer.write(self.target, self.knob)


class Cpuset(KnobFacet):
    """Keeps ``cpuset.cpus`` at what the allocation says, ``cpuset.mems`` at all nodes."""

    name = "cpuset"
    controller = "cpuset"

    def __init__(self, allocation: Allocation) -> None:
        super().__init__(allocation.driver)
        self._allocation = allocation
        self._writer = OrderedWriter(
            allocation, lambda name: self._knobs(allocation.affinity(name))
        )

    def plan(self, target: Target) -> Sequence[Change]:
        """The admission to the allocation, when it is a new one; the knobs that differ.

        Raises ResourceNotAvailable when it asks for what the host cannot give.
        """
        if self.controller not in self.driver.controllers:
            return super().plan(target)
        confined = target.group.owns(self.controller)
        if not confined:
            self.refuse(target)
        solution = self._allocation.preview(target.record, confined=confined)
        changes: list[Change] = []
        if not self._allocation.has_admitted(target.record, confined=confined):
            want = format_cpus(solution.affinity(target.name))
            admit = Admit(self._allocation, target.record, confined)
            act = f"give CPUs to {target.name}"
            changes.append(Change(self.name, HOST, want, "", admit, act=act, is_drift=False))
        if not confined:
            return changes
        knobs = self._differing(target, solution)
        if knobs and self._allocation.is_outdated():
            # The kernel has changed them by itself: nobody's drift, and everybody's next pass.
            # A start needs some all the same.
            look = Change(
                self.name, HOST, "as now", "as before", LookAgain(self._allocation), is_drift=False
            )
            knobs = [look, *(knobs if target.is_new else ())]
        return [*changes, *knobs]

    def wish(self, target: Target) -> Hashable:
        """CPUs move because of neighbours."""
        if not target.group.owns(self.controller):
            return None
        return self._allocation.affinity(target.name)

    def want(self, target: Target) -> Mapping[str, str]:
        """The CPUs of the allocation."""
        return self._knobs(self._allocation.affinity(target.name))

    def have(self, target: Target, knob: str) -> str:
        """What a knob says, or means by saying nothing.

        What a new group takes from its parent is seen when it is written.
        """
        if target.is_new:
            return "" if self.driver.cpuset.nested else self.driver.cpuset.shown(knob, "")
        text = target.look(self.driver.read, target.group, self.controller, knob)
        return self.driver.cpuset.shown(knob, text)

    def effect(self, target: Target, knob: str, want: str, have: str) -> Effect:
        """Where order matters, with the knobs of its relatives."""
        if self.driver.cpuset.nested:
            return WriteInOrder(self._writer, target, knob)
        return super().effect(target, knob, want, have)

    def _differing(self, target: Target, solution: Solution) -> Sequence[Change]:
        return self.compare(target, self._knobs(solution.affinity(target.name)))

    def _knobs(self, cpus: int) -> Mapping[str, str]:
        return self.driver.cpuset.render(format_cpus(cpus))
