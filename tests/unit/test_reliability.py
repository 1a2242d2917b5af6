"""The walks of tests/reliability: their points, their judgement, their figures."""

import ast
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

import porto
from porto.client import exceptions
from porto.spec.containers.spec import SPEC_PROPERTIES
from porto.spec.events import Event, What
from tests.reliability import table
from tests.reliability.asking import Broken
from tests.reliability.inject import Gate, Order, fired
from tests.reliability.lives import ELSEWHERE, LIVES, REACHED
from tests.reliability.points import (
    CALL,
    ERRORS,
    OFTEN,
    SORTS,
    Point,
    Trace,
    parse,
    read_trace,
    sample,
)
from tests.reliability.script import Script
from tests.reliability.steps import Steps
from tests.reliability.walk import Outcome, Verdict, _more

TRACE = Trace(
    ["tree: directories = present", "life: record = running"],
    ["cgroups.create"],
    steps={"daemon": ["os.mkdir /a"], "master": ["os.mkdir /a", "open /b"]},
)
RECONCILERS = Path(porto.__file__).parent / "reconcilers"


def test_a_points_text_is_read_back() -> None:
    for point in TRACE.points():
        assert parse(str(point)) == point
    assert {point.sort for point in TRACE.points()} == {*SORTS} - {"look", "look-again"}


@pytest.mark.parametrize(
    "text",
    [
        *("", "7", "7.before", "x.before.daemon", "7.call.daemon", "1.a.b"),
        *("7.call.EBUSY.x4", "7.call.EBUSY.step2", "7.before.daemon.x2", "7.before.daemon.step0"),
    ],
)
def test_other_texts_are_no_points(text: str) -> None:
    with pytest.raises(ValueError, match="no point"):
        parse(text)


def test_every_change_is_a_place_to_die_and_every_call_fails_in_each_way() -> None:
    points = list(TRACE.points())
    alone, again = 2 * 2 * 3, 2 * 2 * (1 + 2)
    assert len(points) == len(set(points)) == alone + again + len(ERRORS) * len(OFTEN)
    assert TRACE.describe(Point(2, "after", "master")) == "life: record = running"
    assert TRACE.describe(Point(1, CALL, "EBUSY")) == "cgroups.create"
    assert TRACE.describe(Point(3, "before", "daemon")) == "not in this life"
    twice = Point(2, "before", "master", step=2)
    assert TRACE.describe(twice) == "life: record = running; then: open /b"


def test_a_sample_is_the_same_for_a_seed_and_leaves_nothing_out() -> None:
    points = list(TRACE.points())
    order = sample(points, "a")
    assert order == sample(points, "a") != sample(points, "b")
    assert sorted(map(str, order)) == sorted(map(str, points))
    # Whoever stops early has seen each kind.
    assert {point.sort for point in order[:7]} == {
        *("daemon", "master", "executor", CALL),
        *("daemon-again", "master-again", "call-again"),
    }


class Client:
    """Answers with what a test has prepared."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.state = "running"
        self.told: list[Event] = []
        self.unwritten: list[Event] = []

    def Start(self, name: str) -> None:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer

    def GetProperty(self, name: str, prop: str) -> str:  # noqa: N802
        return {"state": self.state, "exit_status": "9", "thread_limit": "7"}.get(prop, "")

    def WaitContainers(self, names: list[str], timeout: float) -> str:  # noqa: N802
        return names[0]

    def Call(self, name: str, **fields: object) -> None:  # noqa: N802
        assert name == "Events"
        self.told += self.unwritten
        self.unwritten.clear()

    def disconnect(self) -> None:
        pass


class Dying:
    """A pair whose daemon's pid is told anew each time."""

    def __init__(self, pair: Any, pids: list[int]) -> None:
        self._pair, self._pids = pair, pids

    @property
    def daemon(self) -> int:
        return self._pids.pop(0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pair, name)


@pytest.fixture
def pair(tmp_path: Path) -> Any:
    conn = Client()
    return SimpleNamespace(
        scratch=tmp_path,
        arm=tmp_path / "order",
        conn=conn,
        client=lambda: conn,
        revive=lambda: None,
        instance=SimpleNamespace(master=lambda: 1),
        events=lambda after=0: [event for event in conn.told if event.serial > after],
    )


def play(pair: Any, point: str) -> Script:
    """A script whose fault has happened."""
    fired(pair.arm).touch()
    return Script(pair, parse(point), {})


def run(pair: Any, name: str, *launches: int) -> None:
    (pair.scratch / "runs" / name).write_text("".join(f"{number}\n" for number in launches))


GOOD = exceptions.NoSpace("cannot start a: cannot make the directory: No space left on device")


@pytest.mark.parametrize(
    ("error", "finding"),
    [
        (GOOD, None),
        (exceptions.Unknown(GOOD.text), "not NoSpace"),
        (exceptions.NoSpace("cannot start a: it failed"), "not NoSpace"),
        (exceptions.NoSpace("No space left on device"), "no verb"),
        (exceptions.NoSpace("cannot start None of a: No space left on device"), "unclear"),
    ],
)
def test_a_refusal_must_be_exact_and_clear(pair: Any, error: Exception, finding: str) -> None:
    script = play(pair, "3.call.ENOSPC")
    pair.conn.answers = [error]
    script.ask("start", "a", lambda: pair.conn.Start("a"))
    assert len(script.refusals) == 1
    assert [text for text in script.findings if finding and finding in text] == script.findings
    assert bool(script.findings) is bool(finding)


def test_without_a_fault_nothing_may_be_refused_or_lost(pair: Any) -> None:
    script = Script(pair, parse("3.call.ENOSPC"), {})
    pair.conn.answers = [GOOD, exceptions.SocketError("gone")]
    script.ask("start", "a", lambda: pair.conn.Start("a"))
    assert len(script.findings) == 2


@pytest.mark.parametrize(("point", "found"), [("3.call.ENOSPC", 1), ("3.call.ENOSPC.x2", 0)])
def test_where_taking_back_fails_too_it_is_in_between(pair: Any, point: str, found: int) -> None:
    script = play(pair, point)
    pair.conn.answers = [GOOD, exceptions.InvalidState("cannot start a: it is stopping")]
    script.ask("start", "a", lambda: pair.conn.Start("a"))
    assert len(script.refusals) == 2
    assert len(script.findings) == found


def test_an_exit_of_the_life_before_is_not_of_this_one(pair: Any) -> None:
    """It may be written down after this one has begun."""
    pair.conn.unwritten = [Event("container", "a", What.EXIT, serial=7)]
    script = play(pair, "3.before.executor")
    pair.conn.state = "dead"
    script.wait("a", 9)
    pair.conn.unwritten = [Event("container", "a", What.EXIT, serial=8)]
    script.check()
    assert script.findings == []


def test_a_daemon_that_is_dead_already_is_not_killed(
    pair: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No pid is none of ours: 0 is the whole process group."""
    signalled: list[int] = []

    def kill(pid: int, signo: int) -> None:
        signalled.append(pid)
        raise ProcessLookupError

    monkeypatch.setattr(os, "kill", kill)
    script = play(pair, "3.before.daemon")
    told: Any = Dying(pair, [0, 7, 7, 7, 0, 8])
    script.pair = told
    script.restart()
    assert signalled == []
    script.restart()
    assert signalled == [7]


def test_what_is_refused_for_ever_ends_the_life(pair: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.reliability.asking.PAUSE_S", 0)
    script = play(pair, "3.call.ENOSPC")
    pair.conn.answers = [GOOD] * 1000
    with pytest.raises(Broken, match="again and again"):
        script.ask("start", "a", lambda: pair.conn.Start("a"))


def test_a_lost_answer_that_was_a_yes_is_a_yes(pair: Any) -> None:
    script = play(pair, "3.before.daemon")
    pair.conn.answers = [exceptions.SocketError("gone"), exceptions.InvalidState("cannot start a")]
    script.ask("start", "a", lambda: pair.conn.Start("a"), done=exceptions.InvalidState)
    assert (script.findings, script.refusals) == ([], [])


@pytest.mark.parametrize(("ran", "wrong"), [((1,), 0), ((1, 1), 1), ((1, 2), 1)])
def test_a_command_runs_once_for_each_launch(pair: Any, ran: tuple[int, ...], wrong: int) -> None:
    script = play(pair, "3.before.daemon")
    script.command("a", "exit 0")
    run(pair, "a", 1)
    script.start("a")
    run(pair, "a", *ran)
    script.check()
    assert len(script.findings) == wrong


def test_lost_writes_wrong_and_doubled_exits_are_found(pair: Any) -> None:
    script = play(pair, "3.before.daemon")
    script._wanted["a"] = {"thread_limit": "8"}
    pair.conn.state = "dead"
    script.wait("a", 9)
    script.wait("a", 3 << 8)
    pair.conn.unwritten += [
        Event("container", "a", What.EXIT, serial=n + 1, text=str(n)) for n in range(3)
    ]
    script.check()
    assert script.findings == [
        "a ended with 9, not 768",
        "acknowledged write lost: thread_limit of a is '7', not '8'",
        "3 exits of a were told, not 2: ['exit 0', 'exit 1', 'exit 2']",
    ]


def test_the_status_of_an_orphan_is_not_known(pair: Any) -> None:
    script = play(pair, "3.before.master")
    pair.conn.state = "dead"
    script.wait("a", 3 << 8)
    assert script.findings == []


def test_more_than_before_is_left_behind() -> None:
    before = {"cgroups": ["a"], "descriptors": ["socket", "socket"]}
    assert list(_more({"cgroups": ["a"], "descriptors": ["socket"]}, before)) == []
    assert list(_more({"cgroups": ["a", "b"], "descriptors": ["file"]}, before)) == [
        "left behind, cgroups: ['b']",
        "left behind, descriptors: ['file']",
    ]


def test_the_gate_counts_over_daemons_and_breaks_one_call(tmp_path: Path) -> None:
    """A daemon that a life starts again goes on where the other one was."""
    arm, trace = tmp_path / "order", tmp_path / "trace"
    Order("3.call.EMFILE", str(trace)).give(arm)
    failures: list[OSError | None] = []
    change: Any = SimpleNamespace(facet="tree", subject="directories", want="present", effect=None)
    ports: Any = None

    for _ in range(2):
        gate = Gate(arm)
        assert gate.failure("cgroups.read") is None

        def carry(_: object, __: object, gate: Gate = gate) -> None:
            failures.extend(gate.failure(name) for name in ("cgroups.create", "cgroups.write"))

        gate.carry(carry, change, ports)
    assert [failure and failure.strerror for failure in failures] == [
        None,
        None,
        os.strerror(24),
        None,
    ]
    assert not arm.exists()
    assert fired(arm).exists()
    found = read_trace(trace)
    assert found.changes == ["tree: directories = present"] * 2
    assert found.calls == ["cgroups.create", "cgroups.write"] * 2


@pytest.mark.parametrize(("often", "failing"), [("", 1), ("x2", 2), ("x3", 3), ("lasting", 4)])
def test_an_error_may_come_again(tmp_path: Path, often: str, failing: int) -> None:
    """To calls of the same name."""
    arm = tmp_path / "order"
    Order(str(Point(2, CALL, "EBUSY", often)), str(tmp_path / "trace")).give(arm)
    gate, change = Gate(arm), SimpleNamespace(facet="a", subject="b", want="c", effect=None)
    names = ["a.b", "a.c", "a.b", "a.c", "a.b", "a.c", "a.c"]
    failures: list[OSError | None] = []
    carry = lambda *_: failures.extend(gate.failure(name) for name in names)  # noqa: E731
    gate.carry(carry, change, None)  # type: ignore[arg-type]
    assert [bool(failure) for failure in failures] == [
        name == "a.c" and names[:at].count("a.c") < failing for at, name in enumerate(names)
    ]


def test_the_next_daemon_dies_at_its_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose order is given when the first one dies; the third daemon finds none."""
    arm, trace = tmp_path / "order", tmp_path / "trace"
    dead: list[str] = []

    def die(*_: object) -> None:
        dead.append("dead")
        raise InterruptedError

    monkeypatch.setattr(os, "kill", die)
    Order("1.before.daemon.step2", str(trace)).give(arm)
    change: Any = SimpleNamespace(facet="a", subject="b", want="c", effect=None)
    nothing: Any = None
    first, second, third = Gate(arm), Gate(arm), Gate(arm)
    first.step("os.mkdir /a")
    first.step("os.mkdir /b")
    with pytest.raises(InterruptedError):
        first.carry(nothing, change, nothing)
    assert fired(arm).exists()
    second.step("os.mkdir /a")
    assert len(dead) == 1
    with pytest.raises(InterruptedError):
        second.step("open /b")
    assert not arm.exists()
    third.step("os.mkdir /a")
    third.step("open /b")
    assert len(dead) == 2
    assert read_trace(trace, "daemon").steps == {"daemon": ["os.mkdir /a", "open /b"]}


def test_steps_are_what_changes_something_until_the_start_is_over() -> None:
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        steps("os.mkdir", ("/own", 0o755, -1))

    steps = Steps(tell)
    steps("os.mkdir", ("/a", 0o755, -1))
    steps("open", ("/a/b", None, os.O_RDONLY | os.O_CLOEXEC))
    steps("open", ("/a/b", None, os.O_WRONLY | os.O_CLOEXEC))
    steps("os.listdir", ("/a",))
    for _ in range(2):
        steps("os.rmdir", ("/a", -1))
    steps.end()
    steps("os.mkdir", ("/c", 0o755, -1))
    assert told == ["os.mkdir /a", "open /a/b", "os.rmdir /a"]


def effects() -> set[str]:
    """The names of all effects of passes."""
    return {
        node.name
        for path in RECONCILERS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        and not any("Protocol" in ast.unparse(base) for base in node.bases)
        and any(
            isinstance(part, ast.FunctionDef)
            and part.name == "carry"
            and [argument.arg for argument in part.args.args] == ["self", "ports"]
            for part in node.body
        )
    }


def test_every_effect_has_a_life() -> None:
    """So that a walk comes to it; `tests/kernel` holds that the lives do what they say."""
    named = [effect.split()[1] for effect in (*REACHED, *ELSEWHERE)]
    assert set(named) == effects()
    assert set(REACHED.values()) <= LIVES.keys()
    assert not REACHED.keys() & ELSEWHERE.keys()


def lived() -> set[str]:
    """The properties that lives set, found by living them with a script that does nothing."""
    found: set[str] = set()
    script = MagicMock()
    script.supported.side_effect = dict
    script.create.side_effect = lambda name, **properties: found.update(properties)
    script.set.side_effect = lambda name, prop, value: found.add(prop)
    for life in LIVES.values():
        life(script)
    return found | {"weak"} if script.lend.called else found


def test_every_facet_has_a_property_in_a_life() -> None:
    found = lived()
    facets = {prop.prop.owner for prop in SPEC_PROPERTIES}
    assert {prop.prop.owner for prop in SPEC_PROPERTIES if prop.name in found} == facets


def test_the_figures() -> None:
    outcomes = [
        Outcome("plain", "1.before.daemon", "tree", Verdict.CONVERGED, 1.5),
        Outcome("plain", "2.call.EBUSY", "cgroups.create", Verdict.FAILED, 1.0, ("it is bad",)),
    ]
    text = table.text(outcomes, {"plain": 20, "oom": 7}).splitlines()
    assert text[0].split()[:4] == ["life", "points", "walked", "converged"]
    assert [line.split() for line in text[1:4]] == [
        ["plain", "20", "2", "1", "0", "0", "1", "2.5"],
        ["oom", "7", "0", "0", "0", "0", "0", "0.0"],
        ["all", "27", "2", "1", "0", "0", "1", "2.5"],
    ]
    assert text[5:] == [
        "scripts/test reliability --life plain --point 2.call.EBUSY    # cgroups.create",
        "it is bad",
    ]
    figures = json.loads(table.as_json(outcomes, {"plain": 20}, 7))
    assert (figures["seed"], figures["points"]) == (7, {"plain": 20})
    assert [found["verdict"] for found in figures["outcomes"]] == ["converged", "failed"]
