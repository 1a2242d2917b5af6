"""Everything that makes a pass necessary, turned into keys.

Built by `cli/daemon.py`. What a change of one record means for others is declared by those
who know it (`Relation`); the resync tick walks what is alive in small slices, so that drift is
found without bursts of work. Knows no kind.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol

import structlog

from porto.reconcilers.engine.queue import Priority
from porto.spec.catalog import Catalog
from porto.spec.key import Key
from porto.spec.kind import R
from porto.spec.records.record import Record
from porto.spec.relations import Relation

SLICES = 10
FULL_LOOK = 60
"""Each so many resyncs everything is read although nobody is known to have changed it."""

log = structlog.get_logger()


class Enqueue(Protocol):
    """`Engine.enqueue`."""

    def __call__(self, key: Key, *, priority: Priority = ...) -> None:
        """Ask for a pass of `key`."""


@dataclass(frozen=True, slots=True)
class Watch(Generic[R]):
    """How the objects of one kind are watched.

    relations -- keys that a change of a record concerns, its own among them
    is_idle   -- whether nothing is wanted of an object and nothing of it is left
    is_alive  -- whether drift may meet it
    is_settled -- looks at a living one, more cheaply than a pass does
    look      -- looks at this share (0..1) of what is looked at in turn; keys that need a pass
    unsettle  -- let the next look at everything be a full one; `always` says whether it must
    """

    relations: Sequence[Relation]
    is_idle: Callable[[R], bool]
    is_alive: Callable[[R], bool]
    is_settled: Callable[[R], bool]
    look: Callable[[float], Iterable[Key]] = lambda share: ()
    unsettle: Callable[[bool], None] = lambda always: None


class Triggers:
    """Feeds one engine."""

    def __init__(self, catalog: Catalog, enqueue: Enqueue, watches: dict[str, Watch[Any]]) -> None:
        """`watches` by the noun of the kind."""
        self._catalog = catalog
        self._enqueue = enqueue
        self._watches = watches

    def on_change(self, old: Record | None, new: Record | None) -> None:
        """A record was created, replaced or deleted."""
        record = new or old
        assert record is not None
        for relation in self._watches[record.kind].relations:
            for key in relation(old, new):
                self._enqueue(key)

    def all(self) -> None:
        """Look at everything once: start-up."""
        for record in self._catalog.records():
            if not self._watches[record.kind].is_idle(record):
                self._enqueue(record.key, priority=Priority.RESYNC)

    async def resync(self, period: float) -> None:
        """Look at each living object once per `period` seconds, for ever."""
        for number in itertools.count(1):
            try:
                await self._round(number, period)
            except OSError as error:
                # The kernel was short of something; the next round looks again.
                log.warning("resync cut short", reason=str(error))
                await asyncio.sleep(period)

    async def _round(self, number: int, period: float) -> None:
        for watch in self._watches.values():
            watch.unsettle(number % FULL_LOOK == 0)
        keys = [
            record.key
            for record in self._catalog.records()
            if self._watches[record.kind].is_alive(record)
        ]
        size = max(1, -(-len(keys) // SLICES))
        slices = [keys[i : i + size] for i in range(0, len(keys), size)] or [[]]
        for part in slices:
            self._look(part, 1 / len(slices) if keys else 0.0)
            await asyncio.sleep(period / len(slices))

    def _look(self, keys: Iterable[Key], share: float) -> None:
        for key in keys:
            record = self._catalog.find(key)
            if record is not None and not self._watches[key.kind].is_settled(record):
                self._enqueue(key, priority=Priority.RESYNC)
        if share:
            for watch in self._watches.values():
                for key in watch.look(share):
                    self._enqueue(key, priority=Priority.RESYNC)
