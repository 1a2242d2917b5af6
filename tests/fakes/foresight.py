"""What the API foresees, without a kernel: tables that a test fills.

The files are foreseen by the real code, over directories that the test gives.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from porto.spec.catalog import Catalog
from porto.spec.containers.outlook import Turn
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.sources import ContainerOperations
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import PortoError
from porto.spec.kinds import DIALECTS
from porto.spec.preview import Aspect, Foretold, KernelChange
from porto.spec.prop import Property
from porto.spec.sources.dialect import Dialects
from porto.spec.sources.directory import Snapshot
from porto.spec.sources.foresee import Foreseen, Proposal, foresee
from tests.fakes.engine import FakeEngine


@dataclass
class FakeForesight:
    """By name of the container; `seen` is what was asked.

    others -- whom the change of a container concerns, too
    """

    kernel: dict[str, list[KernelChange]] = field(default_factory=dict)
    failures: dict[str, PortoError] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)
    knobs: dict[str, list[Aspect]] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
    seen: list[ContainerRecord | Turn] = field(default_factory=list)

    def now(self, record: ContainerRecord) -> Foretold:
        self.seen.append(record)
        return self._foretold(record.name)

    def passes(self, fork: ContainerStore, turns: Sequence[Turn]) -> Iterator[Foretold | None]:
        self.seen += turns
        causes = {turn.name: turn.name for turn in turns}
        for turn in turns:
            yield None
            for other in self.others.get(turn.name, []):
                assert fork.find(other) is not None
                causes.setdefault(other, turn.name)
        for name, cause in causes.items():
            yield self._foretold(name, cause)

    def _foretold(self, name: str, cause: str = "") -> Foretold:
        error = self.failures.get(name)
        changes = tuple(self.kernel.get(name, ()))
        return Foretold(name, changes, "" if error is None else error.text, cause)

    def aspects(self, record: ContainerRecord, prop: Property) -> Sequence[Aspect]:
        return [item for item in self.knobs.get(record.name, []) if item.facet == prop.prop.owner]

    def next(self, record: ContainerRecord) -> str:
        return self.steps.get(record.name, "")


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
