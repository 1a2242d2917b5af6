"""Somebody else who sets back what passes put right, again and again.

Two writers that undo each other are an endless loop at full speed. So repairs of one thing
are counted; past the limit it is left as it is until it has been quiet, and the container
says so. A wish of its user is no repair: it is always written.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from porto.reconcilers.engine.change import Change
from porto.spec.errors import EError
from porto.spec.records.status import Condition

LIMIT = 100
"""Repairs of one thing within a window."""

WINDOW_S = 60.0

_Thing = tuple[str, str]


@dataclass(slots=True)
class Reversals:
    """The repairs of one container: seconds of CLOCK_MONOTONIC, by facet and subject."""

    times: dict[_Thing, deque[float]] = field(default_factory=dict)

    def count(self, change: Change, now: float) -> None:
        """A repair was made; those that are long past are forgotten."""
        for thing, past in list(self.times.items()):
            if past[-1] <= now - WINDOW_S:
                del self.times[thing]
        self.times.setdefault(_thing(change), deque(maxlen=LIMIT)).append(now)

    def wait(self, change: Change, now: float) -> float:
        """Seconds for which this repair must not be made; 0.0 for none."""
        past = self.times.get(_thing(change))
        if past is None or len(past) < LIMIT:
            return 0.0
        return max(0.0, past[0] + WINDOW_S - now)


def _thing(change: Change) -> _Thing:
    return change.facet, change.subject


@dataclass(frozen=True, slots=True)
class Truce:
    """What is left alone for now.

    changes    -- those that are made
    conditions -- one for each that is not; their text does not change while that lasts
    wait       -- seconds until the first of them is repaired again; None: nothing is left
    """

    changes: Sequence[Change]
    conditions: tuple[Condition, ...] = ()
    wait: float | None = None


def truce(name: str, reversals: Reversals, changes: Sequence[Change], now: float) -> Truce:
    """Which of the changes of the container of that name are made now."""
    if not reversals.times:
        return Truce(changes)
    made: list[Change] = []
    conditions: list[Condition] = []
    waits: list[float] = []
    for change in changes:
        wait = reversals.wait(change, now) if change.is_drift else 0.0
        if wait:
            conditions.append(_contested(name, change))
            waits.append(wait)
        else:
            made.append(change)
    return Truce(made, tuple(conditions), min(waits, default=None))


def _contested(name: str, change: Change) -> Condition:
    text = (
        f"cannot keep {change.subject} of {name} at {change.want}: another program, which the "
        f"kernel does not name, has changed it {LIMIT} times within {WINDOW_S:.0f} s; it is "
        "left alone until that ends"
    )
    return Condition("Contested", change.facet, text, EError.Busy)
