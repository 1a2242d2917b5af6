"""What files would change, were they there: a pass over copies of the stores.

Called by `sources/watch.py` for the API's Plan. The decisions are those of
`sources/apply.py`, which runs unchanged on forks of the stores; only what takes time is
foretold (`Operations.foretold`). Nothing outside of the forks is touched.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from porto.spec.records.record import Record
from porto.spec.records.status import Condition
from porto.spec.sources.apply import Applier
from porto.spec.sources.claims import Subject, claimant, subject_of
from porto.spec.sources.diagnostics import Diagnostic
from porto.spec.sources.directory import Snapshot, WatchedDirectory, is_under
from porto.spec.sources.documents import Document
from porto.spec.sources.dormant import Dormant
from porto.spec.sources.operations import Operations


@dataclass(frozen=True, slots=True)
class Proposal:
    """Files as they would be.

    documents   -- by path; each replaces the watched file of that path
    directories -- whose files are all in `documents`: others in them are taken as removed
    """

    documents: Mapping[str, Document]
    directories: tuple[str, ...] = ()

    def concerns(self, path: str) -> bool:
        """Whether the proposal says what becomes of the file or directory at `path`."""
        return path in self.documents or any(
            path == item or is_under(path, item) for item in self.directories
        )


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The outcome, beside what the forks show.

    subjects    -- objects that the files concern, those that go included
    conditions  -- what their users would be told
    diagnostics -- what is wrong with the files
    asleep      -- declared objects that stay away, because somebody has destroyed them
    """

    subjects: frozenset[Subject]
    conditions: Mapping[Subject, Condition]
    diagnostics: tuple[Diagnostic, ...]
    asleep: frozenset[Subject]


@dataclass(slots=True)
class _Port:
    """The engine, for a pass that ends before it."""

    conditions: dict[Subject, Condition] = field(default_factory=dict)

    def condition(self, record: Record, condition: Condition) -> None:
        self.conditions[subject_of(record)] = condition

    def report(self, problems: Sequence[Diagnostic]) -> None:
        """They are returned."""


async def foresee(
    proposal: Proposal,
    operations: Sequence[Operations[Any]],
    *,
    snapshots: Sequence[Snapshot],
    digests: Mapping[Subject, str],
    earlier: Mapping[Subject, str],
) -> Foreseen:
    """Write what `proposal` would change, by `operations` on copies of the stores.

    snapshots, digests, earlier -- what the daemon's files are now, which declarations
                                   sleep (`sources/dormant.py`), who has which name
    """
    present = [record for item in operations for record in item.store.records()]
    gone = {subject_of(item) for item in present if proposal.concerns(claimant(item))}
    port, dormant = _Port(), Dormant(None)
    for subject, digest in digests.items():
        dormant.add(subject, digest)
    applier = Applier(operations, port, dormant=dormant, wake=lambda: None, earlier=earlier)
    try:
        found = await applier.apply(overlaid(proposal, snapshots))
    finally:
        applier.close()
    declared = {
        Subject(item.dialect.kind.noun, item.name)
        for document in proposal.documents.values()
        if not document.diagnostics
        for item in document.declared
    }
    there = {subject_of(record) for item in operations for record in item.store.records()}
    faults = [fault for item in proposal.documents.values() for fault in item.diagnostics]
    faults += [fault for fault in found if proposal.concerns(fault.path)]
    return Foreseen(
        subjects=frozenset(declared | gone),
        conditions=port.conditions,
        diagnostics=tuple(sorted(set(faults))),
        asleep=frozenset((declared & dormant.digests.keys()) - there),
    )


def overlaid(proposal: Proposal, snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """The watched directories with the proposal's files in them.

    Files outside of all of them are a directory of their own, with a plain policy.
    """
    left = dict(proposal.documents)
    found = []
    for snapshot in snapshots:
        top = snapshot.directory.path
        documents = {
            path: document
            for path, document in snapshot.documents.items()
            if not proposal.concerns(path)
        }
        documents |= {path: left.pop(path) for path in list(left) if is_under(path, top)}
        found.append(
            dataclasses.replace(
                snapshot,
                documents=dict(sorted(documents.items())),
                pending=frozenset(p for p in snapshot.pending if not proposal.concerns(p)),
            )
        )
    covered = [item.directory.path for item in found]
    for top in proposal.directories:
        if not any(top == path or is_under(top, path) for path in covered):
            inside = {path: left.pop(path) for path in list(left) if is_under(path, top)}
            found.append(_snapshot(top, inside))
    for path, document in left.items():
        found.append(_snapshot(path, {path: document}))
    return found


def _snapshot(top: str, documents: dict[str, Document]) -> Snapshot:
    return Snapshot(
        directory=WatchedDirectory(path=top),
        documents=documents,
        unreadable=(),
        pending=frozenset(),
        settled=True,
        diagnostics=(),
        folders=(),
        links=(),
    )
