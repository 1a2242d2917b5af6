"""What a pass of a container may look at and act through.

Built once by `cli/daemon.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from porto.kernel.cgroup.driver import CgroupDriver
from porto.observers.clock import Clock
from porto.observers.exits import Exits
from porto.observers.kernel_events import KernelEvents
from porto.reconcilers.containers.base import Target
from porto.reconcilers.containers.chain import Chain
from porto.reconcilers.containers.controllers import Controllers
from porto.reconcilers.containers.facets import task
from porto.spec.config import Config
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.store import ContainerStore


@dataclass(frozen=True, slots=True)
class World:
    """The store, the kernel's side, the launcher, and the facets in their order."""

    store: ContainerStore
    driver: CgroupDriver
    controllers: Controllers
    chain: Chain
    launcher: task.Launcher
    exits: Exits
    events: KernelEvents
    clock: Clock
    config: Config
    count: Callable[[str, int], None]

    def target(self, record: ContainerRecord) -> Target:
        """The container as its facets see it."""
        return Target(
            record=record,
            lineage=tuple(self.store.ancestors(record)),
            group=self.controllers.group(record.name),
        )
