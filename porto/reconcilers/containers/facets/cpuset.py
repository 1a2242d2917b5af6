"""Which CPUs a container may use, solved for the whole host.

Live facet; `cpuset/host.py` knows the solution, `kernel/cgroup/*/cpuset.py` the knobs. A start or
a change that the host has no CPUs for is refused in `plan`. Manual section "CPU", cpu_set.
"""

import dataclasses
from collections.abc import Mapping, Sequence

from porto.reconcilers.containers.base import Target
from porto.reconcilers.containers.facets.knobs import KnobFacet
from porto.reconcilers.engine.change import Change
from porto.reconcilers.host.cpuset.host import Allocation
from porto.reconcilers.host.cpuset.order import OrderedWriter
from porto.spec.cpulist import format_cpus


class Cpuset(KnobFacet):
    """Keeps ``cpuset.cpus`` at what the allocation says, ``cpuset.mems`` at all nodes."""

    name = "cpuset"
    controller = "cpuset"

    def __init__(self, allocation: Allocation) -> None:
        super().__init__(allocation.driver)
        self._allocation = allocation
        self._writer = OrderedWriter(allocation, self._knobs)

    def want(self, target: Target) -> Mapping[str, str]:
        """The CPUs of the allocation."""
        return self._knobs(target.name)

    def have(self, target: Target, knob: str) -> str:
        """What a knob says, or means by saying nothing."""
        text = self.driver.read(target.group, self.controller, knob)
        return self.driver.cpuset.shown(knob, text)

    def plan(self, target: Target) -> Sequence[Change]:
        """The knobs that differ, once the container is admitted to the allocation.

        Raises ResourceNotAvailable when it asks for what the host cannot give. What
        differs because of a neighbour is marked as such.
        """
        if self.controller not in self.driver.controllers:
            return super().plan(target)
        confined = target.group.owns(self.controller)
        if not confined:
            self._refuse(target)
        self._allocation.admit(target.record, confined=confined)
        changes = super().plan(target)
        if changes and self._allocation.look():
            changes = super().plan(target)
        if not self._allocation.follows(target.name, changed=bool(changes)):
            return changes
        return [dataclasses.replace(change, is_drift=False) for change in changes]

    def apply(self, target: Target, change: Change) -> None:
        """Write one knob; where order matters, with those of its relatives."""
        if self.driver.cpuset.nested:
            self._writer.write(target, change.subject)
        else:
            super().apply(target, change)

    def _knobs(self, name: str) -> Mapping[str, str]:
        return self.driver.cpuset.render(format_cpus(self._allocation.affinity(name)))
