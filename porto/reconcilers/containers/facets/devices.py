"""Which devices a container may use: access rules of its cgroup.

Live facet; `spec/containers/device_access.py` makes rules of the property,
`kernel/cgroup/*/devices.py` puts them in force. Manual section "Filesystem", devices.
First-level containers have a default list, deeper ones share their parent's cgroup
unless they are given devices of their own, and then have at most what the parent has.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.reconcilers.containers.facets.knobs import KnobFacet
from porto.reconcilers.containers.target import Target
from porto.reconcilers.engine.change import Change, Effect
from porto.reconcilers.ports import Ports
from porto.spec.config import ContainerConfig
from porto.spec.containers import device_access
from porto.spec.containers.device_access import own_items
from porto.spec.device_rules import LookAt, Rules


@dataclass(frozen=True, slots=True)
class EnforceRules:
    """Put rules in force."""

    group: Group
    rules: Rules

    def carry(self, ports: Ports) -> None:
        """On the way nothing is allowed or refused that both lists agree on."""
        ports.cgroups.devices.enforce(self.group, self.rules)


class Devices(KnobFacet):
    """Access to devices."""

    name = "devices"
    controller = "devices"

    def __init__(
        self,
        driver: CgroupDriver,
        *,
        config: ContainerConfig | None = None,
        look_at: LookAt,
    ) -> None:
        super().__init__(driver)
        self._config = config or ContainerConfig()
        self._look_at = look_at

    def rules(self, target: Target) -> Rules:
        """What the container may use."""
        lineage = (target.record, *target.lineage)
        return device_access.allowed(lineage, self._config, self._look_at)

    def want(self, target: Target) -> Mapping[str, str]:
        """The rules as one text."""
        return {self.driver.devices.knob: self.driver.devices.render(self.rules(target))}

    def wish(self, target: Target) -> Hashable:
        """A list follows its parent's, and the nodes of the host."""
        return self.rules(target) if target.group.owns(self.controller) else None

    def have(self, target: Target, knob: str) -> str:
        """What is in force; in a new group what its parent lets it have."""
        if target.is_new:
            return ""
        return target.look(self.driver.devices.state, target.group)

    def effect(self, target: Target, knob: str, want: str, have: str) -> Effect:
        """All rules at once."""
        return EnforceRules(target.group, self.rules(target))


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
