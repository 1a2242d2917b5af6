"""Writing down what the reconcilers found: a container's status and its conditions.

Used by the other files of this room.
"""

from porto.reconcilers.containers.world import World
from porto.spec.containers.record import ContainerRecord
from porto.spec.records.status import Condition


class Notes:
    """Changes of the durable status."""

    def __init__(self, world: World) -> None:
        self._world = world

    def update(self, record: ContainerRecord, **changes: object) -> None:
        """Change some fields of the *present* status: others may have written meanwhile."""
        current = self._world.store.find_id(record.id)
        if current is None:
            return
        status = current.status.changed(**changes)
        if status is not current.status:
            self._world.store.put_status(current, status, now=self._world.clock.wall())

    def lasting(self, record: ContainerRecord) -> tuple[Condition, ...]:
        """The conditions that stay until the next start."""
        return tuple(c for c in record.status.conditions if c.kind == "RestartRequired")

    def condition(self, record: ContainerRecord, condition: Condition) -> None:
        """Show what stands in the way."""
        self.update(record, conditions=(*self.lasting(record), condition))

    def keep_condition(self, record: ContainerRecord, condition: Condition) -> None:
        """Show a condition until the container's next start."""
        current = self._world.store.find_id(record.id)
        if current is not None:
            kept = tuple(c for c in current.status.conditions if c.facet != condition.facet)
            self.update(record, conditions=(*kept, condition))
