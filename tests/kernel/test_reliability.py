"""A small share of the crash walk and the fault walk, the same for everybody.

All of it: `scripts/test reliability` (tests/reliability). It also makes sure that a walk can fail.
"""

from collections.abc import Iterator

import pytest

from tests.reliability.points import sample
from tests.reliability.walk import Verdict, Walker

SEED = "kernel tier"
KILLS, CALLS = 10, 20
WALKED = ("plain", "limits", "family")


@pytest.fixture
def walker() -> Iterator[Walker]:
    made = Walker()
    yield made
    made.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("share", range(2))
def test_a_share_of_the_walks(walker: Walker, share: int) -> None:
    """Two halves, for two workers; kills cost a restart each, failing calls nothing."""
    work = []
    for life in WALKED:
        points = sample(list(walker.trace(life).points()), f"{SEED} {life} {share}")
        kills = [point for point in points if point.is_kill][: KILLS // len(WALKED) // 2 + 1]
        calls = [point for point in points if not point.is_kill][: CALLS // len(WALKED) // 2 + 1]
        work += [(life, point) for point in (*kills, *calls)]
    outcomes = [walker.walk(life, point) for life, point in work]
    failed = [o for o in outcomes if o.verdict is Verdict.FAILED]
    assert not failed, "\n".join(
        line for o in failed for line in (f"{o.command}    # {o.at}", *o.details)
    )
    assert sum(o.verdict is not Verdict.MISSED for o in outcomes) > len(outcomes) // 2
