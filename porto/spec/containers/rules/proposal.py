"""What a rule of admission is given, and the shape of a rule.

Built by `spec/containers/admission.py`; imported by every file of this room.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from porto.spec.config import Config
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import ContainerSpec
from porto.spec.host import Host
from porto.spec.prop import Property

if TYPE_CHECKING:
    from porto.spec.containers.store import ContainerStore


@dataclass(frozen=True, slots=True)
class Proposal:
    """A value that somebody wants to write, and all that a rule may look at.

    name   -- of the container
    record -- as it is now, None when it is being created
    spec   -- as it is now
    text   -- the canonical text of `value`, for messages
    """

    store: "ContainerStore"
    host: Host
    config: Config
    name: str
    record: ContainerRecord | None
    spec: ContainerSpec
    prop: Property
    value: Any
    text: str
    superuser: bool

    @property
    def refusal(self) -> str:
        """How the message of an error begins."""
        return f"cannot set {self.prop.name} of {self.name} to {self.text!r}"


SetRule = Callable[[Proposal], None]
"""Raises the `PortoError` that refuses the value."""

StartRule = Callable[["ContainerStore", Host, Config, ContainerRecord], None]
"""Raises the `PortoError` that refuses the start of a container."""
