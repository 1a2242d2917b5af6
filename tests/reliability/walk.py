"""One life at one point, and what became of it.

A walker keeps one pair over many points. What it holds after lives without faults is the
measure for what may be left after one with faults: some things are opened once and kept. A pair
that something was wrong with is given up.
"""

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tests.patience import patient
from tests.reliability.asking import Broken
from tests.reliability.inject import Order, fired
from tests.reliability.lives import LIVES
from tests.reliability.pair import Held, Pair
from tests.reliability.points import FOLLOWED, NOWHERE, Point, Trace, read_trace
from tests.reliability.script import Script

LAUNCH = "life: launch "
SETTLE_S = patient(20)
REST_S = 0.2
BAD_WORDS = ("Traceback", "pass failed", "internal error", "background task ended", "unexpected")
"""What the log must never say."""


class Verdict(StrEnum):
    """What became of a point.

    CONVERGED -- as if nothing had happened; at most the connection was lost
    REFUSED   -- a clear error, everything taken back, and granted to who asked again
    MISSED    -- the life did not come to that point this time
    FAILED    -- something is not as it must be
    """

    CONVERGED = "converged"
    REFUSED = "taken back"
    MISSED = "not reached"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of what the walks have found.

    at      -- the change or the call
    details -- of a failure what was found, of a refusal the errors
    """

    life: str
    point: str
    at: str
    verdict: Verdict
    seconds: float
    details: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """How to see it again."""
        return f"scripts/test reliability --life {self.life} --point {self.point}"


@dataclass(slots=True)
class Walker:
    """Lives lives in one pair after the other."""

    _pair: Pair | None = None
    _lived: set[str] = field(default_factory=set)
    _measure: Held = field(default_factory=dict)
    _traces: dict[str, Trace] = field(default_factory=dict)
    _canon: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def close(self) -> None:
        """Give the pair up."""
        pair, self._pair = self._pair, None
        self._lived.clear()
        self._measure.clear()
        if pair is not None:
            pair.__exit__()

    def trace(self, life: str) -> Trace:
        """The life's points, found by living it; raises Broken when that fails."""
        if life not in self._traces:
            found = self._record(life)
            # After a launch there is most to be taken over. No start has so many steps.
            launch = next((at for at, text in enumerate(found.changes, 1) if LAUNCH in text), 1)
            steps: dict[str, Sequence[str]] = {}
            for victim in FOLLOWED:
                point = Point(launch, "after", victim, step=sys.maxsize)
                steps.update(self._lived_well(life, point).steps)
            self._traces[life] = replace(found, steps=steps)
        return self._traces[life]

    def walk(self, life: str, point: Point) -> Outcome:
        """Live the life with this fault."""
        started = time.monotonic()
        trace = self.trace(life)
        if life not in self._lived:
            self._record(life)
        findings, refusals = self._live(life, point)
        pair = self._open()
        if findings:
            verdict, details = Verdict.FAILED, [*findings, *_indented(pair.tail())]
            self.close()
        elif pair.arm.exists():
            verdict, details = Verdict.MISSED, []
        else:
            verdict = Verdict.REFUSED if refusals else Verdict.CONVERGED
            details = refusals
        seconds = time.monotonic() - started
        return Outcome(life, str(point), trace.describe(point), verdict, seconds, tuple(details))

    def _open(self) -> Pair:
        if self._pair is None:
            pair = Pair()
            self._pair = pair.__enter__()
        return self._pair

    def _record(self, life: str) -> Trace:
        """Live it without faults: twice in a new pair, which makes some things only once."""
        for _ in range(1 if self._lived else 2):
            trace = self.live_once(life)
        pair = self._open()
        for what, held in _rested(pair).items():
            self._measure[what] = Counter(self._measure.get(what, ())) | Counter(held)
        self._lived.add(life)
        return trace

    def live_once(self, life: str) -> Trace:
        """Without faults; raises Broken when it fails all the same."""
        return self._lived_well(life, NOWHERE)

    def _lived_well(self, life: str, point: Point) -> Trace:
        """What was done in a life that nothing is wrong with; raises Broken."""
        findings, _ = self._live(life, point)
        pair = self._open()
        if findings:
            tail = pair.tail()
            self.close()
            raise Broken(f"life {life} fails at {point}: {'; '.join(findings)}\n{tail}")
        return read_trace(pair.scratch / "trace", point.what)

    def _live(self, life: str, point: Point) -> tuple[list[str], list[str]]:
        pair = self._open()
        pair.revive()
        fired(pair.arm).unlink(missing_ok=True)
        trace = pair.scratch / "trace"
        trace.write_text("")
        Order(str(point), str(trace)).give(pair.arm)
        logged = pair.log.stat().st_size
        script = Script(pair, point, self._canon)
        try:
            LIVES[life](script)
        except (Broken, AssertionError) as error:
            script.find(str(error))
        finally:
            script.close()
        if not script.findings and life in self._lived:
            script.findings += self._left(pair, self._measure)
        with pair.log.open() as log:
            log.seek(logged)
            bad = [line.strip() for line in log if any(word in line for word in BAD_WORDS)]
        script.findings += [f"in the log: {line}" for line in bad]
        return script.findings, script.refusals

    @staticmethod
    def _left(pair: Pair, measure: Held) -> list[str]:
        """What is held more than before, once it is quiet."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            with contextlib.suppress(FileNotFoundError):
                left = list(_more(pair.held(), measure))
                if not left or time.monotonic() > deadline:
                    return left
            time.sleep(0.02)


def _rested(pair: Pair) -> Held:
    """What is held once nothing changes any more: exits are told of a little later."""
    held, since = pair.held(), time.monotonic()
    while time.monotonic() < since + REST_S:
        time.sleep(0.02)
        with contextlib.suppress(FileNotFoundError):
            if (now := pair.held()) != held:
                held, since = now, time.monotonic()
    return held


def _more(now: Held, before: Held) -> Iterator[str]:
    for what, held in now.items():
        more = sorted((Counter(held) - Counter(before[what])).elements())
        if more:
            yield f"left behind, {what}: {more}"


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.splitlines()[-15:]]
