"""Two writers that undo each other: repairs are counted, then the thing is left alone."""

from collections.abc import Sequence

import pytest

from porto.reconcilers.containers.rivals import LIMIT, WINDOW_S
from porto.reconcilers.engine.result import Done
from porto.spec.containers import operations
from porto.spec.containers.operations import Actor
from porto.spec.containers.status import State
from porto.spec.errors import EError
from porto.spec.records.status import Condition
from tests.fakes.scenes import Scene

LEFT = Condition(
    "Contested",
    "pids",
    "cannot keep pids.max of a at 50: another program, which the kernel does not name, has "
    "changed it 100 times within 60 s; it is left alone until that ends",
    EError.Busy,
)


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.put("a", State.RUNNING, thread_limit="50")
    return scene


def meddle(scene: Scene, times: Sequence[int] = range(LIMIT)) -> list[str]:
    """What pids.max is after each pass that followed a write of somebody else."""
    found = []
    for _ in times:
        scene.driver.groups["a"]["pids.max"] = "7"
        scene.reconciler.reconcile(scene.get("a").key)
        found.append(scene.driver.groups["a"]["pids.max"])
    return found


def conditions(scene: Scene) -> tuple[Condition, ...]:
    return scene.get("a").status.conditions


def test_what_is_undone_again_and_again_is_left_alone_and_shown(scene: Scene) -> None:
    assert meddle(scene) == ["50"] * LIMIT
    assert conditions(scene) == ()
    assert meddle(scene, range(3)) == ["7"] * 3
    assert conditions(scene) == (LEFT,)
    assert scene.reconciler.drift == {"pids": LIMIT}


def test_the_pass_comes_back_when_the_window_is_over(scene: Scene) -> None:
    meddle(scene)
    scene.clock.now += 20
    scene.driver.groups["a"]["pids.max"] = "7"
    key = scene.get("a").key
    assert scene.reconciler.reconcile(key) == Done(WINDOW_S - 20)
    scene.clock.now += WINDOW_S - 20
    assert scene.reconciler.reconcile(key) == Done()
    assert scene.driver.groups["a"]["pids.max"] == "50"
    assert conditions(scene) == ()


def test_repairs_that_are_far_apart_are_made_for_ever(scene: Scene) -> None:
    for _ in range(3):
        assert meddle(scene, range(LIMIT // 2)) == ["50"] * (LIMIT // 2)
        scene.clock.now += WINDOW_S
    assert conditions(scene) == ()


def test_only_the_contested_thing_is_left_alone(scene: Scene) -> None:
    meddle(scene)
    scene.driver.tasks["a"] = {40}
    scene.driver.place("b", 41)
    assert meddle(scene, range(1)) == ["7"]
    assert scene.driver.tasks["a"] == {40, 41}


def test_what_the_user_wishes_is_written(scene: Scene) -> None:
    meddle(scene)
    assert meddle(scene, range(1)) == ["7"]
    operations.set_property(
        scene.store, scene.get("a"), "thread_limit", "60", actor=Actor(), now=0.0
    )
    scene.reconciler.reconcile(scene.get("a").key)
    assert scene.driver.groups["a"]["pids.max"] == "60"
    assert conditions(scene) == ()


def test_a_truce_that_lasts_writes_nothing(scene: Scene) -> None:
    meddle(scene)
    meddle(scene, range(1))
    before = scene.get("a")
    scene.driver.groups["a"]["pids.max"] = "8"
    scene.clock.today += 1
    scene.reconciler.reconcile(before.key)
    assert scene.get("a") is before
