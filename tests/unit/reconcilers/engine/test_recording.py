"""What passes write down: only what differs, of what is there, with the time."""

from typing import Any

import pytest

from porto.reconcilers.engine.recording import Recording
from porto.spec.catalog import Catalog
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import Busy
from porto.spec.key import Key
from porto.spec.records.record import Run
from tests.fakes.tables import FakeClock


class Rig:
    def __init__(self) -> None:
        self.store = ContainerStore(None)
        self.record = self.store.create("a", DEFAULT_SPEC, now=0.0, origins={})
        self.changes: list[tuple[ContainerRecord | None, ContainerRecord | None]] = []
        self.store.subscribe(lambda old, new: self.changes.append((old, new)))
        self.clock: Any = FakeClock()
        self.recording = Recording(Catalog(self.store), self.clock)

    def now(self) -> ContainerRecord:
        return self.store.get("a")


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_some_fields_are_noted_with_the_time(rig: Rig) -> None:
    rig.recording.note(rig.record.key, state=State.RUNNING, exit_status=3)
    rig.recording.note(rig.record.key, exit_status=4)
    status = rig.now().status
    assert (status.life.state, status.life.exit_status) == (State.RUNNING, 4)
    assert status.change_time == 1000.0


def test_what_is_noted_already_is_no_change(rig: Rig) -> None:
    rig.recording.note(rig.record.key, state=State.RUNNING)
    rig.changes.clear()
    rig.clock.today = 2000.0
    rig.recording.note(rig.record.key, state=State.RUNNING)
    assert rig.changes == []


def test_an_intent_is_replaced_with_the_time(rig: Rig) -> None:
    rig.recording.put(rig.record.with_intent(run=Run.RUNNING, launch=1))
    assert (rig.now().intent.run, rig.now().intent.launch) == (Run.RUNNING, 1)
    assert rig.now().status.change_time == 1000.0


def test_somebody_elses_intent_is_kept(rig: Rig) -> None:
    rig.recording.put(rig.record.with_intent(run=Run.RUNNING))
    with pytest.raises(Busy):
        rig.recording.put(rig.record.with_intent(run=Run.ABSENT))
    assert rig.now().intent.run is Run.RUNNING


def test_what_is_gone_is_neither_noted_nor_deleted_again(rig: Rig) -> None:
    rig.recording.delete(rig.record.key)
    assert rig.store.find("a") is None
    rig.changes.clear()
    rig.recording.delete(rig.record.key)
    rig.recording.note(rig.record.key, state=State.RUNNING)
    rig.recording.delete(Key("container", 99))
    assert rig.changes == []
