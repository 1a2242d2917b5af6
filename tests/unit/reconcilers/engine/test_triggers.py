"""Which containers get a pass when the CPU properties or the state of a relative change."""

import asyncio
import errno

import pytest

from porto.reconcilers.engine.queue import Priority
from porto.reconcilers.engine.triggers import Triggers, Watch
from porto.spec.catalog import Catalog
from porto.spec.containers import operations
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.relations import relations
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.key import Key

ACTOR = Actor()


class Rig:
    """A tree of running containers; what is enqueued is noted."""

    def __init__(self) -> None:
        self.store = ContainerStore(None)
        self.queued: list[str] = []
        for name in ("a", "a/b", "a/b/c", "a/d", "e"):
            operations.create(self.store, name, actor=ACTOR, credentials=Credentials(), now=0.0)
            self.become(name, State.RUNNING)
        self.become("a/d", State.STOPPED)
        watch = Watch(
            relations=relations(self.store),
            is_idle=lambda record: False,
            is_alive=lambda record: True,
            is_settled=lambda record: True,
        )
        triggers = Triggers(Catalog(self.store), self.enqueue, {"container": watch})
        self.store.subscribe(triggers.on_change)

    def enqueue(self, key: Key, *, priority: Priority = Priority.EVENT) -> None:
        record = self.store.find_id(key.id)
        assert record is not None
        self.queued.append(record.name)

    def become(self, name: str, state: State) -> None:
        record = self.store.get(name)
        self.store.put_status(record, record.with_status(state=state).status, now=0.0)

    def set(self, name: str, key: str, text: str) -> list[str]:
        self.queued.clear()
        operations.set_property(self.store, self.store.get(name), key, text, actor=ACTOR, now=0.0)
        return self.queued


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize(
    ("name", "text"), [("cpu_policy", "idle"), ("cpu_period", "1ms"), ("cpu_limit", "1c")]
)
def test_what_is_inherited_reaches_the_running_children(rig: Rig, name: str, text: str) -> None:
    assert rig.set("a", name, text) == ["a", "a/b", "a/b/c"]


def test_a_default_that_is_set_is_inherited_too(rig: Rig) -> None:
    rig.set("a", "cpu_policy", "idle")
    assert rig.set("a/b", "cpu_policy", "normal") == ["a/b", "a/b/c"]


def test_another_property_does_not(rig: Rig) -> None:
    assert rig.set("a", "private", "x") == ["a"]


def test_the_same_value_from_somebody_else_does_not(rig: Rig) -> None:
    rig.set("a", "cpu_limit", "1c")
    rig.queued.clear()
    record = rig.store.get("a")
    actor = Actor(origin="file:x")
    operations.set_property(rig.store, record, "cpu_limit", "1c", actor=actor, now=0.0)
    assert rig.queued == ["a"]


def test_a_guarantee_reaches_the_parents(rig: Rig) -> None:
    assert set(rig.set("a/b/c", "cpu_guarantee", "1c")) == {"a/b/c", "a/b", "a"}
    for state in (State.DEAD, State.RUNNING):
        rig.queued.clear()
        rig.become("a/b/c", state)
        assert {"a/b", "a"} <= set(rig.queued)
    rig.queued.clear()
    rig.become("e", State.DEAD)
    assert rig.queued == []


def test_a_round_that_the_kernel_cuts_short_is_not_the_last() -> None:
    """Short of memory or descriptors for a moment: drift is looked for afterwards, too."""
    rounds: list[bool] = []
    later = asyncio.Event()

    def unsettle(always: bool) -> None:
        rounds.append(always)
        if len(rounds) == 1:
            raise OSError(errno.EMFILE, "Too many open files")
        later.set()

    async def main() -> None:
        watch = Watch(
            relations=(),
            is_idle=lambda record: False,
            is_alive=lambda record: True,
            is_settled=lambda record: True,
            unsettle=unsettle,
        )
        triggers = Triggers(Catalog(ContainerStore(None)), print, {"container": watch})
        resync = asyncio.ensure_future(triggers.resync(0.001))
        await asyncio.wait_for(later.wait(), 5)
        resync.cancel()

    asyncio.run(main())
