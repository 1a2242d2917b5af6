"""The store: what was written is there after a crash, what failed never happened."""

import dataclasses
import errno
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from porto.spec.containers.kind import CONTAINER
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import (
    Busy,
    ContainerAlreadyExists,
    ContainerDoesNotExist,
    NoSpace,
    PortoError,
    ResourceNotAvailable,
    Unknown,
)
from porto.spec.records.file import VERSION, RecordCodec
from porto.spec.records.record import Run

PRIVATE = find_property("private")


def make(store: ContainerStore, name: str, **options: Any) -> ContainerRecord:
    return store.create(name, DEFAULT_SPEC, now=1.0, origins={}, **options)


def note(record: ContainerRecord, text: str) -> ContainerRecord:
    return dataclasses.replace(record, spec=record.spec.with_value(PRIVATE, text))


def reloaded(path: Path) -> ContainerStore:
    store = ContainerStore(path)
    assert store.load() == []
    return store


class TestMemory:
    def test_tree(self) -> None:
        store = ContainerStore(None)
        for name in ("a", "a/b", "a/b/c", "a-x", "d"):
            make(store, name)
        assert len(store) == 5
        assert store.names() == ["a", "a-x", "a/b", "a/b/c", "d"]
        assert [r.name for r in store.children("/")] == ["a", "a-x", "d"]
        assert [r.name for r in store.children("a")] == ["a/b"]
        assert store.has_children("a")
        assert not store.has_children("d")
        assert [r.name for r in store.descendants("a")] == ["a/b/c", "a/b"]
        assert [r.name for r in store.ancestors(store.get("a/b/c"))] == ["a/b", "a"]

    def test_refused_creations(self) -> None:
        store = ContainerStore(None, max_total=2)
        make(store, "a")
        with pytest.raises(ContainerAlreadyExists):
            make(store, "a")
        with pytest.raises(ContainerDoesNotExist, match="no parent container b"):
            make(store, "b/c")
        make(store, "a/b")
        with pytest.raises(ResourceNotAvailable, match="limit of 2"):
            make(store, "c")
        make(store, "c", extra=1)

    def test_ids_are_not_reused_soon(self) -> None:
        store = ContainerStore(None)
        first = make(store, "a")
        store.delete(first)
        assert first.id == CONTAINER.first_id
        assert make(store, "a").id == CONTAINER.first_id + 1

    def test_ids_wrap_and_run_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        few = dataclasses.replace(CONTAINER, max_id=CONTAINER.first_id + 1)
        monkeypatch.setattr("porto.spec.containers.store.CONTAINER", few)
        store = ContainerStore(None)
        make(store, "a")
        make(store, "b")
        with pytest.raises(ResourceNotAvailable, match="ids are in use"):
            make(store, "c")
        store.delete(store.get("a"))
        assert make(store, "c").id == CONTAINER.first_id

    def test_put_moves_one_generation_on_and_keeps_the_status(self) -> None:
        store = ContainerStore(None)
        old = make(store, "a")
        store.put_status(old, old.status.changed(launched=3), now=2.0)
        new = store.put(note(old, "x"), now=3.0)
        assert new.generation == old.generation + 1
        assert new.status.life.launched == 3
        assert new.status.change_time == 3.0
        assert store.get("a") is new
        assert store.find_id(new.id) is new

    def test_put_of_an_outdated_record_takes_nothing_back(self) -> None:
        store = ContainerStore(None)
        old = make(store, "a")
        store.put(note(old, "x"), now=2.0)
        with pytest.raises(Busy):
            store.put(note(old, "y"), now=3.0)
        assert store.get("a").spec.lifecycle.private == "x"

    def test_status_of_an_outdated_record_keeps_the_spec(self) -> None:
        store = ContainerStore(None)
        old = make(store, "a")
        store.put(note(old, "x"), now=2.0)
        status = old.status.changed(state=State.RUNNING)
        new = store.put_status(old, status, now=3.0)
        assert new.spec.lifecycle.private == "x"
        assert new.status.life.state is State.RUNNING

    def test_same_status_is_no_change(self) -> None:
        store = ContainerStore(None)
        old = make(store, "a")
        assert store.put_status(old, old.status, now=9.0) is old

    def test_a_gone_record(self) -> None:
        store = ContainerStore(None)
        old = make(store, "a")
        store.delete(old)
        make(store, "a")
        for call in (
            lambda: store.put(old, now=1.0),
            lambda: store.put_status(old, old.status, now=1.0),
            lambda: store.delete(old),
            lambda: store.current(old),
            lambda: store.get("b"),
        ):
            with pytest.raises(ContainerDoesNotExist):
                call()

    def test_a_parent_is_not_forgotten_before_its_children(self) -> None:
        store = ContainerStore(None)
        parent = make(store, "a")
        make(store, "a/b")
        with pytest.raises(AssertionError):
            store.delete(parent)


class TestSubscribers:
    def test_see_each_change_once_in_order(self) -> None:
        store = ContainerStore(None)
        seen: list[tuple[Any, Any]] = []
        leave = store.subscribe(lambda old, new: seen.append((old, new)))
        created = make(store, "a")
        changed = store.put(note(created, "x"), now=2.0)
        store.delete(changed)
        leave()
        make(store, "b")
        assert seen == [(None, created), (created, changed), (changed, None)]

    def test_a_change_made_by_one_is_seen_by_all_in_order(self) -> None:
        store = ContainerStore(None)
        seen: list[int] = []

        def react(old: ContainerRecord | None, new: ContainerRecord | None) -> None:
            if old is None and new is not None:
                store.put(note(new, "x"), now=2.0)

        store.subscribe(react)
        store.subscribe(lambda old, new: seen.append(new.generation if new else 0))
        make(store, "a")
        assert seen == [1, 2]


class TestDisk:
    def test_is_there_after_a_restart(self, tmp_path: Path) -> None:
        store = ContainerStore(tmp_path)
        make(store, "a", source="/etc/a.CT")
        make(store, "a/b")
        store.put(note(store.get("a"), "x\ny").with_intent(run=Run.RUNNING), now=2.0)
        store.delete(store.get("a/b"))
        again = reloaded(tmp_path)
        assert list(again.records()) == list(store.records())
        assert make(again, "c").id > store.get("a").id

    def test_no_file_is_left_but_the_records(self, tmp_path: Path) -> None:
        store = ContainerStore(tmp_path, durable=True)
        record = make(store, "a")
        store.put(note(record, "x"), now=2.0)
        assert os.listdir(tmp_path) == [str(record.id)]
        assert (tmp_path / str(record.id)).stat().st_mode & 0o777 & ~0o640 == 0
        store.delete(store.get("a"))
        assert os.listdir(tmp_path) == []

    def test_a_record_larger_than_the_limit_is_refused(self, tmp_path: Path) -> None:
        store = ContainerStore(tmp_path, record_max_bytes=600)
        record = make(store, "a")
        with pytest.raises(Unknown, match="larger than the limit of 600"):
            store.put(note(record, "x" * 1000), now=2.0)
        assert store.get("a") is record
        assert reloaded(tmp_path).get("a") == record
        long = record.status.changed(start_error="x" * 2000)
        assert store.put_status(record, long, now=2.0).status.life.start_error == "x" * 2000

    def test_the_limit_holds_in_memory_too(self) -> None:
        store = ContainerStore(None, record_max_bytes=600)
        with pytest.raises(Unknown):
            store.put(note(make(store, "a"), "x" * 1000), now=2.0)


class Fault:
    """Makes the n-th system call of a kind fail, or the process "die" there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, call: str, error: BaseException) -> None:
        real = getattr(os, call)

        def faulty(*args: Any, **options: Any) -> Any:
            if self.armed:
                raise error
            return real(*args, **options)

        self.armed = False
        monkeypatch.setattr(os, call, faulty)


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs, not even clean-up that catches OSError."""


CALLS = ["open", "write", "close", "rename"]


class TestFaults:
    @pytest.mark.parametrize("call", ["open", "write", "rename"])
    def test_a_failed_write_never_happened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
    ) -> None:
        fault = Fault(monkeypatch, call, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        store = ContainerStore(tmp_path)
        record = make(store, "a")
        seen: list[Any] = []
        store.subscribe(lambda old, new: seen.append(new))
        fault.armed = True
        for attempt in (
            lambda: store.put(note(record, "x"), now=2.0),
            lambda: store.put_status(record, record.status.changed(launched=1), now=2),
            lambda: make(store, "b"),
        ):
            with pytest.raises(NoSpace, match="No space left"):
                attempt()
        fault.armed = False
        assert seen == []
        assert store.names() == ["a"]
        assert store.get("a") is record
        assert os.listdir(tmp_path) == [str(record.id)]
        assert reloaded(tmp_path).get("a") == record
        assert store.put(note(record, "y"), now=3.0).spec.lifecycle.private == "y"

    def test_a_failed_deletion_never_happened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fault = Fault(monkeypatch, "unlink", OSError(errno.EROFS, os.strerror(errno.EROFS)))
        store = ContainerStore(tmp_path)
        record = make(store, "a")
        fault.armed = True
        with pytest.raises(Unknown, match="cannot delete the record of a: Read-only"):
            store.delete(record)
        fault.armed = False
        assert store.get("a") is record
        store.delete(record)
        assert reloaded(tmp_path).names() == []

    @pytest.mark.parametrize("call", CALLS)
    def test_killed_at_any_call_the_old_or_the_new_record_is_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
    ) -> None:
        fault = Fault(monkeypatch, call, Killed())
        store = ContainerStore(tmp_path)
        record = make(store, "a")
        fault.armed = True
        with pytest.raises(Killed):
            store.put(note(record, "x"), now=2.0)
        fault.armed = False
        assert reloaded(tmp_path).get("a") == record
        assert os.listdir(tmp_path) == [str(record.id)]

    def test_short_writes_are_continued(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = os.write
        monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:7]))
        store = ContainerStore(tmp_path)
        record = make(store, "a")
        assert reloaded(tmp_path).get("a") == record

    def test_no_descriptor_leaks(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store = ContainerStore(tmp_path)
        record = make(store, "a")
        fault = Fault(monkeypatch, "write", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        fault.armed = True
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            with pytest.raises(PortoError):
                store.put(note(record, "x"), now=2.0)
        assert len(os.listdir("/proc/self/fd")) == before


def bad_files() -> Iterator[Any]:
    good = RecordCodec(CONTAINER).encode(ContainerRecord(id=4, name="a", spec=DEFAULT_SPEC))
    head, _, body = good.partition(b"\n")
    yield pytest.param(b"", "not a porto record", id="empty")
    yield pytest.param(b"\xff" * 1000, "not a porto record", id="noise")
    yield pytest.param(good[:-3], "checksum", id="cut")
    yield pytest.param(good.replace(b'"a"', b'"b"'), "checksum", id="changed")
    yield pytest.param(head.replace(b" 1 ", b" x ") + b"\n" + body, "invalid literal", id="version")

    def sealed(text: bytes) -> bytes:
        return b"porto-record 1 %08x\n%s" % (zlib.crc32(text), text)

    yield pytest.param(sealed(b"[]"), "not a mapping", id="list")
    yield pytest.param(sealed(b"{}"), "malformed", id="nothing")
    yield pytest.param(sealed(b"[" * 100_000), "malformed", id="deep")
    yield pytest.param(sealed(body.replace(b'"id":4', b'"id":5')), "holds id 5", id="id")
    yield pytest.param(sealed(body.replace(b'"a"', b'"a//b"')), "empty", id="name")
    yield pytest.param(
        sealed(
            body.replace(b'"status":{}', b'"status":{"state":"asleep"}').replace(
                b'"status":{"c', b'"status":{"state":"asleep","c'
            )
        ),
        "asleep",
        id="state",
    )
    bad = body.replace(b'"spec":{}', b'"spec":{"umask":"9"}')
    yield pytest.param(sealed(bad), "octal", id="value")


class TestLoad:
    @pytest.mark.parametrize(("data", "reason"), list(bad_files()))
    def test_a_bad_record_is_set_aside_and_the_others_load(
        self, tmp_path: Path, data: bytes, reason: str
    ) -> None:
        store = ContainerStore(tmp_path)
        for name in ("a", "b", "a/c"):
            make(store, name)
        (tmp_path / "4").write_bytes(data)
        again = ContainerStore(tmp_path)
        problems = again.load()
        assert again.names() == ["b"]
        assert [p.path for p in problems] == [str(tmp_path / "4.bad"), str(tmp_path / "6.bad")]
        assert reason in problems[0].reason
        assert "parent a of a/c is missing" in problems[1].reason
        assert (tmp_path / "4.bad").read_bytes() == data
        assert reloaded(tmp_path).names() == ["b"]

    def test_what_was_set_aside_before_is_kept(self, tmp_path: Path) -> None:
        for number in range(3):
            (tmp_path / "4").write_text(str(number))
            assert len(ContainerStore(tmp_path).load()) == 1
        assert sorted(os.listdir(tmp_path)) == ["4.bad", "4.bad.1", "4.bad.2"]

    def test_a_newer_releases_record_stays_where_it_is(self, tmp_path: Path) -> None:
        make(ContainerStore(tmp_path), "a")
        path = tmp_path / "4"
        newer = path.read_bytes().replace(b"record 1 ", b"record %d " % (VERSION + 1))
        path.write_bytes(newer)
        store = ContainerStore(tmp_path)
        (problem,) = store.load()
        assert problem.path == str(path)
        assert "version 2 is newer than this program's 1" in problem.reason
        assert store.unread == {4}
        assert make(store, "b").id == 5
        assert path.read_bytes() == newer

    def test_unknown_parts_are_left_out_and_reported(self, tmp_path: Path) -> None:
        record = note(make(ContainerStore(tmp_path), "a"), "x")
        body = RecordCodec(CONTAINER).encode(record).partition(b"\n")[2]
        body = body.replace(b'"spec":{', b'"spec":{"colour":"red",')
        body = body.replace(b'"status":{', b'"status":{"mood":1,')
        sealed = b"porto-record 1 %08x\n%s" % (zlib.crc32(body), body)
        (tmp_path / "4").write_bytes(sealed)
        store = ContainerStore(tmp_path)
        (problem,) = store.load()
        assert problem.reason == "unknown, and left out: colour, status.mood"
        assert store.get("a") == record
        assert (tmp_path / "4").read_bytes() == sealed

    def test_a_user_who_has_gone_does_not_cost_the_container(self, tmp_path: Path) -> None:
        store = ContainerStore(tmp_path)
        record = make(store, "a")
        spec = record.spec.with_value(find_property("owner_user"), "gone-since")
        store.put(dataclasses.replace(record, spec=spec), now=2.0)
        assert reloaded(tmp_path).get("a").spec.access.owner_user == "gone-since"

    def test_strange_files_are_survived(self, tmp_path: Path) -> None:
        make(ContainerStore(tmp_path), "a")
        os.mkfifo(tmp_path / "7")
        (tmp_path / "8").mkdir()
        (tmp_path / "9").symlink_to("4")
        (tmp_path / "004").write_bytes((tmp_path / "4").read_bytes())
        (tmp_path / "\u0661").write_text("")
        (tmp_path / "notes").write_text("")
        (tmp_path / "5.tmp").write_text("half")
        (tmp_path / ("9" * 200)).write_text("")
        store = ContainerStore(tmp_path)
        problems = store.load()
        assert store.names() == ["a"]
        assert len(problems) == 5
        assert not (tmp_path / "5.tmp").exists()
        assert (tmp_path / "notes").exists()

    def test_of_two_records_with_one_name_the_newer_stays(self, tmp_path: Path) -> None:
        store = ContainerStore(tmp_path)
        record = make(store, "a")
        other = dataclasses.replace(record, id=9, generation=5)
        (tmp_path / "9").write_bytes(RecordCodec(CONTAINER).encode(other))
        again = ContainerStore(tmp_path)
        (problem,) = again.load()
        assert again.get("a").id == 9
        assert problem.path == str(tmp_path / "4.bad")

    def test_what_cannot_be_set_aside_is_reported_and_its_id_not_used(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "4").write_text("noise")
        monkeypatch.setattr(Path, "rename", self.refuse)
        store = ContainerStore(tmp_path)
        (problem,) = store.load()
        assert "cannot set it aside: Read-only" in problem.reason
        assert make(store, "a").id == 5
        assert (tmp_path / "4").read_text() == "noise"

    @staticmethod
    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def test_id_limits(self, tmp_path: Path) -> None:
        for number in (3, CONTAINER.max_id + 1):
            record = ContainerRecord(id=number, name="a", spec=DEFAULT_SPEC)
            (tmp_path / str(number)).write_bytes(RecordCodec(CONTAINER).encode(record))
        assert len(ContainerStore(tmp_path).load()) == 2
