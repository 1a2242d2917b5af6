"""A started container: its facets, what they refuse, and what ends it."""

import dataclasses
import errno
import signal
from typing import Any

import pytest

from porto.reconcilers.containers import upkeep
from porto.reconcilers.engine.decision import Failure
from porto.reconcilers.engine.result import Again, Done, Result
from porto.spec.containers.spec import find_property
from porto.spec.containers.status import State
from porto.spec.errors import Busy, EError, InvalidValue
from porto.spec.records.status import Condition
from tests.fakes.scenes import Scene, lines

RESTART = Condition("RestartRequired", "task", "later")
STUCK = Condition("Stuck", "pids", "cannot", EError.Busy)
KILL = """
    life processes: alive -> none
        Kill
    = Again after 1
"""


@pytest.fixture
def scene() -> Scene:
    return Scene()


# -- kept ----------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.RUNNING, State.META])
def test_nothing_to_do(scene: Scene, state: State) -> None:
    scene.put("a", state)
    assert scene.told("a") == ["= Done", f"then life record: {state} -> {state}"]


def test_a_new_generation_without_a_difference(scene: Scene) -> None:
    scene.put("a", State.RUNNING, status={"observed_generation": 1})
    assert scene.told("a") == lines("""
        = Done
        then life record: running -> running
            a observed_generation=2
    """)


def test_a_property_that_was_changed(scene: Scene) -> None:
    scene.put("a", State.RUNNING, status={"observed_generation": 1}, thread_limit="50")
    scene.driver.groups["a"]["pids.max"] = "7"
    assert scene.told("a") == lines("""
        pids pids.max: 7 -> 50
            WriteKnob controller=pids knob=pids.max text=50
        = Done
        then life record: running -> running
            a observed_generation=2
    """)


def test_somebody_elses_hand(scene: Scene) -> None:
    scene.put("a", State.RUNNING, thread_limit="50")
    scene.driver.groups["a"]["pids.max"] = "7"
    assert scene.told("a") == lines("""
        pids pids.max: 7 -> 50 drift
            WriteKnob controller=pids knob=pids.max text=50
        = Done
        then life record: running -> running
    """)


def test_processes_that_were_moved(scene: Scene) -> None:
    scene.put("a", State.RUNNING)
    scene.driver.tasks["a"] = {40}
    scene.driver.place("b", 41)
    assert scene.told("a") == lines("""
        cgroups pid 41: b -> a drift
            Attach pid=41
        = Done
        then life record: running -> running
    """)


def test_conditions_that_are_over_go_and_those_of_a_restart_stay(scene: Scene) -> None:
    scene.put("a", State.RUNNING, status={"conditions": (STUCK, RESTART)})
    assert scene.told("a") == lines("""
        = Done
        then life record: running -> running
            a conditions=[RestartRequired task later Success]
    """)


def test_one_facet_refuses_and_the_others_are_kept(scene: Scene) -> None:
    scene.put("a", State.RUNNING)
    scene.put("a/b", State.RUNNING, memory_limit="1G", thread_limit="9", cpu_limit="1c")
    scene.driver.tasks["a/b"] = {50}
    scene.driver.place("a", 51)
    decision = scene.decide("a/b")
    assert decision.by_facet
    assert scene.told("a/b") == lines("""
        cgroups pid 51: a -> a/b drift
            Attach pid=51
        refused cpu: cannot set cpu_limit of a/b to 1c: it has no cpu controller
        = Done
        then life record: running -> running
    """)


def test_a_facet_that_cannot_look(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.put("a", State.RUNNING)

    def refuse(*asked: object) -> str:
        raise OSError(errno.EIO, "Input/output error", "/fake/a.pids/pids.max")

    monkeypatch.setattr(scene.driver, "read", refuse)
    assert scene.told("a") == lines("""
        refused pids: cannot look at pids of a: /fake/a.pids/pids.max: Input/output error
        = Done
        then life record: running -> running
    """)


def test_the_first_refusal_is_shown_and_answers(scene: Scene) -> None:
    scene.put("a", State.RUNNING, status={"observed_generation": 1, "conditions": (RESTART,)})
    failures = Failure("pids", Busy("cannot")), Failure("cpu", InvalidValue("neither"))
    assert scene.failed("a", *failures) == lines("""
        life record: running -> running
            a conditions=[RestartRequired task later Success, Stuck pids cannot Busy]
        = Stuck Busy: cannot
    """)


def test_what_is_shown_already_answers_who_asked_for_it(scene: Scene) -> None:
    scene.put("a", State.RUNNING, status={"observed_generation": 1, "conditions": (STUCK,)})
    assert scene.failed("a", Failure("pids", Busy("cannot"))) == lines("""
        life record: running -> running
            a observed_generation=2
        = Stuck Busy: cannot
    """)


def test_what_is_shown_already_does_not_answer_who_asked_for_something_else(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING, status={"conditions": (STUCK,)})
    scene.world.memory.of(record.key).see(record)
    again = scene.store.put(record.with_intent(origin="file:/x"), now=0.0)
    assert again.generation == record.generation + 1
    assert scene.failed("a", Failure("pids", Busy("cannot"))) == lines("""
        life record: running -> running
            a observed_generation=3
        = Done
    """)


def test_what_fails_of_what_was_asked_for_is_not_hidden_by_what_is_shown(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING, status={"conditions": (STUCK,)})
    scene.world.memory.of(record.key).see(record)
    spec = record.spec.with_value(find_property("cpu_weight"), 200)
    scene.store.put(dataclasses.replace(record, spec=spec), now=0.0)
    failures = Failure("pids", Busy("cannot")), Failure("cpu", InvalidValue("neither"))
    assert scene.failed("a", *failures) == lines("""
        life record: running -> running
            a conditions=[Stuck cpu neither InvalidValue]
        = Stuck InvalidValue: neither
    """)


# -- the end -------------------------------------------------------------------


def test_an_exit(scene: Scene) -> None:
    scene.put("a", State.RUNNING, status={"conditions": (RESTART,), "observed_generation": 1})
    scene.exits.ended["4:1"] = 256
    scene.driver.tasks.clear()
    assert scene.told("a") == lines("""
        = Again after 0
        then life record: running -> dead
            a state=dead
            a process=None
            a exit_status=256
            a death_time=1000
            a death_mono=100
            a observed_generation=2
            a conditions=[]
        then life exit of 4:1: told -> acknowledged
            ForgetLaunch
    """)


def test_an_exit_leaves_processes_behind(scene: Scene) -> None:
    scene.put("a", State.RUNNING)
    scene.exits.ended["4:1"] = 256
    assert scene.told("a") == lines(KILL)


def test_an_exit_with_output_that_is_too_long(scene: Scene) -> None:
    scene.put("a", State.RUNNING, stdout_limit="1000", status={"stdout_offset": 5})
    scene.exits.ended["4:1"] = 0
    scene.driver.tasks.clear()
    scene.files.sizes["/place/porto/a/stdout"] = 5000
    assert scene.told("a") == lines("""
        rotation /place/porto/a/stdout: 5000 -> at most 1000
            Rotate path=/place/porto/a/stdout limit=1000 field=stdout_offset before=5
        = Again after 0
        then life record: running -> dead
            a state=dead
            a process=None
            a exit_status=0
            a death_time=1000
            a death_mono=100
        then life exit of 4:1: told -> acknowledged
            ForgetLaunch
    """)
    assert scene.failed("a", Failure("rotation", Busy("cannot"))) == lines("""
        = Again after 0
        then life record: running -> dead
            a state=dead
            a process=None
            a exit_status=0
            a death_time=1000
            a death_mono=100
        then life exit of 4:1: told -> acknowledged
            ForgetLaunch
    """)


def test_an_exit_is_found_before_anything_else(scene: Scene) -> None:
    scene.put("a", State.RUNNING, intent={"paused": True})
    scene.exits.ended["4:1"] = 0
    scene.driver.tasks.clear()
    assert scene.told("a")[0] == "= Again after 0"


@pytest.mark.parametrize(
    ("parent", "ends"),
    [
        (State.RUNNING, False),
        (State.META, False),
        (State.PAUSED, False),
        (State.STARTING, False),
        (State.DEAD, True),
        (State.STOPPING, True),
        (State.STOPPED, True),
    ],
)
def test_a_parent_that_is_gone(scene: Scene, parent: State, ends: bool) -> None:
    scene.put("a", parent)
    scene.put("a/b", State.RUNNING)
    assert (scene.told("a/b") == lines(KILL)) is ends


def test_a_parent_that_is_gone_and_the_task_too(scene: Scene) -> None:
    scene.put("a", State.DEAD)
    scene.put("a/b", State.RUNNING)
    scene.processes.ended.update((50, 51))
    scene.driver.tasks.clear()
    assert scene.told("a/b") == lines("""
        = Again after 0
        then life record: running -> dead
            a/b state=dead
            a/b process=None
            a/b exit_status=9
            a/b death_time=1000
            a/b death_mono=100
        then life exit of 5:1: told -> acknowledged
            ForgetLaunch
    """)


def test_a_parent_that_is_gone_ends_one_without_a_process(scene: Scene) -> None:
    scene.put("a", State.DEAD)
    scene.put("a/b", State.META)
    scene.driver.tasks.clear()
    assert scene.told("a/b")[:2] == lines("""
        = Again after 0
        then life record: meta -> dead
    """)


def test_groups_that_are_gone_end_one_whose_process_is_not_known(scene: Scene) -> None:
    scene.put("a", State.PAUSED, status={"process": None})
    scene.driver.groups.clear()
    assert scene.told("a") == lines("""
        = Again after 0
        then life record: paused -> dead
            a state=dead
            a exit_status=9
            a death_time=1000
            a death_mono=100
    """)


@pytest.mark.parametrize("process", [True, False])
def test_groups_that_are_gone_are_made_again_for_one_that_lives(
    scene: Scene, process: bool
) -> None:
    scene.put("a", State.RUNNING if process else State.META)
    del scene.driver.groups["a"]
    assert scene.told("a")[:2] == lines("""
        cgroups directories: absent -> present drift
            MakeGroup
    """)


def test_nothing_is_stuck_for_want_of_groups_that_were_just_made_again(scene: Scene) -> None:
    scene.put("a", State.META, thread_limit="50")
    del scene.driver.groups["a"]
    assert [item.facet for item in scene.decide("a").refused] == ["pids"]
    assert scene.carry("a") == Again(0.0)
    assert scene.get("a").status.conditions == ()
    assert scene.carry("a") == Done()
    assert scene.get("a").status.conditions == ()
    assert scene.driver.groups["a"]["pids.max"] == "50"


def test_a_slow_write_that_takes_long_is_shown(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.put("a", State.RUNNING, thread_limit="50")
    scene.driver.groups["a"]["pids.max"] = "7"
    plan = upkeep.plan

    def slowly(facets: Any, target: Any) -> Any:
        changes, refused = plan(facets, target)
        return [dataclasses.replace(change, is_slow=True) for change in changes], refused

    def look() -> Result:
        return scene.reconciler.reconcile(scene.get("a").key)

    monkeypatch.setattr(upkeep, "plan", slowly)
    with monkeypatch.context() as busy:
        busy.setattr(scene.jobs, "ensure", lambda job: False)
        assert look() == Again(5.0)
        assert scene.get("a").status.conditions == ()
        scene.clock.now = 105.0
        assert look() == Again()
        text = "a waits until pids.max is 50"
        assert scene.get("a").status.conditions == (
            Condition("Waiting", "life", text, EError.Busy),
        )
    assert look() == Done()
    assert scene.get("a").status.conditions == ()
    # Another one is another wait.
    scene.driver.groups["a"]["pids.max"] = "8"
    monkeypatch.setattr(scene.jobs, "ensure", lambda job: False)
    assert look() == Again(5.0)
    assert scene.get("a").status.conditions == ()


def test_groups_that_cannot_be_made_again_are_shown(scene: Scene) -> None:
    scene.put("a", State.META, thread_limit="50")
    del scene.driver.groups["a"]
    assert scene.failed("a", Failure("cgroups", Busy("cannot make them"))) == lines("""
        life record: meta -> meta
            a conditions=[Stuck cgroups cannot make them Busy]
        = Stuck Busy: cannot make them
    """)


# -- out of memory ---------------------------------------------------------------


def struck(scene: Scene, **status: Any) -> None:
    record = scene.put("a", State.RUNNING, status=status)
    scene.notices.oom[record.key] = 99.9


def test_out_of_memory_is_the_end(scene: Scene) -> None:
    struck(scene)
    scene.driver.oom.counts["a"] = 1
    assert scene.told("a") == lines("""
        life record: running -> running
            a oom_killed=True
        life processes: alive -> none
            Kill
        = Again after 1
    """)


def test_the_kernel_is_given_a_moment_to_count_its_victim(scene: Scene) -> None:
    struck(scene)
    assert scene.told("a") == lines("""
        = Again after 0.02
    """)


@pytest.mark.parametrize(
    ("now", "first"),
    [(100.39, "= Again after 0.01"), (100.4, "life record: running -> running")],
)
def test_the_moment_ends(scene: Scene, now: float, first: str) -> None:
    struck(scene)
    scene.clock.now = now
    assert scene.told("a")[0] == first


def test_what_was_counted_in_an_earlier_life_is_no_reason(scene: Scene) -> None:
    scene.put("a", State.RUNNING, status={"oom_before": 1})
    scene.driver.oom.counts["a"] = 1
    assert scene.told("a")[0] == "= Done"


def test_who_does_not_mind_lives_on(scene: Scene) -> None:
    scene.put("a", State.RUNNING, oom_is_fatal="false")
    scene.driver.oom.counts["a"] = 1
    assert scene.told("a")[0] == "= Done"


def test_out_of_memory_without_a_living_task(scene: Scene) -> None:
    scene.put("a", State.RUNNING, status={"oom_killed": True, "oom_before": 3})
    scene.driver.oom.counts["a"] = 4
    scene.processes.ended.update((40, 41))
    scene.driver.tasks.clear()
    assert scene.told("a") == lines("""
        = Again after 0
        then life record: running -> dead
            a state=dead
            a process=None
            a exit_status=9
            a death_time=1000
            a death_mono=100
            a oom_before=4
        then life exit of 4:1: told -> acknowledged
            ForgetLaunch
        then life containers_oom: - -> one more
            Count name=containers_oom
    """)


def test_out_of_memory_without_any_task(scene: Scene) -> None:
    scene.put("a", State.META)
    scene.driver.oom.counts["a"] = 4
    scene.driver.tasks.clear()
    assert scene.told("a")[:2] == ["= Again after 0", "then life record: meta -> dead"]


def test_the_death_of_sigkill_after_the_notice(scene: Scene) -> None:
    struck(scene)
    scene.driver.oom.counts["a"] = 2
    scene.exits.ended["4:1"] = signal.SIGKILL
    scene.driver.tasks.clear()
    assert scene.told("a") == lines("""
        = Again after 0
        then life record: running -> dead
            a state=dead
            a process=None
            a exit_status=SIGKILL
            a death_time=1000
            a death_mono=100
            a oom_killed=True
            a oom_before=2
        then life exit of 4:1: told -> acknowledged
            ForgetLaunch
        then life containers_oom: - -> one more
            Count name=containers_oom
    """)


def test_another_death_after_the_notice(scene: Scene) -> None:
    struck(scene)
    scene.exits.ended["4:1"] = signal.SIGTERM
    scene.driver.tasks.clear()
    assert "    a oom_killed=True" not in scene.told("a")


def test_a_child_dies_of_what_its_parent_died_of(scene: Scene) -> None:
    scene.put("a", State.DEAD, status={"oom_killed": True})
    scene.put("a/b", State.RUNNING)
    scene.exits.ended["5:1"] = 0
    scene.driver.tasks.clear()
    assert "    a/b oom_killed=True" in scene.told("a/b")


def test_a_child_without_a_memory_group_is_charged_to_its_parent(scene: Scene) -> None:
    scene.put("a", State.RUNNING, oom_is_fatal="false")
    scene.put("a/b", State.RUNNING)
    scene.driver.oom.counts["a"] = 1
    scene.exits.ended["5:1"] = signal.SIGKILL
    scene.driver.tasks["a/b"] = set()
    assert "    a/b oom_killed=True" in scene.told("a/b")
