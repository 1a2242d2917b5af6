"""What controllers cost: reading statistics, one pass, and keeping everything true.

The containers are of the first level, so each has cgroups of its own in every hierarchy,
and carries limits.
"""

import time

from tests.bench.figures import Row, median
from tests.bench.plan import Bench
from tests.bench.rig import Rig
from tests.bench.rows.running import SETTLE_S, fill
from tests.bench.wire import Client

LIMITS = {
    "thread_limit": "1000",
    "memory_limit": "64M",
    "cpu_limit": "1c",
    "cpu_weight": "1.5",
    "io_policy": "normal",
}
STATISTICS = (
    "memory_usage",
    "anon_usage",
    "cache_usage",
    "minor_faults",
    "major_faults",
    "oom_kills",
    "cpu_usage",
    "cpu_usage_system",
    "cpu_throttled",
    "io_read",
    "io_write",
    "io_ops",
    "thread_count",
    "process_count",
)
QUIET_S = 7.0
"""Longer than a resync: by then every container has had its first full look."""


def passes(client: Client, name: str, turns: int) -> float:
    """Median milliseconds of a live change: written, applied by a pass, answered."""
    samples = []
    for turn in range(turns):
        begin = time.perf_counter()
        client.set(name, thread_limit=str(100 + turn))
        samples.append((time.perf_counter() - begin) * 1e3)
    return median(samples)


def idle(rig: Rig, seconds: float) -> float:
    """Percent of one processor that both processes use while nothing happens."""
    used, begin = rig.cpu_ns(), time.monotonic_ns()
    time.sleep(seconds)
    return (rig.cpu_ns() - used) / (time.monotonic_ns() - begin) * 100


def run(bench: Bench) -> None:
    """Rows of the resource facets."""
    size, report = bench.size, bench.report
    with Rig() as rig, rig.client() as client:
        known = set(client.properties())
        limits = {key: value for key, value in LIMITS.items() if key in known}
        reachable = [key for key in STATISTICS if key in known]
        counts = (1, size.running // 5, size.running, 2 * size.running)
        made: list[str] = []
        alone = 0.0
        for count in counts:
            fresh = [f"box-{turn}" for turn in range(len(made), count)]
            fill(rig, fresh, **limits)
            made += fresh
            taken = passes(client, "box-0", size.heavy_gets * 4)
            alone = alone or taken
            report.add(
                Row(
                    f"live set and its pass, {count} running",
                    taken,
                    "ms",
                    alone * 1.5 if count > 1 else None,
                    floor=alone,
                )
            )
            if count == size.running:
                statistics(bench, client, reachable)
                time.sleep(max(QUIET_S, SETTLE_S))
                report.add(
                    Row(
                        f"idle processor time, {count} running with all controllers",
                        idle(rig, size.idle_s),
                        "%",
                        1.0,
                        detail=f"limits: {', '.join(limits)}",
                    )
                )


def statistics(bench: Bench, client: Client, reachable: list[str]) -> None:
    """Microseconds per container of each statistic, and of all at once."""
    count = bench.size.running
    each = {}
    for key in reachable:
        each[key] = read(client, [key], bench.size.heavy_gets) / count * 1e6
    whole = read(client, reachable, bench.size.heavy_gets) / count * 1e6
    detail = ", ".join(f"{key} {taken:.1f}" for key, taken in each.items())
    bench.report.add(
        Row(f"{len(reachable)} statistics of one container", whole, "us", None, detail=detail)
    )


def read(client: Client, keys: list[str], turns: int) -> float:
    """Median seconds of one get of these of all containers."""
    samples = []
    for _ in range(turns):
        begin = time.perf_counter()
        client.get(["box-*"], keys)
        samples.append(time.perf_counter() - begin)
    return median(samples)
