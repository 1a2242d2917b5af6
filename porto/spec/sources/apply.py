"""Makes the store say what the files say.

Called by `sources/watch.py` with the snapshots of one pass; writes through
`spec/containers/operations.py` and the store, so that the engine does the rest. What the rules
are stands in `sources/plan.py`. A pass is idempotent: whatever could not be done is
reported and tried again by the next one.
"""

import asyncio
import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from porto.spec.containers import operations
from porto.spec.containers.names import ROOT, parent_name
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import InvalidState, PortoError
from porto.spec.records.record import Run
from porto.spec.records.status import Condition
from porto.spec.sources.claims import (
    DIGEST_KEY,
    FILE_KEY,
    START_MARK,
    Claim,
    Claims,
    claimant,
    is_file_origin,
    resolve,
)
from porto.spec.sources.ct_file import NAME_KEY
from porto.spec.sources.diagnostics import Diagnostic
from porto.spec.sources.directory import Snapshot, is_under
from porto.spec.sources.ledger import Ledger
from porto.spec.sources.plan import (
    Create,
    Destroy,
    Release,
    Update,
    created_origins,
    plan_claim,
    plan_removals,
)
from porto.spec.sources.restart import Convergence, Restarts

CHUNK = 16
"""Changes between two turns of the event loop, so that clients are served."""


class SourcePort(Convergence, Protocol):
    """What the sources need from the daemon; `cli/` implements it over the engine."""

    def condition(self, record: ContainerRecord, condition: Condition) -> None:
        """Keep a condition (RestartRequired) on a container until its next start."""

    def report(self, problems: Sequence[Diagnostic]) -> None:
        """All present problems, called when they differ from those reported last."""


class Applier:
    """Applies snapshots to the store; one instance per daemon."""

    def __init__(
        self,
        store: ContainerStore,
        port: SourcePort,
        *,
        ledger: Ledger,
        restarts: Restarts,
        wake: Callable[[], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        """`wake` is called when something happened that asks for another pass."""
        self._store = store
        self._port = port
        self._ledger = ledger
        self._restarts = restarts
        self._wake = wake
        self._now = now
        self._claims: Claims | None = None
        self._earlier: dict[str, str] = {}
        self._waiting: set[str] = set()
        self._unsubscribe = store.subscribe(self._changed)

    def close(self) -> None:
        """Take no more notice of the store: its end is not the users' wish."""
        self._unsubscribe()
        self._unsubscribe = lambda: None

    async def apply(self, snapshots: Sequence[Snapshot]) -> list[Diagnostic]:
        """One pass; returns what is wrong with it, files' own faults excepted."""
        claims = resolve(snapshots, self._store, self._earlier)
        self._claims = claims
        self._waiting = set()
        found = [*claims.diagnostics, *_left_alone(claims, snapshots, self._store)]
        found += self._remove(claims)
        for number, claim in enumerate(claims.won.values(), 1):
            found += self._claim(claim, claims)
            if number % CHUNK == 0:
                await asyncio.sleep(0)
        found += self._advance(claims)
        self._earlier = {name: claim.path for name, claim in claims.won.items()}
        if not any(snapshot.unreadable for snapshot in snapshots):
            gone = [name for name in self._ledger.digests if name not in claims.won]
            self._ledger.discard(*gone)
        return found

    def _remove(self, claims: Claims) -> list[Diagnostic]:
        found = []
        steps = list(plan_removals(claims, self._store))
        doomed = {step.record.name for step in steps if isinstance(step, Destroy)}
        for step in steps:
            record = self._store.find(step.record.name)
            if record is None or record.intent.run is Run.ABSENT:
                continue
            if isinstance(step, Release):
                self._store.put(dataclasses.replace(record, origins=step.origins), now=self._now())
                continue
            try:
                self._destroy(record, step, doomed)
            except PortoError as error:
                found.append(Diagnostic(step.path, 0, NAME_KEY, error.text))
        return found

    def _destroy(self, record: ContainerRecord, step: Destroy, doomed: set[str]) -> None:
        for inner in self._store.descendants(record.name):
            stays = inner.name not in doomed and not inner.spec.lifecycle.weak
            if stays and inner.intent.run is not Run.ABSENT:
                raise InvalidState(
                    f"cannot destroy {record.name}, which this file declares no more: "
                    f"{inner.name} in it is not of this file"
                )
        actor = Actor(origin=f"file:{step.path}")
        operations.destroy(self._store, record, actor=actor, now=self._now())

    def _claim(self, claim: Claim, claims: Claims) -> list[Diagnostic]:
        record = self._store.find(claim.name)
        dormant = self._ledger.digests.get(claim.name)
        if record is not None and record.intent.run is Run.ABSENT:
            self._waiting.add(claim.name)
        try:
            step = plan_claim(claim, record, claims.lets_go, dormant)
            if isinstance(step, Create):
                self._create(claim)
            elif isinstance(step, Update):
                self._update(step)
            if step is not None and dormant is not None:
                self._ledger.discard(claim.name)
        except PortoError as error:
            return [claim.fault(error.text, key=NAME_KEY)]
        return []

    def _create(self, claim: Claim) -> None:
        parent = parent_name(claim.name)
        if parent != ROOT:
            self._waiting.add(parent)
        actor = Actor(origin=claim.actor_origin)
        record = operations.create(
            self._store,
            claim.name,
            actor=actor,
            credentials=Credentials(),
            now=self._now(),
            source=claim.path,
            values=claim.container.values,
            origins=created_origins(claim),
        )
        self._waiting.discard(parent)
        if claim.container.start:
            self._restarts.start(record, actor)

    def _update(self, step: Update) -> None:
        self._store.admission.check_update(self._store, step.record, step.spec)
        new = dataclasses.replace(
            step.record, spec=step.spec, origins=step.origins, source=step.source
        )
        record = self._store.put(new, now=self._now())
        if step.condition is not None:
            self._port.condition(record, step.condition)

    def _advance(self, claims: Claims) -> list[Diagnostic]:
        found = []
        for record in self._store.records():
            if START_MARK not in record.origins:
                continue
            claim = claims.won.get(record.name)
            try:
                self._restarts.advance(
                    record, claim.actor_origin if claim else record.intent.origin
                )
            except PortoError as error:
                path, line = (claim.path, claim.container.line) if claim else (claimant(record), 0)
                found.append(Diagnostic(path, line, NAME_KEY, error.text))
        return found

    def _changed(self, old: ContainerRecord | None, new: ContainerRecord | None) -> None:
        """The store changed: remember what users destroyed, wake up for what we wait for."""
        if old is not None and new is not None:
            return
        record = new if new is not None else old
        if record is None:
            return
        name = record.name
        claim = self._claims.won.get(name) if self._claims is not None else None
        if name in self._waiting:
            self._waiting.discard(name)
            self._wake()
        if new is not None or claim is None:
            return
        by_user = not is_file_origin(record.intent.origin) and FILE_KEY in record.origins
        if by_user and not claim.directory.enforce:
            self._ledger.add(name, record.origins.get(DIGEST_KEY, ""))
        else:
            self._wake()


def _left_alone(
    claims: Claims, snapshots: Sequence[Snapshot], store: ContainerStore
) -> list[Diagnostic]:
    """Containers of files that cannot be looked at: they are kept, and reported."""
    silent = {
        folder
        for snapshot in snapshots
        for folder in snapshot.unreadable
        if not any(item.path == folder for item in snapshot.diagnostics)
    }
    found: set[Diagnostic] = set()
    for record in store.records():
        path = claimant(record)
        if not path:
            continue
        if record.name not in claims.won and not claims.covers(path):
            reason = f"no watched directory holds this file; {record.name} of it is kept"
            found.add(Diagnostic(path, 0, "", reason))
        for folder in silent:
            if is_under(path, folder):
                reason = "the directory is missing; the containers of its files are kept"
                found.add(Diagnostic(folder, 0, "", reason))
    return sorted(found)
