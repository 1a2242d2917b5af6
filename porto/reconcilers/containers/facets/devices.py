"""Which devices a container may use: access rules of its cgroup, and nodes in /dev.

Live facet and launch facet; `spec/containers/device_access.py` makes rules of the property,
`kernel/cgroup/*/devices.py` puts them in force. Manual section "Filesystem", devices.
First-level containers have a default list, deeper ones share their parent's cgroup
unless they are given devices of their own, and then have at most what the parent has.
"""

from collections.abc import Mapping, Sequence

from porto.kernel.block import devices
from porto.kernel.cgroup.driver import CgroupDriver
from porto.reconcilers.containers.base import LaunchPlan, Target
from porto.reconcilers.containers.facets.device_nodes import node_operations
from porto.reconcilers.containers.facets.knobs import KnobFacet
from porto.reconcilers.engine.change import Change
from porto.spec.config import ContainerConfig
from porto.spec.containers import device_access
from porto.spec.containers.device_access import LookAt, Rules, own_items
from porto.spec.containers.rules.devices import has_own_dev


class Devices(KnobFacet):
    """Access to devices."""

    name = "devices"
    controller = "devices"

    def __init__(
        self,
        driver: CgroupDriver,
        *,
        config: ContainerConfig | None = None,
        look_at: LookAt = devices.look_at,
    ) -> None:
        super().__init__(driver)
        self._config = config or ContainerConfig()
        self._look_at = look_at
        # Text put in force last, by name: a list that follows its parent's is no drift.
        self._enforced: dict[str, str] = {}

    def rules(self, target: Target) -> Rules:
        """What the container may use."""
        lineage = (target.record, *target.lineage)
        return device_access.allowed(lineage, self._config, self._look_at)

    def want(self, target: Target) -> Mapping[str, str]:
        """The rules as one text."""
        return {self.driver.devices.knob: self.driver.devices.render(self.rules(target))}

    def compare(self, target: Target, wanted: Mapping[str, str]) -> Sequence[Change]:
        """The difference of the rules."""
        ours = self._enforced.get(target.name)
        return [
            Change(c.facet, c.subject, c.want, c.have, is_drift=c.have != ours)
            for c in super().compare(target, wanted)
        ]

    def have(self, target: Target, knob: str) -> str:
        """What is in force."""
        return self.driver.devices.state(target.group)

    def apply(self, target: Target, change: Change) -> None:
        """Put the rules in force."""
        rules = self.rules(target)
        self.driver.devices.enforce(target.group, rules)
        self._enforced[target.name] = self.driver.devices.render(rules)

    def teardown(self, target: Target) -> None:
        """The rules go with the group."""
        self._enforced.pop(target.name, None)

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Make the nodes in a /dev of the container's own; the host's has what it has."""
        if has_own_dev(target.record.spec):
            plan.add(
                *node_operations(
                    target.record,
                    config=self._config,
                    look_at=self._look_at,
                    rules=self.rules(target),
                )
            )


class UnannouncedDevices:
    """The same facet for the look between passes: only what no write to a knob announces.

    A program is attached without one; a node, an account or a parent's list changes on
    its own.
    """

    name = "devices"

    def __init__(self, facet: Devices) -> None:
        self._facet = facet

    def plan(self, target: Target) -> Sequence[Change]:
        """The facet's plan, when it may have changed so."""
        if not target.group.owns(self._facet.controller):
            return ()
        lineage = (target.record, *target.lineage)
        if self._facet.driver.devices.announced and not any(map(own_items, lineage)):
            return ()
        return self._facet.plan(target)

    def apply(self, target: Target, change: Change) -> None:
        """As the facet does."""
        self._facet.apply(target, change)
