"""The whole list of a start, of a failed one and of one that is taken back."""

import pytest

from porto.launcher.ops import Launched
from porto.reconcilers.engine.result import Again
from porto.spec.config import ContainerConfig
from porto.spec.containers.status import State
from porto.spec.errors import EError
from porto.spec.records.record import Run
from porto.spec.records.status import Condition
from tests.fakes.scenes import Scene, lines

LIFE_BEHIND = {
    "process": None,
    "exit_status": 9,
    "start_time": 1.0,
    "start_mono": 2.0,
    "death_time": 3.0,
    "death_mono": 4.0,
    "conditions": (Condition("Stuck", "pids", "no"),),
    "oom_killed": True,
    "oom_before": 1,
    "oom_kills_before": 2,
    "stdout_offset": 3,
    "stderr_offset": 4,
    "start_error": "earlier",
    "start_error_code": EError.Busy,
    "respawn_count": 5,
    "controllers": "freezer;memory",
    "launched": 1,
    "observed_generation": 1,
}
"""Every field that a start or a stop writes has another value."""


@pytest.fixture
def scene() -> Scene:
    return Scene()


# -- begun ---------------------------------------------------------------------


def test_a_task(scene: Scene) -> None:
    scene.put("a", State.STARTING, thread_limit="50")
    assert scene.told("a") == lines("""
        cgroups directories: absent -> present
            MakeGroup
        oom notice: - -> armed
            Arm anew=True
        pids pids.max: max -> 50
            WriteKnob controller=pids knob=pids.max text=50
        workdir /place/porto/a: - -> made anew
            MakeWorkDirectory root=/place/porto name=a uid=0 gid=0 kept=False
        life launch 4:1: - -> running
            LaunchTask timeout=300
        = Again after 5
    """)


def test_a_process_that_only_keeps_the_namespaces(scene: Scene) -> None:
    scene.put("a", State.STARTING, command="")
    assert scene.told("a") == lines("""
        cgroups directories: absent -> present
            MakeGroup
        oom notice: - -> armed
            Arm anew=True
        pids pids.max: max -> 10000
            WriteKnob controller=pids knob=pids.max text=10000
        workdir /place/porto/a: - -> made anew
            MakeWorkDirectory root=/place/porto name=a uid=0 gid=0 kept=False
        life launch 4:1: - -> running
            LaunchTask timeout=300
        = Again after 5
    """)


def test_no_process_at_all(scene: Scene) -> None:
    scene.put("a", State.STARTING, command="", isolate="false")
    assert scene.told("a") == lines("""
        cgroups directories: absent -> present
            MakeGroup
        oom notice: - -> armed
            Arm anew=True
        pids pids.max: max -> 10000
            WriteKnob controller=pids knob=pids.max text=10000
        workdir /place/porto/a: - -> made anew
            MakeWorkDirectory root=/place/porto name=a uid=0 gid=0 kept=False
        = Done
        then life record: starting -> meta
            a state=meta
            a launched=1
            a controllers=freezer;memory;pids
            a start_time=1000
            a start_mono=100
        then life containers_started: - -> one more
            Count name=containers_started
    """)


def test_a_container_that_shares_the_namespaces_and_runs_a_command(scene: Scene) -> None:
    scene.put("a", State.STARTING, isolate="false")
    assert scene.told("a")[-3:] == lines("""
        life launch 4:1: - -> running
            LaunchTask timeout=300
        = Again after 5
    """)


def test_an_init_needs_no_command(scene: Scene) -> None:
    scene.put("a", State.STARTING, command="", virt_mode="os", isolate="false")
    assert scene.told("a")[-3:] == lines("""
        life launch 4:1: - -> running
            LaunchTask timeout=300
        = Again after 5
    """)


def test_a_child_below_a_running_parent(scene: Scene) -> None:
    scene.put("a", State.RUNNING)
    scene.put("a/b", State.STARTING, user="daemon")
    assert scene.told("a/b") == lines("""
        cgroups directories: absent -> present
            MakeGroup
        workdir /place/porto/a/b: - -> made anew
            MakeWorkDirectory root=/place/porto name=a/b uid=1 gid=1 kept=False
        life launch 5:1: - -> running
            LaunchTask timeout=300
        = Again after 5
    """)


def test_a_limit_of_time_for_the_setup() -> None:
    scene = Scene(container=ContainerConfig(start_timeout_ms=1500))
    scene.put("a", State.STARTING)
    assert scene.told("a")[-3:] == lines("""
        life launch 4:1: - -> running
            LaunchTask timeout=1.5
        = Again after 5
    """)


def test_groups_that_are_there_already(scene: Scene) -> None:
    scene.put("a", State.STARTING)
    scene.driver.create(scene.group("a"))
    scene.driver.groups["a"]["pids.max"] = "7"
    assert scene.told("a") == lines("""
        oom notice: - -> armed
            Arm anew=True
        pids pids.max: 7 -> 10000
            WriteKnob controller=pids knob=pids.max text=10000
        workdir /place/porto/a: - -> made anew
            MakeWorkDirectory root=/place/porto name=a uid=0 gid=0 kept=False
        life launch 4:1: - -> running
            LaunchTask timeout=300
        = Again after 5
    """)


def test_a_dead_container_in_its_place(scene: Scene) -> None:
    scene.put("a", State.DEAD, intent={"launch": 2}, status=LIFE_BEHIND)
    scene.driver.tasks.clear()
    assert scene.told("a") == lines("""
        oom notice: - -> armed
            Arm anew=True
        workdir /place/porto/a: - -> kept
            MakeWorkDirectory root=/place/porto name=a uid=0 gid=0 kept=True
        life launch 4:2: - -> running
            LaunchTask timeout=300
        = Again after 5
    """)


def test_what_died_while_it_was_paused_is_thawed_first(scene: Scene) -> None:
    scene.put("a", State.DEAD, intent={"launch": 2}, status={"launched": 1, "process": None})
    scene.driver.tasks.clear()
    scene.driver.frozen.add("a")
    assert scene.told("a")[:2] == lines("""
        freezer freezer.state: FROZEN -> THAWED
            Freeze frozen=False
    """)


def test_what_is_left_of_a_dead_one_is_killed_first(scene: Scene) -> None:
    scene.put("a", State.DEAD, intent={"launch": 2}, status={"launched": 1, "process": None})
    scene.driver.place("a", 99)
    assert scene.told("a") == lines("""
        life processes: alive -> none
            Kill
        = Again after 1
    """)


# -- under way -----------------------------------------------------------------


def test_nothing_while_the_launch_is_in_its_setup(scene: Scene) -> None:
    scene.put("a", State.STARTING)
    scene.launches.setup.add("4:1")
    assert scene.told("a") == ["= Again after 5"]


def test_a_setup_that_takes_long_is_shown(scene: Scene) -> None:
    scene.put("a", State.STARTING)
    assert scene.carry("a") == Again(5.0)
    scene.launches.setup.add("4:1")
    scene.clock.now = 105.0
    assert scene.told("a") == lines("""
        life record: starting -> starting
            a conditions=[Waiting life a waits for its launch, which is still being set up Busy]
        = Again
    """)


@pytest.mark.parametrize(
    ("parent", "intent", "status"),
    [
        pytest.param(State.STARTING, {}, {}, id="starting"),
        pytest.param(State.STOPPED, {"run": Run.RUNNING}, {}, id="asked-for"),
        pytest.param(State.DEAD, {"launch": 2}, {"launched": 1}, id="respawns"),
    ],
)
def test_a_parent_on_its_way_is_waited_for(
    scene: Scene, parent: State, intent: dict[str, object], status: dict[str, object]
) -> None:
    scene.put("a", parent, intent=intent, status=status)
    scene.put("a/b", State.STARTING)
    assert scene.told("a/b") == ["= Again after 5"]


def test_a_parent_that_takes_long_is_shown(scene: Scene) -> None:
    scene.put("a", State.STARTING)
    scene.put("a/b", State.STARTING)
    assert scene.carry("a/b") == Again(5.0)
    scene.clock.now = 103.0
    assert scene.told("a/b") == ["= Again after 2"]
    scene.clock.now = 105.0
    assert scene.told("a/b") == lines("""
        life record: starting -> starting
            a/b conditions=[Waiting life a/b waits for its parent a, which is starting Busy]
        = Again
    """)


@pytest.mark.parametrize(
    ("parent", "intent", "word"),
    [
        pytest.param(State.STOPPED, {}, "stopped", id="stopped"),
        pytest.param(State.DEAD, {}, "dead", id="dead"),
        pytest.param(State.PAUSED, {}, "paused", id="paused"),
        pytest.param(State.STOPPING, {"run": Run.STOPPED}, "stopping", id="stopping"),
        pytest.param(State.STARTING, {"run": Run.ABSENT}, "starting", id="destroyed"),
    ],
)
def test_a_parent_that_will_not_run_takes_the_start_back(
    scene: Scene, parent: State, intent: dict[str, object], word: str
) -> None:
    scene.put("a", parent, intent=intent)
    scene.put("a/b", State.STARTING, intent={"kill_at": 7.0})
    assert scene.told("a/b") == lines(f"""
        life intent: running -> stopped
            Wish a/b run=stopped origin=api paused=False launch=1 kill_at=0
        = Stuck InvalidState: cannot start a/b: its parent a is {word}
    """)


def test_a_launch_that_is_done_whatever_became_of_the_parent(scene: Scene) -> None:
    scene.put("a", State.PAUSED)
    scene.put("a/b", State.STARTING)
    scene.launches.outcomes["5:1"] = Launched("5:1", 40, 5, 41, 6, 2)
    assert scene.told("a/b")[:1] == ["= Done"]


def test_a_start_that_was_meanwhile_taken_back(scene: Scene) -> None:
    scene.put("a", State.STARTING, run=Run.STOPPED)
    scene.launches.setup.add("4:0")
    assert scene.told("a") == lines("""
        life launch 4:0: begun -> dropped
            DropLaunch
        cgroups directories: present -> absent
            RemoveGroup
        workdir /place/porto/a: present -> absent
            RemoveWorkDirectory root=/place/porto name=a
        = Done
        then life record: starting -> stopped
            a state=stopped
    """)


# -- succeeded -----------------------------------------------------------------


def test_success_is_written_down(scene: Scene) -> None:
    scene.put("a", State.STARTING, status=LIFE_BEHIND)
    scene.launches.outcomes["4:1"] = Launched("4:1", 40, 5, 41, 6, 2)
    scene.driver.create(scene.group("a"))
    assert scene.told("a") == lines("""
        = Done
        then life record: starting -> running
            a state=running
            a controllers=freezer;memory;pids
            a process=pid 40/41
            a exit_status=None
            a oom_killed=False
            a start_time=1000
            a start_mono=100
            a death_time=0
            a death_mono=0
            a start_error=
            a start_error_code=Success
            a observed_generation=2
            a conditions=[]
        then life containers_started: - -> one more
            Count name=containers_started
        then life launch: told -> taken
            TakeLaunch
    """)


def test_success_of_a_respawn_is_counted(scene: Scene) -> None:
    scene.put("a", State.DEAD, intent={"launch": 2, "origin": "respawn"}, status={**LIFE_BEHIND})
    scene.launches.outcomes["4:2"] = Launched("4:2", 50, 5, 51, 6, 2)
    assert scene.told("a") == lines("""
        = Done
        then life record: dead -> running
            a state=running
            a launched=2
            a process=pid 50/51
            a exit_status=None
            a oom_killed=False
            a start_time=1000
            a start_mono=100
            a death_time=0
            a death_mono=0
            a start_error=
            a start_error_code=Success
            a respawn_count=6
            a observed_generation=2
            a conditions=[]
        then life containers_started: - -> one more
            Count name=containers_started
        then life launch: told -> taken
            TakeLaunch
    """)


def test_success_of_another_start_in_place_is_no_respawn(scene: Scene) -> None:
    scene.put("a", State.DEAD, intent={"launch": 2}, status={"respawn_count": 5, "process": None})
    scene.launches.outcomes["4:2"] = Launched("4:2", 50, 5, 51, 6, 2)
    assert not [line for line in scene.told("a") if "respawn" in line]


def test_a_start_after_a_stop_is_no_respawn_whoever_asked_first(scene: Scene) -> None:
    scene.put("a", State.STARTING, intent={"origin": "respawn"}, status={"respawn_count": 5})
    scene.launches.outcomes["4:1"] = Launched("4:1", 40, 5, 41, 6, 2)
    assert not [line for line in scene.told("a") if "respawn" in line]


def test_success_and_its_end_at_once(scene: Scene) -> None:
    scene.put("a", State.STARTING)
    scene.launches.outcomes["4:1"] = Launched("4:1", 40, 5, 41, 6, 2)
    scene.exits.ended["4:1"] = 0
    assert scene.told("a")[0] == "= Again after 0"
