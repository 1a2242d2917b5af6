"""The contract of `LauncherClient`: the same tests on the fake and on a real master."""

import asyncio
import errno
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from porto.kernel import syscalls
from porto.launcher.ops import (
    ChangeDirectory,
    Exited,
    Finish,
    Finished,
    JoinNamespaces,
    Launched,
    LaunchFailed,
    LaunchOutcome,
    LaunchRequest,
    OpenStream,
    Pin,
    Rest,
    RunOutcome,
    Unshare,
    UseDescriptor,
)
from tests.fakes.launcher import FakeLauncher, FakeMaster
from tests.fakes.waiting import WaitingClient, heard
from tests.kernel.masters import Link, Master, execute, gone, kill, request, run

SLEEP = "sleep 1000"


class World(Protocol):
    """One daemon life after the other, over the same launches."""

    client: WaitingClient | FakeLauncher
    exits: list[Exited]
    lost: int

    async def kill(self, launch_id: str) -> None:
        """SIGKILL to a launch."""

    async def next_daemon(self) -> None:
        """The daemon dies; `client` is the next one's, not connected."""

    async def exited(self, count: int) -> None:
        """Wait for so many exits in this daemon's life."""

    def held(self, launch_id: str) -> LaunchRequest:
        """A request of `SLEEP` that stays in its setup until `release`."""

    def release(self) -> None:
        """Let it go on."""


class FakeWorld:
    def __init__(self) -> None:
        self.master = FakeMaster()
        self._begin()

    def _begin(self) -> None:
        self.exits: list[Exited] = []
        self.lost = 0
        self.client = self.master.client(on_exit=self.exits.append, on_lost=self._lose)

    def _lose(self) -> None:
        self.lost += 1

    async def kill(self, launch_id: str) -> None:
        self.master.end(launch_id, signal.SIGKILL)

    async def next_daemon(self) -> None:
        self.client.close()
        self._begin()

    async def exited(self, count: int) -> None:
        while len(self.exits) < count:
            await asyncio.sleep(0)

    def held(self, launch_id: str) -> LaunchRequest:
        self.master.held = True
        return request(launch_id, command=SLEEP)

    def release(self) -> None:
        self.master.release()


class RealWorld:
    def __init__(self, master: Master, link: Link) -> None:
        self.master = master
        self._door = master.directory
        self._writer = -1
        self._pids: dict[str, int] = {}
        self._begin(link)

    def _begin(self, link: Link) -> None:
        self._link = link
        self.client = link.client

    @property
    def exits(self) -> list[Exited]:
        return list(self._link.exits.values())

    @property
    def lost(self) -> int:
        return int(self._link.lost)

    async def kill(self, launch_id: str) -> None:
        for child in (
            Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children").read_text().split()
        ):
            if Path(f"/proc/{child}/comm").read_text() in ("sleep\n", "portoinit\n"):
                kill(int(child))
                await gone(int(child))

    async def next_daemon(self) -> None:
        os.kill(self._link.pid, signal.SIGKILL)
        self._link.close()
        self._begin(await self.master.daemon())

    async def exited(self, count: int) -> None:
        await self._link.until(lambda: len(self.exits) >= count)

    def held(self, launch_id: str) -> LaunchRequest:
        self._door = self.master.directory / launch_id
        os.mkfifo(self._door)
        return request(launch_id, OpenStream(0, str(self._door), os.O_RDONLY), execute(SLEEP))

    def release(self) -> None:
        # Read-write: open at once, and a reader that comes later finds a writer.
        self._writer = os.open(self._door, os.O_RDWR)

    def end(self) -> None:
        if self._writer >= 0:
            os.close(self._writer)


Body = Callable[[World], Awaitable[None]]
In = Callable[[Body], None]


@pytest.fixture(params=["fake", pytest.param("kernel", marks=pytest.mark.needs("root"))])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> In:
    """Runs a body in a world whose first daemon is connected."""

    def fake(body: Body) -> None:
        async def main() -> None:
            made = FakeWorld()
            assert await made.client.connect() == []
            await body(made)

        asyncio.run(main())

    def real(body: Body) -> None:
        async def main(master: Master, link: Link) -> None:
            made = RealWorld(master, link)
            try:
                await body(made)
            finally:
                made.end()

        run(tmp_path, main)

    return fake if request.param == "fake" else real


def test_a_launch_answers_with_pids(world: In) -> None:
    async def body(world: World) -> None:
        direct = await world.client.launch(request("a:1", command=SLEEP))
        rest = await world.client.launch(request("b:1", Rest()))
        assert direct.launch_id == "a:1"
        assert direct.init_pid == direct.task_pid > 1
        assert direct.init_start == direct.task_start > 0
        assert (rest.task_pid, rest.task_start, rest.task_vpid) == (0, 0, 0)
        assert rest.init_pid not in (0, direct.init_pid)
        assert world.client.in_flight == frozenset()

    world(body)


def test_a_failure_is_raised(world: In) -> None:
    async def body(world: World) -> None:
        if isinstance(world, FakeWorld):
            world.master.fail_next("Execute", errno.ENOENT, "no-such-program")
        with pytest.raises(LaunchFailed) as caught:
            await world.client.launch(request("a:1", command="no-such-program"))
        failure = caught.value
        assert (failure.launch_id, failure.op, failure.errno, failure.subject) == (
            *("a:1", "Execute", errno.ENOENT, "no-such-program"),
        )
        await world.client.launch(request("a:1", command=SLEEP))

    world(body)


Told = asyncio.Queue[LaunchOutcome]


def test_what_was_begun_is_told_later_and_once(world: In) -> None:
    async def body(world: World) -> None:
        told: Told = asyncio.Queue()
        fd = os.open("/dev/null", os.O_RDONLY)
        wanted = request("a:1", UseDescriptor(0, 0), execute(SLEEP), fds=(fd,))
        world.client.begin(wanted, told.put_nowait)
        os.close(fd)  # ours again at once
        world.client.begin(wanted, told.put_nowait)
        assert told.empty()
        outcomes = [await told.get(), await told.get()]
        assert {type(outcome) for outcome in outcomes} == {Launched, LaunchFailed}
        for outcome in outcomes:
            assert outcome.launch_id == "a:1"
            if isinstance(outcome, LaunchFailed):  # of the second: its name is taken
                assert (outcome.op, outcome.errno) == ("launch", errno.EEXIST)
        if isinstance(world, FakeWorld):
            world.master.fail_next("Execute", errno.ENOENT, "no-such-program")
        world.client.begin(request("b:1", command="no-such-program"), told.put_nowait)
        third = await told.get()
        assert isinstance(third, LaunchFailed)
        assert (third.launch_id, third.op, third.errno) == ("b:1", "Execute", errno.ENOENT)
        world.client.close()
        world.client.begin(wanted, told.put_nowait)
        fourth = await told.get()
        assert isinstance(fourth, LaunchFailed)
        assert fourth.errno == errno.ENOTCONN

    world(body)


def test_a_forgotten_launch_in_its_setup_is_ended_and_not_told(world: In) -> None:
    async def body(world: World) -> None:
        told: Told = asyncio.Queue()
        world.client.begin(world.held("a:1"), told.put_nowait)
        world.client.forget("a:1")
        world.release()
        await world.client.launch(request("a:1", command=SLEEP))  # the name is free
        assert told.empty()

    world(body)


def test_a_lost_link_ends_what_was_begun(world: In) -> None:
    async def body(world: World) -> None:
        told: Told = asyncio.Queue()
        world.client.begin(world.held("a:1"), told.put_nowait)
        world.client.close()
        assert told.empty()
        outcome = await told.get()
        assert isinstance(outcome, LaunchFailed)
        assert (outcome.op, outcome.errno) == ("launcher", errno.ECONNRESET)

    world(body)


def test_a_former_daemons_launch_in_its_setup_is_followed(world: In) -> None:
    async def body(world: World) -> None:
        told: Told = asyncio.Queue()
        world.client.begin(world.held("a:1"), told.put_nowait)
        await world.next_daemon()
        told = asyncio.Queue()
        assert await world.client.connect() == []
        assert world.client.in_flight == {"a:1"}
        with pytest.raises(KeyError):
            world.client.follow("b:1", told.put_nowait)
        with pytest.raises(LaunchFailed) as caught:
            await world.client.launch(request("a:1", command=SLEEP))
        assert (caught.value.op, caught.value.errno) == ("launch", errno.EEXIST)
        world.client.follow("a:1", told.put_nowait)
        assert told.empty()
        world.release()
        launched = await told.get()
        assert isinstance(launched, Launched)
        assert launched.task_pid
        world.client.follow("a:1", told.put_nowait)  # another pass asks again
        assert told.empty()
        assert await told.get() == launched
        assert await world.client.outcome("a:1") == launched
        world.client.forget("a:1")
        assert world.client.in_flight == frozenset()
        with pytest.raises(KeyError):
            world.client.follow("a:1", told.put_nowait)

    world(body)


def test_a_former_daemons_launch_can_be_forgotten(world: In) -> None:
    async def body(world: World) -> None:
        world.client.begin(world.held("a:1"), lambda _: None)
        await world.next_daemon()
        await world.client.connect()
        told: Told = asyncio.Queue()
        world.client.follow("a:1", told.put_nowait)
        world.client.forget("a:1")
        world.release()
        await world.client.launch(request("a:1", command=SLEEP))
        assert told.empty()

    world(body)


# -- runs and what they pin -------------------------------------------------------------------

UTS, NET = syscalls.CLONE_NEWUTS, syscalls.CLONE_NEWNET


def run_of(launch_id: str, flags: int = UTS | NET) -> LaunchRequest:
    return request(launch_id, Unshare(UTS | NET), Finish(flags))


def test_what_a_run_pins_is_kept_for_every_daemon_until_it_is_forgotten(world: In) -> None:
    async def body(world: World) -> None:
        made = await world.client.prepared(run_of("n:1"))
        assert isinstance(made, Finished)
        assert made.launch_id == "n:1"
        assert {found.flag for found in made.namespaces} == {UTS, NET}
        assert len({found.inode for found in made.namespaces}) == 2
        assert world.client.pins == {"n:1": made.namespaces}
        await world.next_daemon()
        assert await world.client.connect() == []
        assert world.client.in_flight == frozenset()
        assert world.client.pins == {"n:1": made.namespaces}
        refused = await world.client.prepared(run_of("n:1"))
        assert isinstance(refused, LaunchFailed)
        assert (refused.op, refused.errno) == ("launch", errno.EEXIST)
        with pytest.raises(LaunchFailed, match="launch n:1"):
            await world.client.launch(request("n:1", command=SLEEP))
        world.client.forget("n:1")
        assert world.client.pins == {}
        await world.next_daemon()
        await world.client.connect()
        assert world.client.pins == {}
        assert isinstance(await world.client.prepared(run_of("n:1")), Finished)

    world(body)


def test_a_run_may_pin_nothing(world: In) -> None:
    async def body(world: World) -> None:
        assert await world.client.prepared(run_of("n:1", 0)) == Finished("n:1", ())
        assert await world.client.prepared(run_of("n:1", 0)) == Finished("n:1", ())
        assert world.client.pins == {}

    world(body)


def test_a_run_that_fails_pins_nothing(world: In) -> None:
    async def body(world: World) -> None:
        if isinstance(world, FakeWorld):
            world.master.fail_next("ChangeDirectory", errno.ENOENT, "/nowhere")
        wanted = request("n:1", ChangeDirectory("/nowhere"), Finish(UTS))
        failed = await world.client.prepared(wanted)
        assert isinstance(failed, LaunchFailed)
        assert (failed.op, failed.errno) == ("ChangeDirectory", errno.ENOENT)
        assert world.client.pins == {}
        await world.next_daemon()
        await world.client.connect()
        assert world.client.pins == {}

    world(body)


def test_a_launch_joins_what_is_pinned(world: In) -> None:
    async def body(world: World) -> None:
        await world.client.prepared(run_of("n:1"))
        fd = os.open("/dev/null", os.O_RDONLY)
        launched = await world.client.launch(
            request(
                *("a:1", JoinNamespaces(0, UTS), JoinNamespaces(2, NET), UseDescriptor(0, 1)),
                execute(SLEEP),
                fds=(Pin("n:1", UTS), fd, Pin("n:1", NET)),
            )
        )
        os.close(fd)
        assert launched.task_pid
        for absent in (Pin("n:2", UTS), Pin("n:1", syscalls.CLONE_NEWIPC)):
            with pytest.raises(LaunchFailed) as caught:
                await world.client.launch(request("b:1", execute(SLEEP), fds=(absent,)))
            assert (caught.value.op, caught.value.errno) == ("setup", errno.ENOENT)
            assert caught.value.subject == f"pin {absent.name}: namespace {absent.flag:#x}"

    world(body)


def test_a_descriptor_of_a_pinned_namespace_is_fetched(world: In) -> None:
    async def body(world: World) -> None:
        await world.client.prepared(run_of("n:1"))
        for _ in range(2):
            fd = await heard(lambda done: world.client.fetch(Pin("n:1", NET), done))
            assert fd is not None
            assert not os.get_inheritable(fd)
            os.close(fd)
        assert (
            await heard(lambda done: world.client.fetch(Pin("n:1", syscalls.CLONE_NEWIPC), done))
            is None
        )
        assert await heard(lambda done: world.client.fetch(Pin("n:2", NET), done)) is None
        told: asyncio.Queue[int | None] = asyncio.Queue()
        world.client.close()
        world.client.fetch(Pin("n:1", NET), told.put_nowait)
        assert await told.get() is None

    world(body)


def test_a_run_ends_with_its_daemon_and_pins_nothing(world: In) -> None:
    async def body(world: World) -> None:
        wanted = world.held("n:1")
        wanted = replace(wanted, ops=(*wanted.ops[:-1], Finish(UTS)))
        told: asyncio.Queue[RunOutcome] = asyncio.Queue()
        world.client.prepare(wanted, told.put_nowait)
        await world.next_daemon()
        await world.client.connect()
        assert world.client.in_flight == frozenset()
        world.release()
        assert isinstance(await world.client.prepared(run_of("n:1")), Finished)  # the name is free
        assert set(world.client.pins) == {"n:1"}

    world(body)


def test_a_forgotten_run_ends_and_is_not_told(world: In) -> None:
    async def body(world: World) -> None:
        wanted = world.held("n:1")
        wanted = replace(wanted, ops=(*wanted.ops[:-1], Finish(UTS)))
        told: asyncio.Queue[RunOutcome] = asyncio.Queue()
        world.client.prepare(wanted, told.put_nowait)
        world.client.forget("n:1")
        world.release()
        assert isinstance(await world.client.prepared(run_of("n:1")), Finished)
        assert told.empty()
        assert set(world.client.pins) == {"n:1"}

    world(body)


def test_a_name_is_taken_until_its_exit_is_acknowledged(world: In) -> None:
    async def body(world: World) -> None:
        await world.client.launch(request("a:1", command=SLEEP))
        world.client.acknowledge("a:1")  # of a running launch: says nothing
        with pytest.raises(LaunchFailed) as caught:
            await world.client.launch(request("a:1", command=SLEEP))
        assert (caught.value.op, caught.value.errno) == ("launch", errno.EEXIST)
        await world.kill("a:1")
        await world.exited(1)
        with pytest.raises(LaunchFailed):
            await world.client.launch(request("a:1", command=SLEEP))
        world.client.acknowledge("a:1")
        await world.client.launch(request("a:1", command=SLEEP))

    world(body)


def test_an_exit_is_told_to_every_daemon_until_it_is_acknowledged(world: In) -> None:
    async def body(world: World) -> None:
        launched = await world.client.launch(request("a:1", command=SLEEP))
        await world.kill("a:1")
        await world.exited(1)
        expected = [Exited("a:1", launched.init_pid, signal.SIGKILL)]
        assert world.exits == expected
        await world.next_daemon()
        assert await world.client.connect() == [launched]
        assert world.exits == []
        await world.exited(1)
        assert world.exits == expected
        world.client.acknowledge("a:1")
        await world.next_daemon()
        assert await world.client.connect() == []
        await world.client.launch(request("a:1", execute("true", reaper=False)))

    world(body)


def test_a_running_launch_survives_the_daemon(world: In) -> None:
    async def body(world: World) -> None:
        launched = await world.client.launch(request("a:1", command=SLEEP))
        await world.next_daemon()
        assert await world.client.connect() == [launched]
        await world.kill("a:1")
        await world.exited(1)
        assert world.exits[0].status == signal.SIGKILL

    world(body)


def test_a_forgotten_launch_is_not_told(world: In) -> None:
    async def body(world: World) -> None:
        await world.client.launch(request("a:1", command=SLEEP))
        world.client.forget("a:1")
        await world.next_daemon()
        assert await world.client.connect() == []

    world(body)


def test_a_closed_client_starts_nothing(world: In) -> None:
    async def body(world: World) -> None:
        world.client.close()
        with pytest.raises(LaunchFailed) as caught:
            await world.client.launch(request("a:1", command=SLEEP))
        assert caught.value.errno == errno.ENOTCONN
        assert world.lost == 0  # it was we who closed
        world.client.acknowledge("a:1")
        world.client.forget("a:1")
        world.client.close()

    world(body)
