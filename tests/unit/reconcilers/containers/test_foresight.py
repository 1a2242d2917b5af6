"""What is foreseen is what passes then do, and foreseeing does nothing."""

import dataclasses
import typing
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from porto.launcher import ops
from porto.launcher.ops import Op
from porto.reconcilers.containers.decide import Life
from porto.reconcilers.containers.foresight.imagined import WRITES, ReadOnly
from porto.reconcilers.containers.foresight.steps import steps
from porto.spec.containers import operations
from porto.spec.containers.outlook import Turn, turns
from porto.spec.containers.spec import find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.events import What
from porto.spec.preview import Foretold, KernelChange, When
from tests.unit.reconcilers.containers.test_reconciler import ACTOR, Rig, play

__all__ = ["play"]

Wish = Callable[[ContainerStore], object]
Told = tuple[str, str, str, str, str]


def foresee(rig: Rig, wish: Wish) -> dict[str, Foretold]:
    """What would follow a wish."""
    fork = rig.store.fork()
    wish(fork)
    found = rig.foresight.passes(fork, list(turns(rig.store, fork)))
    return {item.name: item for item in found if item is not None}


def foretold(rig: Rig, wish: Wish) -> set[Told]:
    return {
        (name, change.facet, change.subject, change.want, change.have)
        for name, item in foresee(rig, wish).items()
        for change in item.changes
    }


def carried(rig: Rig) -> set[Told]:
    """What passes have changed, as the event log tells."""
    found = set()
    for event in rig.told.events:
        if event.what in (What.CHANGE, What.REPAIR):
            subject = "launch" if event.subject.startswith("launch ") else event.subject
            found.add((event.name, event.facet, subject, event.want, event.have))
    return found


def start(name: str) -> Wish:
    return lambda store: operations.start(store, store.get(name), actor=ACTOR, now=0.0)


def stop(rig: Rig, name: str, grace: float = 30.0) -> Wish:
    kill_at = rig.clock.mono() + grace if grace else 0.0
    return lambda store: operations.stop(
        store, store.get(name), kill_at=kill_at, actor=ACTOR, now=0.0
    )


def destroy(name: str) -> Wish:
    return lambda store: operations.destroy(store, store.get(name), actor=ACTOR, now=0.0)


def put(name: str, prop: str, text: str) -> Wish:
    return lambda store: operations.set_property(
        store, store.get(name), prop, text, actor=ACTOR, now=0.0
    )


def facts(rig: Rig) -> object:
    """Everything that foreseeing must leave as it is."""
    return (
        {record.name: record for record in rig.store.records()},
        {name: dict(knobs) for name, knobs in rig.driver.groups.items()},
        list(rig.driver.writes),
        set(rig.driver.frozen),
        list(rig.signals),
        list(rig.launcher.requests),
        list(rig.told.events),
        dict(rig.world.memory._known),
    )


# -- the same as passes do ----------------------------------------------------------


def test_a_start_is_foreseen_change_by_change(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", thread_limit="50")
        rig.create("a/b", command="")
        rig.create("a/b/c", thread_limit="9")
        before = facts(rig)
        expected, reasons = foretold(rig, start("a/b/c")), foresee(rig, start("a/b/c"))
        assert facts(rig) == before
        await rig.start("a/b/c")
        assert carried(rig) == expected
        whys = {change.subject: change.why for change in reasons["a"].changes}
        assert (whys["pids.max"], whys["directories"], whys["notice"]) == ("thread_limit", "", "")
        assert {("a", "pids", "pids.max", "50", "max"), ("a", "life", "launch", "running", "")} <= (
            expected
        )
        assert {name for name, *_ in expected} == {"a", "a/b", "a/b/c"}

    play(body)


def test_a_set_is_foreseen_and_nothing_else(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", thread_limit="50")
        await rig.start("a")
        rig.told.events.clear()
        before = facts(rig)
        expected = foretold(rig, put("a", "thread_limit", "70"))
        assert facts(rig) == before
        assert expected == {("a", "pids", "pids.max", "70", "50")}
        record = operations.set_property(
            rig.store, rig.get("a"), "thread_limit", "70", actor=ACTOR, now=0.0
        )
        await rig.engine.converge([record])
        assert carried(rig) == expected

    play(body)


@pytest.mark.parametrize("verb", ["stop", "destroy"])
def test_an_end_is_foreseen_children_first(play: Any, verb: str) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", command="")
        rig.create("a/b")
        await rig.start("a/b")
        rig.told.events.clear()
        wish = stop(rig, "a", grace=0.0) if verb == "stop" else destroy("a")
        before = facts(rig)
        found = foresee(rig, wish)
        expected = foretold(rig, wish)
        assert facts(rig) == before
        assert [name for name, item in found.items() if item.changes] == ["a/b", "a"]
        await (rig.stop("a") if verb == "stop" else rig.destroy("a"))
        assert carried(rig) == expected
        assert [change.subject for change in found["a/b"].changes][:2] == [
            "processes",
            "directories",
        ]
        assert {change.when for item in found.values() for change in item.changes} == {When.STOP}

    play(body)


def test_a_polite_stop_is_taken_to_succeed(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a")
        await rig.start("a")
        found = foresee(rig, stop(rig, "a"))["a"]
        assert [change.subject.partition(" ")[0] for change in found.changes] == [
            "pid",
            "directories",
            f"{rig.config.paths.work}/a",
        ]
        assert (found.changes[0].want, found.changes[0].have) == ("SIGTERM", "running")
        assert rig.signals == []

    play(body)


def test_a_pause_and_a_restart(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", thread_limit="50")
        await rig.start("a")
        paused = foresee(
            rig, lambda store: operations.pause(store, store.get("a"), actor=ACTOR, now=0.0)
        )
        assert [(c.subject, c.want) for c in paused["a"].changes] == [("freezer.state", "FROZEN")]

        def restart(store: ContainerStore) -> None:
            record = store.get("a")
            store.put(record.with_intent(launch=record.intent.launch + 1), now=0.0)

        whens = [change.when for change in foresee(rig, restart)["a"].changes]
        assert whens == sorted(whens, key=[When.STOP, When.START].index)
        assert set(whens) == {When.STOP, When.START}

    play(body)


def test_what_cannot_be_started_says_why_and_promises_nothing(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a")
        record = rig.get("a")
        wanting = record.spec.with_value(find_property("cpu_guarantee"), 10**9)
        rig.store.put(dataclasses.replace(record, spec=wanting), now=0.0)
        found = foresee(rig, start("a"))["a"]
        assert "cannot set cpu_guarantee of a to 1c" in found.error
        assert found.changes == ()
        assert rig.state("a") is State.STOPPED

    play(body)


# -- now ---------------------------------------------------------------------------


def test_nothing_is_due_until_somebody_meddles(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", thread_limit="50")
        assert rig.foresight.now(rig.get("a")) == Foretold("a")
        await rig.start("a")
        assert rig.foresight.now(rig.get("a")) == Foretold("a")
        assert rig.foresight.next(rig.get("a")) == ""
        rig.driver.groups["a"]["pids.max"] = "7"
        before = facts(rig)
        (change,) = rig.foresight.now(rig.get("a")).changes
        assert change == KernelChange("pids", "pids.max", "50", "7", "somebody has changed it")
        assert rig.foresight.next(rig.get("a")) == "set pids.max"
        assert facts(rig) == before

    play(body)


def test_deciding_writes_nothing_down_and_repeats_itself(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a")
        await rig.start("a")
        operations.stop(rig.store, rig.get("a"), kill_at=0.0, actor=ACTOR, now=0.0)
        life, before = Life(rig.world), facts(rig)
        target = rig.world.target(rig.get("a"))
        first, second = life.decide(target), life.decide(target)
        assert [change.subject for change in first.changes] == ["processes", "wait for kill"]
        assert first.changes == second.changes
        assert facts(rig) == before

    play(body)


def test_a_dead_container_says_what_comes_next(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", respawn="true", respawn_delay="30s")
        await rig.start("a")
        rig.end("a", 0)
        await rig.until(lambda: rig.state("a") is State.DEAD)
        assert rig.foresight.next(rig.get("a")) == "start it again in 30 s"

    play(body)


# -- what a launch makes true ---------------------------------------------------------


def test_what_only_a_launch_makes_true_waits_for_a_restart(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", command="sleep 1", env="A=1")
        await rig.start("a")
        record = rig.get("a")
        prop = find_property("env")
        spec = record.spec.with_value(prop, prop.codec.parse("A=2"))
        turn = Turn("a", record, dataclasses.replace(record, spec=spec, generation=99))
        found = [item for item in rig.foresight.passes(rig.store.fork(), [turn]) if item]
        (change,) = found[0].changes
        assert (change.facet, change.subject, change.when) == ("task", "at launch", When.RESTART)
        assert change.why == "env"
        assert "A=1" in change.have
        assert "A=2" in change.want

    play(body)


def test_a_property_is_explained_by_what_it_comes_to(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", thread_limit="50", umask="0027", env="A=1")
        await rig.start("a")
        record = rig.get("a")

        def shown(name: str) -> list[tuple[str, str, str]]:
            aspects = rig.foresight.aspects(record, find_property(name))
            return [(item.subject, item.want, item.have) for item in aspects]

        assert shown("thread_limit") == [("pids.max", "50", "50")]
        assert shown("umask") == [("at launch", "set umask 0027", "")]
        assert next(want for _, want, _ in shown("env")).startswith("execute sleep 1")
        process = record.status.life.process
        assert process is not None
        assert ("directories", "present", "present") in shown("controllers")
        assert (f"pid {process.task_pid}", "a", "a") in shown("controllers")
        assert shown("oom_is_fatal")[0] == ("notice", "armed", "armed")

    play(body)


def every_operation() -> Iterator[Op]:
    values = {int: 1, str: "x", bool: True}
    for kind in vars(ops).values():
        if isinstance(kind, type) and issubclass(kind, Op) and kind is not Op:
            hints = typing.get_type_hints(kind)
            names = [item.name for item in dataclasses.fields(kind)]
            yield kind(*(values.get(hints[name], ()) for name in names))


@pytest.mark.parametrize("op", list(every_operation()), ids=lambda op: type(op).__name__)
def test_every_operation_has_words(op: Op) -> None:
    plain = ("unshare users", "finish")
    (text,) = steps([op], [])
    assert text.startswith(plain) == (type(op).__name__ in ("UnshareUsers", "Finish"))
    assert "(" not in text.partition(" (")[0]


def test_nothing_can_be_written_through_a_closed_port() -> None:
    class Port:
        def write(self) -> None:
            raise AssertionError("written")

        def read(self) -> int:
            return 1

    port = ReadOnly(Port())
    assert port.read() == 1
    with pytest.raises(AssertionError, match="only imagined"):
        port.write()
    assert {"write", "create", "remove", "kill", "freeze", "begin", "note"} <= WRITES
