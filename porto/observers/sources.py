"""What the readers of properties look at, and the shape of a reader.

Made once by `readers.py`; handed to every reader. A facet adds its readers as a table
in its own file of this room.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.ports import Kernel
from porto.observers.clock import Clock
from porto.observers.viewer import Viewer
from porto.spec.config import Config
from porto.spec.containers.controllers import ControllerSets
from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import InvalidValue
from porto.spec.host import Host


@dataclass(slots=True)
class Sources:
    """Everything a value can come from."""

    store: ContainerStore
    kernel: Kernel
    config: Config
    counters: Callable[[], Mapping[str, int]]
    clock: Clock
    status: Callable[[], str]
    host: Host
    controllers: ControllerSets
    driver: CgroupDriver = field(init=False)

    def __post_init__(self) -> None:
        self.driver = self.kernel.cgroups

    def group(self, name: str) -> Group:
        """The cgroups of a container, or of the host for `ROOT`."""
        return self.driver.locate(name, self.controllers.enabled)

    def lineage(self, record: ContainerRecord) -> tuple[ContainerRecord, ...]:
        """The record and those of its ancestors, nearest first."""
        return (record, *self.store.ancestors(record))


Reader = Callable[[Sources, ContainerRecord, str | None, Viewer], str]
"""The text of a status property of a container; the second last argument is the index."""

RootReader = Callable[[Sources, str | None, Viewer], str]
"""The same for the host."""


Computed = Callable[[Sources, ContainerRecord], object]
"""The shown value of a settable property that depends on more than the spec."""


def refuse_index(name: str, index: str | None, subject: str = ROOT) -> None:
    """Raise InvalidValue when an element is asked of a property without elements."""
    if index is not None:
        raise InvalidValue(f"cannot get {name}[{index}] of {subject}: {name} has no elements")


def plain(name: str, value: Callable[[Sources, ContainerRecord], str]) -> Reader:
    """A reader of a property without elements, the same for every viewer."""

    def read(sources: Sources, record: ContainerRecord, index: str | None, viewer: Viewer) -> str:
        if index is not None:
            refuse_index(name, index, record.name)
        return value(sources, record)

    return read


def plain_root(name: str, value: Callable[[Sources], str]) -> RootReader:
    """A reader of the host's value of a property without elements."""

    def read(sources: Sources, index: str | None, viewer: Viewer) -> str:
        refuse_index(name, index)
        return value(sources)

    return read
