"""Who must have a cpuset because of a sibling."""

import dataclasses

import pytest

from porto.spec.containers.cpu_holders import demand
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore

CPU_SET = find_property("cpu_set")


def make(
    store: ContainerStore, name: str, wish: str = "", state: State = State.RUNNING
) -> ContainerRecord:
    spec = DEFAULT_SPEC.with_value(CPU_SET, CPU_SET.parse(name, wish))
    record = store.create(name, spec, now=1.0, origins={})
    return store.put_status(record, record.with_status(state=state).status, now=2.0)


def asked(store: ContainerStore, name: str) -> list[str]:
    return list(demand(store, store.get(name)))


@pytest.mark.parametrize("wish", ["threads 1", "cores 1", "reserve 1"])
def test_below_a_parent_whose_cpus_are_taken(wish: str) -> None:
    store = ContainerStore(None)
    for name in ("a", "b", "b/y"):
        make(store, name)
    make(store, "a/x", wish)
    make(store, "a/y", state=State.STOPPED)
    make(store, "a/y/z")
    assert asked(store, "a/y") == ["cpuset"]
    for name in ("a", "a/x", "a/y/z", "b", "b/y"):
        assert asked(store, name) == []


@pytest.mark.parametrize("wish", ["0", "node 0", ""])
def test_masks_take_nothing(wish: str) -> None:
    store = ContainerStore(None)
    for name in ("a", "a/y"):
        make(store, name)
    make(store, "a/x", wish)
    assert asked(store, "a/y") == []


def test_changes_are_followed() -> None:
    store = ContainerStore(None)
    for name in ("a", "a/x", "a/y"):
        make(store, name)
    assert asked(store, "a/y") == []
    record = store.get("a/x")
    spec = record.spec.with_value(CPU_SET, ("threads", "1"))
    record = store.put(dataclasses.replace(record, spec=spec), now=3.0)
    assert asked(store, "a/y") == ["cpuset"]
    record = store.put_status(record, record.with_status(state=State.DEAD).status, now=4.0)
    assert asked(store, "a/y") == []
    record = store.put_status(record, record.with_status(state=State.STARTING).status, now=5.0)
    assert asked(store, "a/y") == ["cpuset"]
    store.delete(record)
    assert asked(store, "a/y") == []
