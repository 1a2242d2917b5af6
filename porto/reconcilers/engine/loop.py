"""The reconcile loop: keys in, passes run, outcomes recorded, callers answered.

One pass per key at a time, callers' keys first. A store change, an exit, a timer
and the resync tick all become the same thing: a key in the queue. Built by
`cli/daemon.py`, which hands `converge` and `signal` to the API.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import structlog

from porto.observers.clock import Clock
from porto.reconcilers.engine.backoff import Backoff
from porto.reconcilers.engine.queue import Priority, Queue
from porto.reconcilers.engine.result import Again, Done, Result, Retry, Stuck
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import PortoError, Unknown

CONCURRENCY = 64

log = structlog.get_logger()

Pass = Callable[[int], Awaitable[Result]]


@dataclass(slots=True)
class _Waiter:
    generation: int
    future: "asyncio.Future[None]"


@dataclass(slots=True)
class _Key:
    """What the loop remembers of a key between passes; dropped when it is nothing."""

    waiters: list[_Waiter] = field(default_factory=list)
    backoff: Backoff | None = None


class Engine:
    """Runs passes of one kind of key (container ids)."""

    def __init__(self, store: ContainerStore, run_pass: Pass, clock: Clock) -> None:
        self._store = store
        self._pass = run_pass
        self._clock = clock
        self._queue = Queue()
        self._keys: dict[int, _Key] = {}
        self._running: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._wake_scheduled = False
        self._closed = False
        self.passes = 0

    # -- in ------------------------------------------------------------------

    def enqueue(self, key: int, *, after: float = 0.0, priority: Priority = Priority.EVENT) -> None:
        """Ask for a pass of `key` in `after` seconds."""
        self._queue.add(key, due=self._clock.mono() + after, priority=priority)
        self._wake_soon()

    async def converge(self, records: Iterable[ContainerRecord]) -> None:
        """See `api/protocols.py`: wait for the present generation of each record."""
        pending: list[asyncio.Future[None]] = []
        loop = asyncio.get_running_loop()
        for record in records:
            future: asyncio.Future[None] = loop.create_future()
            entry = self._keys.setdefault(record.id, _Key())
            entry.waiters.append(_Waiter(record.generation, future))
            if entry.backoff is not None:
                entry.backoff.reset()
            pending.append(future)
            # A pass that began with this generation makes it true; another would find nothing.
            if self._running.get(record.id, -1) < record.generation:
                self.enqueue(record.id, priority=Priority.CALLER)
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
        self._wake_scheduled = False
        if self._closed:
            return
        loop = asyncio.get_running_loop()
        now = self._clock.mono()
        while len(self._tasks) < CONCURRENCY:
            key = self._queue.pop(now)
            if key is None:
                break
            worker = loop.create_task(self._work(key))
            self._tasks.add(worker)
            worker.add_done_callback(self._ended)
        due = self._queue.next_due()
        if due is None:
            return
        if self._timer is not None:
            if self._timer_due <= due and self._timer_due > now:
                return
            self._timer.cancel()
        self._timer_due = due
        self._timer = loop.call_later(max(0.0, due - now), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._wake()

    async def _work(self, key: int) -> None:
        before = self._store.find_id(key)
        generation = before.generation if before is not None else 0
        self.passes += 1
        self._running[key] = generation
        try:
            result = await self._pass(key)
        except PortoError as error:
            result = Retry(error)
        except Exception as error:
            log.exception("pass failed", key=key)
            result = Retry(Unknown(f"internal error: {error!r}"))
        finally:
            self._queue.done(key)
            del self._running[key]
        self._record(key, generation, result)

    def _ended(self, worker: asyncio.Task[None]) -> None:
        """Room for another pass, which there is only now."""
        self._tasks.discard(worker)
        self._wake_soon()

    def _record(self, key: int, generation: int, result: Result) -> None:
        """The one place where the four outcomes are told apart."""
        entry = self._keys.get(key)
        gone = self._store.find_id(key) is None
        if isinstance(result, Again) and not gone:
            if result.after is not None:
                self.enqueue(key, after=result.after, priority=Priority.CALLER)
            return
        if isinstance(result, Retry) and not gone:
            if entry is None:
                entry = self._keys.setdefault(key, _Key())
            if entry.backoff is None:
                entry.backoff = Backoff()
            self.enqueue(key, after=entry.backoff.next())
            log.warning("retrying", key=key, error=str(result.error))
            self._answer(entry, generation, result.error)
            return
        if entry is not None:
            error = result.error if isinstance(result, Stuck) else None
            self._answer(entry, generation if not gone else None, error)
            if not entry.waiters:
                del self._keys[key]
        if isinstance(result, Done) and result.after is not None and not gone:
            self.enqueue(key, after=result.after, priority=Priority.RESYNC)

    def _answer(self, entry: _Key, generation: int | None, error: PortoError | None) -> None:
        kept = []
        for waiter in entry.waiters:
            if generation is not None and waiter.generation > generation:
                kept.append(waiter)
            elif waiter.future.done():
                continue
            elif error is not None:
                waiter.future.set_exception(error)
            else:
                waiter.future.set_result(None)
        entry.waiters = kept

    async def close(self) -> None:
        """Start no more passes and cancel those under way; all of it can be resumed."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
