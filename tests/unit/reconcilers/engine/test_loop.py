"""The loop: outcomes, callers' answers, retries, one pass per key."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from porto.observers.clock import Clock
from porto.reconcilers.engine.backoff import Backoff
from porto.reconcilers.engine.loop import CONCURRENCY, Engine
from porto.reconcilers.engine.result import Again, Done, Result, Retry, Stuck
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import Busy, InvalidValue, Unknown


class Script:
    """A pass that follows a list of results, then is done."""

    def __init__(self, *results: Result | Exception) -> None:
        self.results = list(results)
        self.seen: list[int] = []
        self.running = 0
        self.most = 0
        self.gate: asyncio.Event | None = None

    async def __call__(self, key: int) -> Result:
        self.seen.append(key)
        self.running += 1
        self.most = max(self.most, self.running)
        if self.gate is not None:
            await self.gate.wait()
        self.running -= 1
        result = self.results.pop(0) if self.results else Done()
        if isinstance(result, Exception):
            raise result
        return result


def run(
    script: Script,
    body: Callable[[Engine, ContainerStore, ContainerRecord], Coroutine[Any, Any, None]],
) -> None:
    async def main() -> None:
        store = ContainerStore(None)
        record = store.create("a", DEFAULT_SPEC, now=0.0, origins={})
        engine = Engine(store, script, Clock())
        try:
            await asyncio.wait_for(body(engine, store, record), 10)
        finally:
            await engine.close()

    asyncio.run(main())


def test_done_answers_the_caller() -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        await engine.converge([record])

    script = Script()
    run(script, body)
    assert len(script.seen) == 1


def test_again_keeps_the_caller_waiting() -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        await engine.converge([record])

    script = Script(Again(0.0), Again(0.0), Done())
    run(script, body)
    assert len(script.seen) == 3


def test_stuck_raises_the_facets_error() -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        with pytest.raises(InvalidValue, match="no good"):
            await engine.converge([record])

    run(Script(Stuck(InvalidValue("no good"))), body)


def test_retry_answers_the_caller_and_tries_again_by_itself() -> None:
    tried_again = asyncio.Event()

    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        with pytest.raises(Busy):
            await engine.converge([record])
        while len(script.seen) < 2:
            await asyncio.sleep(0.01)
        tried_again.set()

    script = Script(Retry(Busy("later")))
    run(script, body)
    assert tried_again.is_set()


@pytest.fixture
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The delays asked for; the loop waits for none of them, but for ever after the third."""
    asked: list[float] = []
    real = Backoff.next

    def noted(backoff: Backoff) -> float:
        asked.append(real(backoff))
        return 3600.0 if len(asked) == 3 else 0.0

    monkeypatch.setattr(Backoff, "next", noted)
    return asked


def test_a_caller_starts_the_delays_anew(delays: list[float]) -> None:
    """A caller has changed something: what failed before may succeed now."""

    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        engine.enqueue(record.id)
        while len(delays) < 3:
            await asyncio.sleep(0.001)
        with pytest.raises(Busy):
            await engine.converge([record])

    run(Script(*[Retry(Busy("later"))] * 4), body)
    assert delays == [0.1, 0.2, 0.4, 0.1]


def test_a_success_starts_the_delays_anew(delays: list[float]) -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        for wanted in (3, 4):
            engine.enqueue(record.id)
            while len(script.seen) < wanted or script.running:
                await asyncio.sleep(0.001)

    later = Retry(Busy("later"))
    script = Script(later, later, Done(), later)
    run(script, body)
    assert delays == [0.1, 0.2, 0.1]


def test_an_unexpected_exception_does_not_stop_the_loop() -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        with pytest.raises(Unknown, match="boom"):
            await engine.converge([record])
        await engine.converge([record])

    run(Script(RuntimeError("boom")), body)


def test_a_change_during_a_pass_gets_a_pass_of_its_own() -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        script.gate = asyncio.Event()
        first = asyncio.ensure_future(engine.converge([record]))
        while not script.seen:
            await asyncio.sleep(0)
        newer = store.put(record, now=1.0)
        second = asyncio.ensure_future(engine.converge([newer]))
        await asyncio.sleep(0)
        script.gate.set()
        await first
        await second

    script = Script()
    run(script, body)
    assert len(script.seen) == 2
    assert script.most == 1


def test_a_deleted_container_answers_its_waiters() -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        script.gate = asyncio.Event()
        waiting = asyncio.ensure_future(engine.converge([record]))
        while not script.seen:
            await asyncio.sleep(0)
        store.delete(record)
        script.gate.set()
        await waiting

    script = Script(Again())
    run(script, body)


def test_a_cancelled_caller_leaves_nothing_behind() -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        script.gate = asyncio.Event()
        waiting = asyncio.ensure_future(engine.converge([record]))
        while not script.seen:
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        script.gate.set()
        await engine.converge([record])
        assert engine._keys == {}

    script = Script()
    run(script, body)


def test_a_caller_that_comes_during_the_pass_of_its_generation_needs_no_other() -> None:
    script = Script()
    script.gate = asyncio.Event()

    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        assert script.gate is not None
        engine.enqueue(record.id)
        while not script.running:
            await asyncio.sleep(0)
        waiting = asyncio.ensure_future(engine.converge([record]))
        await asyncio.sleep(0)
        script.gate.set()
        await waiting
        assert len(script.seen) == 1
        # A newer generation than the pass began with asks for a pass of its own.
        script.gate = asyncio.Event()
        engine.enqueue(record.id)
        while not script.running:
            await asyncio.sleep(0)
        newer = store.put(record, now=1.0)
        waiting = asyncio.ensure_future(engine.converge([newer]))
        await asyncio.sleep(0)
        script.gate.set()
        await waiting
        assert len(script.seen) == 3

    run(script, body)


def test_more_callers_than_passes_at_once() -> None:
    """Passes that never wait all end together, and the others must still have their turn."""

    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        names = [f"c{number}" for number in range(3 * CONCURRENCY)]
        await engine.converge(
            [store.create(name, DEFAULT_SPEC, now=0.0, origins={}) for name in names]
        )

    script = Script()
    run(script, body)
    assert len(script.seen) == 3 * CONCURRENCY
