"""What cannot be looked at is neither there nor absent: nothing is made, nothing is ended.

How the loop tells it: `tests/unit/reconcilers/engine/test_loop.py`.
"""

import copy
import errno
import os
from collections.abc import Callable
from typing import Any

import pytest

from porto.reconcilers.engine.result import Retry
from porto.spec.containers.status import State
from porto.spec.records.record import Run
from tests.fakes.scenes import Scene

WHERE = "/fake/a/cgroup.procs"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def blind(scene: Scene, monkeypatch: pytest.MonkeyPatch, asked: str, code: int) -> None:
    """Let an observation of the driver fail as the kernel's does."""

    def fails(*args: object) -> Any:
        raise OSError(code, os.strerror(code), WHERE)

    monkeypatch.setattr(scene.driver, asked, fails)


def world(scene: Scene) -> dict[str, Any]:
    """All that a pass could change."""
    driver = scene.driver
    return copy.deepcopy(
        {
            "groups": driver.groups,
            "tasks": driver.tasks,
            "frozen": driver.frozen,
            "signals": scene.processes.signals,
            "launches": (scene.launches.requests, scene.launches.log),
            "records": [
                (record.name, record.generation, record.intent, record.status)
                for record in scene.store.records()
            ],
        }
    )


def starting(scene: Scene) -> None:
    scene.put("a", run=Run.RUNNING)


def stopping(scene: Scene) -> None:
    scene.put("a", State.RUNNING, run=Run.STOPPED)


def destroyed(scene: Scene) -> None:
    scene.put("a", State.DEAD, run=Run.ABSENT)
    scene.driver.tasks["a"] = set()


def running(scene: Scene) -> None:
    scene.put("a", State.RUNNING)


def paused(scene: Scene) -> None:
    scene.put("a", State.PAUSED, intent={"paused": True})
    scene.driver.frozen.add("a")


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES])
@pytest.mark.parametrize(
    ("made", "asked"),
    [
        (starting, "is_new"),
        (stopping, "is_populated"),
        (destroyed, "is_populated"),
        (running, "self_frozen"),
        (paused, "freezer_state"),
    ],
)
def test_unknown_blocks_making_and_ending(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    made: Callable[[Scene], None],
    asked: str,
    code: int,
) -> None:
    made(scene)
    before = world(scene)
    with monkeypatch.context() as patch:
        blind(scene, patch, asked, code)
        with pytest.raises(OSError, match=WHERE) as caught:
            scene.reconciler.reconcile(scene.get("a").key)
        assert caught.value.errno == code
    assert world(scene) == before
    assert not isinstance(scene.reconciler.reconcile(scene.get("a").key), Retry)


def test_what_runs_without_a_record_that_was_read_is_left_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file names a container whose record is a newer release's: it runs, and is not joined."""
    starting(scene)
    scene.driver.create(scene.group("a"))
    scene.driver.place("a", 999)
    before = world(scene)
    with monkeypatch.context() as patch:
        patch.setattr(type(scene.store), "unread", frozenset({7}))
        result = scene.reconciler.reconcile(scene.get("a").key)
        assert isinstance(result, Retry)
        assert result.error.text == (
            "cannot start a: what runs in its cgroup may be of a record that was not read"
        )
        assert world(scene) == before
        scene.driver.tasks.clear()
        assert not isinstance(scene.reconciler.reconcile(scene.get("a").key), Retry)
    assert scene.launches.requests


def test_a_knob_that_cannot_be_read_is_not_written(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is shown; what can be seen beside it is kept true."""
    scene.put("a", State.RUNNING, thread_limit="50")
    scene.driver.groups["a"]["pids.max"] = "70"
    with monkeypatch.context() as patch:
        blind(scene, patch, "read", errno.EIO)
        scene.reconciler.reconcile(scene.get("a").key)
        assert scene.driver.groups["a"]["pids.max"] == "70"
        (shown,) = {item.message for item in scene.get("a").status.conditions}
        assert "Input/output error" in shown
    scene.reconciler.reconcile(scene.get("a").key)
    assert scene.driver.groups["a"]["pids.max"] == "50"
    assert scene.get("a").status.conditions == ()
