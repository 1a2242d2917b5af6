"""What files do to objects that are made, changed and destroyed each by itself."""

import asyncio

import pytest

from porto.spec.errors import InvalidValue
from porto.spec.records.record import Intent, Run
from porto.spec.sources.operations import Operations
from porto.spec.store import Store
from tests.unit.spec.toy import DIALECT, TOY, ToyRecord, ToySpec, ToyStatus

SIZE, COLOUR = TOY.properties["size"], TOY.properties["colour"]


@pytest.fixture
def toys() -> Operations[ToyRecord]:
    return Operations(DIALECT, Store(TOY, None, max_total=3), now=lambda: 5.0)


def made(toys: Operations[ToyRecord], name: str = "ball") -> ToyRecord:
    return toys.create(
        name,
        {SIZE: 7, COLOUR: "blue"},
        origins={"size": "file:/a:1"},
        source="/a",
        origin="file:/a",
    )


def test_what_a_file_creates(toys):
    record = made(toys)
    assert record is toys.store.get("ball")
    assert record == ToyRecord(
        record.id,
        "ball",
        ToySpec().with_value(SIZE, 7).with_value(COLOUR, "blue"),
        status=ToyStatus(creation_time=5.0, change_time=5.0),
        origins={"size": "file:/a:1"},
        source="/a",
    )
    with pytest.raises(InvalidValue, match="only a-z are allowed"):
        made(toys, "Ball")


def test_each_change_is_one_of_the_desired_state(toys):
    record = made(toys)
    toys.now = lambda: 6.0
    toys.start(record, "file:/b")
    started = toys.store.get("ball")
    assert (started.intent, started.generation) == (Intent(Run.RUNNING, "file:/b"), 2)
    assert started.status.change_time == 6.0
    toys.now = lambda: 7.0
    written = toys.write(started, source="/c", origins={})
    assert written is toys.store.get("ball")
    assert (written.source, written.origins, written.spec) == ("/c", {}, record.spec)
    assert written.status.change_time == 7.0
    toys.now = lambda: 8.0
    toys.destroy(written, {"ball"}, "file:/d")
    gone = toys.store.get("ball")
    assert (gone.intent, gone.status.change_time) == (Intent(Run.ABSENT, "file:/d"), 8.0)


def test_a_plan_is_made_on_a_copy(toys):
    record = made(toys)
    fork = toys.store.fork()
    foretold = toys.foretold(fork)
    assert type(foretold) is Operations
    assert (foretold.dialect, foretold.store, foretold.now()) == (DIALECT, fork, 5.0)
    foretold.destroy(record, set(), "file:/d")
    assert toys.store.get("ball") is record


def test_nothing_is_refused_and_nothing_waited_for(toys):
    record = made(toys)
    toys.check_update(record, ToySpec())
    toys.advance(record, "file:/a")
    toys.on_done()
    asyncio.run(toys.idle())
    asyncio.run(toys.cancel())
    assert toys.store.get("ball") is record
