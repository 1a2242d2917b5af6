"""The spec store: every container's record, in memory and durable on disk.

Written by the API, the sources (through `spec/containers/operations.py`) and the engine;
read by all. A write is durable before it returns: intent comes before effect,
and a write that fails leaves both the file and the memory as they were.
Subscribers see each change once, in order.

On disk: one file per record (`spec/records/file.py`) in one directory
(`spec/records/directory.py`).
"""

import dataclasses
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from porto.spec.containers.admission import Admission
from porto.spec.containers.names import ROOT, is_below, parent_name
from porto.spec.containers.spec import ContainerSpec
from porto.spec.errors import (
    Busy,
    ContainerAlreadyExists,
    ContainerDoesNotExist,
    ResourceNotAvailable,
    Unknown,
    by_errno,
)
from porto.spec.records.directory import ID_FIRST, ID_MAX, Problem, RecordDirectory
from porto.spec.records.file import encode
from porto.spec.records.record import Record, Run, State, Status

__all__ = [
    "ID_FIRST",
    "ID_MAX",
    "ID_ROOT",
    "RECORD_MAX_BYTES",
    "Problem",
    "SpecStore",
    "Subscriber",
    "in_subtree",
]

ID_ROOT = 1
RECORD_MAX_BYTES = 1 << 20


Subscriber = Callable[[Record | None, Record | None], None]
"""Called with the old and the new record, None before creation and after deletion.

It must not raise: the change has been made already.
"""


class SpecStore:
    """All records; one instance per daemon, used from its event loop only."""

    def __init__(
        self,
        directory: Path | None,
        *,
        max_total: int = 3000,
        durable: bool = False,
        record_max_bytes: int = RECORD_MAX_BYTES,
        admission: Admission | None = None,
    ) -> None:
        """`directory` None keeps records in memory only (tests, `portoctl validate`).

        `durable` adds fsyncs to each write, for a directory that is not a tmpfs.
        `record_max_bytes` is the configuration's keyvalue_limit. `admission` are the rules
        that writers ask; without one, those of a machine that nobody has looked at.
        """
        self.admission = admission or Admission()
        self._files = None if directory is None else RecordDirectory(directory, durable=durable)
        self._max_total = max_total
        self._record_max_bytes = record_max_bytes
        self._by_name: dict[str, Record] = {}
        self._by_id: dict[int, Record] = {}
        self._children: dict[str, set[str]] = {}
        self._names: list[str] = []
        self._last_id = ID_FIRST - 1
        self._subscribers: list[Subscriber] = []
        self._changes: deque[tuple[Record | None, Record | None]] = deque()
        self._notifying = False

    # -- reading ---------------------------------------------------------

    def __len__(self) -> int:
        return len(self._by_id)

    def names(self) -> list[str]:
        """All names, sorted; do not modify."""
        return self._names

    def records(self) -> Iterator[Record]:
        """All records, sorted by name: parents before children."""
        return (self._by_name[name] for name in list(self._names) if name in self._by_name)

    def find(self, name: str) -> Record | None:
        """The record of that full name."""
        return self._by_name.get(name)

    def find_id(self, record_id: int) -> Record | None:
        """The record of that id."""
        return self._by_id.get(record_id)

    def get(self, name: str, verb: str = "find") -> Record:
        """The record of that full name; raises ContainerDoesNotExist."""
        record = self._by_name.get(name)
        if record is None:
            raise ContainerDoesNotExist(f"cannot {verb} {name}: no such container")
        return record

    def current(self, record: Record, verb: str = "change") -> Record:
        """The present version of a record; raises ContainerDoesNotExist when it is gone.

        A record that was held over an await may be out of date.
        """
        current = self._by_id.get(record.id)
        if current is None or current.name != record.name:
            raise ContainerDoesNotExist(f"cannot {verb} {record.name}: no such container")
        return current

    def parent(self, record: Record) -> Record | None:
        """The parent's record; None for a first-level container."""
        return self._by_name.get(parent_name(record.name))

    def ancestors(self, record: Record) -> Iterator[Record]:
        """Records of the ancestors, nearest first."""
        parent = self.parent(record)
        while parent is not None:
            yield parent
            parent = self.parent(parent)

    def children(self, name: str) -> list[Record]:
        """Records of the direct children of `name` (or of `ROOT`), sorted."""
        return [self._by_name[child] for child in sorted(self._children.get(name, ()))]

    def has_children(self, name: str) -> bool:
        """Whether `name` has any child."""
        return name in self._children

    def descendants(self, name: str) -> list[Record]:
        """Records of the whole subtree below `name`, children before parents."""
        found: list[Record] = []
        for child in sorted(self._children.get(name, ())):
            found += self.descendants(child)
            found.append(self._by_name[child])
        return found

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber(old, new)` after each change; returns the way out."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    # -- writing ---------------------------------------------------------

    def create(
        self,
        name: str,
        spec: ContainerSpec,
        *,
        now: float,
        origins: Mapping[str, str],
        source: str = "",
        extra: int = 0,
    ) -> Record:
        """A new stopped container; `extra` raises the limit of containers."""
        if name in self._by_name:
            raise ContainerAlreadyExists(f"cannot create {name}: it exists already")
        parent = parent_name(name)
        if parent != ROOT and parent not in self._by_name:
            raise ContainerDoesNotExist(f"cannot create {name}: no parent container {parent}")
        limit = self._max_total + extra
        if len(self._by_id) >= limit:
            raise ResourceNotAvailable(
                f"cannot create {name}: the limit of {limit} containers is reached"
            )
        record = Record(
            id=self._next_id(name),
            name=name,
            spec=spec,
            status=Status(creation_time=now, change_time=now),
            origins=origins,
            source=source,
        )
        self._write(record, limited=True)
        self._last_id = record.id
        self._insert(record)
        self._notify(None, record)
        return record

    def put(self, record: Record, *, now: float) -> Record:
        """Replace the desired state (spec, intent, origins, source): one generation on.

        Raises Busy when `record` was made from an older generation: writing it
        would silently take back what somebody else has set. A stopped container whose
        new intent is to run is starting from this moment on.
        """
        old = self.current(record)
        if record.generation != old.generation:
            raise Busy(f"cannot change {record.name}: it has been changed meanwhile")
        new = dataclasses.replace(
            record,
            generation=old.generation + 1,
            status=dataclasses.replace(
                old.status,
                change_time=now,
                state=State.STARTING
                if record.intent.run is Run.RUNNING and old.status.state is State.STOPPED
                else old.status.state,
            ),
        )
        # Stopping and destroying are possible when there is room for nothing else.
        less = new.spec is old.spec and new.intent.run is not Run.RUNNING
        return self._replace(old, new, limited=not less)

    def put_status(self, record: Record, status: Status, *, now: float) -> Record:
        """Replace the status, keeping whatever desired state is current."""
        old = self.current(record)
        if status.change_time != now:
            if dataclasses.replace(status, change_time=old.status.change_time) == old.status:
                return old
            status = dataclasses.replace(status, change_time=now)
        return self._replace(old, dataclasses.replace(old, status=status), limited=False)

    def delete(self, record: Record) -> None:
        """Forget a container that has no children."""
        old = self.current(record, "delete")
        if self._children.get(old.name):
            raise AssertionError(f"{old.name} still has children")
        self._unlink(old)
        del self._by_id[old.id]
        del self._by_name[old.name]
        del self._names[bisect_left(self._names, old.name)]
        siblings = self._children[parent_name(old.name)]
        siblings.discard(old.name)
        if not siblings:
            del self._children[parent_name(old.name)]
        self._notify(old, None)

    def load(self) -> list[Problem]:
        """Read the directory into an empty store; returns what was not understood."""
        if self._files is None:
            return []
        loaded, problems = self._files.read_all()
        # Of two records with one name, which only a meddler can make, the newer stays.
        for record in sorted(loaded, key=lambda item: (item.name, -item.generation)):
            parent = parent_name(record.name)
            if record.name in self._by_name:
                problems.append(
                    self._files.set_aside(str(record.id), f"a second record of {record.name}")
                )
            elif parent != ROOT and parent not in self._by_name:
                reason = f"the parent {parent} of {record.name} is missing"
                problems.append(self._files.set_aside(str(record.id), reason))
            else:
                self._insert(record)
        self._last_id = max(self._by_id, default=self._last_id)
        return problems

    # -- memory ------------------------------------------------------------

    def _replace(self, old: Record, new: Record, *, limited: bool) -> Record:
        self._write(new, limited=limited)
        self._by_id[new.id] = new
        self._by_name[new.name] = new
        self._notify(old, new)
        return new

    def _insert(self, record: Record) -> None:
        self._by_id[record.id] = record
        self._by_name[record.name] = record
        self._children.setdefault(parent_name(record.name), set()).add(record.name)
        insort(self._names, record.name)

    def _notify(self, old: Record | None, new: Record | None) -> None:
        """Tell all subscribers; a change made by one of them waits for its turn."""
        self._changes.append((old, new))
        if self._notifying:
            return
        self._notifying = True
        try:
            while self._changes:
                change = self._changes.popleft()
                for subscriber in tuple(self._subscribers):
                    subscriber(*change)
        finally:
            self._notifying = False

    def _next_id(self, name: str) -> int:
        span = ID_MAX - ID_FIRST + 1
        reserved = self._files.reserved_ids if self._files is not None else ()
        for step in range(1, span + 1):
            candidate = ID_FIRST + (self._last_id - ID_FIRST + step) % span
            if candidate not in self._by_id and candidate not in reserved:
                return candidate
        raise ResourceNotAvailable(f"cannot create {name}: all {span} container ids are in use")

    # -- disk --------------------------------------------------------------

    def _write(self, record: Record, *, limited: bool) -> None:
        """Replace a record's file.

        `limited` is off for what must be kept: the status, and the wish for less.
        """
        if self._files is None and not limited:
            return
        data = encode(record)
        if limited and len(data) > self._record_max_bytes:
            raise Unknown(
                f"cannot save {record.name}: its record of {len(data)} bytes is larger than "
                f"the limit of {self._record_max_bytes} (keyvalue_limit)"
            )
        if self._files is None:
            return
        try:
            self._files.write(record.id, data, reserve=not limited)
        except OSError as error:
            raise by_errno(error, f"cannot save the record of {record.name}") from error

    def _unlink(self, record: Record) -> None:
        if self._files is None:
            return
        try:
            self._files.unlink(record.id)
        except OSError as error:
            raise by_errno(error, f"cannot delete the record of {record.name}") from error


def in_subtree(record: Record, top: str) -> bool:
    """Whether `record` is `top` or lies below it."""
    return record.name == top or is_below(record.name, top)
