"""Rows of the report: a figure, its budget, and its ratio to a floor of the same run."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field


def median(samples: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(samples)


def percentile(samples: Sequence[float], percent: float) -> float:
    """The sample below which that many percent of the others lie (nearest rank)."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


@dataclass(frozen=True)
class Row:
    """One figure.

    budget -- what it may be at most, or at least where `at_least`; None: only told
    floor  -- what the machine itself needs for the least part of it, same unit
    """

    name: str
    value: float
    unit: str
    budget: float | None = None
    at_least: bool = False
    floor: float | None = None
    detail: str = ""

    @property
    def verdict(self) -> str:
        """ok, over (or under, for a rate), or nothing."""
        if self.budget is None:
            return ""
        if self.at_least:
            return "ok" if self.value >= self.budget else "UNDER"
        return "ok" if self.value <= self.budget else "OVER"

    @property
    def ratio(self) -> float | None:
        """How many times the floor; for a rate, which part of it."""
        return self.value / self.floor if self.floor else None


@dataclass
class Report:
    """All rows of a run, in order, and what could not be measured."""

    rows: list[Row] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Append a row and show it at once."""
        self.rows.append(row)
        print(line(row), flush=True)

    def lack(self, group: str, why: str) -> None:
        """A group of rows that could not be measured, and why."""
        self.missing.append((group, why))
        print(f"  {group}: not measured: {why}", flush=True)

    def as_json(self, machine: dict[str, object]) -> str:
        """The run as one JSON document."""
        rows = [{**asdict(row), "ratio": row.ratio, "verdict": row.verdict} for row in self.rows]
        missing = [{"group": group, "why": why} for group, why in self.missing]
        return json.dumps({"machine": machine, "rows": rows, "missing": missing}, indent=1)


NAME_WIDTH = 50
HEADER = f"  {'row':<{NAME_WIDTH}} {'figure':>12} {'budget':>12} {'':<5} {'floor':>11} {'ratio':>7}"


def short(value: float | None) -> str:
    """Three significant digits, plain."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def line(row: Row) -> str:
    """A row of the table."""
    sign = ">=" if row.at_least else "<="
    budget = f"{sign} {short(row.budget)}" if row.budget is not None else "-"
    text = (
        f"  {row.name:<{NAME_WIDTH}} {short(row.value) + ' ' + row.unit:>12} {budget:>12} "
        f"{row.verdict:<5} {short(row.floor):>11} {short(row.ratio):>7}"
    )
    return f"{text}  {row.detail}".rstrip()
