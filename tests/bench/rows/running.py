"""Many containers that run: what they cost, what they slow down, what survives."""

import os
import signal
import threading
import time
from pathlib import Path

from tests.bench.figures import Row, median
from tests.bench.floors import TRUE
from tests.bench.plan import Bench
from tests.bench.rig import Rig, smaps
from tests.bench.rows.stopped import timed_against_echo
from tests.bench.wire import Client, Refused, get_request

CONNECTIONS = 8
SETTLE_S = 2.0
RETURN_LIMIT_S = 60.0
TREE = "tree"


def starts(client: Client, count: int) -> float:
    """Median milliseconds of start alone, of an isolated container that ends at once."""
    samples = []
    for turn in range(count):
        name = f"probe-{turn}"
        client.create(name)
        client.set(name, command=TRUE)
        begin = time.perf_counter()
        client.start(name)
        samples.append((time.perf_counter() - begin) * 1e3)
        client.wait(name)
        client.destroy(name)
    return median(samples)


def fill(rig: Rig, names: list[str], **values: str) -> None:
    """Create and start the containers, by several clients."""
    failures: list[BaseException] = []

    def work(part: list[str]) -> None:
        try:
            with rig.client() as client:
                for name in part:
                    client.create(name)
                    client.set(name, command="sleep 100000", **values)
                    client.start(name)
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=work, args=(names[turn::CONNECTIONS],))
        for turn in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def init_bytes(task: int, master: int) -> int:
    """Private memory of the pid 1 of the container that a task runs in; 0: it has none."""
    try:
        status = Path(f"/proc/{task}/status").read_text()
        parent = int(status.split("PPid:")[1].split()[0])
        if parent == master:
            return 0
        sizes = smaps(parent)
    except OSError:
        return 0
    return sizes["Private_Clean"] + sizes["Private_Dirty"]


def alive(task: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return ") Z " not in Path(f"/proc/{task}/stat").read_text()
    except OSError:
        return False


def tasks(client: Client, names: list[str]) -> dict[str, int]:
    """Pids of the main tasks of those that run."""
    found = client.get(names, ["state", "root_pid"])
    return {
        name: int(values["root_pid"])
        for name, values in found.items()
        if values.get("state") == "running" and "root_pid" in values
    }


def answered(rig: Rig, deadline: float) -> Client:
    """A connection over which the daemon has answered."""
    while True:
        try:
            client = rig.client()
            try:
                client.version()
                return client
            except BaseException:
                client.close()
                raise
        except (OSError, Refused):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def survival(bench: Bench, rig: Rig, names: list[str], before: dict[str, int]) -> None:
    """Kill the daemon; time until it answers and until it knows all containers again."""
    old = rig.daemon_pid()
    begin = time.monotonic()
    deadline = begin + RETURN_LIMIT_S
    os.kill(old, signal.SIGKILL)
    with answered(rig, deadline) as client:
        answers = time.monotonic() - begin
        after = tasks(client, names)
        while len(after) < len(before) and time.monotonic() < deadline:
            time.sleep(0.02)
            after = tasks(client, names)
        adopted = time.monotonic() - begin
    lost = sum(1 for name, pid in before.items() if after.get(name) != pid or not alive(pid))
    add = bench.report.add
    add(Row(f"daemon killed, {len(names)} running: answers", answers, "s", 0.5))
    add(Row(f"daemon killed, {len(names)} running: all adopted", adopted, "s", 2.0))
    add(Row("containers lost by that", lost, "", 0))


def run(bench: Bench) -> None:
    """Rows of many running containers."""
    size, report = bench.size, bench.report
    names = [f"{TREE}/{turn}" for turn in range(size.running)]
    with Rig() as rig, rig.client() as client:
        known = client.properties()
        starts(client, 5)
        empty = starts(client, size.starts)
        client.create(TREE)
        client.start(TREE)
        client.get([TREE], known)
        time.sleep(SETTLE_S)
        before = rig.memory_bytes()
        fill(rig, names)
        time.sleep(SETTLE_S)
        own = (rig.memory_bytes() - before) / size.running
        pids = tasks(client, names)
        master = rig.pids()[0]
        inits = median([init_bytes(pid, master) for pid in pids.values()])
        report.add(
            Row(
                "memory of one running container",
                (own + inits) / 1e3,
                "kB",
                64,
                detail=f"daemon and master {own / 1e3:.1f}, its init {inits / 1e3:.1f}. "
                f"{bench.scaled}",
            )
        )
        full = starts(client, size.starts)
        report.add(
            Row(
                f"start with {size.running} running / on an empty host",
                full / empty,
                "x",
                1.3,
                detail=f"{full:.2f} ms / {empty:.2f} ms",
            )
        )
        counters = [key for key in ("state", "cpu_usage", "memory_usage") if key in known]
        taken, floor, _ = timed_against_echo(
            bench, client, get_request([f"{TREE}/*"], counters), size.heavy_gets
        )
        report.add(
            Row(f"{', '.join(counters)} of {size.running} running", taken, "ms", 15, floor=floor)
        )
        taken, floor, count = timed_against_echo(
            bench, client, get_request([f"{TREE}/*"], known), size.heavy_gets
        )
        report.add(
            Row(
                f"all properties of {size.running} running",
                taken,
                "ms",
                200,
                floor=floor,
                detail=f"{count} bytes",
            )
        )
        time.sleep(SETTLE_S)
        used, begin = rig.cpu_ns(), time.monotonic_ns()
        time.sleep(size.idle_s)
        share = (rig.cpu_ns() - used) / (time.monotonic_ns() - begin) * 100
        report.add(
            Row(
                f"idle processor time, {size.running} running",
                share,
                "%",
                1.0,
                detail=f"{size.idle_s:.0f} s",
            )
        )
        survival(bench, rig, names, pids)
        with answered(rig, time.monotonic() + RETURN_LIMIT_S) as again:
            moment = time.perf_counter()
            again.destroy(TREE)
            seconds = time.perf_counter() - moment
        left = sum(alive(pid) for pid in pids.values())
        report.add(
            Row(
                f"destroy a tree of {size.running} running",
                seconds,
                "s",
                3.0,
                detail=f"{left} processes left. {bench.scaled}".strip(),
            )
        )
