"""The loop: outcomes, callers' answers, retries, one pass per key."""

import asyncio
import errno
import itertools
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from porto.observers.clock import Clock
from porto.reconcilers.engine import loop
from porto.reconcilers.engine.backoff import Backoff
from porto.reconcilers.engine.loop import Engine
from porto.reconcilers.engine.result import Again, Done, Result, Retry, Stuck
from porto.spec.catalog import Catalog
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import Busy, InvalidValue, NoSpace, Unknown
from porto.spec.key import Key

Inside = Callable[[Key], None]


class Script:
    """A pass that follows a list of results, then is done; `inside` happens within a pass."""

    def __init__(self, *results: Result | Exception, inside: Inside = lambda key: None) -> None:
        self.results = list(results)
        self.seen: list[Key] = []
        self.inside = inside

    def __call__(self, key: Key) -> Result:
        self.seen.append(key)
        self.inside(key)
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
        engine = Engine(Catalog(store), script, Clock())
        try:
            await asyncio.wait_for(body(engine, store, record), 10)
        finally:
            engine.close()

    asyncio.run(main())


def test_done_answers_the_caller() -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        await engine.converge([record])

    script = Script()
    run(script, body)
    assert len(script.seen) == 1


def test_a_look_that_the_kernel_refuses_is_told_as_what_it_is_and_tried_again() -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        with pytest.raises(NoSpace) as caught:
            await engine.converge([record])
        assert caught.value.text == "cannot look at a (/cg/a): No space left on device"
        while len(script.seen) < 2:
            await asyncio.sleep(0.001)

    script = Script(OSError(errno.ENOSPC, "No space left on device", "/cg/a"))
    run(script, body)


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


def test_a_generation_that_was_given_up_before_its_caller_came_raises() -> None:
    stores: list[ContainerStore] = []

    def take_back(key: Key) -> None:
        record = stores[0].find_id(key.id)
        assert record is not None
        if record.generation == 1:
            stores[0].put(record, now=1.0)

    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        stores.append(store)
        engine.enqueue(record.key)
        while not script.seen:
            await asyncio.sleep(0)
        engine.enqueue(record.key)
        while len(script.seen) < 2:
            await asyncio.sleep(0)
        with pytest.raises(InvalidValue, match="no good"):
            await engine.converge([record])
        # The generation that took it back is true.
        await engine.converge([store.get("a")])
        assert len(script.seen) == 3

    script = Script(Stuck(InvalidValue("no good")), inside=take_back)
    run(script, body)


def test_what_was_given_up_and_is_still_wanted_is_tried_again() -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        engine.enqueue(record.key)
        while not script.seen:
            await asyncio.sleep(0)
        await engine.converge([record])
        assert len(script.seen) == 2

    script = Script(Stuck(InvalidValue("no good")))
    run(script, body)


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
        engine.enqueue(record.key)
        while len(delays) < 3:
            await asyncio.sleep(0.001)
        with pytest.raises(Busy):
            await engine.converge([record])

    run(Script(*[Retry(Busy("later"))] * 4), body)
    assert delays == [0.1, 0.2, 0.4, 0.1]


def test_a_new_generation_starts_the_delays_anew(delays: list[float]) -> None:
    """Also one that nobody waits for, as a file's."""

    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        engine.enqueue(record.key)
        while len(delays) < 3:
            await asyncio.sleep(0.001)
        store.put(record, now=1.0)
        engine.enqueue(record.key)
        while len(delays) < 5:
            await asyncio.sleep(0.001)

    run(Script(*[Retry(Busy("later"))] * 5), body)
    assert delays == [0.1, 0.2, 0.4, 0.1, 0.2]


def test_what_a_failing_pass_writes_itself_does_not(delays: list[float]) -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        script.inside = lambda key: store.put(store.get("a"), now=1.0) and None
        engine.enqueue(record.key)
        while len(delays) < 3:
            await asyncio.sleep(0.001)

    script = Script(*[Retry(Busy("later"))] * 3)
    run(script, body)
    assert delays == [0.1, 0.2, 0.4]


def test_giving_up_starts_the_delays_anew(delays: list[float]) -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        for wanted in (3, 4):
            engine.enqueue(record.key)
            while len(script.seen) < wanted:
                await asyncio.sleep(0.001)

    later = Retry(Busy("later"))
    script = Script(later, later, Stuck(InvalidValue("never")), later)
    run(script, body)
    assert delays == [0.1, 0.2, 0.1]


def test_a_success_starts_the_delays_anew(delays: list[float]) -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        for wanted in (3, 4):
            engine.enqueue(record.key)
            while len(script.seen) < wanted:
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


def test_a_change_within_a_pass_gets_a_pass_of_its_own() -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        newer: list[ContainerRecord] = []

        def change(key: Key) -> None:
            if not newer:
                newer.append(store.put(record, now=1.0))

        script.inside = change
        await engine.converge([record])
        assert len(script.seen) == 1
        await engine.converge(newer)
        assert len(script.seen) == 2

    script = Script()
    run(script, body)


def test_a_caller_is_not_answered_by_the_pass_of_an_older_generation() -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        waiting: list[asyncio.Task[None]] = []

        def change(key: Key) -> None:
            if not waiting:
                newer = store.put(record, now=1.0)
                waiting.append(asyncio.ensure_future(engine.converge([newer])))

        script.inside = change
        with pytest.raises(InvalidValue, match="old"):
            await engine.converge([record])
        await waiting[0]

    script = Script(Stuck(InvalidValue("old")))
    run(script, body)


def test_a_deleted_container_answers_its_waiters() -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        script.inside = lambda key: store.delete(record)
        await engine.converge([record])

    script = Script(Again())
    run(script, body)


def test_a_cancelled_caller_leaves_nothing_behind() -> None:
    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        waiting = asyncio.ensure_future(engine.converge([record]))
        while not script.seen:
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await engine.converge([record])
        assert engine._keys == {}

    script = Script(Again())
    run(script, body)


def test_many_passes_leave_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TURN_S", 0.0)

    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        turns: list[int] = []

        async def others() -> None:
            while True:
                turns.append(len(script.seen))
                await asyncio.sleep(0)

        other = asyncio.ensure_future(others())
        names = [f"c{number}" for number in range(200)]
        await engine.converge(
            [store.create(name, DEFAULT_SPEC, now=0.0, origins={}) for name in names]
        )
        other.cancel()
        assert len(script.seen) == 200
        assert max(after - before for before, after in itertools.pairwise(turns)) <= 2

    script = Script()
    run(script, body)


def test_what_is_read_comes_before_the_next_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TURN_S", 0.0)
    order: list[str] = []

    def inside(key: Key) -> None:
        if not order:
            theirs.send(b"x")
        order.append("pass")

    async def body(engine: Engine, store: ContainerStore, record: ContainerRecord) -> None:
        for name in "bcd":
            engine.enqueue(store.create(name, DEFAULT_SPEC, now=0.0, origins={}).key)
        events = asyncio.get_running_loop()
        is_read = events.create_future()
        events.add_reader(ours, lambda: (order.append("read"), is_read.set_result(None)))
        await is_read
        events.remove_reader(ours)

    ours, theirs = socket.socketpair()
    with ours, theirs:
        run(Script(inside=inside), body)
    assert order[:2] == ["pass", "read"]
