"""A container's pass: states, order of parents and children, failure, drift."""

import asyncio
import errno
import itertools
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from porto.kernel.cgroup.group import Group
from porto.kernel.file import files
from porto.launcher.ops import Exited, Launched, LaunchFailed, LaunchOutcome, LaunchRequest
from porto.observers.clock import Clock
from porto.observers.exits import Exits
from porto.observers.kernel_events import KernelEvents
from porto.observers.launches import Launches
from porto.observers.population import Vacancies
from porto.reconcilers.containers.assembly import assemble
from porto.reconcilers.containers.facets.task import container_of
from porto.reconcilers.containers.life import ending, starting
from porto.reconcilers.containers.takeover import take_over
from porto.reconcilers.engine import backoff
from porto.reconcilers.engine.jobs import Jobs
from porto.reconcilers.engine.loop import Engine
from porto.reconcilers.engine.recording import Recording
from porto.reconcilers.engine.triggers import Triggers
from porto.reconcilers.host.removals import Removals
from porto.spec.catalog import Catalog
from porto.spec.config import Config, PathsConfig
from porto.spec.containers import operations
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import Process, State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import (
    EError,
    InvalidCommand,
    InvalidState,
    NotSupported,
    PortoError,
    Unknown,
)
from porto.spec.events import Event, What
from porto.spec.key import Key
from porto.spec.records.record import Run
from tests.fakes.driver import FakeDriver
from tests.fakes.jobs import FakePrograms
from tests.fakes.ports import Counts, Told, make_kernel, make_ports
from tests.fakes.processes import FakeProcesses
from tests.fakes.tables import FakeThreads

ACTOR = Actor()


class Launcher:
    """Makes processes out of numbers; `fail` names containers that cannot be started.

    held -- while set, launches stay in their setup until `release`
    """

    def __init__(self, driver: FakeDriver, processes: FakeProcesses) -> None:
        self.driver = driver
        self.processes = processes
        self.pids = itertools.count(1000, 10)
        self.requests: list[LaunchRequest] = []
        self.fail: dict[int, LaunchFailed] = {}
        self.acknowledged: list[str] = []
        self.forgotten: list[str] = []
        self.in_flight: frozenset[str] = frozenset()
        self.store: ContainerStore | None = None
        self.held = False
        self.waiting: dict[str, Callable[[], None]] = {}

    def begin(self, request: LaunchRequest, done: Callable[[LaunchOutcome], None]) -> None:
        self.waiting[request.launch_id] = lambda: done(self._outcome(request))
        if not self.held:
            asyncio.get_running_loop().call_soon(self.release)

    def release(self) -> None:
        for finish in [self.waiting.pop(name) for name in list(self.waiting)]:
            finish()

    def _outcome(self, request: LaunchRequest) -> LaunchOutcome:
        self.requests.append(request)
        key = int(request.launch_id.partition(":")[0])
        if key in self.fail:
            return self.fail[key]
        pid = next(self.pids)
        assert self.store is not None
        record = self.store.find_id(key)
        assert record is not None
        for number in (pid, pid + 1):
            self.processes.add(number, handled=range(1, 65))
        meta = type(request.ops[-1]).__name__ == "Rest"
        self.driver.place(record.name, pid, *(() if meta else (pid + 1,)))
        return Launched(request.launch_id, pid, 7, 0 if meta else pid + 1, 7, 0 if meta else 2)

    def follow(self, launch_id: str, done: Callable[[LaunchOutcome], None]) -> None:
        raise AssertionError("nothing is in flight")

    def forget(self, launch_id: str) -> None:
        self.waiting.pop(launch_id, None)
        self.forgotten.append(launch_id)

    def acknowledge(self, launch_id: str) -> None:
        self.acknowledged.append(launch_id)


class Rig:
    """One engine over fakes."""

    def __init__(self, place: Path) -> None:
        self.driver = FakeDriver()
        self.store = ContainerStore(None)
        self.config = Config(paths=PathsConfig(place=str(place), runtime=str(place / "run")))
        Path(self.config.paths.work).mkdir(parents=True, exist_ok=True)
        self.processes = FakeProcesses()
        self.launcher = Launcher(self.driver, self.processes)
        self.launcher.store = self.store
        self.counters = Counts()
        self.counts = self.counters.counts
        self.told = Told()
        self.clock = Clock()
        self.catalog = Catalog(self.store)
        self.engine = Engine(self.catalog, lambda key: self.containers.reconcile(key), self.clock)
        self.exits = Exits(self._enqueue, self.processes)
        self.exits.attach(self.launcher)
        self.signals = self.processes.signals
        self.events = KernelEvents(make_kernel(self.driver), self.clock, self.engine.enqueue)
        self.launches = Launches(self.launcher, track=self.exits.track, on_outcome=self._enqueue)
        self.jobs: Jobs[Key] = Jobs(FakePrograms(), on_end=self.engine.enqueue)
        self.ports = make_ports(
            self.driver,
            processes=self.processes,
            scheduling=FakeThreads(),
            launches=self.launches,
            exits=self.exits,
            notices=self.events,
            vacancies=Vacancies(self.driver, self.engine.enqueue),
            records=Recording(self.catalog, self.clock),
            removals=Removals(self.jobs, files),
            jobs=self.jobs,
            counters=self.counters,
            history=self.told,
            clock=self.clock,
        )
        parts = assemble(
            self.config,
            self.ports,
            self.store,
            exits=self.exits,
            notices=self.events,
            enqueue=self.engine.enqueue,
            launcher=os.getppid(),
        )
        self.world, self.containers = parts.world, parts.reconciler
        self.foresight = parts.foresight
        self.triggers = Triggers(self.catalog, self.engine.enqueue, {"container": parts.watch})
        self.store.subscribe(self.triggers.on_change)

    def _enqueue(self, launch_id: str) -> None:
        key = container_of(launch_id)
        assert key is not None
        self.engine.enqueue(key)

    def create(self, name: str, command: str = "sleep 1", **values: str) -> ContainerRecord:
        record = operations.create(
            self.store, name, actor=ACTOR, credentials=Credentials(), now=0.0
        )
        for key, value in {"command": command, **values}.items():
            record = operations.set_property(self.store, record, key, value, actor=ACTOR, now=0.0)
        return record

    def events_of(self, name: str) -> list[Event]:
        return [event for event in self.told.events if event.name == name]

    def get(self, name: str) -> ContainerRecord:
        return self.store.get(name)

    def state(self, name: str) -> State:
        return self.get(name).status.life.state

    async def start(self, name: str) -> None:
        await self.engine.converge(
            operations.start(self.store, self.get(name), actor=ACTOR, now=0.0)
        )

    async def stop(self, name: str, *, grace: float = 0.0) -> None:
        kill_at = self.clock.mono() + grace if grace else 0.0
        await self.engine.converge(
            operations.stop(self.store, self.get(name), kill_at=kill_at, actor=ACTOR, now=0.0)
        )

    async def destroy(self, name: str) -> None:
        await self.engine.converge(
            operations.destroy(self.store, self.get(name), actor=ACTOR, now=0.0)
        )

    def end(self, name: str, status: int) -> None:
        """What the launcher reports when the main task ends."""
        process = self.get(name).status.life.process
        assert process is not None
        self.driver.tasks[name] = set()
        self.exits.tell(Exited(process.launch_id, process.init_pid, status))

    async def until(self, check: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not check():
                await asyncio.sleep(0.001)


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., None]:
    """Run a coroutine over a fresh rig; pids are numbers, not processes."""

    def run(body: Callable[[Rig], Coroutine[Any, Any, None]]) -> None:
        async def main() -> None:
            rig = Rig(tmp_path)
            try:
                await asyncio.wait_for(body(rig), 20)
            finally:
                rig.engine.close()

        asyncio.run(main())

    return run


def test_start_makes_cgroups_knobs_and_a_process(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", thread_limit="50")
        await rig.start("a")
        assert rig.state("a") is State.RUNNING
        assert rig.driver.groups["a"]["pids.max"] == "50"
        assert rig.launcher.requests[0].launch_id == f"{rig.get('a').id}:1"
        assert rig.get("a").status.life.process is not None

    play(body)


def test_a_second_pass_changes_nothing(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", thread_limit="50")
        await rig.start("a")
        before = list(rig.driver.writes)
        record = rig.get("a")
        await rig.engine.converge([record])
        await rig.engine.converge([record])
        assert rig.driver.writes == before
        assert len(rig.launcher.requests) == 1
        assert rig.get("a").generation == record.generation

    play(body)


def test_exit_is_recorded_then_acknowledged(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a")
        await rig.start("a")
        rig.end("a", 5 << 8)
        await rig.until(lambda: rig.state("a") is State.DEAD)
        assert rig.get("a").status.life.exit_status == 5 << 8
        assert rig.launcher.acknowledged == [f"{rig.get('a').id}:1"]

    play(body)


def test_a_kill_by_the_oom_killer_is_told_from_others(play: Any) -> None:
    async def body(rig: Rig) -> None:
        for name, kills in (("a", 1), ("b", 0)):
            rig.create(name)
            await rig.start(name)
            rig.driver.oom.counts[name] = kills
            rig.end(name, signal.SIGKILL)
            await rig.until(lambda n=name: rig.state(n) is State.DEAD)
        assert rig.get("a").status.oom.oom_killed
        assert not rig.get("b").status.oom.oom_killed
        assert rig.counts["containers_oom"] == 1

    play(body)


def test_parents_start_before_children_and_stop_after_them(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", command="")
        rig.create("a/b", command="")
        rig.create("a/b/c")
        await rig.start("a/b/c")
        assert [r.launch_id.partition(":")[0] for r in rig.launcher.requests] == [
            str(rig.get(name).id) for name in ("a", "a/b", "a/b/c")
        ]
        assert [rig.state(n) for n in ("a", "a/b", "a/b/c")] == [
            State.META,
            State.META,
            State.RUNNING,
        ]
        order: list[str] = []
        rig.store.subscribe(
            lambda old, new: (
                order.append(new.name)
                if old and new and old.status.life.state != new.status.life.state
                else None
            )
        )
        await rig.stop("a")
        assert order == ["a/b/c", "a/b", "a"]
        assert rig.driver.groups == {}

    play(body)


def test_destroy_takes_the_subtree(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", command="")
        for number in range(10):
            rig.create(f"a/{number}")
            await rig.start(f"a/{number}")
        await rig.destroy("a")
        assert len(rig.store) == 0
        assert rig.driver.groups == {}

    play(body)


def test_a_failed_start_cleans_up_and_is_taken_back(play: Any) -> None:
    async def body(rig: Rig) -> None:
        record = rig.create("a")
        rig.launcher.fail[record.id] = LaunchFailed(f"{record.id}:1", "Execute", 2, "sleep")
        with pytest.raises(InvalidCommand, match="No such file"):
            await rig.start("a")
        assert rig.state("a") is State.STOPPED
        assert rig.get("a").intent.run is Run.STOPPED
        assert rig.get("a").status.life.start_error_code is EError.InvalidCommand
        assert rig.driver.groups == {}
        del rig.launcher.fail[record.id]
        await rig.start("a")
        assert rig.launcher.requests[-1].launch_id == f"{record.id}:2"

    play(body)


def test_a_start_that_cannot_be_begun_is_told_as_such(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(rig: Rig) -> None:
        def full(request: LaunchRequest, done: object) -> None:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        monkeypatch.setattr(rig.launcher, "begin", full)
        rig.create("a")
        with pytest.raises(Unknown) as caught:
            await rig.start("a")
        assert caught.value.text == "cannot start a: Too many open files"
        assert rig.get("a").status.life.start_error == caught.value.text

    play(body)


def test_an_end_that_fails_says_what_was_done(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body(rig: Rig) -> None:
        def busy(group: Group) -> None:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), "/here")

        rig.create("a")
        await rig.start("a")
        monkeypatch.setattr(rig.driver, "remove", busy)
        with pytest.raises(Unknown) as caught:
            await rig.stop("a")
        text = "cannot remove the cgroups of a (/here): Device or resource busy"
        assert caught.value.text == text

    play(body)


def test_a_failed_start_of_a_file_is_tried_again(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "FIRST_S", 0.001)

    async def body(rig: Rig) -> None:
        record = rig.create("a")
        rig.launcher.fail[record.id] = LaunchFailed(f"{record.id}:1", "Execute", 2, "sleep")
        operations.start(rig.store, record, actor=Actor(origin="file:/x.CT"), now=0.0)
        await rig.until(lambda: len(rig.launcher.requests) >= 2)
        assert [c.kind for c in rig.get("a").status.conditions] == ["Retrying"]
        rig.launcher.fail.clear()
        await rig.until(lambda: rig.state("a") is State.RUNNING)
        assert rig.get("a").status.conditions == ()

    play(body)


def _waits(rig: Rig, name: str) -> list[str]:
    return [c.message for c in rig.get(name).status.conditions if c.kind == "Waiting"]


@pytest.fixture
def shown_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for need not last."""
    for module in (ending, starting):
        monkeypatch.setattr(module, "SHOWN_AFTER_S", 0.01)


@pytest.mark.usefixtures("shown_at_once")
def test_who_waits_says_so_and_is_woken_not_looked_at(play: Any) -> None:
    async def body(rig: Rig) -> None:
        for name in ("a", "a/b"):
            rig.create(name)
        rig.launcher.held = True
        operations.start(rig.store, rig.get("a/b"), actor=ACTOR, now=0.0)
        await rig.until(lambda: bool(_waits(rig, "a/b")))
        assert _waits(rig, "a/b") == ["a/b waits for its parent a, which is starting"]
        await rig.until(lambda: bool(_waits(rig, "a")))
        assert _waits(rig, "a") == ["a waits for its launch, which is still being set up"]
        assert not rig.engine.queued
        rig.launcher.held = False
        rig.launcher.release()
        await rig.until(lambda: rig.state("a/b") is State.RUNNING)
        assert rig.state("a") is State.RUNNING
        assert not [*_waits(rig, "a"), *_waits(rig, "a/b")]

    play(body)


@pytest.mark.usefixtures("shown_at_once")
def test_the_dead_say_what_they_wait_for(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a")
        await rig.start("a")
        rig.end("a", 0)
        await rig.until(lambda: rig.state("a") is State.DEAD)
        rig.launcher.held = True
        operations.respawn(rig.store, rig.get("a"), actor=ACTOR, now=0.0)
        await rig.until(lambda: bool(_waits(rig, "a")))
        assert rig.state("a") is State.DEAD
        assert not rig.engine.queued
        rig.launcher.release()
        await rig.until(lambda: rig.state("a") is State.RUNNING)
        assert not _waits(rig, "a")

    play(body)


@pytest.mark.usefixtures("shown_at_once")
def test_who_need_not_wait_any_more_does_not_say_so(play: Any) -> None:
    async def body(rig: Rig) -> None:
        for name in ("a", "a/b"):
            rig.create(name)
        rig.launcher.held = True
        operations.start(rig.store, rig.get("a/b"), actor=ACTOR, now=0.0)
        await rig.until(lambda: bool(_waits(rig, "a/b")))
        await rig.stop("a/b")
        assert (rig.state("a/b"), _waits(rig, "a/b")) == (State.STOPPED, [])

    play(body)


@pytest.mark.parametrize("verb", ["stop", "destroy"])
def test_a_start_under_way_is_broken_off(play: Any, verb: str) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a")
        rig.launcher.held = True
        starting = asyncio.ensure_future(rig.start("a"))
        await rig.until(lambda: bool(rig.launcher.waiting))
        await (rig.stop("a") if verb == "stop" else rig.destroy("a"))
        await starting
        assert rig.launcher.forgotten == ["4:1"]
        found = rig.store.find("a")
        assert found is None if verb == "destroy" else found.status.life.state is State.STOPPED
        assert rig.driver.groups == {}
        assert rig.launcher.requests == []

    play(body)


def test_stop_asks_first_and_kills_when_time_is_up(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a")
        await rig.start("a")
        task = rig.get("a").status.life.process
        assert task is not None
        await rig.stop("a", grace=0.05)
        assert rig.signals == [(task.task_pid, signal.SIGTERM)]
        assert rig.state("a") is State.STOPPED

    play(body)


def test_a_dead_parent_takes_its_children_along(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a")
        rig.create("a/b")
        await rig.start("a/b")
        rig.end("a", 0)
        rig.driver.tasks["a/b"] = set()
        await rig.until(lambda: rig.state("a") is State.DEAD)
        process = rig.get("a/b").status.life.process
        assert process is not None
        rig.exits.tell(Exited(process.launch_id, process.init_pid, 9))
        await rig.until(lambda: rig.state("a/b") is State.DEAD)
        assert rig.get("a/b").status.life.exit_status == 9

    play(body)


def test_pause_and_resume(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a")
        rig.create("a/b")
        await rig.start("a/b")
        await rig.engine.converge([operations.pause(rig.store, rig.get("a"), actor=ACTOR, now=0.0)])
        assert (rig.state("a"), rig.state("a/b")) == (State.PAUSED, State.PAUSED)
        with pytest.raises(InvalidState):
            operations.resume(rig.store, rig.get("a/b"), actor=ACTOR, now=0.0)
        await rig.engine.converge(operations.resume(rig.store, rig.get("a"), actor=ACTOR, now=0.0))
        assert (rig.state("a"), rig.state("a/b")) == (State.RUNNING, State.RUNNING)

    play(body)


def test_drift_is_repaired_and_counted(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", thread_limit="50")
        await rig.start("a")
        await rig.engine.converge([rig.get("a")])
        rig.driver.groups["a"]["pids.max"] = "7"
        rig.driver.frozen.add("a")
        await rig.engine.converge([rig.get("a")])
        assert rig.driver.groups["a"]["pids.max"] == "50"
        assert rig.driver.frozen == set()
        assert rig.containers.drift == {"pids": 1, "freezer": 1}
        repairs = [event for event in rig.events_of("a") if event.what is What.REPAIR]
        assert [(item.facet, item.subject, item.want, item.have) for item in repairs] == [
            ("freezer", "freezer.state", "THAWED", "FROZEN"),
            ("pids", "pids.max", "50", "7"),
        ]

    play(body)


def test_each_change_is_an_event_but_those_that_records_tell(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", thread_limit="50")
        await rig.start("a")
        operations.set_property(rig.store, rig.get("a"), "thread_limit", "60", actor=ACTOR, now=0.0)
        await rig.engine.converge([rig.get("a")])
        told = [(event.what, event.subject, event.want) for event in rig.events_of("a")]
        assert (What.CHANGE, "directories", "present") in told
        assert told[-1] == (What.CHANGE, "pids.max", "60")
        await rig.stop("a")
        assert not {"record", "launch"} & {event.subject for event in rig.events_of("a")}

    play(body)


def test_what_the_user_changes_is_no_drift(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", thread_limit="50")
        await rig.start("a")
        for limit in ("60", "70"):
            operations.set_property(
                rig.store, rig.get("a"), "thread_limit", limit, actor=ACTOR, now=0.0
            )
            await rig.engine.converge([rig.get("a")])
            assert rig.driver.groups["a"]["pids.max"] == limit
        operations.pause(rig.store, rig.get("a"), actor=ACTOR, now=0.0)
        await rig.engine.converge([rig.get("a")])
        assert rig.driver.frozen == {"a"}
        operations.resume(rig.store, rig.get("a"), actor=ACTOR, now=0.0)
        await rig.engine.converge([rig.get("a")])
        assert rig.driver.frozen == set()
        await rig.stop("a")
        assert rig.containers.drift == {}
        assert "drift_repaired" not in rig.counts

    play(body)


def test_a_refused_knob_is_an_error_and_a_condition_not_a_loop(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a")
        await rig.start("a")
        rig.driver.refuse["pids.max"] = OSError(22, "Invalid argument", "pids.max")
        record = operations.set_property(
            rig.store, rig.get("a"), "thread_limit", "9", actor=ACTOR, now=0.0
        )
        with pytest.raises(PortoError, match=r"pids\.max of a to 9: Invalid argument"):
            await rig.engine.converge([record])
        passes = rig.engine.passes
        await asyncio.sleep(0.05)
        assert rig.engine.passes - passes <= 2
        assert [(c.kind, c.facet) for c in rig.get("a").status.conditions] == [("Stuck", "pids")]

    play(body)


def test_a_caller_who_comes_after_the_first_pass_hears_of_its_failure(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a")
        await rig.start("a")
        rig.driver.refuse["pids.max"] = OSError(22, "Invalid argument", "pids.max")
        record = operations.set_property(
            rig.store, rig.get("a"), "thread_limit", "9", actor=ACTOR, now=0.0
        )
        rig.engine.enqueue(record.key)
        await rig.until(lambda: rig.get("a").status.conditions != ())
        for _ in range(2):
            with pytest.raises(PortoError, match=r"pids\.max of a to 9: Invalid argument"):
                await rig.engine.converge([record])

    play(body)


def test_what_is_stuck_already_refuses_no_other_property(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a")
        await rig.start("a")
        rig.driver.refuse["pids.max"] = OSError(22, "Invalid argument", "pids.max")

        async def put(name: str, value: str) -> None:
            record = operations.set_property(
                rig.store, rig.get("a"), name, value, actor=ACTOR, now=0.0
            )
            await rig.engine.converge([record])

        with pytest.raises(PortoError, match=r"pids\.max of a to 9"):
            await put("thread_limit", "9")
        await put("private", "something else")
        assert [c.facet for c in rig.get("a").status.conditions] == ["pids"]
        with pytest.raises(PortoError, match=r"pids\.max of a to 8"):
            await put("thread_limit", "8")
        rig.driver.refuse.clear()
        await put("thread_limit", "7")
        assert rig.get("a").status.conditions == ()

    play(body)


def test_a_limit_without_its_controller_is_not_supported(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", command="")
        rig.create("a/b")
        await rig.start("a/b")
        record = operations.set_property(
            rig.store, rig.get("a/b"), "thread_limit", "9", actor=ACTOR, now=0.0
        )
        with pytest.raises(NotSupported, match="thread_limit of a/b"):
            await rig.engine.converge([record])

    play(body)


def test_respawn_counts_and_stops_at_its_limit(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", respawn="true", max_respawns="1", respawn_delay="1ms")
        await rig.start("a")
        rig.end("a", 256)
        await rig.until(lambda: rig.get("a").status.life.respawn_count == 1)
        await rig.until(lambda: rig.state("a") is State.RUNNING)
        rig.end("a", 256)
        await rig.until(lambda: rig.state("a") is State.DEAD)
        # A look that would respawn once more, if it could.
        await rig.engine.converge([rig.get("a")])
        assert (rig.state("a"), rig.get("a").status.life.respawn_count) == (State.DEAD, 1)
        assert len(rig.launcher.requests) == 2

    play(body)


@pytest.mark.parametrize(
    ("values", "respawns", "stops"),
    [
        pytest.param({"respawn": "true", "max_respawns": "0"}, 0, True, id="none-allowed"),
        pytest.param({"respawn": "false", "max_respawns": "5"}, 0, True, id="not-wanted"),
        pytest.param({"respawn": "true", "max_respawns": "2"}, 2, True, id="two"),
        pytest.param({"respawn": "true", "max_respawns": "-1"}, 3, False, id="no-limit"),
    ],
)
def test_how_often_a_container_respawns(
    play: Any, values: dict[str, str], respawns: int, stops: bool
) -> None:
    async def body(rig: Rig) -> None:
        def is_running(launches: int) -> bool:
            return len(rig.launcher.requests) == launches and rig.state("a") is State.RUNNING

        rig.create("a", respawn_delay="0", **values)
        await rig.start("a")
        for number in range(respawns):
            rig.end("a", 256)
            await rig.until(lambda number=number: is_running(number + 2))
        assert rig.get("a").status.life.respawn_count == respawns
        if stops:
            rig.end("a", 256)
            await rig.until(lambda: rig.state("a") is State.DEAD)
            await rig.engine.converge([rig.get("a")])
            assert rig.state("a") is State.DEAD
            assert len(rig.launcher.requests) == respawns + 1

    play(body)


def test_aging_destroys(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a", aging_time="0")
        await rig.start("a")
        rig.end("a", 0)
        await rig.until(lambda: len(rig.store) == 0)
        assert rig.counts["remove_dead"] == 1

    play(body)


def test_takeover_adopts_a_launch_that_was_not_recorded(play: Any) -> None:
    async def body(rig: Rig) -> None:
        record = rig.create("a")
        operations.start(rig.store, record, actor=ACTOR, now=0.0)
        rig.engine._queue.forget(record.key)
        launched = Launched(f"{record.id}:1", 50, 5, 51, 5, 2)
        rig.driver.place("a", 50, 51)
        rig.driver.create(rig.world.controllers.group("a"))
        strangers = take_over(rig.world, [launched], same_boot=True, same_master=True)
        assert strangers == []
        assert rig.state("a") is State.RUNNING
        assert rig.get("a").status.life.process == Process(f"{record.id}:1", 50, 5, 51, 5, 2)
        await rig.engine.converge([rig.get("a")])
        assert rig.launcher.requests == []

    play(body)


def test_a_stop_goes_on_when_the_groups_are_gone(play: Any, monkeypatch: Any) -> None:
    """The daemon died after it had removed them, before it wrote that down."""

    async def body(rig: Rig) -> None:
        rig.create("a")
        await rig.start("a")
        rig.driver.tasks["a"] = set()
        rig.driver.remove(rig.world.controllers.group("a"))

        def freezer_state(group: Any) -> None:
            raise FileNotFoundError(2, "No such file or directory")

        monkeypatch.setattr(rig.driver, "freezer_state", freezer_state)
        await rig.stop("a", grace=30.0)
        assert rig.state("a") is State.STOPPED

    play(body)


def test_a_launch_of_a_record_that_was_not_read_is_no_strangers(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(rig: Rig) -> None:
        monkeypatch.setattr(type(rig.store), "unread", frozenset({7}))
        theirs, strange = (Launched(f"{number}:1", 50, 5, 51, 5, 2) for number in (7, 8))
        found = take_over(rig.world, [theirs, strange], same_boot=True, same_master=True)
        assert found == [strange]

    play(body)


def test_takeover_tells_no_exit_twice(play: Any) -> None:
    """The daemon died after it had recorded the exit, before it acknowledged it."""

    async def body(rig: Rig) -> None:
        record = rig.create("a")
        await rig.start("a")
        process = rig.get("a").status.life.process
        assert process is not None
        launched = Launched(f"{record.id}:1", process.init_pid, 7, process.task_pid, 7, 2)
        rig.end("a", 0)
        await rig.until(lambda: rig.state("a") is State.DEAD)
        rig.launcher.acknowledged.clear()
        take_over(rig.world, [launched], same_boot=True, same_master=True)
        assert rig.state("a") is State.DEAD
        assert rig.get("a").status.life.exit_status == 0
        assert rig.launcher.acknowledged == [f"{record.id}:1"]

    play(body)


@pytest.mark.parametrize("case", ["client", "file", "respawn", "not-begun"])
def test_a_launch_that_died_with_the_master_is_not_made_twice(play: Any, case: str) -> None:
    """Whether its command ran, nobody knows."""

    async def body(rig: Rig) -> None:
        record = rig.create("a", respawn="true", max_respawns="5", respawn_delay="3600s")
        if case == "respawn":
            await rig.start("a")
            rig.end("a", 0)
            await rig.until(lambda: rig.state("a") is State.DEAD)
        intent = {"origin": "file:///a.CT" if case == "file" else "respawn"}
        if case == "client":
            intent = {}
        launch = record.intent.launch + (2 if case == "respawn" else 1)
        rig.store.put(rig.get("a").with_intent(run=Run.RUNNING, launch=launch, **intent), now=0.0)
        rig.engine._queue.forget(record.key)
        if case != "not-begun":
            rig.driver.create(rig.world.controllers.group("a"))
            rig.driver.place("a", 50, 51)
        requests = len(rig.launcher.requests)
        take_over(rig.world, [], same_boot=True, same_master=False)
        await rig.engine.converge([rig.get("a")])
        life = rig.get("a").status.life
        assert rig.driver.tasks.get("a", set()) <= ({1000, 1001} if life.process else set())
        if case == "client":
            assert (life.state, rig.get("a").intent.run) == (State.STOPPED, Run.STOPPED)
            assert life.start_error == "cannot start a: portod was killed in the middle of it"
        if case == "respawn":
            assert (life.state, life.exit_status, life.respawn_count) == (State.DEAD, 9, 1)
        if case in ("client", "respawn"):
            assert len(rig.launcher.requests) == requests
        else:
            assert (life.state, len(rig.launcher.requests)) == (State.RUNNING, requests + 1)

    play(body)


def test_a_stop_before_the_launch_is_gone_on_with_by_another_master(play: Any) -> None:
    """What is stopped in order to be started again has not been launched again."""

    async def body(rig: Rig) -> None:
        rig.create("a")
        await rig.start("a")
        record = rig.get("a")
        rig.store.put(record.with_intent(launch=2), now=0.0)
        rig.engine._queue.forget(record.key)
        take_over(rig.world, [], same_boot=True, same_master=False)
        await rig.engine.converge([rig.get("a")])
        assert (rig.state("a"), rig.get("a").status.life.launched) == (State.RUNNING, 2)

    play(body)


def test_takeover_of_another_boot_starts_from_nothing(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("a")
        await rig.start("a")
        take_over(rig.world, [], same_boot=False, same_master=False)
        assert rig.state("a") is State.STOPPED
        assert rig.get("a").intent.run is Run.STOPPED

    play(body)


def test_takeover_destroys_weak_containers(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.create("strong")
        rig.create("weak", weak="true")
        take_over(rig.world, [], same_boot=True, same_master=True)
        await rig.until(lambda: rig.store.names() == ["strong"])

    play(body)
