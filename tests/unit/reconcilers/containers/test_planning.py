"""Deciding changes nothing, and on the same facts says the same: a whole life's passes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from porto.launcher.ops import Launched
from porto.reconcilers.engine.decision import Decision
from porto.spec.containers.status import State
from porto.spec.records.record import Run
from tests.fakes.cgroupfs import COMOUNTED, SPLIT
from tests.fakes.hosts import FakeHost
from tests.fakes.scenes import Scene
from tests.fakes.sealed import seal

Case = Callable[[Scene], None]

RICH = {
    "thread_limit": "50",
    "cpu_policy": "batch",
    "porto_namespace": "x",
    "oom_score_adj": "10",
    "stdout_path": "out",
    "cwd": "/tmp",
    "isolate": "true",
    "env": "A=b",
}


def start(scene: Scene) -> None:
    scene.put("a", State.STARTING, **RICH)


def start_below(scene: Scene) -> None:
    scene.put("p", State.META, command="")
    scene.put("a", State.STOPPED)
    scene.put("p/c", State.STARTING, thread_limit="5")


def outcome_of_a_start(scene: Scene) -> None:
    scene.put("a", State.STARTING, **RICH)
    launch = scene.launch("a")
    scene.driver.create(scene.group("a"))
    scene.launches.outcomes[launch] = Launched(launch, 40, 5, 41, 6, 2)


def running(scene: Scene) -> None:
    scene.put("a", State.RUNNING, **RICH)


def drifted(scene: Scene) -> None:
    running(scene)
    group = scene.group("a")
    scene.driver.write(group, "pids", "pids.max", "7")


def ended(scene: Scene) -> None:
    running(scene)
    scene.exits.ended[scene.launch("a")] = 9


def stop(scene: Scene) -> None:
    scene.put("a", State.RUNNING, run=Run.STOPPED)


def stopping(scene: Scene) -> None:
    scene.put("a", State.STOPPING, run=Run.STOPPED)


def destroy(scene: Scene) -> None:
    scene.put("a", State.RUNNING, run=Run.ABSENT)


def destroy_stopped(scene: Scene) -> None:
    scene.put("a", State.STOPPED, run=Run.ABSENT)


def destroy_dead(scene: Scene) -> None:
    scene.put("a", State.DEAD, run=Run.ABSENT, status={"process": None})


def respawn(scene: Scene) -> None:
    status = {"process": None, "death_mono": 1.0, "exit_status": 1}
    scene.put("a", State.DEAD, respawn="true", status=status)


def respawning(scene: Scene) -> None:
    scene.put("a", State.RESPAWNING, respawn="true", status={"process": None, "death_mono": 1.0})


def pause(scene: Scene) -> None:
    scene.put("a", State.RUNNING, intent={"paused": True})


CASES: tuple[Case, ...] = (
    start,
    start_below,
    outcome_of_a_start,
    running,
    drifted,
    ended,
    stop,
    stopping,
    destroy,
    destroy_stopped,
    destroy_dead,
    respawn,
    respawning,
    pause,
)
WITHOUT_PROCESSES = (start, start_below, destroy_stopped, destroy_dead, respawn, respawning)
HIERARCHIES = {"v1": SPLIT, "comounted": COMOUNTED, "v2": ("v2",)}


def name_in(scene: Scene) -> str:
    """The container that the case is about: the last one."""
    return [record.name for record in scene.store.records()][-1]


def whole(decision: Decision) -> tuple[object, ...]:
    """All that compares by value."""
    return (*decision.changes, *decision.refused, decision.result, *decision.closing)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_deciding_changes_nothing(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    case(scene)
    name = name_in(scene)
    seal(scene.ports, monkeypatch)
    before = [*scene.store.records()]
    first = scene.decide(name)
    assert whole(first) == whole(scene.decide(name))
    assert scene.written(first) == scene.told(name)
    assert first.changes or first.closing
    assert case is not running or not first.changes
    assert [*scene.store.records()] == before


@pytest.mark.parametrize("hierarchies", HIERARCHIES.values(), ids=HIERARCHIES)
@pytest.mark.parametrize("case", WITHOUT_PROCESSES, ids=lambda case: case.__name__)
def test_nor_does_it_with_a_kernels_driver(
    case: Case, hierarchies: tuple[str, ...], tmp_path: Path
) -> None:
    host = FakeHost(tmp_path, hierarchies)
    scene = Scene(driver=host.driver)
    case(scene)
    name = name_in(scene)
    first = scene.decide(name)  # from here on the driver knows the kernel's defaults
    host.fake.log.clear()
    assert whole(first) == whole(scene.decide(name))
    assert {operation for operation, _ in host.fake.log} <= {"read"}
    host.close()


def test_a_sealed_port_refuses_what_is_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    running(scene)
    seal(scene.ports, monkeypatch)
    with pytest.raises(AssertionError, match=r"FakeDriver\.write was called while deciding"):
        scene.driver.write(scene.group("a"), "pids", "pids.max", "7")
