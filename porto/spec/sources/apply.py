"""Makes the stores say what the files say.

Called by `sources/watch.py` with the snapshots of one pass; writes through each kind's
`sources/operations.py`, so that the engine does the rest. What the rules
are stands in `sources/plan.py`. A pass is idempotent: whatever could not be done is
reported and tried again by the next one.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from porto.spec.catalog import Catalog
from porto.spec.errors import PortoError
from porto.spec.records.record import Record, Run, is_file_origin
from porto.spec.records.status import Condition
from porto.spec.sources.claims import (
    DIGEST_KEY,
    FILE_KEY,
    HELD_MARK,
    START_MARK,
    Claim,
    Claims,
    Subject,
    claimant,
    resolve,
    subject_of,
)
from porto.spec.sources.ct_file import NAME_KEY
from porto.spec.sources.diagnostics import Diagnostic
from porto.spec.sources.directory import Snapshot, is_under
from porto.spec.sources.dormant import Dormant
from porto.spec.sources.operations import Operations
from porto.spec.sources.plan import (
    Create,
    Destroy,
    Release,
    Update,
    created_origins,
    plan_claim,
    plan_removals,
)
from porto.spec.sources.removal_cap import Hold, held_back

CHUNK = 16
"""Changes between two turns of the event loop, so that clients are served."""


class SourcePort(Protocol):
    """What the sources need from the daemon; `cli/` implements it over the engine."""

    def condition(self, record: Any, condition: Condition) -> None:
        """Keep a condition (RestartRequired) on an object until its next start."""

    def report(self, problems: Sequence[Diagnostic]) -> None:
        """All present problems, called when they differ from those reported last."""


class Applier:
    """Applies snapshots to the stores; one instance per daemon."""

    def __init__(
        self,
        operations: Sequence[Operations[Any]],
        port: SourcePort,
        *,
        dormant: Dormant,
        wake: Callable[[], None],
        earlier: Mapping[Subject, str] | None = None,
    ) -> None:
        """`wake` is called when something happened that asks for another pass.

        `earlier` are the files that had the names, see `sources/claims.py`.
        """
        self._operations = {item.dialect.kind.noun: item for item in operations}
        self._catalog = Catalog(*(item.store for item in operations))
        self._port = port
        self._dormant = dormant
        self._wake = wake
        self._claims: Claims | None = None
        self._earlier = dict(earlier or {})
        self._waiting: set[Subject] = set()
        self._unsubscribe = self._catalog.subscribe(self._changed)

    @property
    def earlier(self) -> Mapping[Subject, str]:
        """The files that had the names in the last pass."""
        return self._earlier

    def close(self) -> None:
        """Take no more notice of the stores: their end is not the users' wish."""
        self._unsubscribe()
        self._unsubscribe = lambda: None

    async def apply(self, snapshots: Sequence[Snapshot]) -> list[Diagnostic]:
        """One pass; returns what is wrong with it, files' own faults excepted."""
        claims = resolve(snapshots, self._find, self._earlier)
        self._claims = claims
        self._waiting = set()
        found = [*claims.diagnostics, *_left_alone(claims, snapshots, self._catalog)]
        records = list(self._catalog.records())
        steps = list(plan_removals(claims, records))
        holds = held_back([step.record for step in steps], claims, records)
        found += self._remove(steps, holds)
        for number, claim in enumerate(claims.won.values(), 1):
            found += self._claim(claim, claims)
            if number % CHUNK == 0:
                await asyncio.sleep(0)
        found += self._advance(claims)
        self._earlier = {subject: claim.path for subject, claim in claims.won.items()}
        if not holds and not any(snapshot.unreadable for snapshot in snapshots):
            gone = [item for item in self._dormant.digests if item not in claims.won]
            self._dormant.discard(*gone)
        return found

    def _find(self, subject: Subject) -> Record | None:
        record: Record | None = self._catalog.store(subject.kind).find(subject.name)
        return record

    def _remove(
        self, steps: Sequence[Destroy | Release], holds: Sequence[Hold]
    ) -> list[Diagnostic]:
        found = [hold.diagnostic() for hold in holds]
        held = {subject: hold.directory.path for hold in holds for subject in hold.subjects}
        doomed: dict[str, set[str]] = {}
        for step in steps:
            if isinstance(step, Destroy) and subject_of(step.record) not in held:
                doomed.setdefault(step.record.kind, set()).add(step.record.name)
        for step in steps:
            subject = subject_of(step.record)
            record = self._find(subject)
            if record is None or record.intent.run is Run.ABSENT:
                continue
            operations = self._operations[record.kind]
            try:
                if subject in held:
                    if HELD_MARK not in record.origins:
                        origins = {**record.origins, HELD_MARK: held[subject]}
                        operations.write(record, origins=origins)
                elif isinstance(step, Release):
                    operations.write(record, origins=step.origins)
                else:
                    operations.destroy(record, doomed[record.kind], f"file:{step.path}")
            except PortoError as error:
                found.append(Diagnostic(claimant(record), 0, NAME_KEY, error.text))
        return found

    def _claim(self, claim: Claim, claims: Claims) -> list[Diagnostic]:
        record = self._find(claim.subject)
        asleep = self._dormant.digests.get(claim.subject)
        if record is not None and record.intent.run is Run.ABSENT:
            self._waiting.add(claim.subject)
        try:
            step = plan_claim(claim, record, claims.lets_go, asleep)
            if isinstance(step, Create):
                self._create(claim)
            elif isinstance(step, Update):
                self._update(step)
            if step is not None and asleep is not None:
                self._dormant.discard(claim.subject)
        except PortoError as error:
            return [claim.fault(error.text, key=NAME_KEY)]
        return []

    def _create(self, claim: Claim) -> None:
        kind, name = claim.subject
        parent = Subject(kind, claim.declared.dialect.parent(name))
        if parent.name:
            self._waiting.add(parent)
        operations = self._operations[kind]
        record = operations.create(
            name,
            claim.declared.values,
            origins=created_origins(claim),
            source=claim.path,
            origin=claim.actor_origin,
        )
        self._waiting.discard(parent)
        if claim.declared.start:
            operations.start(record, claim.actor_origin)

    def _update(self, step: Update) -> None:
        operations = self._operations[step.record.kind]
        operations.check_update(step.record, step.spec)
        record = operations.write(
            step.record, spec=step.spec, origins=step.origins, source=step.source
        )
        if step.condition is not None:
            self._port.condition(record, step.condition)

    def _advance(self, claims: Claims) -> list[Diagnostic]:
        found = []
        for record in self._catalog.records():
            if START_MARK not in record.origins:
                continue
            claim = claims.won.get(subject_of(record))
            origin = claim.actor_origin if claim else record.intent.origin
            try:
                self._operations[record.kind].advance(record, origin)
            except PortoError as error:
                path, line = (claim.path, claim.declared.line) if claim else (claimant(record), 0)
                found.append(Diagnostic(path, line, NAME_KEY, error.text))
        return found

    def _changed(self, old: Record | None, new: Record | None) -> None:
        """A store changed: remember what users destroyed, wake up for what we wait for."""
        if old is not None and new is not None:
            return
        record = new if new is not None else old
        if record is None:
            return
        subject = subject_of(record)
        claim = self._claims.won.get(subject) if self._claims is not None else None
        if subject in self._waiting:
            self._waiting.discard(subject)
            self._wake()
        if new is not None:
            return
        if claim is None:
            if HELD_MARK in record.origins:
                self._wake()  # fewer are kept: what is reported is not true any more
            return
        by_user = not is_file_origin(record.intent.origin) and FILE_KEY in record.origins
        if by_user and not claim.directory.enforce:
            self._dormant.add(subject, record.origins.get(DIGEST_KEY, ""))
        else:
            self._wake()


def _left_alone(
    claims: Claims, snapshots: Sequence[Snapshot], catalog: Catalog
) -> list[Diagnostic]:
    """Objects of files that cannot be looked at: they are kept, and reported."""
    silent = {
        folder
        for snapshot in snapshots
        for folder in snapshot.unreadable
        if not any(item.path == folder for item in snapshot.diagnostics)
    }
    found: set[Diagnostic] = set()
    for record in catalog.records():
        path = claimant(record)
        if not path:
            continue
        if subject_of(record) not in claims.won and not claims.covers(path):
            reason = f"no watched directory holds this file; {record.name} of it is kept"
            found.add(Diagnostic(path, 0, "", reason))
        for folder in silent:
            if is_under(path, folder):
                plural = catalog.store(record.kind).kind.plural
                reason = f"the directory is missing; the {plural} of its files are kept"
                found.add(Diagnostic(folder, 0, "", reason))
    return sorted(found)
