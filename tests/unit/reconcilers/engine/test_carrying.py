"""How a decision is carried: order, what a failure keeps from being made, how the pass ends."""

import errno
from dataclasses import dataclass, field
from typing import Any

import pytest

from porto.kernel.process.programs import Program
from porto.reconcilers.engine.carrier import Carrier, carry
from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.decision import Decision, Failure
from porto.reconcilers.engine.jobs_values import Job
from porto.reconcilers.engine.result import Again, Done, Result, Retry, Stuck
from porto.reconcilers.ports import Ports
from porto.spec.errors import Busy, NoSpace, Unknown
from porto.spec.key import Key
from tests.fakes.ports import make_ports

KEY = Key("thing", 7)
NO, NEITHER, REFUSED = Busy("no"), Unknown("neither"), Busy("refused")
FULL = OSError(errno.ENOSPC, "No space left on device", "/knob")


@dataclass(frozen=True)
class Make:
    """Notes that it was made, or fails."""

    log: list[str] = field(compare=False)
    name: str
    error: Exception | None = None

    def carry(self, ports: Ports) -> None:
        if self.error is not None:
            raise self.error
        self.log.append(self.name)


class Rig:
    """One carrier: `made` what was done, `told` what was heard of."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.told: list[tuple[Key, str]] = []
        self.held: set[str] = set()
        self.jobs: list[Job[Key]] = []
        self.ports = make_ports(None, jobs=self)
        self.carrier = Carrier(
            self.ports, lambda key, change: self.told.append((key, change.subject)), str
        )

    def ensure(self, job: Job[Key]) -> bool:
        """The jobs: made at once, but for those that a test holds."""
        self.jobs.append(job)
        if self.held & set(job.id.split()):
            return False
        assert not isinstance(job.work, Program)
        job.work()
        return True

    def forget(self, job_id: str) -> None:
        """Nobody needs the result."""

    def state(self, job_id: str) -> None:
        """Nothing is under way."""

    def change(self, name: str, error: Exception | None = None, **given: Any) -> Change:
        """Of the facet that the name begins with."""
        return Change(name[0], name, "want", "have", Make(self.made, name, error), **given)

    def run(self, *changes: Change, **given: Any) -> Result:
        return self.carrier.run(KEY, "the thing", Decision(changes, **given))


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_changes_are_made_in_their_order_and_then_the_closing_ones(rig: Rig) -> None:
    closing = [rig.change("z1"), rig.change("z2")]
    result = rig.run(rig.change("b1"), rig.change("a1"), result=Again(5.0), closing=closing)
    assert result == Again(5.0)
    assert rig.made == ["b1", "a1", "z1", "z2"]
    assert rig.told == [(KEY, name) for name in rig.made]


def test_a_decision_that_says_no_result_is_done(rig: Rig) -> None:
    assert rig.run() == Done()


def test_one_failure_ends_it_all(rig: Rig) -> None:
    closing = [rig.change("z1")]
    result = rig.run(rig.change("a1"), rig.change("b1", NO), rig.change("c1"), closing=closing)
    assert result == Retry(NO)
    assert rig.made == ["a1"]
    assert rig.told == [(KEY, "a1")]


def test_one_failure_ends_its_own_facet(rig: Rig) -> None:
    result = rig.run(
        rig.change("a1", NO),
        rig.change("b1"),
        rig.change("a2"),
        rig.change("b2", NEITHER),
        rig.change("c1"),
        closing=[rig.change("z1")],
        by_facet=True,
    )
    assert result == Retry(NO)
    assert rig.made == ["b1", "c1"]


@pytest.mark.parametrize(("by_facet", "made"), [(True, ["b1"]), (False, [])])
def test_a_facet_that_was_refused_has_failed_already(
    rig: Rig, by_facet: bool, made: list[str]
) -> None:
    refused = [Failure("a", NO)]
    result = rig.run(rig.change("a1"), rig.change("b1"), refused=refused, by_facet=by_facet)
    assert result == Retry(NO)
    assert rig.made == made


def test_what_follows_a_failure_is_decided(rig: Rig) -> None:
    heard: list[Failure] = []

    def failed(failures: Any) -> Decision:
        heard.extend(failures)
        return Decision([rig.change("t1")], Stuck(NEITHER), [rig.change("z9")])

    result = rig.run(
        rig.change("a1", FULL),
        rig.change("b1", NO),
        refused=[Failure("r", REFUSED)],
        by_facet=True,
        closing=[rig.change("z1")],
        failed=failed,
    )
    assert result == Stuck(NEITHER)
    assert rig.made == ["t1", "z9"]
    text = "cannot set a1 of the thing to want: No space left on device"
    assert heard == [
        Failure("r", REFUSED),
        Failure("a", heard[1].error, "a1"),
        Failure("b", NO, "b1"),
    ]
    assert heard[1].error.text == text
    assert isinstance(heard[1].error, NoSpace)


def test_what_follows_a_failure_may_fail(rig: Rig) -> None:
    def failed(failures: Any) -> Decision:
        return Decision([rig.change("t1", NEITHER)], Done())

    result = rig.run(rig.change("a1", NO), failed=failed)
    assert result == Retry(NEITHER)


def test_a_closing_change_that_fails(rig: Rig) -> None:
    closing = [rig.change("z1", NO), rig.change("z2")]
    result = rig.run(rig.change("a1"), closing=closing, result=Done(), by_facet=True)
    assert result == Retry(NO)
    assert rig.made == ["a1"]


def test_a_fault_of_ours_is_no_failure(rig: Rig) -> None:
    with pytest.raises(ZeroDivisionError):
        rig.run(rig.change("a1", ZeroDivisionError()))


def test_a_slow_change_keeps_the_rest_of_its_facet_and_the_closing_from_being_made(
    rig: Rig,
) -> None:
    rig.held.add("a1")
    changes = [rig.change("a1", is_slow=True), rig.change("a2"), rig.change("b1")]
    assert rig.run(*changes, closing=[rig.change("z1")], result=Done()) == Again()
    assert rig.made == ["b1"]
    assert rig.told == [(KEY, "b1")]


def test_a_slow_change_is_a_job_of_its_owner(rig: Rig) -> None:
    slow = rig.change("a1", is_slow=True)
    assert rig.run(slow, rig.change("a2"), closing=[rig.change("z1")]) == Done()
    assert [(job.id, job.key, job.owner) for job in rig.jobs] == [
        ("set thing:7 a a1 want", KEY, "thing:7")
    ]
    assert rig.made == ["a1", "a2", "z1"]
    assert rig.told == [(KEY, "a1"), (KEY, "a2"), (KEY, "z1")]


def test_a_failure_weighs_more_than_what_is_under_way(rig: Rig) -> None:
    rig.held.add("a1")
    result = rig.run(rig.change("a1", is_slow=True), rig.change("b1", NO))
    assert result == Retry(NO)


def test_a_slow_change_that_fails(rig: Rig) -> None:
    result = rig.run(rig.change("a1", FULL, is_slow=True))
    assert isinstance(result, Retry)
    assert result.error.text == "cannot set a1 of the thing to want: No space left on device"
    assert rig.told == []


def test_an_effect_is_carried_through_the_ports(rig: Rig) -> None:
    seen: list[Ports] = []

    @dataclass(frozen=True)
    class See:
        def carry(self, ports: Ports) -> None:
            seen.append(ports)

    change = Change("a", "a1", "want", "have", See())
    carry(change, rig.ports)
    rig.run(change)
    assert seen == [rig.ports, rig.ports]
