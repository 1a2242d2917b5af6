"""Which cgroup controllers a container has, and so where its cgroups are.

A stopped container's set follows from its level and from the properties that were
set; at start it is written down in the status and does not change until the stop.
Manual section "CGROUPS". Used by the engine to locate a container's group.
"""

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.spec.container import SPEC_PROPERTIES
from porto.spec.ids import level
from porto.spec.record import Record, State
from porto.spec.store import SpecStore


class Controllers:
    """Locates the groups of the store's containers."""

    def __init__(self, store: SpecStore, driver: CgroupDriver) -> None:
        self._store = store
        self._driver = driver

    def wanted(self, record: Record) -> frozenset[str]:
        """The controllers a start would enable."""
        wanted = set(self._driver.default_controllers(level(record.name)))
        for prop in SPEC_PROPERTIES:
            if prop.prop.needs and record.spec.is_set(prop):
                wanted.update(self._driver.controllers.intersection(prop.prop.needs))
        return frozenset(wanted)

    def enabled(self, name: str) -> frozenset[str]:
        """The controllers a container has, or would have if it were started now."""
        record = self._store.find(name)
        if record is None:
            return self._driver.default_controllers(level(name))
        if record.status.state is not State.STOPPED and record.status.controllers:
            return frozenset(record.status.controllers.split(";"))
        return self.wanted(record)

    def group(self, name: str) -> Group:
        """The cgroups of a container."""
        return self._driver.locate(name, self.enabled)
