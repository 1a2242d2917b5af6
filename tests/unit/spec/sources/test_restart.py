"""Restarts that a file asks for, and what may come in between."""

import asyncio
import dataclasses

import pytest

from porto.spec.containers.admission import Admission
from porto.spec.containers.intent import ContainerIntent
from porto.spec.containers.restarts import Restarts
from porto.spec.containers.status import State
from porto.spec.errors import Busy, InvalidState, ResourceNotAvailable
from porto.spec.records.record import Run
from porto.spec.sources.claims import START_MARK
from porto.spec.sources.diagnostics import Diagnostic
from tests.unit.spec.sources.rig import Rig

TREE = "name: top\nprivate: '{}'\ncwd: {}\ncontainers:\n- name: a\n  command: x\n- name: b\n"


def started(rig: Rig, text: str = "name: a\ncommand: x\n") -> None:
    rig.write("a.yaml", text)
    rig.sync()
    rig.engine.launched.clear()
    rig.engine.waited.clear()


def test_children_are_started_again_with_their_parent(rig):
    started(rig, TREE.format("", "/"))
    rig.api_create("top/mine", command="x")
    rig.api_start("top/mine")
    rig.api_stop("top/b")
    rig.engine.launched.clear()
    rig.write("a.yaml", TREE.format("", "/tmp"))
    assert rig.sync() == []
    assert rig.engine.launched == ["top", "top/a", "top/mine"]
    assert rig.state("top/b") == "stopped"
    assert not any(START_MARK in record.origins for record in rig.store.records())


def test_parent_and_child_that_both_changed_restart_once(rig):
    started(rig, TREE.format("", "/"))
    rig.write("a.yaml", TREE.format("", "/tmp").replace("command: x", "command: y"))
    assert rig.sync() == []
    assert rig.engine.launched == ["top", "top/a", "top/b"]
    assert rig.value("top/a", "command") == "y"


def test_a_pass_during_a_restart_does_not_disturb_it(rig):
    async def body() -> None:
        rig.engine.holding = asyncio.Event()
        await rig.watcher.sync()
        await asyncio.sleep(0)
        assert rig.state("a") == "stopping"
        await rig.watcher.sync()
        rig.engine.holding.set()
        await rig.watcher.idle()
        rig.engine.settle()

    started(rig)
    rig.write("a.yaml", "name: a\ncommand: y\n")
    asyncio.run(body())
    assert rig.engine.waited == [["a"]]
    assert rig.engine.launched == ["a"]


def test_a_users_stop_in_between_ends_the_matter(rig):
    async def body() -> None:
        rig.engine.holding = asyncio.Event()
        await rig.watcher.sync()
        await asyncio.sleep(0)
        record = rig.record("a")
        rig.store.put(record.with_intent(run=Run.STOPPED, origin="api"), now=1.0)
        rig.engine.holding.set()
        await rig.watcher.idle()
        await rig.watcher.sync()
        rig.engine.settle()

    started(rig)
    rig.write("a.yaml", "name: a\ncommand: y\n")
    asyncio.run(body())
    assert rig.state("a") == "stopped"
    assert rig.engine.launched == []
    assert START_MARK not in rig.record("a").origins


def test_a_daemon_that_dies_while_it_waits_goes_on_later(rig):
    async def body() -> None:
        rig.engine.holding = asyncio.Event()
        await rig.watcher.sync()
        await asyncio.sleep(0)
        await rig.watcher._operations[0].cancel()

    started(rig, TREE.format("", "/"))
    rig.write("a.yaml", TREE.format("", "/tmp"))
    asyncio.run(body())
    assert rig.record("top").intent.run is Run.STOPPED
    rig.engine.holding = None
    rig.restart_daemon()
    assert rig.sync() == []
    assert rig.engine.launched == ["top", "top/a", "top/b"]
    assert not any(START_MARK in record.origins for record in rig.store.records())


def test_a_daemon_that_dies_before_the_stop_goes_on_later(rig):
    started(rig)
    record = rig.record("a")
    origins = {**record.origins, START_MARK: str(record.intent.launch)}
    rig.store.put(dataclasses.replace(record, origins=origins), now=1.0)
    rig.restart_daemon()
    assert rig.sync() == []
    assert rig.engine.launched == ["a"]


def test_a_mark_of_an_earlier_launch_is_void(rig):
    started(rig)
    record = rig.record("a")
    origins = {**record.origins, START_MARK: str(record.intent.launch - 1)}
    rig.store.put(dataclasses.replace(record, origins=origins), now=1.0)
    assert rig.sync() == []
    assert rig.engine.launched == []
    assert START_MARK not in rig.record("a").origins


def test_a_stop_that_fails_is_reported_and_tried_again(rig):
    started(rig)
    rig.engine.error = Busy("cannot stop a: it does not want to")
    rig.write("a.yaml", "name: a\ncommand: y\n")
    assert rig.sync() == []
    expected = ["specs/a.yaml:1: name: cannot stop a: it does not want to"]
    for waits in (1, 2, 3):
        # A failure is told at once, then tried again, and told without a gap.
        assert rig.sync() == expected
        record = rig.record("a")
        stopping = record.status.changed(state=State.STOPPING)
        rig.store.put_status(record, stopping, now=1.0)
        assert len(rig.engine.waited) == waits
    rig.engine.error = None
    assert rig.sync() == expected
    assert rig.sync() == []
    assert rig.engine.launched == ["a"]


def test_what_may_not_be_started_again_is_not_stopped(rig, monkeypatch):
    """Also when only a child may not, which would be started again with its parent."""

    def refuse(admission, store, record):
        if record.name == "top/a":
            raise ResourceNotAvailable("cannot start top/a: its guarantee cannot be given")

    started(rig, TREE.format("", "/"))
    launches = {record.name: record.intent.launch for record in rig.store.records()}
    with monkeypatch.context() as patch:
        patch.setattr(Admission, "check_start", refuse)
        rig.write("a.yaml", TREE.format("", "/tmp"))
        expected = ["specs/a.yaml:1: name: cannot start top/a: its guarantee cannot be given"]
        assert rig.sync() == expected
        assert rig.sync() == expected
    assert {record.name: record.intent.launch for record in rig.store.records()} == launches
    assert all(record.intent.run is Run.RUNNING for record in rig.store.records())
    assert rig.engine.waited == []
    assert rig.sync() == []
    assert rig.engine.launched == ["top", "top/a", "top/b"]


def test_below_a_paused_parent_nothing_is_restarted(rig):
    started(rig, TREE.format("", "/"))
    record = rig.record("top")
    rig.store.put(record.with_intent(paused=True), now=1.0)
    rig.write("a.yaml", TREE.format("", "/").replace("command: x", "command: y"))
    (problem,) = rig.sync()
    assert problem == "specs/a.yaml:5: name: cannot stop top/a: its parent top is paused"
    rig.store.put(rig.record("top").with_intent(paused=False), now=1.0)
    assert rig.sync() == []
    assert rig.engine.launched == ["top/a"]


def test_a_restart_goes_on_while_its_file_is_at_fault(rig):
    started(rig, TREE.format("", "/"))
    record = rig.record("top/a")
    origins = {**record.origins, START_MARK: str(record.intent.launch)}
    rig.store.put(dataclasses.replace(record, origins=origins), now=1.0)
    rig.store.put(rig.record("top").with_intent(paused=True), now=1.0)
    path = rig.write("a.yaml", "name: [\n")
    rig.sync()
    told = [item for item in rig.watcher.problems() if item.property]
    reason = "cannot stop top/a: its parent top is paused"
    assert told == [Diagnostic(path, 0, "name", reason)]
    rig.store.put(rig.record("top").with_intent(paused=False), now=1.0)
    before = rig.record("top/a").intent
    rig.sync()
    assert rig.record("top/a").intent == dataclasses.replace(before, launch=before.launch + 1)


def test_a_container_on_its_way_down_is_started_when_it_is_down(rig):
    async def body() -> None:
        record = rig.record("a")
        rig.store.put(record.with_intent(run=Run.STOPPED, origin="api"), now=1.0)
        rig.engine.stopping()
        await rig.watcher.sync()
        await rig.watcher.idle()
        rig.engine.settle()

    started(rig)
    rig.write("a.yaml", "name: a\ncommand: x\nprivate: changed\n")
    asyncio.run(body())
    assert rig.state("a") == "running"


class Wanted:
    """Restarts by themselves: how each wait ends, and what they report."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.due: list[str] = []
        self.restarts = Restarts(
            rig.store, rig.engine, stop_timeout_s=7.0, now=lambda: 3.0, monotonic=lambda: 100.0
        )
        self.restarts.on_done = lambda: self.due.append(rig.state("a"))

    def mark(self, mark: str, name: str = "a") -> None:
        record = self.rig.record(name)
        origins = {**record.origins, START_MARK: mark}
        self.rig.store.put(dataclasses.replace(record, origins=origins), now=1.0)

    def step(self, name: str = "a") -> str:
        """One step and all that it waits for; the fault that it told."""

        async def body() -> str:
            try:
                self.restarts.advance(self.rig.record(name), "file:/specs/a.yaml")
            except InvalidState as error:
                return error.text
            finally:
                await self.restarts.idle()
            return ""

        return asyncio.run(body())


@pytest.fixture
def wanted(rig: Rig) -> Wanted:
    """A container that files have started, stopped and want to start again."""
    started(rig)
    wanted = Wanted(rig)
    record = rig.record("a").with_intent(run=Run.STOPPED, origin="file:/specs/a.yaml")
    rig.store.put(record, now=1.0)
    rig.engine.stopping()
    wanted.mark("1:stopping")
    return wanted


def test_each_end_is_told_and_the_same_failure_only_once(wanted):
    engine = wanted.rig.engine
    engine.error = Busy("it does not want to")
    assert (wanted.step(), wanted.due) == ("", ["stopping"])
    assert (wanted.step(), len(wanted.due)) == ("it does not want to", 1)
    assert (wanted.step(), len(wanted.due)) == ("it does not want to", 1)
    engine.error = Busy("it cannot")
    assert (wanted.step(), len(wanted.due)) == ("it does not want to", 2)
    assert len(engine.waited) == 3
    assert (wanted.step(), len(wanted.due)) == ("it cannot", 2)
    assert len(engine.waited) == 3
    engine.error = None
    assert (wanted.step(), wanted.due[2:]) == ("it cannot", ["starting"])
    assert START_MARK not in wanted.rig.record("a").origins
    assert wanted.step() == ""


def test_a_wait_that_ends_well_ends_what_was_wrong(wanted, monkeypatch):
    engine = wanted.rig.engine
    engine.error = Busy("it does not want to")
    assert [wanted.step(), wanted.step()] == ["", "it does not want to"]
    engine.error = None
    monkeypatch.setattr(engine, "settle", lambda: None)  # given up, still on its way down
    assert (wanted.step(), len(wanted.due)) == ("it does not want to", 2)
    assert (wanted.step(), len(wanted.due)) == ("", 3)


def test_a_wait_that_is_given_up_asks_for_nothing(wanted):
    async def body() -> None:
        wanted.rig.engine.holding = asyncio.Event()
        wanted.restarts.advance(wanted.rig.record("a"), "file:/specs/a.yaml")
        await asyncio.sleep(0)
        await wanted.restarts.cancel()
        await wanted.restarts.idle()

    asyncio.run(body())
    assert wanted.due == []
    assert wanted.rig.record("a").origins[START_MARK] == "1:stopping"


def test_what_went_away_while_it_was_waited_for_is_left_alone(wanted):
    async def body() -> None:
        wanted.rig.engine.holding = asyncio.Event()
        wanted.restarts.advance(wanted.rig.record("a"), "file:/specs/a.yaml")
        await asyncio.sleep(0)
        wanted.rig.store.delete(wanted.rig.record("a"))
        wanted.rig.api_create("a")
        wanted.rig.engine.holding.set()
        await wanted.restarts.idle()

    asyncio.run(body())
    assert wanted.due == ["stopped"]
    assert wanted.rig.record("a").intent.run is Run.STOPPED


def test_a_stop_asks_like_a_client_and_marks_what_ran(rig):
    started(rig, TREE.format("", "/"))
    rig.api_stop("top/b")
    wanted = Wanted(rig)
    wanted.mark("1", "top")
    rig.engine.holding = asyncio.Event()

    async def body() -> None:
        wanted.restarts.advance(rig.record("top"), "file:/specs/a.yaml")
        await asyncio.sleep(0)

    asyncio.run(body())
    for name in ("top", "top/a"):
        record = rig.record(name)
        assert record.origins[START_MARK] == "1:stopping"
        assert record.intent == ContainerIntent(
            run=Run.STOPPED, origin="file:/specs/a.yaml", launch=1, kill_at=107.0
        )
    assert START_MARK not in rig.record("top/b").origins
    assert rig.record("top/b").intent.origin == "api"
    assert rig.engine.waited == [["top/a", "top"]]


def test_a_start_asks_for_the_file_and_takes_the_mark_away(wanted):
    wanted.rig.engine.settle()
    assert (wanted.step(), wanted.due) == ("", [])
    record = wanted.rig.record("a")
    assert record.intent == ContainerIntent(run=Run.RUNNING, origin="file:/specs/a.yaml", launch=2)
    assert record.status.change_time == 3.0
    assert START_MARK not in record.origins


@pytest.mark.parametrize(
    ("mark", "values"),
    [
        ("0:stopping", {}),
        ("", {}),
        ("x", {}),
        ("1:stopping", {"origin": "api"}),
        ("1", {"run": Run.ABSENT}),
    ],
)
def test_a_mark_that_is_void_goes_and_nothing_else_happens(wanted, mark, values):
    wanted.mark(mark)
    wanted.rig.store.put(wanted.rig.record("a").with_intent(**values), now=1.0)
    before = wanted.rig.record("a")
    assert (wanted.step(), wanted.due, wanted.rig.engine.waited) == ("", [], [])
    after = wanted.rig.record("a")
    assert after.intent == before.intent
    assert after.origins == {k: v for k, v in before.origins.items() if k != START_MARK}
    assert wanted.step() == ""
    assert wanted.rig.record("a") is after


def test_below_what_a_user_stopped_nothing_is_started(rig):
    started(rig, TREE.format("", "/"))
    rig.api_stop("top")
    wanted = Wanted(rig)
    wanted.mark("1", "top/a")
    reason = "cannot start top/a: its parent top is stopped"
    assert wanted.step("top/a") == reason
    wanted.mark("1", "top")
    assert wanted.step("top/a") == ""
    assert rig.record("top").intent.run is Run.RUNNING
