"""Points: where in a life something goes wrong, and what.

Changes, calls within changes, and looks (calls of passes that only observe) are numbered from 1
in the order in which a life makes them; steps in that in which a daemon makes them at its
start. A point's text is what `--point` takes::

    7.before.daemon          somebody is killed before, or after, a change
    7.before.daemon.step5    and so is the next daemon, before the fifth step of its start
    12.call.ENOSPC           a call fails
    40.look.EMFILE.x3        a look fails, and the next two of its name
    40.look.EMFILE.lasting   and all of its name for a second
"""

import json
import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

VICTIMS = ("daemon", "master", "executor")
FOLLOWED = ("daemon", "master")
"""After their death another daemon starts."""
MOMENTS = ("before", "after")
CALL, LOOK = "call", "look"
CHANGE, STEP, EFFECT = "change", "step", "effect"
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
SORTS = (*VICTIMS, CALL, LOOK, *(f"{sort}-again" for sort in (*FOLLOWED, CALL, LOOK)))
"""What points are called among their like: once, or again."""
OFTEN = {"": 1, "x2": 2, "x3": 3, "lasting": math.inf}
"""How often an error comes, by what stands behind it in a point's text."""
LASTING_S = 1.0

_KILL = re.compile(rf"(\d+)\.({'|'.join(MOMENTS)})\.({'|'.join(VICTIMS)})(?:\.{STEP}([1-9]\d*))?")
_ERROR = re.compile(
    rf"(\d+)\.({CALL}|{LOOK})\.({'|'.join(ERRORS)})(?:\.({'|'.join(filter(None, OFTEN))}))?"
)


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that goes wrong.

    number -- of the change, the call or the look
    moment -- before, after: of the change; call, look: instead of it
    what   -- who is killed, or the error's name
    often  -- a key of `OFTEN`: for how many calls of that name in a row
    step   -- before which the next daemon is killed as well; 0: it is not
    """

    number: int
    moment: str
    what: str
    often: str = ""
    step: int = 0

    def __str__(self) -> str:
        more = f"{STEP}{self.step}" if self.step else self.often
        return f"{self.number}.{self.moment}.{self.what}{'.' * bool(more)}{more}"

    @property
    def is_kill(self) -> bool:
        """Whether somebody dies of it."""
        return self.moment in MOMENTS

    @property
    def sort(self) -> str:
        """Which of `SORTS` it is of; a sample has as many of the one as of the other."""
        sort = self.what if self.is_kill else self.moment
        return f"{sort}-again" if self.step or self.often else sort


NOWHERE = Point(0, "before", "daemon")
"""A life without faults."""


def parse(text: str) -> Point:
    """The reverse of `str`; raises ValueError."""
    kill, error = _KILL.fullmatch(text), _ERROR.fullmatch(text)
    if kill:
        return Point(int(kill[1]), kill[2], kill[3], step=int(kill[4] or 0))
    if error:
        return Point(int(error[1]), error[2], error[3], error[4] or "")
    raise ValueError(f"no point: {text!r}; one is 7.before.daemon or 12.call.ENOSPC")


@dataclass(frozen=True, slots=True)
class Trace:
    """What was done in a life: texts of changes, of the calls within them, and of looks.

    steps   -- of the next daemon's start, by who was killed
    effects -- of the changes, each as ``facet Effect``
    """

    changes: Sequence[str] = ()
    calls: Sequence[str] = ()
    looks: Sequence[str] = ()
    steps: Mapping[str, Sequence[str]] = field(default_factory=dict)
    effects: frozenset[str] = field(default=frozenset())

    def points(self) -> Iterator[Point]:
        """Every point of the life."""
        for number in range(1, len(self.changes) + 1):
            for moment in MOMENTS:
                for victim in VICTIMS:
                    yield Point(number, moment, victim)
                for victim, steps in self.steps.items():
                    for step in range(1, len(steps) + 1):
                        yield Point(number, moment, victim, step=step)
        for moment, calls in ((CALL, self.calls), (LOOK, self.looks)):
            for number in range(1, len(calls) + 1):
                for error in ERRORS:
                    for often in OFTEN:
                        yield Point(number, moment, error, often)

    def describe(self, point: Point) -> str:
        """The change or the call at a point, and the step."""
        among = {CALL: self.calls, LOOK: self.looks}.get(point.moment, self.changes)
        at = among[point.number - 1] if 0 < point.number <= len(among) else "not in this life"
        steps = self.steps.get(point.what, ())
        if 0 < point.step <= len(steps):
            at += f"; then: {steps[point.step - 1]}"
        return at


def read_trace(path: Path, victim: str = "") -> Trace:
    """What `inject.py` has written; a line that a kill cut short is left out.

    The steps of the last start are those after `victim`'s death.
    """
    found: dict[str, list[str]] = {kind: [] for kind in (CHANGE, CALL, LOOK, STEP, EFFECT)}
    lines = path.read_text().split("\n") if path.exists() else [""]
    for line in lines[:-1]:
        kind, text = json.loads(line)
        if kind == STEP and not text:
            found[STEP].clear()  # another daemon starts
        else:
            found[kind].append(text)
    effects = frozenset(found[EFFECT])
    return Trace(found[CHANGE], found[CALL], found[LOOK], {victim: found[STEP]}, effects)


def sample(points: Sequence[Point], seed: str) -> list[Point]:
    """All of them in an order of chance, in which every beginning is a fair share.

    Kinds of points take turns, so that few kills are not drowned by many errors.
    """
    chance = random.Random(seed)
    piles: dict[str, list[Point]] = {}
    for point in points:
        piles.setdefault(point.sort, []).append(point)
    for pile in piles.values():
        chance.shuffle(pile)
    order: list[Point] = []
    while any(piles.values()):
        order += [pile.pop() for pile in piles.values() if pile]
    return order
