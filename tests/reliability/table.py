"""The figures of the walks: a table for people, JSON for programs."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from tests.reliability.walk import Outcome, Verdict

Counts = Mapping[str, int]
"""How many points each life has."""


def text(outcomes: Sequence[Outcome], points: Counts) -> str:
    """A row for each life, then every failure with the command that repeats it."""
    columns = ("life", "points", "walked", *Verdict, "seconds")
    rows = [columns]
    for life, count in points.items():
        of = [outcome for outcome in outcomes if outcome.life == life]
        rows.append((life, str(count), *_row(of)))
    rows.append(("all", str(sum(points.values())), *_row(outcomes)))
    widths = [max(len(row[at]) for row in rows) for at in range(len(columns))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    for outcome in outcomes:
        if outcome.verdict is Verdict.FAILED:
            lines += ["", f"{outcome.command}    # {outcome.at}", *outcome.details]
    return "\n".join(lines)


def _row(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    counts = Counter(outcome.verdict for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    return (str(len(outcomes)), *(str(counts[verdict]) for verdict in Verdict), f"{seconds:.1f}")


def as_json(outcomes: Sequence[Outcome], points: Counts, seed: int) -> str:
    """All of it: seed, points of each life, one object for each point walked."""
    return json.dumps(
        {
            "seed": seed,
            "points": dict(points),
            "outcomes": [{**asdict(outcome), "command": outcome.command} for outcome in outcomes],
        },
        indent=1,
    )
