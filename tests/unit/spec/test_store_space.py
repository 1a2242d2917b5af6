"""A store without room: nothing can be added, everything can go."""

import dataclasses
import os
from types import SimpleNamespace

import pytest

from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import NoSpace
from porto.spec.records.directory import RESERVE_MAX_BYTES, RESERVE_PART
from porto.spec.records.record import Run

BLOCK = 4096
TOTAL = 32 << 20


@pytest.fixture
def room(monkeypatch):
    """Says how many bytes the file system has left."""

    def leave(free: int, total: int = TOTAL) -> None:
        found = SimpleNamespace(f_frsize=BLOCK, f_blocks=total // BLOCK, f_bavail=free // BLOCK)
        monkeypatch.setattr(os, "statvfs", lambda path: found)

    leave(TOTAL)
    return leave


@pytest.fixture
def store(tmp_path, room):
    return ContainerStore(tmp_path)


def make(store, name="a"):
    return store.create(name, DEFAULT_SPEC, now=1.0, origins={})


def test_the_reserve_is_for_less_only(store, room) -> None:
    record = make(store)
    room(RESERVE_MAX_BYTES)
    with pytest.raises(NoSpace, match="cannot save the record of b: No space left"):
        make(store, "b")
    spec = record.spec.with_value(find_property("private"), "x")
    with pytest.raises(NoSpace):
        store.put(dataclasses.replace(record, spec=spec), now=2.0)
    with pytest.raises(NoSpace):
        store.put(record.with_intent(run=Run.RUNNING, launch=1), now=2.0)
    assert store.get("a") is record
    status = record.status.changed(start_error="kept")
    record = store.put_status(record, status, now=2.0)
    record = store.put(record.with_intent(run=Run.STOPPED, kill_at=1.0), now=3.0)
    record = store.put(record.with_intent(run=Run.ABSENT), now=4.0)
    store.delete(record)
    assert store.names() == []


def test_a_small_file_system_has_a_small_reserve(store, room) -> None:
    small = 256 << 10
    room(small // RESERVE_PART, small)
    with pytest.raises(NoSpace):
        make(store)
    room(small // RESERVE_PART + 2 * BLOCK, small)
    make(store)


def test_a_change_that_stops_and_adds_is_an_addition(store, room) -> None:
    record = make(store)
    room(0)
    spec = record.spec.with_value(find_property("private"), "x")
    with pytest.raises(NoSpace):
        store.put(dataclasses.replace(record, spec=spec).with_intent(run=Run.ABSENT), now=2.0)
