"""The job runner: states, ends, bounds, deadlines, with programs in memory."""

import asyncio
import errno
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from porto.kernel.process.programs import Program
from porto.reconcilers.engine import jobs as jobs_module
from porto.reconcilers.engine.jobs import PROGRAMS, Jobs
from porto.reconcilers.engine.jobs_values import Call, Job, JobState, Phase
from porto.spec.errors import InvalidValue, PortoError
from tests.fakes.jobs import HANG, FakePrograms, run_virtual, say


class World:
    """Jobs whose keys are numbers."""

    def __init__(self) -> None:
        self.programs = FakePrograms()
        self.ended: list[int] = []
        self.news = asyncio.Event()
        self.jobs: Jobs[int] = Jobs(self.programs, self._on_end)

    def _on_end(self, key: int) -> None:
        self.ended.append(key)
        self.news.set()

    def submit(
        self,
        id: str,
        work: Program | Call = HANG,
        *,
        key: int | None = 1,
        owner: str = "",
        timeout: float = 60.0,
        killable: bool = True,
        patience: float = 3600.0,
    ) -> None:
        job = Job(id, key, owner or id[0], work, timeout, killable, patience)
        self.jobs.submit(job)

    def phase(self, id: str) -> Phase | None:
        state = self.jobs.state(id)
        return state and state.phase

    def known(self, id: str) -> JobState:
        state = self.jobs.state(id)
        assert state is not None
        return state

    async def settled(self) -> None:
        """Until all that can happen without time going by has happened."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def next_end(self) -> int:
        """Wait for a key; time goes by."""
        self.news.clear()
        await self.news.wait()
        return self.ended[-1]


def world_test(body: Callable[[World], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """A test in virtual time."""

    def test() -> None:
        async def main() -> None:
            await body(World())

        run_virtual(main())

    test.__name__, test.__doc__ = body.__name__, body.__doc__
    return test


@world_test
async def test_a_program_ends_and_its_key_gets_a_pass(world: World) -> None:
    world.submit("a", say(0), key=7)
    assert world.phase("a") is Phase.RUNNING
    assert world.ended == []
    await world.settled()
    assert world.ended == [7]
    assert world.known("a") == JobState(Phase.DONE, exit_code=0)


@world_test
async def test_the_same_id_is_the_same_job_until_its_result_is_forgotten(world: World) -> None:
    world.submit("a", say(0))
    world.submit("a", say(0))
    await world.settled()
    world.submit("a", say(0))
    await world.settled()
    assert world.programs.started == ["a"]
    world.jobs.forget("a")
    assert world.jobs.state("a") is None
    world.submit("a", say(0))
    await world.settled()
    assert world.programs.started == ["a", "a"]


@world_test
async def test_what_has_no_result_cannot_be_forgotten(world: World) -> None:
    world.submit("a")
    await world.settled()
    world.jobs.forget("a")
    world.jobs.forget("nobody")
    assert world.phase("a") is Phase.RUNNING


@world_test
async def test_progress_is_read_while_it_runs_and_after(world: World) -> None:
    world.submit("a")
    await world.settled()
    world.programs.told["a"]("12 files removed\n")
    assert (world.known("a").units, world.known("a").text) == (12, "files removed")
    world.programs.told["a"]("nearly there")
    assert (world.known("a").units, world.known("a").text) == (12, "nearly there")
    world.programs.end("a")
    await world.settled()
    assert world.known("a") == JobState(Phase.DONE, units=12, text="nearly there", exit_code=0)


@pytest.mark.parametrize(
    ("program", "code", "errors", "number", "reason"),
    [
        (HANG, 3, "no space", 0, "no space"),
        (HANG, 3, "", 0, "exit code 3"),
        (HANG, -9, "", 0, "killed by signal 9"),
        (Program(("hang",), tells_errno=True), 28, "no space", 28, "no space"),
        (Program(("hang",), tells_errno=True), -9, "", 0, "killed by signal 9"),
    ],
)
def test_a_failure_says_what_it_was(
    program: Program, code: int, errors: str, number: int, reason: str
) -> None:
    @world_test
    async def body(world: World) -> None:
        world.submit("a", program)
        await world.settled()
        world.programs.end("a", code, errors)
        await world.settled()
        state = world.known("a")
        assert state.phase is Phase.FAILED
        assert (state.errno, state.reason, state.exit_code) == (number, reason, code)
        assert state.error().errno == (number or errno.EIO)
        assert state.error().strerror == reason

    body()


@world_test
async def test_one_that_cannot_be_started_has_failed(world: World) -> None:
    def gone() -> int:
        raise FileNotFoundError(errno.ENOENT, "no such directory", "/place/a")

    world.submit("a", Program(("hang",), (gone,)), key=4)
    await world.settled()
    state = world.known("a")
    assert (state.phase, state.errno) == (Phase.FAILED, errno.ENOENT)
    assert state.reason == "/place/a: no such directory"
    assert world.ended == [4]


@world_test
async def test_a_mistake_of_ours_is_a_failure_and_frees_the_place(world: World) -> None:
    def broken() -> int:
        raise RuntimeError("mistake")

    for number in range(PROGRAMS.in_all + 1):
        world.submit(f"a{number}", Program(("hang",), (broken,)))
    await world.settled()
    assert [world.phase(f"a{n}") for n in range(PROGRAMS.in_all + 1)] == [Phase.FAILED] * 5
    assert "mistake" in world.known("a0").reason


@world_test
async def test_a_hundred_of_one_owner_delay_no_other(world: World) -> None:
    for number in range(100):
        world.submit(f"a{number}")
    world.submit("b0")
    await world.settled()
    assert world.programs.started == ["a0", "a1", "b0"]


@world_test
async def test_a_third_owner_waits_for_one_of_the_running(world: World) -> None:
    for owner in "ab":
        for number in range(10):
            world.submit(f"{owner}{number}")
    world.submit("c0")
    await world.settled()
    assert world.phase("c0") is Phase.QUEUED
    world.programs.end("a0")
    await world.settled()
    # Not for another of the owner who has one running still.
    assert world.programs.started == ["a0", "a1", "b0", "b1", "c0"]


@world_test
async def test_a_deadline_kills(world: World) -> None:
    world.submit("a", timeout=5.0, key=2)
    before = asyncio.get_running_loop().time()
    assert world.known("a").deadline == before + 5.0
    assert await world.next_end() == 2
    assert asyncio.get_running_loop().time() == pytest.approx(before + 5.0)
    state = world.known("a")
    assert (state.phase, state.errno) == (Phase.FAILED, errno.ETIMEDOUT)
    assert world.programs.running == {}


@world_test
async def test_waiting_for_a_turn_has_an_end(world: World) -> None:
    for number in range(2):
        world.submit(f"a{number}", timeout=100.0)
    world.submit("a2", patience=5.0, key=9)
    assert world.known("a2").deadline == asyncio.get_running_loop().time() + 5.0
    assert await world.next_end() == 9
    assert (world.phase("a2"), world.known("a2").errno) == (Phase.FAILED, errno.ETIMEDOUT)
    world.programs.end("a0")
    await world.settled()
    assert world.programs.started == ["a0", "a1"]


@world_test
async def test_a_turn_that_came_has_a_deadline_of_its_own(world: World) -> None:
    for number in range(3):
        world.submit(f"a{number}", timeout=100.0, patience=5.0)
    world.programs.started.clear()
    await asyncio.sleep(4.0)
    world.programs.end("a0")
    await asyncio.sleep(4.0)
    assert world.phase("a2") is Phase.RUNNING


@world_test
async def test_a_queued_job_is_cancelled_at_once(world: World) -> None:
    for number in range(3):
        world.submit(f"a{number}", key=number)
    assert world.jobs.cancel("a2")
    assert (world.phase("a2"), world.ended) == (Phase.CANCELLED, [2])
    await world.settled()
    world.programs.end("a0")
    await world.settled()
    assert world.programs.started == ["a0", "a1"]


@world_test
async def test_a_running_job_is_cancelled_when_nothing_of_it_runs(world: World) -> None:
    world.programs.slow_to_die = asyncio.Event()
    world.submit("a", key=3)
    await world.settled()
    assert world.jobs.cancel("a")
    await world.settled()
    assert world.jobs.cancel("a")
    await world.settled()
    assert (world.phase("a"), world.ended) == (Phase.RUNNING, [])
    world.programs.slow_to_die.set()
    await world.settled()
    assert (world.phase("a"), world.ended) == (Phase.CANCELLED, [3])
    assert not world.jobs.cancel("a")
    assert not world.jobs.cancel("nobody")


@world_test
async def test_one_that_is_cancelled_before_it_began_never_begins(world: World) -> None:
    world.submit("a")
    assert world.jobs.cancel("a")
    await world.settled()
    assert (world.phase("a"), world.programs.started) == (Phase.CANCELLED, [])


@world_test
async def test_one_that_may_not_be_killed_is_given_up_and_keeps_its_place(world: World) -> None:
    world.submit("a1", killable=False, timeout=5.0)
    world.submit("a2", timeout=100.0)
    world.submit("a3", timeout=100.0)
    await world.settled()
    assert not world.jobs.cancel("a1")
    await world.next_end()
    assert (world.phase("a1"), world.known("a1").errno) == (Phase.FAILED, errno.ETIMEDOUT)
    assert world.programs.started == ["a1", "a2"]
    # The same work again: not beside the first, which still goes on.
    world.jobs.forget("a1")
    world.submit("a1")
    await world.settled()
    assert world.phase("a1") is Phase.QUEUED
    world.programs.end("a1")
    await world.settled()
    assert world.ended == [1]
    assert world.programs.started == ["a1", "a2", "a3"]
    world.programs.end("a2")
    await world.settled()
    assert world.programs.started == ["a1", "a2", "a3", "a1"]


@world_test
async def test_one_that_waits_for_its_former_self_can_be_cancelled(world: World) -> None:
    world.submit("a", killable=False, timeout=5.0)
    await world.next_end()
    world.jobs.forget("a")
    world.submit("a")
    assert world.jobs.cancel("a")
    world.programs.end("a")
    await world.settled()
    assert (world.phase("a"), world.programs.started) == (Phase.CANCELLED, ["a"])


@world_test
async def test_results_that_nobody_reads_are_dropped_and_what_runs_is_not(world: World) -> None:
    limit = jobs_module.RESULTS_MAX
    jobs_module.RESULTS_MAX = 3
    try:
        world.submit("z")
        for number in range(4):
            world.submit(f"a{number}", say(0))
            await world.settled()
    finally:
        jobs_module.RESULTS_MAX = limit
    assert [world.phase(f"a{n}") for n in range(4)] == [None, None, Phase.DONE, Phase.DONE]
    assert world.phase("z") is Phase.RUNNING


@world_test
async def test_a_job_without_a_key_leaves_no_result(world: World) -> None:
    world.submit("a", say(0), key=None)
    world.submit("b", say(1), key=None)
    await world.settled()
    assert (world.jobs.state("a"), world.jobs.state("b"), world.ended) == (None, None, [])
    world.submit("a", say(0), key=None)
    await world.settled()
    assert sorted(world.programs.started) == ["a", "a", "b"]


@world_test
async def test_closing_ends_what_runs_starts_nothing_and_tells_nobody(world: World) -> None:
    for number in range(3):
        world.submit(f"a{number}", killable=number != 0)
    await world.settled()
    await world.jobs.close()
    assert world.programs.running == {}
    assert (world.programs.started, world.ended) == (["a0", "a1"], [])
    world.submit("b")
    await world.settled()
    assert world.jobs.state("b") is None


@world_test
async def test_what_an_earlier_daemon_left_is_reported_once(world: World) -> None:
    world.programs.left = ["a"]
    assert await world.jobs.recover() == ["a"]
    assert await world.jobs.recover() == []


# Calls: threads are real, and so is time.


def real_test(body: Callable[[World], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def test() -> None:
        async def main() -> None:
            await body(World())

        asyncio.run(main())

    test.__name__, test.__doc__ = body.__name__, body.__doc__
    return test


@real_test
async def test_a_call_runs_in_a_thread_of_its_own(world: World) -> None:
    seen: list[threading.Thread] = []
    world.submit("a", lambda: seen.append(threading.current_thread()), key=5)
    assert await world.next_end() == 5
    assert world.known("a") == JobState(Phase.DONE)
    assert seen[0] is not threading.current_thread()
    assert seen[0].daemon


@real_test
async def test_a_call_fails_with_its_error(world: World) -> None:
    def refused() -> None:
        raise OSError(errno.EBUSY, "Device or resource busy", "memory.limit_in_bytes")

    world.submit("a", refused)
    await world.next_end()
    state = world.known("a")
    assert (state.phase, state.errno) == (Phase.FAILED, errno.EBUSY)
    assert state.reason == "memory.limit_in_bytes: Device or resource busy"


@real_test
async def test_a_pass_ensures_a_call_and_gets_its_error_once(world: World) -> None:
    refused = OSError(errno.EBUSY, "Device or resource busy", "memory.limit_in_bytes")
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise refused

    job = Job("a", 1, "a", work, timeout=60.0)
    assert not world.jobs.ensure(job)
    assert not world.jobs.ensure(job)
    await world.next_end()
    with pytest.raises(OSError, match="busy") as caught:
        world.jobs.ensure(job)
    assert caught.value is refused
    assert not world.jobs.ensure(job)
    await world.next_end()
    assert world.jobs.ensure(job)
    assert world.jobs.state("a") is None
    assert len(calls) == 2


@pytest.mark.parametrize("raised", [InvalidValue("too low"), RuntimeError("mistake")])
def test_other_errors_of_a_call_are_errors_of_ours(raised: Exception) -> None:
    @real_test
    async def body(world: World) -> None:
        def work() -> None:
            raise raised

        job = Job("a", 1, "a", work, timeout=60.0)
        world.jobs.submit(job)
        await world.next_end()
        with pytest.raises(PortoError, match=str(raised)) as caught:
            world.jobs.ensure(job)
        assert isinstance(caught.value, InvalidValue) is isinstance(raised, InvalidValue)

    body()


@real_test
async def test_a_call_cannot_be_cancelled_and_does_not_hold_programs_up(world: World) -> None:
    gate = threading.Event()
    world.submit("a", gate.wait, timeout=0.05)
    world.submit("a-program", say(0), key=8)
    assert await world.next_end() == 8
    assert not world.jobs.cancel("a")
    await world.next_end()
    assert world.known("a").errno == errno.ETIMEDOUT
    world.jobs.forget("a")
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    world.submit("a", lambda: loop.call_soon_threadsafe(done.set))
    assert world.phase("a") is Phase.QUEUED
    gate.set()
    await done.wait()
    await world.jobs.close()
