"""One container in the store."""

from dataclasses import dataclass, field
from typing import ClassVar

from porto.spec.containers.intent import ContainerIntent
from porto.spec.containers.spec import ContainerSpec
from porto.spec.containers.status import ContainerStatus
from porto.spec.records.record import Record


@dataclass(frozen=True, slots=True)
class ContainerRecord(Record):
    """A container; its name is without the /porto/ prefix."""

    kind: ClassVar[str] = "container"

    spec: ContainerSpec
    intent: ContainerIntent = field(default=ContainerIntent())
    status: ContainerStatus = field(default=ContainerStatus())

    @property
    def is_launch_due(self) -> bool:
        """Whether a launch is wanted that has not been recorded yet."""
        return self.intent.launch > self.status.life.launched
