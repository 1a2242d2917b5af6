"""Where a container's cgroups are: its controllers, located by the driver.

The controllers are defined by `spec/containers/controllers.py`. Used by the engine. Manual section
"CGROUPS".
"""

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.spec.containers.controllers import ControllerSets
from porto.spec.containers.store import ContainerStore


class Controllers(ControllerSets):
    """Locates the groups of the store's containers."""

    def __init__(self, store: ContainerStore, driver: CgroupDriver) -> None:
        super().__init__(store, driver)
        self._driver = driver

    def group(self, name: str) -> Group:
        """The cgroups of a container."""
        return self._driver.locate(name, self.enabled)
