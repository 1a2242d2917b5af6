"""Pause and resume: the freezer follows the intent, the states follow the freezer."""

import pytest

from porto.kernel.cgroup.driver import FreezerState
from porto.kernel.cgroup.group import Group
from porto.reconcilers.engine.result import Again
from porto.spec.config import DaemonConfig
from porto.spec.containers.status import State
from porto.spec.records.record import Run
from porto.spec.records.status import Condition
from tests.fakes.scenes import Scene, lines

PAUSED = {"paused": True}
RESTART = Condition("RestartRequired", "task", "later")


@pytest.fixture
def scene() -> Scene:
    return Scene(daemon=DaemonConfig(freezer_wait_timeout_s=3))


def freezes(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The freezer is asked, and not there yet."""

    def state(group: Group) -> FreezerState:
        return FreezerState.FREEZING

    monkeypatch.setattr(scene.driver, "freezer_state", state)


def test_a_pause_is_asked_for(scene: Scene) -> None:
    scene.put("a", State.RUNNING, intent=PAUSED)
    assert scene.told("a") == lines("""
        freezer freezer.state: THAWED -> FROZEN
            Freeze frozen=True
        = Again after 0
    """)


def test_a_pause_is_written_down_with_those_below(scene: Scene) -> None:
    scene.put("a", State.RUNNING, intent=PAUSED, status={"observed_generation": 1})
    scene.put("a/b", State.RUNNING)
    scene.put("a/c", State.META)
    scene.put("a/d", State.DEAD)
    scene.put("a/e", State.STOPPED)
    scene.driver.frozen.add("a")
    assert scene.told("a") == lines("""
        life record: running -> paused
            a state=paused
            a observed_generation=2
        life record of a/b: running -> paused
            a/b state=paused
        life record of a/c: meta -> paused
            a/c state=paused
        = Done
    """)


def test_a_paused_container_stays_as_it_is(scene: Scene) -> None:
    scene.put("a", State.PAUSED, intent=PAUSED)
    scene.driver.frozen.add("a")
    assert scene.told("a") == ["= Done"]


def test_a_freeze_takes_its_time(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.put("a", State.RUNNING, intent=PAUSED)
    assert scene.carry("a") == Again(0.0)
    freezes(scene, monkeypatch)
    for now, later in ((100.01, "0.005"), (100.4, "0.1"), (102.8, "0.7")):
        scene.clock.now = now
        assert scene.told("a") == [f"= Again after {later}"]
    scene.clock.now = 103.0
    assert scene.told("a") == lines("""
        freezer freezer.state: FROZEN -> THAWED
            Freeze frozen=False
        freezer intent: paused -> running
            Wish a run=running origin=api paused=False launch=1 kill_at=0
        = Stuck Unknown: cannot pause a: not frozen after 3 s
    """)


def test_each_freeze_has_its_own_time(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    record = scene.put("a", State.RUNNING, intent=PAUSED)
    scene.carry("a")
    scene.driver.frozen.clear()
    scene.clock.now = 200.0
    scene.carry("a")
    freezes(scene, monkeypatch)
    assert scene.told("a") == ["= Again after 0.005"]
    # A daemon that finds a freeze under way counts from its first look.
    scene.world.memory.forget(record.key)
    scene.clock.now = 300.0
    assert scene.carry("a") == Again(0.005)
    scene.clock.now = 303.0
    assert scene.told("a")[-1].startswith("= Stuck Unknown: cannot pause a")


def test_a_resume_is_asked_for(scene: Scene) -> None:
    scene.put("a", State.PAUSED)
    scene.driver.frozen.add("a")
    assert scene.told("a") == lines("""
        freezer freezer.state: FROZEN -> THAWED
            Freeze frozen=False
        = Again after 0.005
    """)


def test_somebody_elses_freeze_is_taken_back(scene: Scene) -> None:
    scene.put("a", State.RUNNING)
    scene.driver.frozen.add("a")
    assert scene.told("a") == lines("""
        freezer freezer.state: FROZEN -> THAWED drift
            Freeze frozen=False
        = Again after 0.005
    """)


def test_no_resume_below_a_paused_parent(scene: Scene) -> None:
    scene.put("a", State.PAUSED, intent=PAUSED)
    scene.put("a/b", State.PAUSED)
    scene.driver.frozen.update(("a", "a/b"))
    assert scene.told("a/b") == lines("""
        freezer freezer.state: FROZEN -> THAWED
            Freeze frozen=False
        = Stuck Busy: cannot resume a/b: a is paused
    """)


def test_a_parent_that_is_being_resumed_does_not_stand_in_the_way(scene: Scene) -> None:
    """Whichever of the two has its pass first."""
    scene.put("a", State.PAUSED)
    scene.put("a/b", State.PAUSED)
    scene.driver.frozen.update(("a", "a/b"))
    assert scene.told("a/b") == scene.told("a")


def test_a_resume_is_written_down_with_those_below(scene: Scene) -> None:
    scene.put("a", State.PAUSED)
    scene.put("a/b", State.PAUSED)
    scene.put("a/c", State.PAUSED, command="")
    scene.put("a/d", State.PAUSED, intent=PAUSED)
    scene.put("a/d/e", State.PAUSED)
    scene.put("a/f", State.RUNNING)
    assert scene.told("a") == lines("""
        life record: paused -> running
            a state=running
        life record of a/b: paused -> running
            a/b state=running
        life record of a/c: paused -> meta
            a/c state=meta
        = Again after 0
    """)


def test_a_resume_is_written_down_when_all_is_thawed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.put("a", State.PAUSED)
    scene.put("a/b", State.PAUSED)
    freezes(scene, monkeypatch)
    assert scene.carry("a") == Again(0.005)
    assert scene.get("a").status.life.state is State.PAUSED


@pytest.mark.parametrize(
    ("state", "intent", "verb"),
    [
        pytest.param(State.RUNNING, PAUSED, "freeze", id="pause"),
        pytest.param(State.PAUSED, {}, "thaw", id="resume"),
    ],
)
def test_a_freezer_that_takes_long_is_shown(
    monkeypatch: pytest.MonkeyPatch, state: State, intent: dict[str, object], verb: str
) -> None:
    scene = Scene()
    scene.put("a", state, intent=intent, status={"conditions": (RESTART,)})
    if verb == "thaw":
        scene.driver.frozen.add("a")
    scene.carry("a")
    freezes(scene, monkeypatch)
    scene.clock.now = 104.0
    assert scene.told("a") == ["= Again after 1"]
    scene.clock.now = 105.0
    waits = f"Waiting freezer a waits for its processes to {verb} Busy"
    assert scene.told("a") == lines(f"""
        life record: {state} -> {state}
            a conditions=[RestartRequired task later Success, {waits}]
        = Again after 1
    """)


def test_who_is_frozen_waits_no_more(scene: Scene) -> None:
    shown = (RESTART, Condition("Waiting", "freezer", "a waits"))
    scene.put("a", State.RUNNING, intent=PAUSED, status={"conditions": shown})
    scene.driver.frozen.add("a")
    assert scene.told("a") == lines("""
        life record: running -> paused
            a state=paused
            a conditions=[RestartRequired task later Success]
        = Done
    """)


def test_a_thaw_that_does_not_come_is_shown_and_looked_for_less_often(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group above may be frozen by somebody else's hand."""
    scene.put("a", State.PAUSED)
    scene.driver.frozen.add("a")
    assert scene.carry("a") == Again(0.005)
    freezes(scene, monkeypatch)
    scene.clock.now = 102.8
    assert scene.told("a") == ["= Again after 0.7"]
    scene.clock.now = 110.0
    assert scene.told("a") == lines("""
        life record: paused -> paused
            a conditions=[Waiting freezer cannot resume a: still frozen after 3 s Busy]
        = Again after 1
    """)


def test_each_thaw_has_its_own_time(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.put("a", State.PAUSED)
    for now in (100.0, 200.0):
        scene.clock.now = now
        scene.driver.frozen.add("a")
        assert scene.carry("a") == Again(0.005)
    freezes(scene, monkeypatch)
    assert scene.told("a") == ["= Again after 0.005"]


def test_what_is_frozen_from_above_is_kept_as_it_is(scene: Scene) -> None:
    scene.put("a", State.PAUSED, intent=PAUSED)
    scene.put("a/b", State.PAUSED)
    scene.driver.frozen.add("a")
    assert scene.told("a/b")[0] == "= Done"
    assert "state" not in "".join(scene.told("a/b"))


def test_a_stop_needs_no_thaw(scene: Scene) -> None:
    scene.put("a", State.PAUSED, run=Run.STOPPED, intent={"kill_at": 200.0})
    scene.driver.frozen.add("a")
    assert scene.told("a") == lines("""
        life processes: alive -> none
            Kill
        = Again after 1
    """)
