"""When passes run: their times in virtual seconds, and the order of what is due at once."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from porto.reconcilers.engine.loop import Engine
from porto.reconcilers.engine.queue import Priority
from porto.reconcilers.engine.result import Again, Done, Result, Retry, Stuck
from porto.spec.catalog import Catalog
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import Busy, InvalidValue, Unknown
from porto.spec.key import Key
from tests.fakes.jobs import run_virtual

START = 1000.0
"""When the virtual loop begins."""


class Rig:
    """An engine; `script` has the results of passes by name, `seen` when they ran."""

    def __init__(self) -> None:
        self.store = ContainerStore(None)
        self.script: dict[str, list[Result | Exception]] = {}
        self.seen: list[tuple[str, float]] = []
        loop = asyncio.get_running_loop()
        self.now = lambda: round(loop.time() - START, 3)
        clock: Any = type("", (), {"mono": staticmethod(loop.time)})()
        self.engine = Engine(Catalog(self.store), self.run, clock)

    def run(self, key: Key) -> Result:
        record = self.store.find_id(key.id)
        name = record.name if record is not None else str(key.id)
        self.seen.append((name, self.now()))
        left = self.script.get(name, [])
        result = left.pop(0) if left else Done()
        if isinstance(result, Exception):
            raise result
        return result

    def add(self, name: str, *results: Result | Exception) -> ContainerRecord:
        self.script[name] = list(results)
        return self.store.create(name, DEFAULT_SPEC, now=0.0, origins={})


def play(body: Callable[[Rig], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        rig = Rig()
        try:
            await body(rig)
        finally:
            rig.engine.close()

    run_virtual(main())


LATER = Busy("later")


@pytest.mark.parametrize(
    ("results", "times"),
    [
        pytest.param([Done()], [0.0], id="done"),
        pytest.param([Done(after=7.0), Done()], [0.0, 7.0], id="done-until"),
        pytest.param([Done(after=0.0), Done()], [0.0, 0.0], id="done-for-now"),
        pytest.param([Again(3.0), Again(0.5), Done()], [0.0, 3.0, 3.5], id="again"),
        pytest.param([Again()], [0.0], id="again-on-a-change"),
        pytest.param([Stuck(LATER)], [0.0], id="stuck"),
        pytest.param([Retry(LATER)] * 3, [0.0, 0.1, 0.3, 0.7], id="retry"),
        pytest.param([LATER, LATER], [0.0, 0.1, 0.3], id="error"),
        pytest.param([RuntimeError("boom")], [0.0, 0.1], id="fault"),
        pytest.param([Retry(LATER), Done(), Retry(LATER)], [0.0, 0.1], id="retry-then-done"),
    ],
)
def test_when_the_next_pass_runs(results: list[Any], times: list[float]) -> None:
    async def body(rig: Rig) -> None:
        rig.engine.enqueue(rig.add("a", *results).key)
        await asyncio.sleep(60)
        assert rig.seen == [("a", time) for time in times]
        assert rig.engine.passes == len(times)

    play(body)


@pytest.mark.parametrize("gone", [Done(after=5.0), Again(5.0), Retry(LATER), Stuck(LATER)])
def test_what_is_gone_gets_no_more_passes_and_answers(gone: Result) -> None:
    async def body(rig: Rig) -> None:
        record = rig.add("a", gone)
        waiting = rig.engine.converge([record])
        rig.store.delete(record)
        rig.script[str(record.id)] = [gone]
        if isinstance(gone, Stuck):
            with pytest.raises(Busy):
                await waiting
        else:
            await waiting
        await asyncio.sleep(60)
        assert rig.seen == [(str(record.id), 0.0)]

    play(body)


@pytest.mark.parametrize("delays", [(10.0, 2.0), (2.0, 10.0), (2.0, 2.0)])
def test_each_key_has_its_time(delays: tuple[float, float]) -> None:
    async def body(rig: Rig) -> None:
        for name, after in zip("ab", delays, strict=True):
            rig.engine.enqueue(rig.add(name).key, after=after)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await asyncio.sleep(60)
        assert sorted(rig.seen) == [("a", delays[0]), ("b", delays[1])]

    play(body)


def test_a_key_that_is_wanted_sooner_comes_sooner_and_once() -> None:
    async def body(rig: Rig) -> None:
        record = rig.add("a")
        rig.engine.enqueue(record.key, after=30.0)
        await asyncio.sleep(1)
        rig.engine.enqueue(record.key, after=3.0)
        await asyncio.sleep(60)
        assert rig.seen == [("a", 4.0)]

    play(body)


def test_a_look_in_a_while_gives_way_to_what_is_under_way_and_that_to_a_caller() -> None:
    async def body(rig: Rig) -> None:
        look = rig.add("look", Done(after=5.0))
        event = rig.add("event", Again(5.0))
        waited = rig.add("waited", Again(4.0), Done())
        rig.engine.enqueue(look.key)
        rig.engine.enqueue(event.key)
        await asyncio.sleep(1)
        await rig.engine.converge([waited])
        await asyncio.sleep(1)
        later = [name for name, time in rig.seen if time == 5.0]
        assert later == ["waited", "event", "look"]

    play(body)


def test_a_key_is_an_event_unless_it_is_said() -> None:
    async def body(rig: Rig) -> None:
        records = [rig.add(name) for name in ("resync", "event", "caller")]
        rig.engine.enqueue(records[0].key, priority=Priority.RESYNC)
        rig.engine.enqueue(records[1].key)
        rig.engine.enqueue(records[2].key, priority=Priority.CALLER)
        await asyncio.sleep(1)
        assert [name for name, _ in rig.seen] == ["caller", "event", "resync"]

    play(body)


def test_a_closed_engine_starts_no_pass() -> None:
    async def body(rig: Rig) -> None:
        records = [rig.add(name) for name in "abc"]
        rig.engine.enqueue(records[0].key, after=5.0)
        await asyncio.sleep(1)
        rig.engine.enqueue(records[1].key)
        rig.engine.close()
        rig.engine.enqueue(records[2].key)
        await asyncio.sleep(60)
        assert rig.seen == []

    play(body)


def test_all_that_are_asked_for_are_awaited() -> None:
    async def body(rig: Rig) -> None:
        quick, slow = rig.add("quick"), rig.add("slow", Again(9.0), Done())
        await rig.engine.converge([quick, slow])
        assert rig.now() == 9.0
        # The first failure is the answer; nobody hears of the others.
        first, second = rig.add("x", Stuck(Busy("first"))), rig.add("y", Stuck(LATER))
        with pytest.raises(Busy, match="first"):
            await rig.engine.converge([first, second])

    play(body)


def test_each_of_several_callers_is_answered() -> None:
    async def body(rig: Rig) -> None:
        record = rig.add("a", Again(3.0), Stuck(InvalidValue("no")))
        calls = [rig.engine.converge([record]) for _ in range(3)]
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert [str(error) for error in found] == ["no"] * 3
        assert rig.seen == [("a", 0.0), ("a", 3.0)]

    play(body)


def test_an_older_failure_is_told_to_who_asked_for_it_or_for_less() -> None:
    """Generation 1 is given up and taken back by 2; who waits for 2 hears nothing of it."""

    async def body(rig: Rig) -> None:
        old = rig.add("a", Stuck(InvalidValue("no")))
        rig.engine.enqueue(old.key)
        await asyncio.sleep(1)
        new = rig.store.put(old, now=1.0)
        await rig.engine.converge([new])
        with pytest.raises(InvalidValue, match="no"):
            await rig.engine.converge([old])

    play(body)


def test_failures_are_logged() -> None:
    async def body(rig: Rig) -> None:
        key = rig.add("a", Retry(LATER), RuntimeError("boom")).key
        rig.engine.enqueue(key)
        with capture_logs() as logs:
            await asyncio.sleep(60)
        assert [(entry["event"], entry["key"]) for entry in logs] == [
            ("retrying", str(key)),
            ("pass failed", str(key)),
            ("retrying", str(key)),
        ]
        assert logs[0]["error"] == "later"
        assert logs[2]["error"] == "internal error: RuntimeError('boom')"

    play(body)


def test_a_fault_is_an_unknown_error() -> None:
    async def body(rig: Rig) -> None:
        record = rig.add("a", RuntimeError("boom"))
        with pytest.raises(Unknown) as caught:
            await rig.engine.converge([record])
        assert caught.value.text == "internal error: RuntimeError('boom')"

    play(body)
