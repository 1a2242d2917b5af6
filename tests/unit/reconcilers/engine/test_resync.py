"""Who is looked at when the daemon starts, and at each tick of the resync."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from porto.reconcilers.engine import triggers as module
from porto.reconcilers.engine.queue import Priority
from porto.reconcilers.engine.triggers import FULL_LOOK, SLICES, Triggers, Watch
from porto.spec.catalog import Catalog
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC
from porto.spec.containers.store import ContainerStore
from porto.spec.key import Key


class Rig:
    """Containers by name; the sets say what the watch answers, `log` what happened."""

    def __init__(self, count: int = 0) -> None:
        self.store = ContainerStore(None)
        self.idle: set[str] = set()
        self.dead: set[str] = set()
        self.unsettled: set[str] = set()
        self.strays: set[Key] = set()
        self.gone: set[str] = set()
        self.log: list[Any] = []
        watch: Watch[ContainerRecord] = Watch(
            relations=[],
            is_idle=lambda record: record.name in self.idle,
            is_alive=lambda record: record.name not in self.dead,
            is_settled=self.is_settled,
            look=self.look,
            unsettle=lambda always: self.log.append(("unsettle", always)),
        )
        self.triggers = Triggers(Catalog(self.store), self.enqueue, {"container": watch})
        for number in range(count):
            self.add(f"c{number:02}")

    def add(self, name: str) -> ContainerRecord:
        return self.store.create(name, DEFAULT_SPEC, now=0.0, origins={})

    def enqueue(self, key: Key, *, priority: Priority = Priority.EVENT) -> None:
        record = self.store.find_id(key.id)
        self.log.append((record.name if record else key.id, priority))

    def is_settled(self, record: ContainerRecord) -> bool:
        self.log.append(record.name)
        return record.name not in self.unsettled

    def look(self, share: float) -> Iterable[Key]:
        self.log.append(("look", round(share, 3)))
        return sorted(self.strays)

    def tick(self, monkeypatch: pytest.MonkeyPatch, ticks: int, period: float = 7.0) -> list[Any]:
        """What happens up to that many sleeps, which are noted."""
        log, rest = self.log, iter(range(ticks - 1))

        async def sleep(seconds: float) -> None:
            log.append(("sleep", round(seconds, 3)))
            if next(rest, None) is None:
                raise asyncio.CancelledError

        class Time:
            pass

        Time.sleep = staticmethod(sleep)  # type: ignore[attr-defined]
        monkeypatch.setattr(module, "asyncio", Time)
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(self.triggers.resync(period))
        return self.log


def test_at_the_start_all_but_the_idle_are_looked_at() -> None:
    rig = Rig(3)
    rig.idle.add("c01")
    rig.triggers.all()
    assert rig.log == [("c00", Priority.RESYNC), ("c02", Priority.RESYNC)]


def test_a_change_is_told_to_whom_it_concerns() -> None:
    rig = Rig(2)
    first, second = rig.store.get("c00"), rig.store.get("c01")
    seen: list[Any] = []

    def relation(old: Any, new: Any) -> Iterable[Key]:
        seen.append((old, new))
        return [first.key, second.key]

    watch: Watch[ContainerRecord] = Watch(
        relations=[relation, relation],
        is_idle=lambda record: True,
        is_alive=lambda record: True,
        is_settled=lambda record: True,
    )
    triggers = Triggers(Catalog(rig.store), rig.enqueue, {"container": watch})
    for change in ((None, first), (first, second), (second, None)):
        rig.log.clear()
        seen.clear()
        triggers.on_change(*change)
        assert seen == [change, change]
        assert rig.log == [("c00", Priority.EVENT), ("c01", Priority.EVENT)] * 2


def test_a_few_are_looked_at_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(3)
    rig.dead.add("c01")
    rig.unsettled.add("c02")
    assert rig.tick(monkeypatch, 2) == [
        ("unsettle", False),
        "c00",
        ("look", 0.5),
        ("sleep", 3.5),
        "c02",
        ("c02", Priority.RESYNC),
        ("look", 0.5),
        ("sleep", 3.5),
    ]


def test_many_are_looked_at_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(2 * SLICES + 1)
    log = rig.tick(monkeypatch, 7)
    names = [entry for entry in log if isinstance(entry, str)]
    assert names == [f"c{number:02}" for number in range(2 * SLICES + 1)]
    # 21 in slices of three: seven of them.
    assert log[1:5] == ["c00", "c01", "c02", ("look", 0.143)]
    assert [entry for entry in log if entry[0] == "sleep"] == [("sleep", 1.0)] * 7


def test_nobody_is_looked_at_where_nobody_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Rig().tick(monkeypatch, 1) == [("unsettle", False), ("sleep", 7.0)]


def test_what_the_watch_finds_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(1)
    rig.strays.add(rig.store.get("c00").key)
    log = rig.tick(monkeypatch, 1)
    assert log[1:] == ["c00", ("look", 1.0), ("c00", Priority.RESYNC), ("sleep", 7.0)]


def test_what_has_gone_meanwhile_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(2)
    original = rig.is_settled

    def settled(record: ContainerRecord) -> bool:
        other = rig.store.find("c01")
        if other is not None:
            rig.store.delete(other)
        return original(record)

    monkeypatch.setattr(rig, "is_settled", settled)
    watch: Watch[ContainerRecord] = Watch(
        relations=[],
        is_idle=lambda record: True,
        is_alive=lambda record: True,
        is_settled=settled,
    )
    rig.triggers = Triggers(Catalog(rig.store), rig.enqueue, {"container": watch})
    assert rig.tick(monkeypatch, 2) == ["c00", ("sleep", 3.5), ("sleep", 3.5)]


def test_now_and_then_the_look_is_a_full_one(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Rig().tick(monkeypatch, 2 * FULL_LOOK)
    full = [number for number, entry in enumerate(log[::2], 1) if entry == ("unsettle", True)]
    assert full == [FULL_LOOK, 2 * FULL_LOOK]
