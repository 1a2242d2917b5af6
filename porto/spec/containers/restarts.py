"""Starting again what a changed file wants started: stop, wait, start.

Used by `spec/containers/sources.py`. The wish is durable: a record's origins hold
`START_MARK` from the moment when its new spec is written, so a daemon that dies at
any instruction goes on where it was::

    (none) --file changed--> "LAUNCH" --stop asked--> "LAUNCH:stopping" --started--> (none)

LAUNCH is the record's launch number when the mark was set; a larger one means that
the container has been started since, by whomever, and the mark is void. Stopping a
container stops its children, so they get the mark, too. Somebody else's stop in
between ends the matter: what a user stops stays stopped.
"""

import asyncio
import dataclasses
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from porto.spec.containers import operations
from porto.spec.containers.operations import Actor
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import InvalidState
from porto.spec.records.record import Run, is_file_origin
from porto.spec.sources.claims import START_MARK

STOP_TIMEOUT_S = 30.0
_STOPPING = ":stopping"


class Convergence(Protocol):
    """The part of the engine that a restart waits for."""

    async def converge(self, records: Iterable[ContainerRecord]) -> None:
        """Wait until each record's present generation is made true or given up.

        Raises the failing facet's `PortoError`.
        """


@dataclass(slots=True)
class _Failure:
    """Why a restart failed last, and whether a pass has told it."""

    reason: str
    told: bool = False


class Restarts:
    """The restarts under way; one instance per daemon, used from its event loop."""

    def __init__(
        self,
        store: ContainerStore,
        port: Convergence,
        *,
        stop_timeout_s: float = STOP_TIMEOUT_S,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._port = port
        self._stop_timeout_s = stop_timeout_s
        self._now = now
        self._monotonic = monotonic
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, _Failure] = {}
        self.on_done: Callable[[], None] = lambda: None
        """Called when a restart has ended, well or not: another pass is due."""

    def advance(self, record: ContainerRecord, origin: str) -> None:
        """Take the next step for a marked container; raises `PortoError`.

        What has to be waited for goes on in the background.
        """
        mark = record.origins.get(START_MARK)
        if mark is None or self._under_way(record):
            return
        failure = self._failures.get(record.name)
        if failure is not None and not failure.told:
            # The pass that follows a failure tells it; a later one tries again.
            failure.told = True
            raise InvalidState(failure.reason)
        actor = Actor(origin=origin)
        launch, _ = _parse(mark)
        if record.intent.launch > launch or record.intent.run is Run.ABSENT:
            self._done(record)
        elif record.intent.run is Run.RUNNING:
            self._stop(record, actor)
        elif _stopped_by_other(record):
            self._done(record)
        elif record.status.life.state is State.STOPPED:
            self.start(record, actor)
        else:
            inner = self._store.descendants(record.name)
            self._wait([*(item for item in inner if START_MARK in item.origins), record], actor)
        if failure is not None and record.name in self._failures:
            raise InvalidState(failure.reason)

    def start(self, record: ContainerRecord, actor: Actor) -> None:
        """Start a stopped container, unless that starts a parent that a user stopped."""
        start_below(self._store, record, actor=actor, now=self._now())
        current = self._store.find(record.name)
        if current is not None and START_MARK in current.origins:
            self._done(current)

    async def idle(self) -> None:
        """Wait until no restart is under way."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    async def cancel(self) -> None:
        """Stop waiting; the marks stay for the next daemon."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _under_way(self, record: ContainerRecord) -> bool:
        names = {record.name, *(ancestor.name for ancestor in self._store.ancestors(record))}
        return not names.isdisjoint(self._tasks)

    def _stop(self, record: ContainerRecord, actor: Actor) -> None:
        subtree = [record, *self._store.descendants(record.name)]
        running = [item for item in subtree if item.intent.run is Run.RUNNING]
        for item in running:
            # What may not be started again is not stopped.
            self._store.admission.check_start(self._store, item)
        kill_at = self._monotonic() + self._stop_timeout_s
        stopped = operations.stop(
            self._store, record, kill_at=kill_at, actor=actor, now=self._now()
        )
        for item in running:
            current = self._store.find(item.name)
            if current is not None:
                self._set_mark(current, f"{item.intent.launch}{_STOPPING}")
        self._wait(stopped, actor)

    def _wait(self, stopped: list[ContainerRecord], actor: Actor) -> None:
        """Go on in the background when `stopped`, whose last is the topmost, has stopped."""
        top = stopped[-1].name
        task = asyncio.ensure_future(self._start_when_stopped(stopped, actor))
        self._tasks[top] = task
        task.add_done_callback(lambda _: self._ended(top, task))

    def _ended(self, top: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(top, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._failures.pop(top, None)
        else:
            known = self._failures.get(top)
            told = known is not None and known.reason == str(error)
            self._failures[top] = _Failure(str(error), told)
            if told:
                return
        self.on_done()

    async def _start_when_stopped(self, stopped: list[ContainerRecord], actor: Actor) -> None:
        await self._port.converge([item for item in map(self._renewed, stopped) if item])
        for record in sorted(stopped, key=lambda item: item.name):  # parents first
            item = self._renewed(record)
            if item is None or START_MARK not in item.origins:
                continue
            if item.intent.run is not Run.STOPPED or _stopped_by_other(item):
                self._done(item)
            elif item.status.life.state is State.STOPPED:
                self.start(item, actor)

    def _renewed(self, record: ContainerRecord) -> ContainerRecord | None:
        current = self._store.find_id(record.id)
        return current if current is not None and current.name == record.name else None

    def _done(self, record: ContainerRecord) -> None:
        self._failures.pop(record.name, None)
        self._set_mark(record, None)

    def _set_mark(self, record: ContainerRecord, mark: str | None) -> None:
        origins = {key: value for key, value in record.origins.items() if key != START_MARK}
        if mark is not None:
            origins[START_MARK] = mark
        self._store.put(dataclasses.replace(record, origins=origins), now=self._now())


def start_below(
    store: ContainerStore, record: ContainerRecord, *, actor: Actor, now: float
) -> None:
    """Ask for a start, but not for that of a parent that a user stopped: InvalidState."""
    for ancestor in store.ancestors(record):
        intent = ancestor.intent
        if intent.run is Run.STOPPED and intent.launch and START_MARK not in ancestor.origins:
            raise InvalidState(f"cannot start {record.name}: its parent {ancestor.name} is stopped")
    operations.start(store, record, actor=actor, now=now)


def _stopped_by_other(record: ContainerRecord) -> bool:
    _, stopping = _parse(record.origins[START_MARK])
    return stopping and not is_file_origin(record.intent.origin)


def _parse(mark: str) -> tuple[int, bool]:
    launch, _, rest = mark.partition(":")
    return (int(launch) if launch.isdecimal() else 0), bool(rest)
