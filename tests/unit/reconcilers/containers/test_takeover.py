"""Start-up: records brought up to what the launcher and the kernel hold."""

import pytest
from structlog.testing import capture_logs

from porto.launcher.ops import Launched
from porto.reconcilers.containers.takeover import take_over
from porto.spec.containers.status import Process, State
from porto.spec.errors import EError
from porto.spec.records.record import Run
from tests.fakes.scenes import Scene


def launched(launch_id: str) -> Launched:
    return Launched(launch_id, 70, 5, 71, 6, 2)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_launch_that_was_not_written_down_is_adopted(scene: Scene) -> None:
    record = scene.put("a", State.STARTING)
    with capture_logs() as logs:
        assert take_over(scene.world, [launched("4:1")], same_boot=True, same_master=True) == []
    life = scene.get("a").status.life
    assert (life.state, life.launched) == (State.RUNNING, 1)
    assert life.process == Process("4:1", 70, 5, 71, 6, 2)
    assert (life.start_time, life.start_mono) == (1000.0, 100.0)
    assert scene.get("a").generation == record.generation
    assert scene.exits.tracked == ["4:1"]
    assert logs == [
        {"event": "launch adopted", "log_level": "info", "container": "a", "launch": "4:1"}
    ]


def test_a_launch_that_is_known_is_followed(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING)
    assert take_over(scene.world, [launched("4:1")], same_boot=True, same_master=True) == []
    assert scene.exits.tracked == ["4:1"]
    assert scene.get("a") == record


def test_the_launch_before_the_wanted_one_is_followed(scene: Scene) -> None:
    record = scene.put(
        "a",
        State.RUNNING,
        intent={"launch": 2},
        status={"launched": 1, "process": Process("4:1", 70, 5, 71, 6, 2)},
    )
    assert take_over(scene.world, [launched("4:1")], same_boot=True, same_master=True) == []
    assert scene.exits.tracked == ["4:1"]
    assert scene.get("a") == record


def test_a_newer_launch_replaces_what_is_written_down(scene: Scene) -> None:
    scene.put(
        "a",
        State.DEAD,
        intent={"launch": 2, "origin": "respawn"},
        status={
            "launched": 1,
            "respawn_count": 3,
            "process": Process("4:1", 70, 5, 71, 6, 2),
        },
    )
    both = [launched("4:1"), launched("4:2")]
    assert take_over(scene.world, both, same_boot=True, same_master=True) == []
    life = scene.get("a").status.life
    assert (life.launched, life.respawn_count) == (2, 4)
    assert life.process == Process("4:2", 70, 5, 71, 6, 2)
    assert scene.exits.tracked == ["4:2"]


def test_strangers_are_given_back(scene: Scene) -> None:
    scene.put("a", State.RUNNING)
    strangers = [launched("4:7"), launched("9:1")]
    assert take_over(scene.world, strangers, same_boot=True, same_master=True) == strangers


@pytest.mark.parametrize("alive", [True, False])
def test_an_orphan_is_followed_while_it_lives(scene: Scene, alive: bool) -> None:
    record = scene.put("a", State.RUNNING)
    if not alive:
        scene.processes.ended.add(40)
    with capture_logs() as logs:
        take_over(scene.world, [], same_boot=True, same_master=True)
    assert scene.exits.followed == ([record.status.life.process] if alive else [])
    line = {
        "event": "orphan followed by pidfd",
        "log_level": "info",
        "container": "a",
        "pid": 40,
    }
    assert logs == ([line] if alive else [])


def test_nothing_of_an_earlier_boot_runs(scene: Scene) -> None:
    scene.put(
        "a",
        State.PAUSED,
        intent={"paused": True},
        status={"oom_kills_before": 2, "start_mono": 9.0},
    )
    scene.put("b", State.DEAD, run=Run.STOPPED, status={"exit_status": 9})
    # The launcher's pids say nothing about those of the records.
    assert take_over(scene.world, [launched("4:1")], same_boot=False, same_master=False) == [
        launched("4:1")
    ]
    for name in ("a", "b"):
        record = scene.get(name)
        life = record.status.life
        assert (life.state, life.process, life.exit_status) == (State.STOPPED, None, None)
        assert (life.start_mono, record.intent.run) == (0.0, Run.STOPPED)
        assert not record.intent.paused
    assert scene.get("a").status.oom.oom_kills_before == 2


@pytest.mark.parametrize("same_boot", [True, False])
def test_weak_containers_go(scene: Scene, same_boot: bool) -> None:
    scene.put("a", State.RUNNING)
    scene.put("a/b", State.RUNNING, weak="true")
    scene.put("a/b/c", State.RUNNING)
    take_over(scene.world, [], same_boot=same_boot, same_master=same_boot)
    wanted = {record.name: record.intent for record in scene.store.records()}
    assert wanted["a"].run is (Run.RUNNING if same_boot else Run.STOPPED)
    for name in ("a/b", "a/b/c"):
        assert (wanted[name].run, wanted[name].origin) == (Run.ABSENT, "restart")
        assert scene.get(name).status.change_time == 1000.0


def test_an_exit_that_was_written_down_and_not_acknowledged(scene: Scene) -> None:
    record = scene.put("a", State.DEAD, status={"process": None, "exit_status": 0})
    assert take_over(scene.world, [launched("4:1")], same_boot=True, same_master=True) == []
    assert scene.exits.acknowledged == ["4:1"]
    assert scene.exits.tracked == []
    assert scene.get("a") == record


# -- a master that died with the daemon ------------------------------------------


def cut_short(scene: Scene) -> list[Launched]:
    return take_over(scene.world, [], same_boot=True, same_master=False)


def test_a_start_that_was_under_way_is_given_up(scene: Scene) -> None:
    scene.put("a", State.STARTING, intent={"kill_at": 7.0})
    scene.driver.create(scene.group("a"))
    scene.driver.place("a", 99)
    with capture_logs() as logs:
        assert cut_short(scene) == []
    record = scene.get("a")
    life = record.status.life
    assert (life.state, life.launched) == (State.STOPPED, 1)
    assert life.start_error == "cannot start a: portod was killed in the middle of it"
    assert life.start_error_code is EError.Unknown
    assert (record.intent.run, record.intent.kill_at) == (Run.STOPPED, 0.0)
    assert scene.driver.tasks["a"] == set()
    assert logs == [
        {"event": "start cut short", "log_level": "warning", "container": "a", "launch": 1}
    ]


def test_a_start_that_had_not_begun_is_begun(scene: Scene) -> None:
    record = scene.put("a", State.STARTING)
    cut_short(scene)
    assert scene.get("a") == record


def test_a_start_that_a_file_asks_for_is_begun_again(scene: Scene) -> None:
    record = scene.put("a", State.STARTING, intent={"origin": "file:/x.CT"})
    scene.driver.create(scene.group("a"))
    scene.driver.place("a", 99)
    cut_short(scene)
    assert scene.get("a") == record
    assert scene.driver.tasks["a"] == set()


def test_a_respawn_that_was_under_way_counts_as_a_life(scene: Scene) -> None:
    scene.put(
        "a",
        State.DEAD,
        intent={"launch": 2, "origin": "respawn"},
        status={"launched": 1, "process": None, "respawn_count": 3},
    )
    cut_short(scene)
    life = scene.get("a").status.life
    assert (life.state, life.launched, life.respawn_count) == (State.DEAD, 2, 4)
    assert (life.exit_status, life.death_time, life.death_mono) == (9, 1000.0, 100.0)
    assert life.process is None
    assert scene.get("a").intent.run is Run.RUNNING


def test_what_is_to_stop_is_no_start_under_way(scene: Scene) -> None:
    record = scene.put("a", State.DEAD, run=Run.STOPPED, intent={"launch": 2})
    cut_short(scene)
    assert scene.get("a") == record
