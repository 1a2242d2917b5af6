"""How much is measured: the whole run, and the quick one of about a minute."""

from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import Report
from tests.bench.floors import Floors


@dataclass(frozen=True)
class Size:
    """Counts and seconds of one kind of run."""

    cycles: int
    starts: int
    round_trips: int
    throughput_s: float
    heavy_gets: int
    commands: int
    parallel_starts: int
    stopped: int
    running: int
    idle_s: float
    group_limit_s: int


WHOLE = Size(
    cycles=300,
    starts=60,
    round_trips=5000,
    throughput_s=3.0,
    heavy_gets=15,
    commands=20,
    parallel_starts=200,
    stopped=1000,
    running=500,
    idle_s=10.0,
    group_limit_s=240,
)

QUICK = Size(
    cycles=60,
    starts=20,
    round_trips=1000,
    throughput_s=1.0,
    heavy_gets=5,
    commands=5,
    parallel_starts=80,
    stopped=200,
    running=100,
    idle_s=4.0,
    group_limit_s=60,
)


@dataclass(frozen=True)
class Bench:
    """What a group of rows gets: sizes, floors, where to report, where to write."""

    size: Size
    floors: Floors
    report: Report
    scratch: Path

    @property
    def scaled(self) -> str:
        """A note for rows whose budget is meant for the whole run's counts."""
        return (
            "" if self.size is WHOLE else f"quick: {self.size.running} instead of {WHOLE.running}"
        )
