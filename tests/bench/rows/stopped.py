"""Many containers that exist and do nothing."""

import time

from tests.bench.figures import Row, median
from tests.bench.floors import Echo
from tests.bench.plan import WHOLE, Bench
from tests.bench.rig import Rig
from tests.bench.wire import LIST, Client, get_request, request

SETTLE_S = 1.0


def timed_reply(client: Client, frame: bytes, count: int) -> tuple[float, int]:
    """(median milliseconds until the whole reply is here, its size)."""
    size = len(client.call(frame))
    samples = []
    for _ in range(count):
        begin = time.perf_counter()
        client.exchange(frame)
        samples.append((time.perf_counter() - begin) * 1e3)
    return median(samples), size


def timed_against_echo(
    bench: Bench, client: Client, frame: bytes, count: int
) -> tuple[float, float, int]:
    """(milliseconds, milliseconds of an echo of as many bytes, bytes)."""
    taken, size = timed_reply(client, frame, count)
    with Echo(bench.scratch) as echo:
        floor = echo.round_trip_us(size, count) / 1e3
    return taken, floor, size


def run(bench: Bench) -> None:
    """Rows of many stopped containers."""
    count, report = bench.size.stopped, bench.report
    note = "" if bench.size is WHOLE else f"quick: {count} instead of {WHOLE.stopped}"
    with Rig() as rig, rig.client() as client:
        client.create("first")
        client.get(["first"], client.properties())
        time.sleep(SETTLE_S)
        before = rig.memory_bytes()
        names = [f"stopped-{turn}" for turn in range(count)]
        for name in names:
            client.create(name)
            client.set(name, command="sleep 1000")
        time.sleep(SETTLE_S)
        each = (rig.memory_bytes() - before) / count / 1e3
        report.add(Row("memory of one stopped container", each, "kB", 20, detail=note))

        taken, floor, size = timed_against_echo(
            bench, client, request(LIST), 10 * bench.size.heavy_gets
        )
        report.add(
            Row(
                f"list, {count} containers",
                taken * 1e3,
                "us",
                150,
                floor=floor * 1e3,
                detail=f"{size} bytes",
            )
        )
        frame = get_request(["***"], client.properties())
        taken, floor, size = timed_against_echo(bench, client, frame, bench.size.heavy_gets)
        report.add(
            Row(
                f"all properties of {count} stopped",
                taken,
                "ms",
                100,
                floor=floor,
                detail=f"{size} bytes",
            )
        )
        for name in ["first", *names]:
            client.destroy(name)
