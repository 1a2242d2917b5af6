"""A small share of the crash walk and the fault walk, the same for everybody.

All of it: `scripts/test reliability` (tests/reliability). It also makes sure that a walk can fail.
"""

from collections.abc import Iterator

import pytest

from tests.reliability.lives import LIVES, REACHED
from tests.reliability.points import parse, sample
from tests.reliability.script import Script
from tests.reliability.walk import Verdict, Walker

SEED = "kernel tier"
KILLS, ERRORS = 6, 12
WALKED = ("limits", "family")


@pytest.fixture
def walker() -> Iterator[Walker]:
    made = Walker()
    yield made
    made.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("life", WALKED)
def test_a_share_of_the_walks(walker: Walker, life: str) -> None:
    """Kills cost a restart each, or two; failing calls nothing."""
    points = sample(list(walker.trace(life).points()), f"{SEED} {life}")
    kills = [point for point in points if point.is_kill][:KILLS]
    errors = [point for point in points if not point.is_kill][:ERRORS]
    outcomes = [walker.walk(life, point) for point in (*kills, *errors)]
    failed = [o for o in outcomes if o.verdict is Verdict.FAILED]
    assert not failed, "\n".join(
        line for o in failed for line in (f"{o.command}    # {o.at}", *o.details)
    )
    assert sum(o.verdict is not Verdict.MISSED for o in outcomes) > len(outcomes) // 2


@pytest.mark.timeout(300)
def test_the_lives_reach_what_they_say(walker: Walker) -> None:
    """Each effect of each facet is a place to die in some life."""
    reached = {life: walker.live_once(life).effects for life in set(REACHED.values())}
    assert {effect for effect, life in REACHED.items() if effect not in reached[life]} == set()


def test_a_walk_can_fail(walker: Walker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A life that does not tidy up after a call that failed."""

    def untidy(s: Script) -> None:
        s.create("untidy")
        s.set("untidy", "isolate", "false")
        s.start("untidy", runs=0)
        if s.point.is_kill or not s.is_hurt:
            s.destroy("untidy")

    monkeypatch.setitem(LIVES, "untidy", untidy)
    found = walker.walk("untidy", parse("1.call.ENOMEM"))
    assert found.verdict is Verdict.FAILED
    left = [detail for detail in found.details if detail.startswith("left behind")]
    assert any("records" in detail for detail in left)
    assert any("cgroups" in detail for detail in left)
