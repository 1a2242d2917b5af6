"""pressurize_on_death: what a container without tasks still holds is reclaimed first.

Live facet; `kernel/cgroup/v1/memory.py` knows the knob, the soft limit of v1. It holds for
a dead container, and for one without a command that has no running sub-container.
"""

import dataclasses
from collections.abc import Mapping, Sequence

from porto.kernel.cgroup.driver import CgroupDriver
from porto.reconcilers.containers.facets.knobs import KnobFacet
from porto.reconcilers.containers.target import Target
from porto.reconcilers.engine.change import Change
from porto.spec.config import ContainerConfig
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State


class Pressure(KnobFacet):
    """Keeps the soft limit where the state of the container wants it."""

    name = "pressure"
    controller = "memory"

    def __init__(self, driver: CgroupDriver, config: ContainerConfig) -> None:
        super().__init__(driver)
        self._default = config.pressurize_on_death
        self._soft = config.dead_memory_soft_limit

    def want(self, target: Target) -> Mapping[str, str]:
        """The soft limit, none while tasks run."""
        squeezed = self._asked(target.record) and self._is_hollow(target)
        return self.driver.memory.render_pressure(self._soft if squeezed else 0)

    def plan(self, target: Target) -> Sequence[Change]:
        """Nothing for a container that nobody ever wanted it for."""
        asked = target.record.spec.pressure.model_fields_set
        if not self._default and not asked:
            return ()
        drift = self._asked(target.record)
        return [dataclasses.replace(c, is_drift=not drift) for c in super().plan(target)]

    def _asked(self, record: ContainerRecord) -> bool:
        return record.spec.pressure.is_asked(self._default)

    def _is_hollow(self, target: Target) -> bool:
        record = target.record
        life = record.status.life
        if life.state is State.DEAD:
            return not record.is_launch_due
        if life.state is not State.META:
            return False
        inside = target.look(self.driver.subtree_processes, target.group)
        return len(inside) == len(target.look(self.driver.processes, target.group))
