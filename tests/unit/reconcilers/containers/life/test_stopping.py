"""Towards stopped and absent: asked, killed, taken down, written down."""

import signal

import pytest

from porto.kernel.cgroup.driver import FreezerState
from porto.launcher.ops import LaunchFailed
from porto.reconcilers.engine.result import Again
from porto.spec.config import DaemonConfig
from porto.spec.containers.status import State
from porto.spec.records.record import Run
from porto.spec.records.status import Condition
from tests.fakes.scenes import Scene, lines

POLITE = {"kill_at": 130.0}
RESTART = Condition("RestartRequired", "task", "later")
WHOLE_LIFE = {
    "process": None,
    "exit_status": 9,
    "start_time": 1.0,
    "start_mono": 2.0,
    "death_time": 3.0,
    "death_mono": 4.0,
    "conditions": (RESTART,),
    "oom_killed": True,
    "oom_before": 1,
    "oom_kills_before": 2,
    "stdout_offset": 3,
    "stderr_offset": 4,
    "controllers": "freezer;memory;pids",
}


@pytest.fixture
def scene() -> Scene:
    return Scene(daemon=DaemonConfig(cgroup_remove_timeout_s=3))


# -- stopped -------------------------------------------------------------------


def test_nothing_to_stop(scene: Scene) -> None:
    scene.put("a", State.STOPPED)
    assert scene.told("a") == ["= Done"]


def test_what_stood_in_the_way_of_a_start_is_in_nobodys_way(scene: Scene) -> None:
    shown = (RESTART, Condition("Waiting", "life", "a waits"), Condition("Retrying", "task", "no"))
    scene.put("a", State.STOPPED, status={"conditions": shown})
    assert scene.told("a") == lines("""
        life record: stopped -> stopped
            a conditions=[RestartRequired task later Success]
        = Done
    """)
    scene.put("b", State.STOPPED, status={"conditions": (RESTART,)})
    assert scene.told("b") == ["= Done"]


@pytest.mark.parametrize("child", list(State)[1:7])
def test_children_end_first(scene: Scene, child: State) -> None:
    scene.put("a", State.RUNNING, run=Run.STOPPED)
    scene.put("a/b", child, run=Run.STOPPED)
    assert scene.carry("a") == Again(5.0)
    scene.clock.now = 105.0
    assert scene.told("a") == lines(f"""
        life record: running -> running
            a conditions=[Waiting life a waits for its child a/b, which is {child} Busy]
        = Again
    """)


def test_children_that_are_stopped_are_in_nobodys_way(scene: Scene) -> None:
    scene.put("a", State.RUNNING, run=Run.STOPPED)
    scene.put("a/b", State.STOPPED)
    assert scene.told("a") == lines("""
        life processes: alive -> none
            Kill
        = Again after 1
    """)


def test_asked_politely(scene: Scene) -> None:
    scene.put("a", State.RUNNING, run=Run.STOPPED, intent=POLITE)
    assert scene.told("a") == lines("""
        life pid 41: running -> SIGTERM
            Signal pid=41 start=6 signo=SIGTERM
        life record: running -> stopping
            a state=stopping
        = Again after 1
    """)


def test_asked_once(scene: Scene) -> None:
    scene.put("a", State.STOPPING, run=Run.STOPPED, intent=POLITE)
    assert scene.told("a") == ["= Again after 1"]


def test_time_left_is_slept_to_its_end(scene: Scene) -> None:
    scene.put("a", State.STOPPING, run=Run.STOPPED, intent={"kill_at": 100.25})
    assert scene.told("a") == ["= Again after 0.25"]


@pytest.mark.parametrize(
    ("handled", "sent"),
    [
        ([signal.SIGPWR, signal.SIGTERM], "SIGPWR"),
        ([signal.SIGTERM], "SIGTERM"),
        ([], ""),
    ],
)
def test_an_init_is_asked_with_what_it_handles(
    scene: Scene, handled: list[signal.Signals], sent: str
) -> None:
    scene.put("a", State.RUNNING, run=Run.STOPPED, intent=POLITE, virt_mode="os")
    scene.processes.handled = {(41, signo) for signo in handled}
    first = scene.told("a")[0]
    assert first == (f"life pid 41: running -> {sent}" if sent else "life processes: alive -> none")


KILL = """
    life processes: alive -> none
        Kill
    = Again after 1
"""


@pytest.mark.parametrize(
    ("state", "intent"),
    [
        pytest.param(State.RUNNING, {}, id="no-grace"),
        pytest.param(State.RUNNING, {"kill_at": 100.0}, id="time-is-up"),
        pytest.param(State.DEAD, POLITE, id="dead"),
    ],
)
def test_killed_at_once(scene: Scene, state: State, intent: dict[str, float]) -> None:
    scene.put("a", state, run=Run.STOPPED, intent=intent)
    assert scene.told("a") == lines(KILL)


def test_a_container_without_a_task_cannot_be_asked(scene: Scene) -> None:
    scene.put("a", State.META, run=Run.STOPPED, intent=POLITE)
    scene.driver.place("a", 99)
    assert scene.told("a") == lines(KILL)


def test_an_ended_task_is_not_asked(scene: Scene) -> None:
    scene.put("a", State.RUNNING, run=Run.STOPPED, intent=POLITE)
    scene.exits.ended["4:1"] = 0
    assert scene.told("a") == lines(KILL)


def test_what_freezes_hears_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.put("a", State.RUNNING, run=Run.STOPPED, intent=POLITE)
    monkeypatch.setattr(scene.driver, "freezer_state", lambda group: FreezerState.FREEZING)
    assert scene.told("a") == lines(KILL)


def test_taken_down_and_written_down(scene: Scene) -> None:
    scene.put("a", State.DEAD, run=Run.STOPPED, status=WHOLE_LIFE)
    scene.driver.oom.counts["a"] = 5
    assert scene.told("a") == lines("""
        cgroups directories: present -> absent
            RemoveGroup
        workdir /place/porto/a: present -> absent
            RemoveWorkDirectory root=/place/porto name=a
        = Done
        then life record: dead -> stopped
            a state=stopped
            a exit_status=None
            a start_time=0
            a start_mono=0
            a death_time=0
            a death_mono=0
            a conditions=[]
            a controllers=
            a oom_killed=False
            a oom_before=0
            a oom_kills_before=7
            a stdout_offset=0
            a stderr_offset=0
    """)


def test_the_exit_is_kept_until_the_record_does_not_need_it(scene: Scene) -> None:
    scene.put("a", State.RUNNING, run=Run.STOPPED)
    scene.driver.tasks.clear()
    assert scene.told("a") == lines("""
        cgroups directories: present -> absent
            RemoveGroup
        workdir /place/porto/a: present -> absent
            RemoveWorkDirectory root=/place/porto name=a
        = Done
        then life record: running -> stopped
            a state=stopped
            a process=None
        then life exit of 4:1: told -> acknowledged
            ForgetLaunch
    """)


def test_a_launch_that_nobody_took_is_dropped(scene: Scene) -> None:
    scene.put("a", State.STARTING, run=Run.STOPPED, intent={"launch": 1})
    scene.launches.outcomes["4:1"] = LaunchFailed("4:1", "Execute", 2, "x")
    assert scene.told("a")[:2] == lines("""
        life launch 4:1: begun -> dropped
            DropLaunch
    """)


def test_a_launch_in_its_setup_is_dropped_before_the_kill(scene: Scene) -> None:
    scene.put("a", State.STARTING, run=Run.STOPPED, intent={"launch": 1})
    scene.driver.create(scene.group("a"))
    scene.driver.place("a", 99)
    scene.launches.setup.add("4:1")
    assert scene.told("a") == lines("""
        life launch 4:1: begun -> dropped
            DropLaunch
        life processes: alive -> none
            Kill
        = Again after 1
    """)


@pytest.mark.parametrize("run", [Run.STOPPED, Run.ABSENT])
def test_a_process_that_is_not_listed_any_more_is_waited_for(scene: Scene, run: Run) -> None:
    scene.put("a", State.META, run=run)
    scene.driver.ending.add("a")
    assert scene.told("a") == lines(KILL)
    assert scene.carry("a") == Again(1.0)


def test_what_does_not_die_is_shown(scene: Scene) -> None:
    scene.put("a", State.META, run=Run.STOPPED)
    scene.driver.place("a", *range(90, 97))
    scene.driver.immortal.update(range(90, 97))
    for now in (100.0, 102.9):
        scene.clock.now = now
        assert scene.told("a") == lines(KILL)
        assert scene.carry("a") == Again(1.0)
    scene.clock.now = 103.0
    assert scene.told("a") == lines("""
        life processes: alive -> none
            Kill
        life record: meta -> meta
            a conditions=[Waiting life cannot end a: 7 processes do not die: 90 91 92 93 94 Busy]
        = Again after 1
    """)


# -- started again during a stop -------------------------------------------------


def test_a_start_during_a_stop_waits_for_its_end(scene: Scene) -> None:
    scene.put("a", State.STOPPING, intent={"launch": 2, **POLITE}, status={"launched": 1})
    assert scene.told("a") == ["= Again after 1"]
    scene.driver.tasks.clear()
    scene.clock.now = 130.0
    assert scene.told("a") == lines("""
        cgroups directories: present -> absent
            RemoveGroup
        workdir /place/porto/a: present -> absent
            RemoveWorkDirectory root=/place/porto name=a
        = Again after 0
        then life record: stopping -> starting
            a state=starting
            a process=None
        then life exit of 4:2: told -> acknowledged
            ForgetLaunch
    """)


def test_a_new_launch_of_a_running_container_ends_the_old_one(scene: Scene) -> None:
    scene.put("a", State.RUNNING, intent={"launch": 2}, status={"launched": 1})
    assert scene.told("a") == lines(KILL)


def test_a_stop_that_was_taken_back_is_finished(scene: Scene) -> None:
    scene.put("a", State.STOPPING)
    assert scene.told("a") == lines(KILL)


# -- absent --------------------------------------------------------------------


def test_children_are_gone_first(scene: Scene) -> None:
    scene.put("a", State.STOPPED, run=Run.ABSENT)
    scene.put("a/b", State.STOPPED, run=Run.ABSENT)
    assert scene.told("a") == ["= Again after 5"]


def test_a_stopped_container_goes(scene: Scene) -> None:
    scene.put("a", State.STOPPED, run=Run.ABSENT)
    assert scene.told("a") == lines("""
        = Done
        then life record: present -> absent
            Delete
    """)


def test_a_running_one_is_killed_whatever_grace_it_had(scene: Scene) -> None:
    scene.put("a", State.RUNNING, run=Run.ABSENT, intent=POLITE)
    assert scene.told("a") == lines(KILL)


def test_an_ended_one_is_taken_down_and_goes(scene: Scene) -> None:
    scene.put("a", State.RUNNING, run=Run.ABSENT)
    scene.driver.tasks.clear()
    assert scene.told("a") == lines("""
        cgroups directories: present -> absent
            RemoveGroup
        workdir /place/porto/a: present -> absent
            RemoveWorkDirectory root=/place/porto name=a
        = Done
        then life record: present -> absent
            Delete
        then life exit of 4:1: told -> acknowledged
            ForgetLaunch
    """)


def test_a_parent_keeps_the_counts(scene: Scene) -> None:
    scene.put("a", State.RUNNING, status={"oom_kills_before": 10})
    scene.put("a/b", State.DEAD, run=Run.ABSENT, status=WHOLE_LIFE, controllers="freezer;memory")
    scene.driver.oom.counts["a/b"] = 5
    scene.driver.tasks.clear()
    assert scene.told("a/b") == lines("""
        cgroups directories: present -> absent
            RemoveGroup
        workdir /place/porto/a/b: present -> absent
            RemoveWorkDirectory root=/place/porto name=a/b
        life record of a: - -> with its counts
            a oom_kills_before=17
        = Done
        then life record: present -> absent
            Delete
    """)


def test_a_stopped_one_has_no_present_life_to_count(scene: Scene) -> None:
    scene.put("a", State.RUNNING)
    status = {"oom_kills_before": 2}
    scene.put("a/b", State.STOPPED, run=Run.ABSENT, status=status, controllers="memory")
    # Its groups are left over, with what was counted already.
    scene.driver.create(scene.group("a/b"))
    scene.driver.oom.counts["a/b"] = 5
    assert scene.told("a/b") == lines("""
        life record of a: - -> with its counts
            a oom_kills_before=2
        = Done
        then life record: present -> absent
            Delete
    """)
