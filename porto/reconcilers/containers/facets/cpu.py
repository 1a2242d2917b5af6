"""Weight, guarantee and limit of CPU time: the cpu controller of the container.

Live facet; `kernel/cgroup/*/cpu.py` know the knobs. Policy and priority of tasks are
`scheduler.py`. Manual section "CPU"; the kernel's scheduler/sched-bwc.rst.
"""

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.cpu import CpuTime
from porto.reconcilers.containers.facets.knobs import KnobFacet
from porto.reconcilers.containers.target import Target
from porto.reconcilers.engine.change import Change
from porto.reconcilers.ports import Ports
from porto.spec.codecs.power import PERIOD_MAX_NS, PERIOD_MIN_NS
from porto.spec.config import ContainerConfig
from porto.spec.containers import cpu
from porto.spec.containers.spec import ContainerSpec
from porto.spec.containers.store import ContainerStore


class Cpu(KnobFacet):
    """Keeps the knobs at what the properties say."""

    name = "cpu"
    controller = "cpu"

    def __init__(
        self, driver: CgroupDriver, store: ContainerStore, defaults: ContainerConfig
    ) -> None:
        super().__init__(driver)
        self._store = store
        # A value that the kernel refuses would let no container start.
        self._period = min(max(defaults.cpu_period, PERIOD_MIN_NS), PERIOD_MAX_NS)
        self._realtime = defaults.rt_priority != 0

    def want(self, target: Target) -> Mapping[str, str]:
        """The knobs and their texts.

        The guarantee is at least what the running children together need.

        A limit that is not below those of all ancestors would limit nothing, and v1
        refuses it: the group then has none of its own.
        """
        specs = [record.spec for record in (target.record, *target.lineage)]
        guarantee = cpu.guarantee_total(self._store, target.record)
        own = dataclasses.replace(self._time(specs), guarantee=guarantee)
        if own.limit:
            above = (self._time(specs[start:]) for start in range(1, len(specs)))
            if not all(own.is_within(time) for time in above):
                own = dataclasses.replace(own, limit=0)
        return self.driver.cpu.render(own)

    def compare(self, target: Target, wanted: Mapping[str, str]) -> Sequence[Change]:
        """The difference of each knob; some kernels show a little less than was written."""
        changes = []
        for knob, want in wanted.items():
            have = self.have(target, knob)
            if have != want and not self.driver.cpu.is_met(knob, want, have):
                effect = WriteTime(target.group, knob, wanted)
                changes.append(Change(self.name, knob, want, have, effect))
        return changes

    def wish(self, target: Target) -> Hashable:
        """The kin's properties ask, too: policy and period of ancestors, children's needs."""
        if not target.group.owns(self.controller):
            return None
        return tuple(self.want(target).values())

    def _time(self, specs: Sequence[ContainerSpec]) -> CpuTime:
        """What the first of these shall get, children aside; the others are its ancestors."""
        own = specs[0].cpu
        policy = cpu.policy(specs)
        return CpuTime(
            limit=own.cpu_limit,
            period=cpu.period(specs, self._period) // 1000,
            weight=own.cpu_weight,
            policy=policy,
            realtime=self._realtime and policy == "rt",
        )


@dataclass(frozen=True)
class WriteTime:
    """Write one of the wanted knobs, and what the kernel wants changed before it."""

    group: Group
    knob: str
    wanted: Mapping[str, str]

    def carry(self, ports: Ports) -> None:
        """Limits of groups below that stand in the way are taken off."""
        ports.cgroups.cpu.write(self.group, self.knob, self.wanted)
