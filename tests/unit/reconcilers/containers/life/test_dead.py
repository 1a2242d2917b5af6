"""A dead container: respawn, old age, and the pressure on what it still holds."""

from typing import Any

import pytest

from porto.reconcilers.engine.decision import Failure
from porto.spec.config import ContainerConfig
from porto.spec.containers.status import State
from porto.spec.errors import Busy
from porto.spec.records.record import Run
from tests.fakes.scenes import Scene, lines


def dead(scene: Scene, name: str = "a", *, since: float = 10.0, **given: Any) -> None:
    """A container that has been dead for `since` seconds."""
    status = {
        "death_mono": 100.0 - since,
        "process": None,
        "exit_status": 0,
        **given.pop("status", {}),
    }
    scene.put(name, State.DEAD, status=status, **given)
    scene.driver.tasks.clear()


class Soft:
    """A memory controller whose soft limit is its only knob."""

    guarantee_knob = None
    reclaiming = frozenset[str]()

    def promised(self) -> int | None:
        return None

    def render(self, limits: object) -> dict[str, str]:
        return {}

    def render_pressure(self, limit: int) -> dict[str, str]:
        return {"pids.max": f"soft {limit}"}


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_nothing_until_it_is_old(scene: Scene) -> None:
    dead(scene, aging_time="60")
    assert scene.told("a") == ["= Done after 50"]


def test_old_age_ends_it_and_what_is_below(scene: Scene) -> None:
    dead(scene, aging_time="10", intent={"paused": True, "kill_at": 7.0})
    dead(scene, "a/b")
    dead(scene, "a/c", run=Run.ABSENT)
    assert scene.told("a") == lines("""
        life intent of a/b: - -> absent (aging_time)
            Wish a/b run=absent origin=aging paused=False launch=1 kill_at=0
        life intent of a: - -> absent (aging_time)
            Wish a run=absent origin=aging paused=False launch=1 kill_at=0
        life remove_dead: - -> one more
            Count name=remove_dead
        = Again after 0
    """)


def test_respawn_after_its_delay(scene: Scene) -> None:
    dead(
        scene,
        respawn="true",
        respawn_delay="10s",
        aging_time="5",
        intent={"kill_at": 7.0, "paused": True},
    )
    assert scene.told("a") == lines("""
        life intent of a: - -> running (respawn)
            Wish a run=running origin=respawn paused=False launch=2 kill_at=0
        = Again after 0
    """)


def test_respawn_waits_for_its_delay(scene: Scene) -> None:
    dead(scene, respawn="true", respawn_delay="11s", aging_time="5")
    assert scene.told("a") == ["= Done after 1"]


@pytest.mark.parametrize(
    ("limit", "count", "respawns"),
    [("3", 2, True), ("3", 3, False), ("0", 0, False), ("-1", 9, True)],
)
def test_a_limit_of_respawns(scene: Scene, limit: str, count: int, respawns: bool) -> None:
    dead(
        scene,
        respawn="true",
        respawn_delay="0",
        max_respawns=limit,
        aging_time="60",
        status={"respawn_count": count},
    )
    assert (scene.told("a")[0] == "life intent of a: - -> running (respawn)") is respawns


@pytest.mark.parametrize(
    ("parent", "respawns"),
    [
        (State.RUNNING, True),
        (State.META, True),
        (State.PAUSED, False),
        (State.DEAD, False),
        (State.STARTING, False),
    ],
)
def test_respawn_below_a_parent(scene: Scene, parent: State, respawns: bool) -> None:
    scene.put("a", parent)
    dead(scene, "a/b", respawn="true", respawn_delay="0", aging_time="60")
    assert (scene.told("a/b")[0] == "life intent of a/b: - -> running (respawn)") is respawns


def test_the_pressure_on_what_it_holds() -> None:
    scene = Scene(container=ContainerConfig(pressurize_on_death=True))
    scene.driver.memory = Soft()
    dead(scene, aging_time="60")
    decision = scene.decide("a")
    assert decision.by_facet
    assert scene.written(decision) == lines("""
        pressure pids.max: 10000 -> soft 1048576
            WriteKnob controller=memory knob=pids.max text=soft 1048576
        = Done after 50
    """)
    assert scene.failed("a", Failure("pressure", Busy("cannot"))) == ["= Done after 50"]
    dead(scene, "b", aging_time="10")
    assert scene.told("b")[0].startswith("life intent of b")
