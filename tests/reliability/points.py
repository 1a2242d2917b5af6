"""Points: where in a life something goes wrong, and what.

Changes, calls within changes, and looks (calls of passes that only observe) are numbered from 1
in the order in which a life makes them. A point's text, ``7.before.daemon``, ``12.call.ENOSPC`` or
``40.look.EMFILE``, is what `--point` takes.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

VICTIMS = ("daemon", "master", "executor")
MOMENTS = ("before", "after")
CALL, LOOK = "call", "look"
ERRORS = (
    "EBUSY",
    "ENOSPC",
    "ENOMEM",
    "EINTR",
    "EAGAIN",
    "EMFILE",
    "ENOBUFS",
    "ETIMEDOUT",
)


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that goes wrong, once.

    number -- of the change, the call or the look
    moment -- before, after: of the change; call, look: instead of it
    what   -- who is killed, or the error's name
    """

    number: int
    moment: str
    what: str

    def __str__(self) -> str:
        return f"{self.number}.{self.moment}.{self.what}"

    @property
    def is_kill(self) -> bool:
        """Whether somebody dies of it."""
        return self.moment in MOMENTS


NOWHERE = Point(0, "before", "daemon")
"""A life without faults."""


def parse(text: str) -> Point:
    """The reverse of `str`; raises ValueError."""
    number, _, rest = text.partition(".")
    moment, _, what = rest.partition(".")
    kinds = VICTIMS if moment in MOMENTS else ERRORS
    if not number.isdecimal() or moment not in (*MOMENTS, CALL, LOOK) or what not in kinds:
        raise ValueError(f"no point: {text!r}; one is 7.before.daemon or 12.call.ENOSPC")
    return Point(int(number), moment, what)


@dataclass(frozen=True, slots=True)
class Trace:
    """What was done in a life: texts of changes, of the calls within them, and of looks."""

    changes: Sequence[str]
    calls: Sequence[str]
    looks: Sequence[str] = ()

    def points(self) -> Iterator[Point]:
        """Every point of the life."""
        for number in range(1, len(self.changes) + 1):
            for moment in MOMENTS:
                for victim in VICTIMS:
                    yield Point(number, moment, victim)
        for moment, calls in ((CALL, self.calls), (LOOK, self.looks)):
            for number in range(1, len(calls) + 1):
                for error in ERRORS:
                    yield Point(number, moment, error)

    def describe(self, point: Point) -> str:
        """The change or the call at a point."""
        among = {CALL: self.calls, LOOK: self.looks}.get(point.moment, self.changes)
        return among[point.number - 1] if 0 < point.number <= len(among) else "not in this life"


def read_trace(path: Path) -> Trace:
    """What `inject.py` has written; a line that a kill cut short is left out."""
    found: dict[str, list[str]] = {"change": [], CALL: [], LOOK: []}
    lines = path.read_text().split("\n") if path.exists() else [""]
    for line in lines[:-1]:
        kind, text = json.loads(line)
        found[kind].append(text)
    return Trace(found["change"], found[CALL], found[LOOK])


def sample(points: Sequence[Point], seed: str) -> list[Point]:
    """All of them in an order of chance, in which every beginning is a fair share.

    Kinds of points take turns, so that few kills are not drowned by many errors.
    """
    chance = random.Random(seed)
    piles: dict[str, list[Point]] = {}
    for point in points:
        piles.setdefault(point.what if point.is_kill else point.moment, []).append(point)
    for pile in piles.values():
        chance.shuffle(pile)
    order: list[Point] = []
    while any(piles.values()):
        order += [pile.pop() for pile in piles.values() if pile]
    return order
