"""What a job that ended badly says, whole: to the pass that reads it, and in the log."""

import asyncio
import errno
import threading
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from porto.kernel.process.programs import Program
from porto.reconcilers.engine.jobs import Jobs
from porto.reconcilers.engine.jobs_values import Job, JobState, Phase
from porto.spec.errors import InvalidValue, Unknown
from tests.fakes.jobs import HANG, FakePrograms, run_virtual, say

BUSY = OSError(errno.EBUSY, "Device or resource busy")
AT_A_FILE = OSError(errno.EBUSY, "Device or resource busy", "memory.max")
WITHOUT_WORDS = OSError("nothing but words")
REFUSED = InvalidValue("cannot set it")


def first_end(*jobs: Job[int]) -> tuple[int, JobState]:
    """Submit these, and wait for the first of them that ends: its key, which is its place."""

    found: list[tuple[int, JobState]] = []

    async def main() -> None:
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        runner: Jobs[int] = Jobs(FakePrograms(), ended.set_result)
        for job in jobs:
            runner.submit(job)
        key = await ended
        state = runner.state(jobs[key].id)
        assert state is not None
        found.append((key, state))
        await runner.close()

    # Threads do not wait for time that only a loop believes in.
    run = run_virtual if all(isinstance(job.work, Program) for job in jobs) else asyncio.run
    run(main())
    return found[0]


def late(reason: str) -> JobState:
    return JobState(Phase.FAILED, errno=errno.ETIMEDOUT, reason=reason)


def test_one_that_took_too_long_was_killed() -> None:
    ended = first_end(Job("a", 0, "a", HANG, 5.0))
    assert ended == (0, late("took too long and was killed"))


def test_one_that_may_not_be_killed_takes_too_long() -> None:
    ended = first_end(Job("a", 0, "a", HANG, 5.0, False))
    assert ended == (0, late("takes too long and cannot be killed"))


def test_one_whose_turn_never_came_waited_too_long() -> None:
    running = [Job(f"a{number}", number, "a", HANG, 100.0) for number in range(2)]
    ended = first_end(*running, Job("a2", 2, "a", HANG, 100.0, True, 5.0))
    assert ended == (2, late("waited too long for its turn"))


@pytest.mark.parametrize(
    ("error", "number", "reason"),
    [
        (BUSY, errno.EBUSY, "Device or resource busy"),
        (AT_A_FILE, errno.EBUSY, "memory.max: Device or resource busy"),
        (WITHOUT_WORDS, 0, "nothing but words"),
        (REFUSED, 0, "cannot set it"),
    ],
)
def test_an_error_of_a_call_is_told_and_kept(error: Exception, number: int, reason: str) -> None:
    _, state = first_end(Job("a", 0, "a", raising(error), 60.0))
    assert state == JobState(Phase.FAILED, errno=number, reason=reason, cause=error)


def test_a_mistake_in_a_call_is_an_internal_error_and_logged() -> None:
    mistake = RuntimeError("mistake")
    with capture_logs() as logs:
        _, state = first_end(Job("a", 0, "a", raising(mistake), 60.0))
    text = "internal error: RuntimeError('mistake')"
    cause = state.cause
    assert isinstance(cause, Unknown)
    assert (cause.text, state) == (
        text,
        JobState(Phase.FAILED, reason=str(cause), cause=cause),
    )
    assert logs == [{"event": "job failed", "log_level": "error", "job": "a", "exc_info": mistake}]


@pytest.mark.parametrize(
    ("work", "logs"),
    [
        (say(0), []),
        (
            say(3),
            [{"event": "job failed", "log_level": "warning", "job": "a", "reason": "exit code 3"}],
        ),
    ],
)
def test_a_failure_that_no_pass_reads_is_logged(work: Program, logs: list[Any]) -> None:
    async def main() -> None:
        runner: Jobs[int] = Jobs(FakePrograms(), lambda key: None)
        runner.submit(Job("a", None, "a", work, 60.0))
        await asyncio.sleep(1.0)
        assert runner.state("a") is None

    with capture_logs() as found:
        run_virtual(main())
    assert found == logs


def test_a_failure_that_a_pass_reads_is_not_logged() -> None:
    with capture_logs() as logs:
        first_end(Job("a", 0, "a", say(3), 60.0))
    assert logs == []


def test_a_thread_of_a_call_is_named_for_who_looks() -> None:
    seen: list[tuple[str, bool]] = []

    def look() -> None:
        thread = threading.current_thread()
        seen.append((thread.name, thread.daemon))

    assert first_end(Job("a", 0, "a", look, 60.0)) == (0, JobState(Phase.DONE))
    assert seen == [("job", True)]


def raising(error: Exception) -> Callable[[], object]:
    def work() -> None:
        raise error

    return work
