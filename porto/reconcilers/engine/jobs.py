"""Long work beside the passes: queued, bounded, fair between owners, observed by passes.

Built by `cli/daemon.py`. A pass submits a job and ends; when the job has ended its key is
enqueued, and the next pass reads the state as one more observed fact, and forgets it. What
is under way is not remembered beyond this daemon: a pass that finds the work undone, and no
job, submits it again. Programs run through `jobs_programs.py`, calls in threads.
"""

import asyncio
import contextlib
import errno
import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import structlog

from porto.kernel.process.programs import Program
from porto.reconcilers.engine.jobs_queue import FairQueue
from porto.reconcilers.engine.jobs_values import Bounds, Job, JobState, K, Phase
from porto.spec.errors import PortoError, Unknown

PROGRAMS = Bounds(per_owner=2, in_all=4)
CALLS = Bounds(per_owner=2, in_all=16)
"""A call that blocks in the kernel costs a thread and no processor."""
RESULTS_MAX = 4096
"""Results that nobody reads, beyond which the oldest is dropped."""

R = TypeVar("R")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: exit code, negative for a signal, and the end of its errors."""

    code: int
    errors: str = ""


class ProgramRunner(Protocol):
    """Runs programs; contract tests hold the fake and `jobs_programs.py` to this."""

    async def run(self, job_id: str, program: Program, told: Callable[[str], None]) -> Ended:
        """Run to the end; `told` gets lines of output, not each of them.

        Raises OSError when it cannot be started. When this is cancelled, or returns,
        nothing of the program runs any more.
        """

    async def recover(self) -> list[str]:
        """End what an earlier daemon left under way; the job ids. May be repeated."""


class _Entry(Generic[K]):
    """A known job.

    task   -- while its work goes on, which may be longer than anybody waits for it
    cause  -- why it is being killed
    expiry -- calls `_expire` at the deadline
    """

    __slots__ = ("cause", "expiry", "job", "state", "task")

    def __init__(self, job: Job[K], state: JobState) -> None:
        self.job = job
        self.state = state
        self.task: asyncio.Task[Ended] | None = None
        self.cause: JobState | None = None
        self.expiry: asyncio.TimerHandle | None = None

    def told(self, line: str) -> None:
        """The program has written a line."""
        if self.state.phase is Phase.RUNNING:
            first, _, rest = line.strip().partition(" ")
            units = int(first) if first.isdecimal() else self.state.units
            self.state = replace(
                self.state, units=units, text=rest if first.isdecimal() else line.strip()
            )


class Jobs(Generic[K]):
    """Use from one event loop."""

    def __init__(self, programs: ProgramRunner, on_end: Callable[[K], None]) -> None:
        """`on_end` gets the key of each job that has ended, however it did."""
        self._programs = programs
        self._on_end = on_end
        self._known: dict[str, _Entry[K]] = {}
        self._lingering: dict[str, _Entry[K]] = {}
        self._of_programs: FairQueue[_Entry[K]] = FairQueue(PROGRAMS)
        self._of_calls: FairQueue[_Entry[K]] = FairQueue(CALLS)
        self._closed = False

    # -- for passes ------------------------------------------------------------

    def submit(self, job: Job[K]) -> None:
        """Run it when it is its turn; nothing while a job of this id is known.

        That is: it waits, runs, or has a result that was not forgotten.
        """
        if self._closed or job.id in self._known:
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + job.patience
        entry = _Entry(job, JobState(Phase.QUEUED, deadline))
        entry.expiry = loop.call_at(deadline, self._expire, entry)
        self._known[job.id] = entry
        if job.id not in self._lingering:
            self._enqueue(entry)

    def ensure(self, job: Job[K]) -> bool:
        """Whether it has been done; it is submitted if it is not known. For a pass.

        A result is taken with that: the next call begins anew. Raises what it failed with,
        `JobState.error`.
        """
        state = self.state(job.id)
        if state is None:
            self.submit(job)
            return False
        self.forget(job.id)
        if state.has_ended and state.phase is not Phase.DONE:
            raise state.error()
        return state.has_ended

    def state(self, job_id: str) -> JobState | None:
        """What is known of a job; None when nothing is."""
        entry = self._known.get(job_id)
        return None if entry is None else entry.state

    def forget(self, job_id: str) -> None:
        """The result was taken: the same job may be submitted again. Nothing if there is none."""
        entry = self._known.get(job_id)
        if entry is not None and entry.state.has_ended:
            del self._known[job_id]

    def cancel(self, job_id: str) -> bool:
        """Whether the job is called off; not one that has ended or cannot be killed.

        What runs ends soon, and its state says so then.
        """
        entry = self._known.get(job_id)
        if entry is None or entry.state.has_ended:
            return False
        if entry.state.phase is Phase.QUEUED:
            self._withdraw(entry)
            self._finish(entry, JobState(Phase.CANCELLED))
            return True
        return self._kill(entry, JobState(Phase.CANCELLED))

    # -- for the composition root ------------------------------------------------

    async def recover(self) -> list[str]:
        """Before the first pass: end what an earlier daemon left under way; the job ids."""
        return await self._programs.recover()

    async def close(self) -> None:
        """Start no more, end what can be ended, and tell nobody: the next daemon looks anew."""
        self._closed = True
        running = []
        for entry in (*self._known.values(), *self._lingering.values()):
            if entry.expiry is not None:
                entry.expiry.cancel()
            if entry.task is not None and isinstance(entry.job.work, Program):
                running.append(entry.task)
                self._kill(entry, JobState(Phase.CANCELLED), by_force=True)
        await asyncio.gather(*running, return_exceptions=True)

    # -- inside ------------------------------------------------------------------

    def _queue(self, entry: _Entry[K]) -> FairQueue[_Entry[K]]:
        return self._of_programs if isinstance(entry.job.work, Program) else self._of_calls

    def _enqueue(self, entry: _Entry[K]) -> None:
        self._queue(entry).add(entry.job.owner, entry)
        self._start_some(self._queue(entry))

    def _withdraw(self, entry: _Entry[K]) -> None:
        if entry.job.id not in self._lingering:
            self._queue(entry).remove(entry.job.owner, entry)

    def _start_some(self, queue: FairQueue[_Entry[K]]) -> None:
        loop = asyncio.get_running_loop()
        while not self._closed and (entry := queue.next()) is not None:
            if entry.expiry is not None:
                entry.expiry.cancel()
            deadline = loop.time() + entry.job.timeout
            entry.expiry = loop.call_at(deadline, self._expire, entry)
            entry.state = JobState(Phase.RUNNING, deadline)
            entry.task = loop.create_task(self._work(entry))
            entry.task.add_done_callback(functools.partial(self._ended, entry))

    async def _work(self, entry: _Entry[K]) -> Ended:
        work = entry.job.work
        if isinstance(work, Program):
            return await self._programs.run(entry.job.id, work, entry.told)
        await in_thread(work)
        return Ended(0)

    def _kill(self, entry: _Entry[K], cause: JobState, *, by_force: bool = False) -> bool:
        if not (by_force or entry.job.can_be_killed):
            return False
        # Once only: the runner is not to be disturbed while it clears up.
        if entry.cause is None and entry.task is not None:
            entry.cause = cause
            entry.task.cancel()
        return True

    def _expire(self, entry: _Entry[K]) -> None:
        if entry.state.phase is Phase.QUEUED:
            self._withdraw(entry)
            self._finish(entry, _late("waited too long for its turn"))
        elif not self._kill(entry, _late("took too long and was killed")):
            # It goes on, and keeps its place; a job of the same id waits for it.
            self._lingering[entry.job.id] = entry
            self._finish(entry, _late("takes too long and cannot be killed"))

    def _ended(self, entry: _Entry[K], task: "asyncio.Task[Ended]") -> None:
        """The work is over: tell of it, if that was not done before, and let others start."""
        queue = self._queue(entry)
        queue.done(entry.job.owner)
        entry.task = None
        if self._closed:
            return
        if not entry.state.has_ended:
            self._finish(entry, self._outcome(entry, task))
        elif self._lingering.pop(entry.job.id, None) is not None:
            waiting = self._known.get(entry.job.id)
            if waiting is not None and waiting.state.phase is Phase.QUEUED:
                queue.add(waiting.job.owner, waiting)
        self._start_some(queue)

    def _outcome(self, entry: _Entry[K], task: "asyncio.Task[Ended]") -> JobState:
        if task.cancelled():
            return entry.cause or JobState(Phase.CANCELLED)
        error = task.exception()
        if isinstance(error, OSError):
            subject = f"{error.filename}: " if error.filename else ""
            reason = f"{subject}{error.strerror or error}"
            return JobState(Phase.FAILED, errno=error.errno or 0, reason=reason, cause=error)
        if isinstance(error, PortoError):
            return JobState(Phase.FAILED, reason=str(error), cause=error)
        if error is not None:
            log.error("job failed", job=entry.job.id, exc_info=error)
            unknown = Unknown(f"internal error: {error!r}")
            return JobState(Phase.FAILED, reason=str(unknown), cause=unknown)
        ended, state = task.result(), entry.state
        work = entry.job.work
        if not isinstance(work, Program):
            return JobState(Phase.DONE)
        known = JobState(Phase.DONE, None, state.units, state.text, exit_code=ended.code)
        if ended.code == 0:
            return known
        number = ended.code if work.tells_errno and ended.code > 0 else 0
        reason = ended.errors or _ending(ended.code)
        return replace(known, phase=Phase.FAILED, errno=number, reason=reason)

    def _finish(self, entry: _Entry[K], state: JobState) -> None:
        if entry.expiry is not None:
            entry.expiry.cancel()
        entry.state = state
        del self._known[entry.job.id]
        if entry.job.key is not None:
            self._keep(entry)
            self._on_end(entry.job.key)
        elif state.phase is Phase.FAILED:
            log.warning("job failed", job=entry.job.id, reason=state.reason)

    def _keep(self, entry: _Entry[K]) -> None:
        """Until the result is forgotten, or is the oldest of too many."""
        self._known[entry.job.id] = entry
        if len(self._known) > RESULTS_MAX:
            oldest = next(id for id, e in self._known.items() if e.state.has_ended)
            del self._known[oldest]


def _late(reason: str) -> JobState:
    return JobState(Phase.FAILED, errno=errno.ETIMEDOUT, reason=reason)


def _ending(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def in_thread(work: Callable[[], R]) -> "asyncio.Future[R]":
    """Run a call in a thread of its own, which the end of the daemon does not wait for."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[R] = loop.create_future()

    def run() -> None:
        settle: Callable[[], None]
        try:
            settle = functools.partial(future.set_result, work())
        except Exception as error:
            settle = functools.partial(future.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(lambda: None if future.done() else settle())

    threading.Thread(target=run, name="job", daemon=True).start()
    return future
