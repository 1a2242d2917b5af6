"""Two walkers in processes of their own, each with its pair.

Used by `__main__.py`.
"""

import multiprocessing
import queue
import signal
import time
from collections.abc import Iterator, Sequence
from multiprocessing.queues import Queue

from tests.reliability.points import Point, parse
from tests.reliability.walk import Outcome, Verdict, Walker

WALKERS = 2
LOOK_S = 5.0
END = None
"""In a queue: there is no more."""


def walker(tasks: "Queue[tuple[str, str] | None]", results: "Queue[Outcome | None]") -> None:
    """Runs in: worker. Walk what comes until the end."""
    for signo in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signo, signal.SIG_IGN)  # the end comes through the queue
    walking = Walker()
    try:
        while (task := tasks.get()) is not END:
            life, point = task
            results.put(guarded(walking, life, parse(point)))
    finally:
        walking.close()
        results.put(END)


def guarded(walking: Walker, life: str, point: Point) -> Outcome:
    """A walk whose own collapse is a failure of the point."""
    started = time.monotonic()
    try:
        return walking.walk(life, point)
    except Exception as error:
        walking.close()
        seconds = time.monotonic() - started
        details = (f"{type(error).__name__}: {error}",)
        return Outcome(life, str(point), "", Verdict.FAILED, seconds, details)


def walk_all(work: Sequence[tuple[str, Point]], deadline: float) -> Iterator[Outcome]:
    """Outcomes as they come, until everything is walked or the time is over."""
    context = multiprocessing.get_context("spawn")
    tasks: Queue[tuple[str, str] | None] = context.Queue()
    results: Queue[Outcome | None] = context.Queue()
    left = iter(work)

    def feed() -> bool:
        task = next(left, None) if time.monotonic() < deadline else None
        tasks.put(None if task is None else (task[0], str(task[1])))
        return task is not None

    workers = [
        context.Process(target=walker, args=(tasks, results))
        for _ in range(min(WALKERS, len(work)))
    ]
    try:
        for worker in workers:
            worker.start()
            feed()
        running = len(workers)
        while running:
            try:
                outcome = results.get(timeout=LOOK_S)
            except queue.Empty:
                if not any(worker.is_alive() for worker in workers):
                    raise RuntimeError("the walkers are gone") from None
                continue
            if outcome is END:
                running -= 1
                continue
            feed()
            yield outcome
    finally:
        # Interrupted or not, each walker gives up its pair.
        for _ in workers:
            tasks.put(END)
        for worker in workers:
            worker.join()
