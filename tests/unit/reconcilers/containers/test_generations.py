"""What a pass writes down as done is the generation that it decided on."""

import pytest

from porto.kernel.cgroup.group import Group
from porto.spec.containers import operations
from porto.spec.containers.operations import Actor
from porto.spec.containers.status import State
from tests.fakes.scenes import Scene


def set_limit(scene: Scene, text: str) -> None:
    record = scene.get("a")
    operations.set_property(scene.store, record, "thread_limit", text, actor=Actor(), now=1.0)


def test_a_set_during_a_pass_is_not_taken_as_done(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    scene.put("a", State.RUNNING)
    set_limit(scene, "50")
    decided = scene.get("a").generation
    write = scene.driver.write

    def meanwhile(group: Group, controller: str, knob: str, text: str) -> None:
        write(group, controller, knob, text)
        set_limit(scene, "70")

    with monkeypatch.context() as patch:
        patch.setattr(scene.driver, "write", meanwhile)
        scene.reconciler.reconcile(scene.get("a").key)
    record = scene.get("a")
    assert scene.driver.groups["a"]["pids.max"] == "50"
    assert record.status.observed_generation == decided
    assert record.generation == decided + 1
    assert not scene.reconciler.is_settled(record)
    scene.reconciler.reconcile(record.key)
    assert scene.driver.groups["a"]["pids.max"] == "70"
    assert scene.get("a").status.observed_generation == decided + 1
    assert scene.reconciler.is_settled(scene.get("a"))
