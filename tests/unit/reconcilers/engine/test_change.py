"""A change as a value."""

from dataclasses import dataclass, replace

import pytest

from porto.reconcilers.engine.change import Change
from porto.reconcilers.ports import Ports


@dataclass(frozen=True)
class Nothing:
    """An effect that two changes can share."""

    def carry(self, ports: Ports) -> None:
        raise AssertionError("carried")


DRIFT = Change("pids", "pids.max", "5", "max", Nothing(), "thread_limit", is_slow=True)


@pytest.mark.parametrize(
    "change",
    [
        DRIFT,
        replace(DRIFT, is_slow=False),
        replace(DRIFT, why="", have=""),
        replace(DRIFT, is_drift=False),
    ],
)
def test_what_life_asks_for_is_the_same_change_but_no_drift(change: Change) -> None:
    asked = change.asked_for()
    assert asked == replace(change, is_drift=False)
    assert asked.effect is change.effect


def test_a_change_is_drift_made_at_once_unless_it_says_otherwise() -> None:
    change = Change("pids", "pids.max", "5", "max", Nothing())
    assert (change.why, change.is_drift, change.is_slow) == ("", True, False)
