"""Bookkeeping of a mutation run: verdicts, the table, what is too little."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tests.mutation.survivors import Explained, Mutation

ENOUGH_PERCENT = 90.0
"""What a room must reach: killed or explained, of those that ran."""


class Verdict(StrEnum):
    """What the tests said of one mutant."""

    KILLED = "killed"
    TIMEOUT = "timeout"
    SURVIVED = "survived"
    NOT_RUN = "not run"


_TIMEOUTS = frozenset({-24, 24, 36, 152, 255, -9})
"""SIGXCPU, in mutmut's several spellings, and the SIGKILL that follows it."""
_SURVIVED = frozenset({0, 5, 33})
"""All tests passed; no test of those asked for was found; no test calls the function."""


def verdict(status: int | None) -> Verdict:
    """What the exit status that mutmut noted means; anything unknown is noticed, so killed."""
    if status is None:
        return Verdict.NOT_RUN
    if status in _SURVIVED:
        return Verdict.SURVIVED
    return Verdict.TIMEOUT if status in _TIMEOUTS else Verdict.KILLED


@dataclass
class Tally:
    """What became of the mutants of one room."""

    room: str
    mutants: int
    """All there are, also those that were not in the sample."""
    counts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    explained: int = 0
    trouble: str = ""
    """Why there are no verdicts: a failing test before any change, no end."""

    def add(self, verdicts: Mapping[str, Verdict]) -> None:
        """Count the verdicts of mutants that were to be run."""
        for one in verdicts.values():
            self.counts[one] += 1

    @property
    def ran(self) -> int:
        """How many mutants have a verdict."""
        return sum(self.counts.values()) - self.counts[Verdict.NOT_RUN]

    @property
    def percent(self) -> float:
        """Killed, stopped or explained, of those that ran."""
        if self.ran == 0:
            return 0.0
        good = self.counts[Verdict.KILLED] + self.counts[Verdict.TIMEOUT] + self.explained
        return 100.0 * good / self.ran

    @property
    def enough(self) -> bool:
        """Whether the room passes. One without any mutant has nothing to answer for."""
        if self.mutants == 0:
            return True
        return not self.trouble and self.ran > 0 and self.percent >= ENOUGH_PERCENT


HEADER = (
    f"{'room':<12}{'mutants':>8}{'ran':>6}{'killed':>8}{'timeout':>9}"
    f"{'explained':>11}{'survived':>10}{'percent':>9}"
)


def row(tally: Tally) -> str:
    """One line of the table; `survived` are those that nothing explains."""
    counts = tally.counts
    left = counts[Verdict.SURVIVED] - tally.explained
    line = (
        f"{tally.room:<12}{tally.mutants:>8}{tally.ran:>6}{counts[Verdict.KILLED]:>8}"
        f"{counts[Verdict.TIMEOUT]:>9}{tally.explained:>11}{left:>10}{tally.percent:>8.1f}%"
    )
    if tally.trouble:
        return f"{line}  {tally.trouble}"
    if counts[Verdict.NOT_RUN]:
        line += f"  {counts[Verdict.NOT_RUN]} not run: no time left"
    return line if tally.enough else f"{line}  under {ENOUGH_PERCENT:.0f}%"


def table(tallies: Sequence[Tally]) -> str:
    """All rooms."""
    return "\n".join([HEADER, *map(row, tallies)])


def split(
    survivors: Mapping[str, Mutation], known: Sequence[Explained]
) -> tuple[dict[str, Mutation], dict[str, str]]:
    """Survivors apart: (name to mutation of the unexplained, name to reason of the others)."""
    why = {
        name: entry.reason
        for name, found in survivors.items()
        for entry in known
        if entry.covers(found)
    }
    return {name: found for name, found in survivors.items() if name not in why}, why


def sample_sizes(mutants: Mapping[str, int], limit: int) -> dict[str, int]:
    """How many mutants of each room to run: `limit` in all, the same share for each room.

    What a small room does not use goes to the others, so that no room is judged by a
    handful while another has hundreds.
    """
    sizes: dict[str, int] = {}
    left = limit
    for place, name in enumerate(_smallest_first(mutants)):
        sizes[name] = min(mutants[name], left // (len(mutants) - place))
        left -= sizes[name]
    return sizes


def _smallest_first(mutants: Mapping[str, int]) -> Iterable[str]:
    return sorted(mutants, key=lambda name: mutants[name])
