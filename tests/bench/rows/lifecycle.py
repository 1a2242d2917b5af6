"""One container's whole life through the API, one after the other."""

import itertools
import time

from tests.bench.figures import Row, median, percentile
from tests.bench.floors import TRUE
from tests.bench.plan import Bench
from tests.bench.rig import Rig
from tests.bench.wire import Client

WARM_UP = 10
STEPS = ("create", "set", "start", "wait", "destroy")
LIMITS = {"thread_limit": "100", "memory_limit": "256M", "cpu_limit": "1c"}


def cycle(client: Client, name: str, values: dict[str, str]) -> list[float]:
    """Milliseconds of each of STEPS."""
    marks = [time.perf_counter()]
    client.create(name)
    marks.append(time.perf_counter())
    client.set(name, **values)
    marks.append(time.perf_counter())
    client.start(name)
    marks.append(time.perf_counter())
    client.wait(name)
    marks.append(time.perf_counter())
    client.destroy(name)
    marks.append(time.perf_counter())
    return [(end - begin) * 1e3 for begin, end in itertools.pairwise(marks)]


def measure(
    bench: Bench, client: Client, isolate: bool, budget: float, floor: float | None
) -> list[float]:
    """The steps' medians over many cycles, and the row of the median; totals are returned."""
    known = set(client.properties())
    limits = {key: value for key, value in LIMITS.items() if key in known}
    values = {"command": TRUE, "isolate": str(isolate).lower(), **limits}
    for turn in range(WARM_UP):
        cycle(client, f"warm-{turn}", values)
    taken = [cycle(client, f"cycle-{turn}", values) for turn in range(bench.size.cycles)]
    totals = [sum(steps) for steps in taken]
    parts = ", ".join(
        f"{step} {median([steps[at] for steps in taken]):.2f}" for at, step in enumerate(STEPS)
    )
    kind = "isolated" if isolate else "isolate=false"
    detail = f"{parts}; limits: {', '.join(limits) or 'none known'}"
    bench.report.add(
        Row(f"life cycle, {kind}: median", median(totals), "ms", budget, floor=floor, detail=detail)
    )
    return totals


def run(bench: Bench) -> None:
    """The life cycle rows."""
    floors = bench.floors
    isolated = floors.isolated_us / 1e3 if floors.isolated_us else None
    spawned = floors.spawn_us / 1e3 if floors.spawn_us else None
    with Rig() as rig, rig.client() as client:
        totals = measure(bench, client, True, 5.0, isolated)
        bench.report.add(Row("life cycle, isolated: p99", percentile(totals, 99), "ms", 20.0))
        measure(bench, client, False, 4.0, spawned)
