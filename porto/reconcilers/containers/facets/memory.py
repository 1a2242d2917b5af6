"""Limits and guarantees of memory.

Live facet; `kernel/cgroup/*/memory.py` know the knobs. Manual section "Memory".

Where the kernel gives a guarantee only as far as those of the ancestors reach, a
container's guarantee is written into its ancestors' groups too, by the container that has
it: at its start, when it changes, and when it is gone.
"""

import dataclasses
import errno
from collections.abc import Mapping, Sequence

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.memory import MemoryLimits, Promise
from porto.reconcilers.containers.base import Target
from porto.reconcilers.containers.facets.knobs import KnobFacet
from porto.reconcilers.engine.change import Change
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
        self._looked = False
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
        if target.group.owns(self.controller) and (self._total(target) or not self._looked):
            self._looked = True
            have = self.driver.memory.promised()
            want = children_total(self._store, ROOT)
            if have is not None and have != want:
                changes.append(Change(self.name, PROMISED, str(want), str(have)))
        return changes

    def _timed(self, target: Target, change: Change) -> Change:
        """A limit below the usage is slow: the kernel reclaims within the write."""
        if not change.want.isdecimal() or change.subject == self.driver.memory.guarantee_knob:
            return change
        if int(change.want) >= self.driver.memory.usage(target.group):
            return change
        return dataclasses.replace(change, is_slow=True)

    def _total(self, target: Target) -> int:
        """What it and all below were promised, where a knob says it."""
        if self.driver.memory.guarantee_knob is None:
            return 0
        return guarantee_total(self._store, target.record)

    def apply(self, target: Target, change: Change) -> None:
        """Write one knob; raises Busy for a limit that the usage cannot be brought below."""
        if change.subject != PROMISED:
            try:
                self.driver.memory.write(target.group, change.subject, change.want)
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
                raise Busy(
                    f"cannot set {change.subject} of {target.name} to {change.want}: "
                    "more is used and cannot be reclaimed"
                ) from error
        if change.subject in (PROMISED, self.driver.memory.guarantee_knob):
            self._promise(target.record, target.lineage, target.group)

    def teardown(self, target: Target) -> None:
        """Take a guarantee back from the ancestors' groups. Runs when the own are gone."""
        if target.record.spec.memory.memory_guarantee and target.group.owns(self.controller):
            self._promise(target.record, target.lineage, target.group, gone=True)

    def _promise(
        self,
        record: ContainerRecord,
        lineage: Sequence[ContainerRecord],
        group: Group,
        *,
        gone: bool = False,
    ) -> None:
        def own(item: ContainerRecord) -> int:
            return 0 if gone and item.id == record.id else own_guarantee(item)

        def promise(item: ContainerRecord) -> Promise:
            claimed = children_total(self._store, item.name, own)
            total = max(own(item), claimed)
            return Promise(total, total - claimed)

        above = [promise(item) for item in lineage]
        everybody = children_total(self._store, ROOT, own)
        self.driver.memory.promise(group, promise(record), [*above, Promise(everybody)])
