"""The reconcile loop: keys in, passes run, outcomes recorded, callers answered.

A store change, an exit, a timer and the resync tick all become the same thing: a key in the
queue. A pass never waits, so it is a plain call; after half a millisecond of passes the event
loop gets its turn, and what it has read comes before the next ones. Built by `cli/daemon.py`,
which hands `converge` to the API.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from porto.observers.clock import Clock
from porto.reconcilers.engine.backoff import Backoff
from porto.reconcilers.engine.queue import Priority, Queue
from porto.reconcilers.engine.result import Again, Done, Result, Retry, Stuck
from porto.spec.errors import PortoError, Unknown, by_errno
from porto.spec.key import Key
from porto.spec.records.record import Record

TURN_S = 0.0005
"""Seconds of passes before everybody else on the event loop has a turn."""

log = structlog.get_logger()

Pass = Callable[[Key], Result]


class Records(Protocol):
    """The stores of all kinds, as the loop asks them."""

    def find(self, key: Key) -> Record | None:
        """The record of a key."""

    def owner(self, key: Key) -> str:
        """Whose object it is: owners take turns."""


@dataclass(slots=True)
class _Waiter:
    generation: int
    future: "asyncio.Future[None]"


@dataclass(slots=True)
class _Known:
    """What the loop remembers of a key between passes; dropped when it is nothing.

    stuck -- the last generation that was given up, and why: a pass may end, and take it
             back, before its caller comes to wait
    tried -- the generation that the last failure left: another one is worth a try at once
    """

    waiters: list[_Waiter] = field(default_factory=list)
    backoff: Backoff | None = None
    tried: int = 0
    stuck: tuple[int, PortoError] | None = None


class Engine:
    """Runs passes of all kinds of keys."""

    def __init__(self, records: Records, run_pass: Pass, clock: Clock) -> None:
        self._records = records
        self._pass = run_pass
        self._clock = clock
        self._queue = Queue(records.owner)
        self._keys: dict[Key, _Known] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._wake_scheduled = False
        self._closed = False
        self.passes = 0

    @property
    def queued(self) -> int:
        """Keys that wait for a pass."""
        return len(self._queue)

    # -- in ------------------------------------------------------------------

    def enqueue(self, key: Key, *, after: float = 0.0, priority: Priority = Priority.EVENT) -> None:
        """Ask for a pass of `key` in `after` seconds."""
        self._queue.add(key, due=self._clock.mono() + after, priority=priority)
        self._wake_soon()

    def converge(self, records: Iterable[Record]) -> Coroutine[Any, Any, None]:
        """See `api/protocols.py`: wait for the present generation of each record.

        Who waits is known from the call on, before any pass that follows.
        """
        pending: list[asyncio.Future[None]] = []
        loop = asyncio.get_running_loop()
        for record in records:
            future: asyncio.Future[None] = loop.create_future()
            known = self._keys.setdefault(record.key, _Known())
            pending.append(future)
            error = self._given_up(record, known)
            if error is not None:
                future.set_exception(error)
                continue
            known.waiters.append(_Waiter(record.generation, future))
            if known.backoff is not None:
                known.backoff.reset()
            self.enqueue(record.key, priority=Priority.CALLER)
        return self._wait_for(pending)

    @staticmethod
    async def _wait_for(pending: list["asyncio.Future[None]"]) -> None:
        try:
            for future in pending:
                await future
        finally:
            for future in pending:
                if not future.done():
                    future.cancel()
                elif not future.cancelled():
                    future.exception()

    # -- loop ------------------------------------------------------------------

    def _wake_soon(self) -> None:
        if not self._wake_scheduled and not self._closed:
            self._wake_scheduled = True
            asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        if self._closed:
            return
        self._wake_scheduled = True  # what passes ask for is done here, or in the next turn
        now = self._clock.mono()
        end = now + TURN_S
        while (key := self._queue.pop(now)) is not None:
            self._work(key)
            now = self._clock.mono()
            if now >= end:
                # Not soon: what has been read meanwhile comes first.
                asyncio.get_running_loop().call_later(0, self._wake)
                return
        self._wake_scheduled = False
        self._sleep(now)

    def _sleep(self, now: float) -> None:
        due = self._queue.next_due()
        if due is None:
            return
        if self._timer is not None:
            if self._timer_due <= due and self._timer_due > now:
                return
            self._timer.cancel()
        self._timer_due = due
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.0, due - now), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._wake()

    def _work(self, key: Key) -> None:
        before = self._records.find(key)
        generation = before.generation if before is not None else 0
        self.passes += 1
        try:
            result = self._pass(key)
        except PortoError as error:
            result = Retry(error)
        except OSError as error:
            # Looking may fail like anything else that asks the kernel.
            name = key if before is None else before.name
            where = f" ({error.filename})" if error.filename else ""
            result = Retry(by_errno(error, f"cannot look at {name}{where}"))
        except Exception as error:
            log.exception("pass failed", key=str(key))
            result = Retry(Unknown(f"internal error: {error!r}"))
        self._record(key, generation, result)

    def _record(self, key: Key, generation: int, result: Result) -> None:
        """The one place where the four outcomes are told apart."""
        known = self._keys.get(key)
        present = self._records.find(key)
        gone = present is None
        if isinstance(result, Again) and not gone:
            if result.after is not None:
                waited = known is not None and known.waiters
                priority = Priority.CALLER if waited else Priority.EVENT
                self.enqueue(key, after=result.after, priority=priority)
            return
        if isinstance(result, Retry) and present is not None:
            if known is None:
                known = self._keys.setdefault(key, _Known())
            if known.backoff is None or known.tried != generation:
                known.backoff = Backoff()
            known.tried = present.generation
            self.enqueue(key, after=known.backoff.next())
            log.warning("retrying", key=str(key), error=str(result.error))
            self._answer(known, generation, result.error)
            return
        error = result.error if isinstance(result, Stuck) else None
        if error is not None and not gone:
            known = self._keys.setdefault(key, _Known())
            known.stuck = (generation, error)
        if known is not None:
            known.backoff = None
            self._answer(known, generation if not gone else None, error)
            if not known.waiters and (known.stuck is None or gone):
                del self._keys[key]
        if isinstance(result, Done) and result.after is not None and not gone:
            self.enqueue(key, after=result.after, priority=Priority.RESYNC)

    def _given_up(self, record: Record, known: _Known) -> PortoError | None:
        """Why the generation of `record` was given up, when it is past."""
        if known.stuck is None:
            return None
        generation, error = known.stuck
        present = self._records.find(record.key)
        past = present is not None and present.generation > generation
        return error if past and generation >= record.generation else None

    def _answer(self, known: _Known, generation: int | None, error: PortoError | None) -> None:
        kept = []
        for waiter in known.waiters:
            if generation is not None and waiter.generation > generation:
                kept.append(waiter)
            elif waiter.future.done():
                continue
            elif error is not None:
                waiter.future.set_exception(error)
            else:
                waiter.future.set_result(None)
        known.waiters = kept

    def close(self) -> None:
        """Start no more passes; all of it can be resumed."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
