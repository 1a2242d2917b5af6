"""What a pass of a container may look at: records, the kernel through the ports, memory.

Built once by `cli/daemon.py`.
"""

from dataclasses import dataclass, field

from porto.observers.exits import Exits
from porto.observers.kernel_events import KernelEvents
from porto.reconcilers.containers.chain import Chain
from porto.reconcilers.containers.controllers import Controllers
from porto.reconcilers.containers.memory import Memory, Remembered
from porto.reconcilers.containers.target import Target
from porto.reconcilers.ports import Ports
from porto.spec.config import Config
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore


@dataclass(frozen=True, slots=True)
class World:
    """The store, the ports, and the facets in their order."""

    store: ContainerStore
    ports: Ports
    controllers: Controllers
    chain: Chain
    exits: Exits
    notices: KernelEvents
    config: Config
    memory: Memory = field(default_factory=Memory)

    def target(self, record: ContainerRecord) -> Target:
        """The container as this pass sees it."""
        group = self.controllers.group(record.name)
        clock = self.ports.clock
        unmade = record.status.life.state in (State.STOPPED, State.STARTING)
        return Target(
            record=record,
            lineage=tuple(self.store.ancestors(record)),
            group=group,
            is_new=unmade and self.ports.cgroups.is_new(group),
            mono=clock.mono(),
            wall=clock.wall(),
        )

    def remembered(self, target: Target) -> Remembered:
        """What earlier passes of the container left."""
        return self.memory.seen(target.key)

    def is_populated(self, target: Target) -> bool:
        """Whether anything lives in its groups."""
        if target.is_new:
            return False
        return target.look(self.ports.cgroups.is_populated, target.group)
