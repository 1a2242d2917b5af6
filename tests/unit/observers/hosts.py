"""A store, a fake host and readers over both."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from porto.observers.clock import Clock
from porto.observers.readers import Readers
from porto.observers.viewer import DAEMON, Viewer
from porto.spec.config import Config, PathsConfig
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.store import ContainerStore
from tests.fakes.cgroupfs import SPLIT
from tests.fakes.hosts import FakeHost
from tests.fakes.ports import make_kernel


class FixedClock(Clock):
    """Stands still."""

    def wall(self) -> float:
        return 2_000_000.0

    def mono(self) -> float:
        return 1000.0


class Host(FakeHost):
    """What a test of the readers needs."""

    def __init__(self, root: Path, hierarchies: tuple[str, ...] = SPLIT) -> None:
        self.place = root / "place"
        (self.place / "porto").mkdir(parents=True)
        (root / "cgroup").mkdir()
        super().__init__(root / "cgroup", hierarchies)
        self.store = ContainerStore(None)
        self.config = Config(paths=PathsConfig(place=str(self.place)))
        self.counters: dict[str, int] = {"containers": 3, "clients": 1}
        self.kernel = make_kernel(self.driver)
        self.readers = Readers(self.store, self.kernel, self.config, self._counters, FixedClock())

    def _counters(self) -> Mapping[str, int]:
        return self.counters

    def make(
        self, name: str, values: Mapping[str, str] | None = None, **status: Any
    ) -> ContainerRecord:
        """A container with properties and a status."""
        spec = DEFAULT_SPEC
        for key, text in (values or {}).items():
            prop = find_property(key)
            spec = spec.with_value(prop, prop.parse(name, text))
        record = self.store.create(name, spec, now=1.0, origins={})
        if status:
            record = self.store.put_status(record, record.with_status(**status).status, now=2.0)
        return record

    def get(
        self, record: ContainerRecord, name: str, index: str | None = None, pid: int = 0
    ) -> str:
        """A property as a client at `pid` sees it."""
        prop = find_property(name)
        if prop.facet:
            return self.readers.read_spec(record, prop, index)
        return self.readers.read(record, prop, index, Viewer(pid) if pid else DAEMON)

    def get_root(self, name: str, index: str | None = None) -> str:
        """A property of the host."""
        return self.readers.read_root(find_property(name), index, DAEMON)
