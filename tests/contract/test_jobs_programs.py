"""The contract of `jobs.ProgramRunner`: in memory, with fake cgroups, and on the kernel."""

import asyncio
import json
import os
import signal
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from porto.kernel.cgroup.hierarchies import parse_mountinfo
from porto.kernel.cgroup.v2.driver import V2Driver
from porto.kernel.file.notes import Notes
from porto.kernel.mount.mountinfo import open_mountinfo
from porto.kernel.process import processes
from porto.kernel.process.programs import NOT_STARTED, Program, spawn
from porto.reconcilers.engine.jobs import Ended, ProgramRunner
from porto.reconcilers.engine.jobs_programs import CgroupPrograms
from tests.contract.worlds import FakeWorld, KernelWorld
from tests.fakes import jobs as fake
from tests.fakes.cgroupfs import COMOUNTED, SPLIT
from tests.fakes.ports import make_kernel
from tests.patience import LIMIT_S, until

FAKES = {"v1": SPLIT, "comounted": COMOUNTED, "hybrid": (*SPLIT, "v2"), "v2": ("v2",)}
KERNEL = pytest.param("kernel", marks=pytest.mark.needs("root", "cgroup"))
UNIFIED = pytest.param("unified", marks=pytest.mark.needs("root", "cgroup2-mounted"))


class InMemory:
    """No process at all."""

    runner: ProgramRunner = fake.FakePrograms()
    hang = fake.HANG

    def say(self, code: int, *lines: str) -> Program:
        return fake.say(code, *lines)

    def unstartable(self) -> Program:
        return Program(("say", "0"), (self._gone,))

    @staticmethod
    def _gone() -> int:
        raise FileNotFoundError(2, "gone", "/gone")

    def leftovers(self) -> list[str]:
        assert isinstance(self.runner, fake.FakePrograms)
        return list(self.runner.running)

    def close(self) -> None:
        """Nothing to do."""


class Real(InMemory):
    """Real processes; the cgroups are those of a `World`."""

    hang = Program(("/bin/sh", "-c", "echo $$; sleep 600 & sleep 600 & wait"))

    def __init__(self, world: FakeWorld | KernelWorld, directory: Path) -> None:
        self.world = world
        self.notes = Notes(str(directory / "notes"))
        self.runner = CgroupPrograms(make_kernel(world.driver), self.notes)

    def say(self, code: int, *lines: str) -> Program:
        script = 'code=$1; shift; for line; do echo "$line"; done; exit $code'
        return Program(("/bin/sh", "-c", script, "sh", str(code), *lines))

    def leftovers(self) -> list[str]:
        return [*self.notes.read(), *self.world.driver.job_names()]

    def close(self) -> None:
        self.world.close()


Place = InMemory | Real


@pytest.fixture(params=["memory", *FAKES, KERNEL, UNIFIED])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    made: Place
    if request.param == "memory":
        made = InMemory()
        made.runner = fake.FakePrograms()
    else:
        made = real(request.param, tmp_path)
    yield made
    made.close()


def real(kind: str, directory: Path) -> Real:
    (directory / "cgroups").mkdir()
    world: FakeWorld | KernelWorld
    fake_host = FAKES.get(kind)
    world = FakeWorld(directory / "cgroups", fake_host) if fake_host else KernelWorld()
    if kind == "unified":
        # Also where v1 rules: a mounted v2 without controllers is enough for jobs.
        with open_mountinfo() as lines:
            mounted = next(h for h in parse_mountinfo(lines) if h.unified)
        world.driver = V2Driver(mounted, world.prefix)
    return Real(world, directory)


@pytest.fixture(params=["v1", "v2", KERNEL, UNIFIED])
def real_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Real]:
    made = real(request.param, tmp_path)
    yield made
    made.close()


@pytest.fixture(params=["kernel", UNIFIED])
def kernel(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Real]:
    made = real(request.param, tmp_path)
    yield made
    made.close()


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, LIMIT_S))


class Lines(list[str]):
    """What was told, and an event that something was."""

    def __init__(self) -> None:
        super().__init__()
        self.news = asyncio.Event()

    def __call__(self, line: str) -> None:
        self.append(line)
        self.news.set()


def is_running(pid: int) -> bool:
    try:
        return not processes.read_stat(pid).has_ended
    except ProcessLookupError:
        return False


def test_a_program_runs_to_its_end_and_leaves_nothing(place: Place) -> None:
    async def body() -> None:
        lines = Lines()
        ended = await place.runner.run("a", place.say(3, "1 one", "2 two"), lines)
        assert ended.code == 3
        assert lines[-1] == "2 two"
        assert place.leftovers() == []

    run(body())


def test_one_that_cannot_be_started_leaves_nothing(place: Place) -> None:
    async def body() -> None:
        with pytest.raises(OSError, match="gone"):
            await place.runner.run("a", place.unstartable(), print)
        assert place.leftovers() == []

    run(body())


def test_a_cancelled_one_is_gone_when_the_call_returns(place: Place) -> None:
    async def body() -> None:
        lines = Lines()
        task = asyncio.create_task(place.runner.run("a", place.hang, lines))
        if isinstance(place, Real):
            await lines.news.wait()
        else:
            await asyncio.sleep(0)
        assert len(place.leftovers()) > 0
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert place.leftovers() == []
        assert not any(is_running(int(line)) for line in lines)

    run(body())


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_one_that_is_cancelled_while_it_starts_leaves_nothing(place: Place, turns: int) -> None:
    async def body() -> None:
        before = len(os.listdir("/proc/self/fd"))
        task = asyncio.create_task(place.runner.run("a", place.hang, lambda line: None))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert place.leftovers() == []
        assert len(os.listdir("/proc/self/fd")) == before

    run(body())


def test_many_run_at_once(place: Place) -> None:
    async def body() -> None:
        runs = [place.runner.run(f"a{n}", place.say(n), lambda line: None) for n in range(4)]
        found: list[Ended] = await asyncio.gather(*runs)
        assert [ended.code for ended in found] == [0, 1, 2, 3]

    run(body())


def test_nothing_is_recovered_where_nothing_was_left(place: Place) -> None:
    async def body() -> None:
        assert await place.runner.recover() == []
        await place.runner.run("a", place.say(0), lambda line: None)
        assert await place.runner.recover() == []

    run(body())


# What only real processes have.


def test_errors_are_kept_to_their_end(real_place: Real) -> None:
    async def body() -> None:
        program = Program(("/bin/sh", "-c", "seq 1 2000 >&2; echo the last >&2; exit 1"))
        ended = await real_place.runner.run("a", program, print)
        assert ended.errors.endswith("\n2000\nthe last")
        assert len(ended.errors) <= 2048

    run(body())


def test_output_without_end_does_not_hold_the_loop_up(real_place: Real) -> None:
    async def body() -> None:
        lines = Lines()
        task = asyncio.create_task(
            real_place.runner.run("a", Program(("/bin/sh", "-c", "yes 17 lines")), lines)
        )
        await lines.news.wait()
        assert lines[0] == "17 lines"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(body())


def test_progress_goes_on_after_the_first_line(real_place: Real) -> None:
    async def body() -> None:
        lines = Lines()
        program = Program(("/bin/sh", "-c", "echo one; sleep 0.2; echo two; exec sleep 600"))
        task = asyncio.create_task(real_place.runner.run("a", program, lines))
        while "two" not in lines:
            lines.news.clear()
            await lines.news.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(body())


def test_a_program_that_closes_its_output_is_followed_to_its_end(real_place: Real) -> None:
    async def body() -> None:
        program = Program(("/bin/sh", "-c", "exec >&- 2>&-; sleep 0.1; exit 4"))
        assert (await real_place.runner.run("a", program, print)).code == 4

    run(body())


def test_the_note_says_what_is_under_way(real_place: Real) -> None:
    async def body() -> None:
        lines = Lines()
        task = asyncio.create_task(real_place.runner.run("a:remove", real_place.hang, lines))
        await lines.news.wait()
        (note,) = real_place.notes.read().values()
        assert json.loads(note)["id"] == "a:remove"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(body())


def test_damaged_notes_and_foreign_names_do_not_stop_the_recovery(real_place: Real) -> None:
    real_place.notes.put("damaged", "{")
    real_place.notes.put("list", "[]")
    real_place.notes.put("%", '{"id": "a"}')
    real_place.notes.put("good", '{"id": "b"}')

    async def body() -> None:
        assert await real_place.runner.recover() == ["a", "b"]
        assert list(real_place.notes.read()) == ["%"]

    run(body())


# What only the kernel has.


@pytest.mark.needs("root", "cgroup")
def test_it_runs_in_a_cgroup_outside_of_every_container(kernel: Real) -> None:
    async def body() -> None:
        driver, lines = kernel.world.driver, Lines()
        program = Program(("/bin/sh", "-c", "echo $$; exec sleep 600"))
        task = asyncio.create_task(kernel.runner.run("a", program, lines))
        await lines.news.wait()
        pid = int(lines[0])
        (name,) = driver.job_names()
        group = driver.job_group(name)
        assert driver.processes(group) == [pid]
        assert driver.container_of(pid) is None
        assert driver.is_home(group, driver.membership(pid)) or driver.version == "v2"
        # A sweep of containers that nobody has leaves it alone.
        assert driver.sweep(lambda name: False) == []
        assert driver.processes(group) == [pid]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not any(map(os.path.isdir, driver.jobs_group().own))

    run(body())


@pytest.mark.needs("root", "cgroup")
def test_all_jobs_together_weigh_little(kernel: Real) -> None:
    async def body() -> None:
        driver, lines = kernel.world.driver, Lines()
        if "cpu" not in driver.controllers:
            pytest.skip("no controller cpu in this hierarchy")
        task = asyncio.create_task(kernel.runner.run("a", kernel.hang, lines))
        await lines.news.wait()
        knob, full = ("cpu.weight", 100) if driver.version == "v2" else ("cpu.shares", 1024)
        assert int(driver.read(driver.jobs_group(), "cpu", knob)) <= full / 10
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(body())


@pytest.mark.needs("root", "cgroup")
def test_children_that_outlive_the_program_are_ended(kernel: Real) -> None:
    async def body() -> None:
        lines = Lines()
        program = Program(("/bin/sh", "-c", "sleep 600 & echo $!"))
        assert (await kernel.runner.run("a", program, lines)).code == 0
        assert kernel.leftovers() == []
        assert not is_running(int(lines[0]))

    run(body())


@pytest.mark.needs("root", "cgroup")
def test_what_a_killed_daemon_left_is_ended_by_the_next(kernel: Real) -> None:
    """The daemon is a child of ours that dies in the midst of it."""
    reader, writer = os.pipe()
    daemon = os.fork()
    if daemon == 0:
        try:

            async def work() -> None:
                def told(line: str) -> None:
                    os.write(writer, f"{line}\n".encode())

                await kernel.runner.run(
                    "a", Program(("/bin/sh", "-c", "sleep 600 & echo $$ $!; wait")), told
                )

            asyncio.run(work())
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as told:
        pids = [int(word) for word in told.readline().split()]
    os.kill(daemon, signal.SIGKILL)
    os.waitpid(daemon, 0)
    assert len(kernel.leftovers()) == 2
    starts = [(pid, processes.start_time(pid)) for pid in pids]

    async def body() -> None:
        assert await kernel.runner.recover() == ["a"]
        assert await kernel.runner.recover() == []
        assert kernel.leftovers() == []

    run(body())
    until(lambda: not any(processes.is_alive(pid, start) for pid, start in starts))


@pytest.mark.needs("root", "cgroup")
def test_a_program_that_had_not_joined_when_it_was_recovered_never_runs(
    kernel: Real, tmp_path: Path
) -> None:
    driver = kernel.world.driver
    driver.create(driver.jobs_group())
    group = driver.job_group("late")
    driver.create(group)
    join = driver.join_files(group)

    async def body() -> None:
        assert await kernel.runner.recover() == []

    run(body())
    mark = tmp_path / "ran"
    child = spawn(Program(("/bin/touch", str(mark))), join)
    os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED | os.WNOWAIT)
    assert child.reap() == NOT_STARTED
    assert not mark.exists()
