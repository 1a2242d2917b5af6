"""Every row of bad values on the operations: the code, the message, nothing written."""

import pytest

from porto.spec.containers import operations
from porto.spec.containers.admission import Admission
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import BY_CODE, EError, InvalidState, InvalidValue, PortoError
from porto.spec.host import Host
from porto.spec.records.record import Run
from tests import rows
from tests.rows import ROWS, Row

ME = Actor()
HOST = Host(
    cores=4,
    memory=8 << 30,
    controllers=frozenset({"freezer", "memory", "cpu", "cpuacct", "pids"}),
)
STATES = (State.STOPPED, State.RUNNING)


Containers = dict[State, tuple[ContainerStore, ContainerRecord]]


def fresh() -> Containers:
    """A container in each state."""
    found = {}
    for state in STATES:
        store = ContainerStore(None, admission=Admission(HOST))
        record = operations.create(store, "a", actor=ME, credentials=Credentials(), now=1.0)
        if state is not State.STOPPED:
            record = store.put(record.with_intent(run=Run.RUNNING, launch=1), now=1.0)
            status = record.status.changed(state=state, launched=1)
            record = store.put_status(record, status, now=1.0)
        found[state] = store, record
    return found


@pytest.fixture(scope="module")
def containers() -> Containers:
    """For all rows: what is refused leaves them as they are."""
    return fresh()


def cases() -> list[object]:
    return [
        pytest.param(row, state, id=f"{row.prop}-{row.id}-{state}")
        for row in ROWS
        if not row.host
        for state in STATES
    ]


@pytest.mark.parametrize(("row", "state"), cases())
def test_a_bad_value_changes_nothing(row: Row, state: State, containers: Containers) -> None:
    store, record = containers[state]
    code = row.stopped if state is State.STOPPED else row.running
    if state is not State.STOPPED and not find_property(row.prop).prop.dynamic:
        code = EError.InvalidState
    assert code is not None
    with pytest.raises(PortoError) as caught:
        operations.set_property(store, record, row.name, row.text, actor=ME, now=2.0)
    assert caught.value.code is code, caught.value.text
    assert type(caught.value) is BY_CODE[code]
    assert f"cannot set {row.prop}" in caught.value.text
    assert " of a" in caught.value.text
    assert len(caught.value.text) < 1000
    assert store.get("a") is record


@pytest.mark.parametrize("name", rows.read_only())
def test_what_is_only_read_is_not_set(name: str, containers: Containers) -> None:
    for store, record in containers.values():
        with pytest.raises(InvalidValue, match=f"cannot set {name} of a: it is read-only"):
            operations.set_property(store, record, name, "1", actor=ME, now=2.0)
        assert store.get("a") is record


@pytest.mark.parametrize("prop", list(rows.settable()), ids=lambda prop: prop.name)
def test_every_settable_property_has_rows(prop: object) -> None:
    name = getattr(prop, "name", "")
    found = [row for row in ROWS if row.prop == name]
    codec = type(getattr(prop, "codec", None)).__name__
    assert codec in {**rows.INVALID_TEXTS, **rows.UNKNOWN_TEXTS}, f"no rows for {codec}"
    assert len({row.id for row in found}) == len(found) >= 3


def test_a_good_value_is_set_where_bad_ones_are_refused() -> None:
    """So that a store which refuses everything does not pass."""
    containers = fresh()
    store, record = containers[State.RUNNING]
    operations.set_property(store, record, "private", "x", actor=ME, now=2.0)
    with pytest.raises(InvalidState):
        operations.set_property(store, record, "command", "true", actor=ME, now=2.0)
    store, record = containers[State.STOPPED]
    for prop in rows.settable():
        if prop.name not in ("devices", "memory_guarantee"):
            operations.set_property(store, record, prop.name, prop.prop.example, actor=ME, now=2.0)
            record = store.get("a")
