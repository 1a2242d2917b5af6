"""What one owner's crowd costs the owner of a single container: his `set` and his `get`.

The crowd's requests are sent at once, each over a connection of its own, and their replies are
left unread meanwhile: beside the daemon, only the measured client runs.
"""

import itertools
import select
import time
from collections.abc import Callable
from contextlib import ExitStack

from tests.bench.figures import Row, percentile
from tests.bench.floors import TRUE
from tests.bench.plan import Bench
from tests.bench.rig import Rig
from tests.bench.wire import START, STOP, Client, request

SINGLE = "single"
CROWD = "crowd"
STARTERS = 100
RESPAWNERS = 20
SET_MS = 20.0
GET_MS = 5.0
KEYS = ("state", "thread_limit")


class Single:
    """The measured client: sets and gets in turn; milliseconds of each."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._limits = itertools.cycle(("100", "200"))
        self.sets: list[float] = []
        self.gets: list[float] = []

    def prepare(self) -> None:
        """The container, started."""
        self._client.create(SINGLE)
        self._client.set(SINGLE, command="sleep 100000", thread_limit="100")
        self._client.start(SINGLE)

    def go_on(self, is_over: Callable[[], bool]) -> None:
        """Measure anew until it is over."""
        self.sets, self.gets = [], []
        while not is_over():
            begin = time.perf_counter()
            self._client.set(SINGLE, thread_limit=next(self._limits))
            middle = time.perf_counter()
            self._client.get([SINGLE], KEYS)
            end = time.perf_counter()
            self.sets.append((middle - begin) * 1e3)
            self.gets.append((end - middle) * 1e3)


def after(seconds: float) -> Callable[[], bool]:
    """Whether that time has passed since now."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def at_once(rig: Rig, single: Single, method: int, names: list[str]) -> None:
    """Measure while the daemon does the same for all these containers."""
    with ExitStack() as stack:
        clients = [stack.enter_context(rig.client()) for _ in names]
        waiting = {client.socket.fileno(): client for client in clients}
        poll = select.poll()
        for descriptor in waiting:
            poll.register(descriptor, select.POLLIN)
        for client, name in zip(clients, names, strict=True):
            client.socket.sendall(request(method, (1, name)))

        def is_over() -> bool:
            for descriptor, _ in poll.poll(0):
                poll.unregister(descriptor)
                waiting.pop(descriptor).socket.recv(1 << 16)
            return not waiting

        single.go_on(is_over)


def rows(bench: Bench, single: Single, during: str, quiet: dict[str, float]) -> None:
    """Both rows of what was measured last."""
    for verb, samples, budget in (("set", single.sets, SET_MS), ("get", single.gets, GET_MS)):
        worst = percentile(samples, 99)
        quiet.setdefault(verb, worst)
        bench.report.add(
            Row(
                f"{verb} during {during}: p99",
                worst,
                "ms",
                budget,
                floor=quiet[verb],
                detail=f"p50 {percentile(samples, 50):.2f}, most {max(samples):.2f}, "
                f"{len(samples)} samples",
            )
        )


def run(bench: Bench) -> None:
    """The rows of fairness."""
    quiet: dict[str, float] = {}
    seconds = bench.size.throughput_s
    names = [f"{CROWD}/{turn}" for turn in range(STARTERS)]
    with Rig() as rig, rig.client() as client, rig.client() as crowd:
        single = Single(client)
        single.prepare()
        crowd.create(CROWD)
        crowd.start(CROWD)
        single.go_on(after(seconds))
        rows(bench, single, "nothing else", quiet)
        for name in names:
            crowd.create(name)
            crowd.set(name, command="sleep 100000")
        at_once(rig, single, START, names)
        rows(bench, single, f"{STARTERS} starts", quiet)
        at_once(rig, single, STOP, names)
        rows(bench, single, f"{STARTERS} stops", quiet)
        for name in names[:RESPAWNERS]:
            crowd.set(name, command=TRUE, respawn="true", respawn_delay="0")
            crowd.start(name)
        single.go_on(after(seconds))
        rows(bench, single, f"{RESPAWNERS} respawns without delay", quiet)
