"""Limits and guarantees of memory.

Live facet; `kernel/cgroup/*/memory.py` know the knobs. Manual section "Memory".

Where the kernel gives a guarantee only as far as those of the ancestors reach, a
container's guarantee is written into its ancestors' groups too, by the container that has
it: at its start, when it changes, and when it is gone.
"""

import dataclasses
import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.memory import MemoryLimits, Promise
from porto.reconcilers.containers.facets.knobs import KnobFacet
from porto.reconcilers.containers.target import Target
from porto.reconcilers.engine.change import Change, Effect
from porto.reconcilers.ports import Ports
from porto.spec.config import ContainerConfig
from porto.spec.containers.guarantees import children_total, guarantee_total, own_guarantee
from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import Busy

PROMISED = "guarantee of all containers"
"""Subject of the change that mends what stands above the containers."""


class Memory(KnobFacet):
    """Keeps the knobs at what the properties say."""

    name = "memory"
    controller = "memory"

    def __init__(
        self, driver: CgroupDriver, store: ContainerStore, config: ContainerConfig
    ) -> None:
        super().__init__(driver)
        self._store = store
        self._kept = False
        self._high = config.memory_high_limit_proportion

    def want(self, target: Target) -> Mapping[str, str]:
        """The knobs and their texts."""
        wanted = target.record.spec.memory
        return self.driver.memory.render(
            MemoryLimits(
                limit=wanted.memory_limit,
                high=int(wanted.memory_limit * self._high),
                guarantee=wanted.memory_guarantee,
                guarantee_total=self._total(target),
                anon=wanted.anon_limit,
                dirty=wanted.dirty_limit,
                anon_only=wanted.anon_only,
                recharge=wanted.recharge_on_pgfault,
            )
        )

    def plan(self, target: Target) -> Sequence[Change]:
        """The difference of each knob, and of what the ancestors must promise for it."""
        changes = [self._timed(target, change) for change in super().plan(target)]
        # What is new promises with its own knob.
        looks = not target.is_new and (self._total(target) or not self._kept)
        if target.group.owns(self.controller) and looks:
            changes += self._promised(target)
        return changes

    def _promised(self, target: Target) -> Sequence[Change]:
        """What stands above all containers."""
        have = self.driver.memory.promised()
        want = children_total(self._store, ROOT)
        # Once it was right, only those who need a guarantee look at it.
        self._kept = have is None or have == want
        if self._kept:
            return ()
        effect = KeepPromises(self._store, target.record, target.lineage, target.group)
        act = "keep what all containers are guaranteed"
        return (Change(self.name, PROMISED, str(want), str(have), effect, act=act),)

    def _timed(self, target: Target, change: Change) -> Change:
        """A limit below the usage is slow: the kernel reclaims within the write."""
        if change.subject not in self.driver.memory.reclaiming or not change.want.isdecimal():
            return change
        if target.is_new or int(change.want) >= self.driver.memory.usage(target.group):
            return change
        return dataclasses.replace(change, is_slow=True)

    def _total(self, target: Target) -> int:
        """What it and all below were promised, where a knob says it."""
        if self.driver.memory.guarantee_knob is None:
            return 0
        return guarantee_total(self._store, target.record)

    def effect(self, target: Target, knob: str, want: str, have: str) -> Effect:
        """A limit, and what the ancestors must promise with it."""
        keep = KeepPromises(self._store, target.record, target.lineage, target.group)
        promises = keep if knob == self.driver.memory.guarantee_knob else None
        return WriteLimit(target.group, target.name, knob, want, promises)

    def teardown(self, target: Target) -> Sequence[Change]:
        """Take a guarantee back from the ancestors' groups. Made when the own are gone."""
        guarantee = target.record.spec.memory.memory_guarantee
        if not guarantee or not target.group.owns(self.controller):
            return ()
        effect = KeepPromises(
            self._store, target.record, target.lineage, target.group, is_gone=True
        )
        act = f"take back the memory_guarantee of {target.name}"
        return (Change(self.name, PROMISED, "without it", str(guarantee), effect, act=act),)


@dataclass(frozen=True, slots=True)
class KeepPromises:
    """Write what a container and its ancestors were promised into their groups."""

    store: ContainerStore
    record: ContainerRecord
    lineage: Sequence[ContainerRecord]
    group: Group
    is_gone: bool = False

    def carry(self, ports: Ports) -> None:
        """Above all containers, too."""
        above = [self._promise(item) for item in self.lineage]
        everybody = children_total(self.store, ROOT, self._own)
        ports.cgroups.memory.promise(
            self.group, self._promise(self.record), [*above, Promise(everybody)]
        )

    def _own(self, item: ContainerRecord) -> int:
        return 0 if self.is_gone and item.id == self.record.id else own_guarantee(item)

    def _promise(self, item: ContainerRecord) -> Promise:
        claimed = children_total(self.store, item.name, self._own)
        total = max(self._own(item), claimed)
        return Promise(total, total - claimed)


@dataclass(frozen=True, slots=True)
class WriteLimit:
    """Write one knob of the controller."""

    group: Group
    name: str
    knob: str
    text: str
    promises: KeepPromises | None

    def carry(self, ports: Ports) -> None:
        """Raises Busy for a limit that the usage cannot be brought below."""
        try:
            ports.cgroups.memory.write(self.group, self.knob, self.text)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            raise Busy(
                f"cannot set {self.knob} of {self.name} to {self.text}: "
                "more is used and cannot be reclaimed"
            ) from error
        if self.promises is not None:
            self.promises.carry(ports)
