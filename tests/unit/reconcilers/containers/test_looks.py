"""What is looked at between passes, what passes remember, and what others ask of them."""

import dataclasses
import signal
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from porto.kernel.cgroup.group import Group
from porto.reconcilers.engine.result import Done, Retry, Stuck
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import find_property
from porto.spec.containers.status import State
from porto.spec.errors import Busy, EError, InvalidState
from porto.spec.key import Key
from porto.spec.records.record import Run
from porto.spec.records.status import Condition
from tests.fakes.scenes import Scene, process_of

RESTART = Condition("RestartRequired", "task", "later")


@pytest.fixture
def scene() -> Scene:
    return Scene()


def changed(scene: Scene, record: ContainerRecord, **values: str) -> ContainerRecord:
    """The next generation, with other properties."""
    spec = record.spec
    for name, text in values.items():
        prop = find_property(name)
        spec = spec.with_value(prop, prop.parse(record.name, text))
    return scene.store.put(dataclasses.replace(record, spec=spec), now=0.0)


# -- the look of the resync ----------------------------------------------------


@pytest.mark.parametrize("state", [State.RUNNING, State.META])
def test_a_started_container_is_settled(scene: Scene, state: State) -> None:
    assert scene.reconciler.is_settled(scene.put("a", state))


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"state": State.DEAD}, id="dead"),
        pytest.param({"state": State.PAUSED}, id="paused"),
        pytest.param({"run": Run.STOPPED}, id="stop"),
        pytest.param({"intent": {"paused": True}}, id="pause"),
        pytest.param({"intent": {"launch": 2}, "status": {"launched": 1}}, id="relaunch"),
        pytest.param({"status": {"observed_generation": 1}}, id="unseen"),
        pytest.param({"status": {"conditions": (RESTART,)}}, id="condition"),
    ],
)
def test_one_that_is_to_change_is_not(scene: Scene, given: dict[str, Any]) -> None:
    assert not scene.reconciler.is_settled(scene.put("a", **{"state": State.RUNNING, **given}))


def test_one_whose_task_has_ended_is_not(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING)
    scene.exits.ended["4:1"] = 0
    assert not scene.reconciler.is_settled(record)


def test_one_whose_knobs_somebody_has_written_is_not(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING)
    scene.driver.groups["a"]["pids.max"] = "7"
    assert not scene.reconciler.is_settled(record)


def test_one_that_somebody_has_frozen_is_not(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING)
    scene.driver.frozen.add("a")
    assert not scene.reconciler.is_settled(record)


def test_one_that_cannot_be_looked_at_is_not(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING)
    del scene.driver.groups["a"]
    assert not scene.reconciler.is_settled(record)
    assert scene.notices.quiet == {}


def test_what_was_found_as_it_should_be_is_not_read_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = scene.put("a", State.RUNNING)
    assert scene.reconciler.is_settled(record)
    assert scene.notices.quiet == {record.key: record.generation}
    monkeypatch.setattr(scene.driver, "read", None)
    monkeypatch.setattr(scene.driver, "self_frozen", None)
    assert scene.reconciler.is_settled(record)
    # What no write to a knob tells of is looked at all the same.
    scene.threads.ioprios[41] = 3
    assert not scene.reconciler.is_settled(record)


def test_what_is_not_watched_is_read_each_time(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING)
    scene.notices.can_watch = False
    assert scene.reconciler.is_settled(record)
    assert scene.notices.quiet == {}
    scene.driver.groups["a"]["pids.max"] = "7"
    assert not scene.reconciler.is_settled(record)


def test_a_change_is_not_settled(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING)
    scene.driver.groups["a"]["pids.max"] = "7"
    scene.reconciler.is_settled(record)
    assert scene.notices.quiet == {}


def test_the_groups_own_directories_are_watched(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = scene.put("a", State.RUNNING)
    seen: list[tuple[Key, Group]] = []

    def watch(key: Key, group: Group) -> bool:
        seen.append((key, group))
        return True

    monkeypatch.setattr(scene.notices, "watch", watch)
    scene.reconciler.is_settled(record)
    assert seen == [(record.key, scene.group("a"))]


@pytest.mark.parametrize(
    ("state", "run", "idle", "alive"),
    [
        (State.STOPPED, Run.STOPPED, True, False),
        (State.STOPPED, Run.RUNNING, False, False),
        (State.DEAD, Run.RUNNING, False, False),
        (State.RUNNING, Run.RUNNING, False, True),
        (State.RUNNING, Run.STOPPED, False, True),
        (State.PAUSED, Run.RUNNING, False, True),
    ],
)
def test_who_is_watched(scene: Scene, state: State, run: Run, idle: bool, alive: bool) -> None:
    record = scene.put("a", state, run=run)
    assert (scene.watch.is_idle(record), scene.watch.is_alive(record)) == (idle, alive)


@pytest.mark.parametrize(("always", "intact"), [(False, True), (True, True), (False, False)])
def test_a_full_look_now_and_then_and_when_the_kernel_has_lost_something(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, always: bool, intact: bool
) -> None:
    record = scene.put("a", State.RUNNING)
    scene.reconciler.is_settled(record)
    monkeypatch.setattr(scene.driver, "intact", lambda: intact)
    scene.watch.unsettle(always)
    assert (scene.notices.quiet == {}) is (always or not intact)


# -- a pass --------------------------------------------------------------------


def test_a_pass_of_what_is_gone_forgets_it(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING)
    scene.world.memory.of(record.key).wishes["cpu"] = 1
    scene.store.delete(record)
    assert scene.reconciler.reconcile(record.key) == Done()
    assert scene.world.memory.of(record.key).wishes == {}


def test_drift_is_counted_told_and_logged(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING, thread_limit="50")
    with capture_logs() as logs:
        for text in ("7", "8"):
            scene.driver.groups["a"]["pids.max"] = text
            assert scene.reconciler.reconcile(record.key) == Done()
    assert scene.reconciler.drift == {"pids": 2}
    assert scene.counters.counts == {"drift_repaired": 2}
    assert logs[0] == {
        "event": "drift repaired",
        "log_level": "warning",
        "container": "a",
        "facet": "pids",
        "knob": "pids.max",
        "want": "50",
        "have": "7",
    }
    assert [str(event.what) for event in scene.history.events] == ["repair", "repair"]
    assert [(event.kind, event.name) for event in scene.history.events[:1]] == [("container", "a")]


def test_what_somebody_asked_for_is_told_and_not_counted(scene: Scene) -> None:
    record = changed(scene, scene.put("a", State.RUNNING), thread_limit="50")
    assert scene.reconciler.reconcile(record.key) == Done()
    told = [(str(e.what), e.facet, e.subject, e.want, e.have) for e in scene.history.events]
    assert told == [("change", "pids", "pids.max", "50", "10000")]
    assert (scene.reconciler.drift, scene.counters.counts) == ({}, {})


def test_the_reason_of_a_change_is_told(scene: Scene) -> None:
    record = changed(scene, scene.put("a", State.RUNNING), thread_limit="50")
    scene.reconciler.reconcile(record.key)
    assert [event.text for event in scene.history.events] == [""]


# -- what passes remember ------------------------------------------------------


def test_who_asked_for_a_facet(scene: Scene) -> None:
    """A caller whose generation failed in an earlier pass is still the one who asked."""
    first = scene.put("a", State.RUNNING)
    remembered = scene.world.memory.of(first.key)
    assert remembered.asked(first, "pids")
    remembered.see(first)
    second = changed(scene, first, thread_limit="9")
    for _ in range(2):
        assert remembered.asked(second, "pids")
        assert not remembered.asked(second, "cpu")
        assert remembered.asked(second, "nobody's")
        remembered.see(second)
    third = changed(scene, second, private="x")
    assert not remembered.asked(third, "pids")


def test_a_pass_remembers_what_it_saw(scene: Scene) -> None:
    first = scene.put("a", State.RUNNING)
    scene.driver.refuse["pids.max"] = OSError(22, "Invalid argument", "pids.max")
    scene.reconciler.reconcile(first.key)
    second = changed(scene, scene.get("a"), thread_limit="9")
    for _ in range(2):
        assert isinstance(scene.reconciler.reconcile(second.key), Stuck)
    third = changed(scene, scene.get("a"), private="x")
    assert scene.reconciler.reconcile(third.key) == Done()


@pytest.mark.parametrize("state", [State.RUNNING, State.META])
def test_wishes_are_remembered_when_all_is_well(scene: Scene, state: State) -> None:
    record = scene.put("a", state)
    assert scene.reconciler.reconcile(record.key) == Done()
    assert set(scene.world.memory.of(record.key).wishes) == {
        "cpu",
        "cpuset",
        "devices",
        "scheduler",
    }


def test_wishes_are_not_remembered_while_something_is_stuck(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING, thread_limit="9")
    scene.driver.refuse["pids.max"] = OSError(22, "Invalid argument", "pids.max")
    scene.driver.groups["a"]["pids.max"] = "7"
    assert isinstance(scene.reconciler.reconcile(record.key), Stuck)
    assert scene.world.memory.of(record.key).wishes == {}


def test_what_a_relative_asks_for_is_no_drift(scene: Scene) -> None:
    parent = scene.put("a", State.RUNNING, cpu_policy="normal")
    child = scene.put("a/b", State.RUNNING)
    scene.reconciler.reconcile(child.key)
    changed(scene, parent, cpu_policy="idle")
    scene.driver.cpu.threads = lambda group: [51]
    try:
        scene.reconciler.reconcile(child.key)
    finally:
        del scene.driver.cpu.threads
    assert [(str(e.what), e.facet) for e in scene.history.events] == [("change", "scheduler")]
    assert scene.reconciler.drift == {}


@pytest.mark.parametrize("state", [State.DEAD, State.STOPPED])
def test_the_ended_are_forgotten(scene: Scene, state: State) -> None:
    record = scene.put("a", state)
    scene.driver.tasks.clear()
    scene.world.memory.of(record.key).wishes["cpu"] = 1
    scene.reconciler.reconcile(record.key)
    assert scene.world.memory.of(record.key).wishes == {}


# -- asked by others -----------------------------------------------------------


def test_a_signal_goes_to_the_main_task(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING)
    scene.reconciler.signal(record, signal.SIGUSR1)
    assert scene.processes.signals == [(41, 6, signal.SIGUSR1)]


def ended(scene: Scene) -> None:
    scene.put("a", State.RUNNING)
    scene.processes.ended.add(41)


def without_task(scene: Scene) -> None:
    record = scene.put("a", State.META)
    process = dataclasses.replace(process_of(record), task_pid=0)
    scene.store.put_status(record, record.status.changed(process=process), now=0.0)


@pytest.mark.parametrize("make", [lambda scene: scene.put("a", State.META), without_task, ended])
def test_no_task_no_signal(scene: Scene, make: Callable[[Scene], object]) -> None:
    make(scene)
    with pytest.raises(InvalidState) as caught:
        scene.reconciler.signal(scene.get("a"), signal.SIGUSR1)
    assert caught.value.text == "cannot kill a: it has no process"


def test_a_condition_is_kept_beside_those_of_other_facets(scene: Scene) -> None:
    other = Condition("RestartRequired", "cpu", "older")
    record = scene.put("a", State.RUNNING, status={"conditions": (other, RESTART)})
    newer = Condition("RestartRequired", "task", "newer", EError.Busy)
    scene.reconciler.keep_condition(record, newer)
    assert scene.get("a").status.conditions == (other, newer)
    scene.store.delete(record)
    scene.reconciler.keep_condition(record, newer)


def test_output_files(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING)
    files = ("/place/porto/a/stdout", "/place/porto/a/stderr")
    assert scene.reconciler.output_files(record) == files


def test_output_is_kept_short(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING, stdout_limit="1000", status={"stderr_offset": 5})
    scene.files.sizes["/place/porto/a/stderr"] = 5000
    scene.files.sizes["/place/porto/a/stdout"] = 1000
    scene.reconciler.rotate(record)
    assert scene.files.sizes["/place/porto/a/stderr"] == 1000
    assert scene.get("a").status.streams.stderr_offset == 4005
    assert scene.counters.counts == {"log_rotate_bytes": 4000}


def test_output_that_cannot_be_kept_short(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING)
    scene.files.refuse["/place/porto/a/stdout"] = OSError(13, "Permission denied", "/x")
    with capture_logs() as logs:
        scene.reconciler.rotate(record)
    assert logs == [
        {
            "event": "rotation failed",
            "log_level": "warning",
            "container": "a",
            "error": "cannot look at rotation of a: /x: Permission denied",
        }
    ]


def test_a_wish_that_came_too_late_is_tried_again(scene: Scene) -> None:
    record = scene.put("a", State.DEAD, status={"process": None}, respawn="true", respawn_delay="0")
    scene.driver.tasks.clear()
    decision = scene.decide("a")
    changed(scene, record, private="x")
    result = scene.carrying("a", decision)
    assert isinstance(result, Retry)
    assert isinstance(result.error, Busy)
