"""What the API foresees, without a kernel: tables that a test fills.

The files are foreseen by the real code, over directories that the test gives.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from porto.spec.catalog import Catalog
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.sources import ContainerOperations
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import PortoError
from porto.spec.kinds import DIALECTS
from porto.spec.preview import Aspect, KernelChange
from porto.spec.prop import Property
from porto.spec.sources.dialect import Dialects
from porto.spec.sources.directory import Snapshot
from porto.spec.sources.foresee import Foreseen, Proposal, foresee
from tests.fakes.engine import FakeEngine


@dataclass
class FakeForesight:
    """By name of the container; `seen` is what was asked."""

    kernel: dict[str, list[KernelChange]] = field(default_factory=dict)
    failures: dict[str, PortoError] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)
    knobs: dict[str, list[Aspect]] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[ContainerStore, ContainerRecord | None, ContainerRecord | None]] = field(
        default_factory=list
    )

    def changes(
        self, store: ContainerStore, before: ContainerRecord | None, after: ContainerRecord | None
    ) -> Sequence[KernelChange]:
        self.seen.append((store, before, after))
        name = _name(before, after)
        if name in self.failures:
            raise self.failures[name]
        return self.kernel.get(name, [])

    def concerned(
        self, store: ContainerStore, before: ContainerRecord | None, after: ContainerRecord | None
    ) -> Iterable[ContainerRecord]:
        return [store.get(other) for other in self.others.get(_name(before, after), [])]

    def aspects(self, record: ContainerRecord, prop: Property) -> Sequence[Aspect]:
        return [item for item in self.knobs.get(record.name, []) if item.facet == prop.prop.owner]

    def next(self, record: ContainerRecord) -> str:
        return self.steps.get(record.name, "")


def _name(before: ContainerRecord | None, after: ContainerRecord | None) -> str:
    record = after or before
    assert record is not None
    return record.name


@dataclass
class FakeSources:
    snapshots: list[Snapshot] = field(default_factory=list)
    dialects: Dialects = field(default_factory=lambda: DIALECTS)

    async def foresee(self, proposal: Proposal, forks: Catalog) -> Foreseen:
        containers = ContainerOperations(
            forks.store("container"), FakeEngine(forks.store("container"))
        )
        return await foresee(
            proposal,
            [containers.foretold(containers.store)],
            snapshots=self.snapshots,
            digests={},
            earlier={},
        )
