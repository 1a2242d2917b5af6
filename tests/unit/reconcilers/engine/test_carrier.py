import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from porto.reconcilers.engine.carrier import Carrier
from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.decision import Decision, Failure
from porto.reconcilers.engine.jobs import Jobs
from porto.reconcilers.engine.result import Again, Done, Result, Retry, Stuck
from porto.reconcilers.ports import Ports
from porto.spec.key import Key
from tests.fakes.driver import FakeDriver
from tests.fakes.jobs import FakePrograms
from tests.fakes.ports import make_ports

KEY = Key("container", 7)
ALL_OWNERS = "bob"


@dataclass
class Knob:
    """An effect that takes the kernel as long as a test wants."""

    texts: list[str] = field(default_factory=list)
    may_go_on: threading.Event = field(default_factory=threading.Event)
    error: OSError | None = None

    def change(self, want: str, *, facet: str = "memory", is_slow: bool = True) -> Change:
        return Change(facet, "limit", want, "", Write(self, want), is_slow=is_slow)


@dataclass(frozen=True)
class Write:
    knob: Knob
    text: str

    def carry(self, ports: Ports) -> None:
        if threading.current_thread() is not threading.main_thread():
            assert self.knob.may_go_on.wait(10)
        if self.knob.error is not None:
            raise self.knob.error
        self.knob.texts.append(self.text)


class Rig:
    """A carrier over real jobs, whose calls run in threads."""

    def __init__(self) -> None:
        self.ended: asyncio.Queue[Key] = asyncio.Queue()
        self.told: list[str] = []
        self.jobs: Jobs[Key] = Jobs(FakePrograms(), on_end=self.ended.put_nowait)
        self.carrier = Carrier(
            make_ports(FakeDriver(), jobs=self.jobs),
            lambda key, change: self.told.append(f"{change.facet} {change.want}"),
            lambda key: ALL_OWNERS,
        )

    def run(self, *changes: Change, failed: Any = None) -> Result:
        decision = Decision(changes, Done(5.0), by_facet=True, failed=failed)
        return self.carrier.run(KEY, "a", decision)


def play(body: Callable[[Rig], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await asyncio.wait_for(body(Rig()), 20)

    asyncio.run(main())


def test_a_slow_change_ends_the_pass_and_brings_the_key_back() -> None:
    async def body(rig: Rig) -> None:
        slow, quick = Knob(), Knob()
        changes = slow.change("1"), quick.change("2", facet="pids", is_slow=False)
        assert rig.run(*changes) == Again()
        assert (slow.texts, quick.texts, rig.told) == ([], ["2"], ["pids 2"])
        assert rig.run(slow.change("1")) == Again()
        slow.may_go_on.set()
        assert await rig.ended.get() == KEY
        assert rig.run(slow.change("1")) == Done(5.0)
        assert (slow.texts, rig.told) == (["1"], ["pids 2", "memory 1"])
        assert rig.ended.empty()

    play(body)


def test_what_is_decided_while_a_slow_change_is_made() -> None:
    async def body(rig: Rig) -> None:
        slow, quick = Knob(), Knob()
        shown = Decision([quick.change("shown", is_slow=False)], Again(3.0))
        decision = Decision([slow.change("1")], Done(), pending=shown)
        assert rig.carrier.run(KEY, "a", decision) == Again(3.0)
        assert (slow.texts, quick.texts) == ([], ["shown"])
        slow.may_go_on.set()
        await rig.ended.get()
        assert rig.carrier.run(KEY, "a", decision) == Done()
        assert (slow.texts, quick.texts) == (["1"], ["shown"])

    play(body)


def test_what_follows_in_its_facet_waits_for_a_slow_change() -> None:
    async def body(rig: Rig) -> None:
        slow = Knob()
        assert rig.run(slow.change("1"), slow.change("2", is_slow=False)) == Again()
        assert slow.texts == []
        slow.may_go_on.set()
        await rig.ended.get()
        assert rig.run(slow.change("1"), slow.change("2", is_slow=False)) == Done(5.0)
        assert slow.texts == ["1", "2"]

    play(body)


def test_a_slow_change_that_is_wanted_again_is_made_again() -> None:
    """The pass that follows finds the knob as it wants it, and asks for no change."""

    async def body(rig: Rig) -> None:
        slow = Knob()
        slow.may_go_on.set()
        for want in ("1", "2", "1", "1"):
            assert rig.run(slow.change(want)) == Again()
            await rig.ended.get()
            assert rig.run() == Done(5.0)
        assert slow.texts == ["1", "2", "1", "1"]
        assert rig.told == ["memory 1", "memory 2", "memory 1", "memory 1"]

    play(body)


def test_a_slow_change_that_is_not_wanted_any_more_leaves_no_result() -> None:
    async def body(rig: Rig) -> None:
        slow = Knob(error=OSError(16, "busy"))
        assert rig.run(slow.change("1")) == Again()
        assert rig.run() == Done(5.0)
        slow.may_go_on.set()
        await rig.ended.get()
        assert rig.run() == Done(5.0)
        slow.error = None
        assert rig.run(slow.change("1")) == Again()
        await rig.ended.get()
        assert slow.texts == ["1"]
        assert rig.told == []

    play(body)


def test_the_failure_of_a_slow_change_is_the_pass_s() -> None:
    async def body(rig: Rig) -> None:
        slow = Knob(error=OSError(16, "busy"))
        slow.may_go_on.set()
        failures: list[Failure] = []

        def failed(found: list[Failure]) -> Decision:
            failures.extend(found)
            return Decision(result=Stuck(found[0].error))

        assert rig.run(slow.change("1"), failed=failed) == Again()
        await rig.ended.get()
        assert isinstance(rig.run(slow.change("1"), failed=failed), Stuck)
        assert [(f.facet, f.subject) for f in failures] == [("memory", "limit")]
        assert "cannot set limit of a to 1" in str(failures[0].error)
        assert rig.run(slow.change("1"), failed=failed) == Again()

    play(body)


def test_a_slow_change_that_does_not_end_is_an_error_and_is_not_begun_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("porto.reconcilers.engine.carrier.SLOW_S", 0.01)

    async def body(rig: Rig) -> None:
        slow = Knob()
        assert rig.run(slow.change("1")) == Again()
        await rig.ended.get()
        result = rig.run(slow.change("1"))
        assert isinstance(result, Retry)
        assert "cannot set limit of a to 1" in str(result.error)
        assert rig.run(slow.change("1")) == Again()
        slow.may_go_on.set()
        while rig.run(slow.change("1")) != Done(5.0):
            await rig.ended.get()
        assert len(slow.texts) <= 2

    play(body)


def test_slow_changes_of_one_owner_are_bounded() -> None:
    async def body(rig: Rig) -> None:
        knobs = [Knob() for _ in range(3)]
        for number, knob in enumerate(knobs):
            change = knob.change("1")
            rig.carrier.run(Key("container", number), "a", Decision([change]))
        for knob in knobs[1:]:
            knob.may_go_on.set()
        assert await rig.ended.get() == Key("container", 1)
        assert await rig.ended.get() == Key("container", 2)
        knobs[0].may_go_on.set()
        assert await rig.ended.get() == Key("container", 0)

    play(body)
