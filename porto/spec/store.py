"""The store of one kind: every record, in memory and durable on disk.

Written by the API, the sources (through the kind's operations) and the engine;
read by all. A write is durable before it returns: intent comes before effect,
and a write that fails leaves both the file and the memory as they were.
Subscribers see each change once, in order.

On disk: one file per record (`spec/records/file.py`) in one directory
(`spec/records/directory.py`). A kind whose objects relate to each other by name derives
a store with an index of that (`spec/containers/store.py`). All stores: `spec/catalog.py`.
"""

import copy
import dataclasses
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path
from typing import Generic, Self

from porto.spec.errors import Busy, ResourceNotAvailable, Unknown, by_errno
from porto.spec.facets import Spec
from porto.spec.kind import Kind, R
from porto.spec.records.directory import Problem, RecordDirectory
from porto.spec.records.file import RecordCodec
from porto.spec.records.record import Run
from porto.spec.records.status import Status

RECORD_MAX_BYTES = 1 << 20

Subscriber = Callable[[R | None, R | None], None]
"""Called with the old and the new record, None before creation and after deletion.

It must not raise: the change has been made already.
"""


class Store(Generic[R]):
    """All records of one kind; one instance per daemon, used from its event loop only.

    kind -- what the records are of
    """

    def __init__(
        self,
        kind: Kind[R],
        directory: Path | None,
        *,
        max_total: int,
        durable: bool = False,
        record_max_bytes: int = RECORD_MAX_BYTES,
    ) -> None:
        """`directory` None keeps records in memory only (tests, `portoctl validate`).

        `durable` adds fsyncs to each write, for a directory that is not a tmpfs.
        `record_max_bytes` is the configuration's keyvalue_limit.
        """
        self.kind = kind
        self._codec = RecordCodec(kind)
        self._files = (
            None
            if directory is None
            else RecordDirectory(kind, directory, self._codec, durable=durable)
        )
        self._max_total = max_total
        self._record_max_bytes = record_max_bytes
        self._by_name: dict[str, R] = {}
        self._by_id: dict[int, R] = {}
        self._names: list[str] = []
        self._last_id = kind.first_id - 1
        self._subscribers: list[Subscriber[R]] = []
        self._changes: deque[tuple[R | None, R | None]] = deque()
        self._notifying = False

    def fork(self) -> Self:
        """A copy in memory with the same rules: what is written to either, the other lacks."""
        twin = copy.copy(self)
        twin._files = None
        twin._by_name = dict(self._by_name)
        twin._by_id = dict(self._by_id)
        twin._names = list(self._names)
        twin._subscribers = []
        twin._changes = deque()
        twin._notifying = False
        return twin

    # -- reading ---------------------------------------------------------

    def __len__(self) -> int:
        return len(self._by_id)

    def names(self) -> list[str]:
        """All names, sorted; do not modify."""
        return self._names

    def records(self) -> Iterator[R]:
        """All records, sorted by name: what another one's name begins with is before it."""
        return (self._by_name[name] for name in list(self._names) if name in self._by_name)

    def find(self, name: str) -> R | None:
        """The record of that full name."""
        return self._by_name.get(name)

    def find_id(self, record_id: int) -> R | None:
        """The record of that id."""
        return self._by_id.get(record_id)

    def get(self, name: str, verb: str = "find") -> R:
        """The record of that full name; raises the kind's error."""
        record = self._by_name.get(name)
        if record is None:
            raise self.kind.missing(f"cannot {verb} {name}: no such {self.kind.noun}")
        return record

    def current(self, record: R, verb: str = "change") -> R:
        """The present version of a record; raises the kind's error when it is gone.

        A record that was held over an await may be out of date.
        """
        current = self._by_id.get(record.id)
        if current is None or current.name != record.name:
            raise self.kind.missing(f"cannot {verb} {record.name}: no such {self.kind.noun}")
        return current

    @property
    def unread(self) -> Set[int]:
        """Ids whose records stayed where they are, unread: of these objects nothing is known."""
        return frozenset() if self._files is None else self._files.reserved_ids

    def subscribe(self, subscriber: Subscriber[R]) -> Callable[[], None]:
        """Call `subscriber(old, new)` after each change; returns the way out."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    # -- writing ---------------------------------------------------------

    def create(
        self,
        name: str,
        spec: Spec,
        *,
        now: float,
        origins: Mapping[str, str],
        source: str = "",
        extra: int = 0,
    ) -> R:
        """A new object that nobody has asked to run; `extra` raises the limit of objects."""
        kind = self.kind
        if name in self._by_name:
            raise kind.exists(f"cannot create {name}: it exists already")
        parent = self._missing_parent(name)
        if parent:
            raise kind.missing(f"cannot create {name}: no parent {kind.noun} {parent}")
        limit = self._max_total + extra
        if len(self._by_id) >= limit:
            raise ResourceNotAvailable(
                f"cannot create {name}: the limit of {limit} {kind.plural} is reached"
            )
        record = kind.new_record(self._next_id(name), name, spec, now, origins, source)
        self._write(record, limited=True)
        self._last_id = record.id
        self._insert(record)
        self._notify(None, record)
        return record

    def put(self, record: R, *, now: float) -> R:
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
            status=self.kind.wished(old, record).changed(change_time=now),
        )
        # Stopping and destroying are possible when there is room for nothing else.
        less = new.spec is old.spec and new.intent.run is not Run.RUNNING
        return self._replace(old, new, limited=not less)

    def put_status(self, record: R, status: Status, *, now: float) -> R:
        """Replace the status, keeping whatever desired state is current."""
        old = self.current(record)
        if status.change_time != now:
            if status.changed(change_time=old.status.change_time) == old.status:
                return old
            status = status.changed(change_time=now)
        return self._replace(old, dataclasses.replace(old, status=status), limited=False)

    def delete(self, record: R) -> None:
        """Forget an object that no other one depends on by name."""
        old = self.current(record, "delete")
        self._leaving(old)
        self._unlink(old)
        del self._by_id[old.id]
        del self._by_name[old.name]
        del self._names[bisect_left(self._names, old.name)]
        self._left(old)
        self._notify(old, None)

    def load(self) -> list[Problem]:
        """Read the directory into an empty store; returns what was not understood."""
        if self._files is None:
            return []
        loaded, problems = self._files.read_all()
        # Of two records with one name, which only a meddler can make, the newer stays.
        for record in sorted(loaded, key=lambda item: (item.name, -item.generation)):
            parent = self._missing_parent(record.name)
            if record.name in self._by_name:
                problems.append(
                    self._files.set_aside(str(record.id), f"a second record of {record.name}")
                )
            elif parent:
                reason = f"the parent {parent} of {record.name} is missing"
                problems.append(self._files.set_aside(str(record.id), reason))
            else:
                self._insert(record)
        self._last_id = max(self._by_id, default=self._last_id)
        return problems

    # -- the index of a derived store --------------------------------------------

    def _missing_parent(self, name: str) -> str:
        """The name of what must exist before `name` does and is missing, else ""."""
        return ""

    def _entered(self, record: R) -> None:
        """A record has been added."""

    def _leaving(self, record: R) -> None:
        """Raise AssertionError when a record must not be deleted yet."""

    def _left(self, record: R) -> None:
        """A record has been deleted."""

    # -- memory ------------------------------------------------------------

    def _replace(self, old: R, new: R, *, limited: bool) -> R:
        self._write(new, limited=limited)
        self._by_id[new.id] = new
        self._by_name[new.name] = new
        self._notify(old, new)
        return new

    def _insert(self, record: R) -> None:
        self._by_id[record.id] = record
        self._by_name[record.name] = record
        insort(self._names, record.name)
        self._entered(record)

    def _notify(self, old: R | None, new: R | None) -> None:
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
        first = self.kind.first_id
        span = self.kind.max_id - first + 1
        for step in range(1, span + 1):
            candidate = first + (self._last_id - first + step) % span
            if candidate not in self._by_id and candidate not in self.unread:
                return candidate
        raise ResourceNotAvailable(
            f"cannot create {name}: all {span} {self.kind.noun} ids are in use"
        )

    # -- disk --------------------------------------------------------------

    def _write(self, record: R, *, limited: bool) -> None:
        """Replace a record's file.

        `limited` is off for what must be kept: the status, and the wish for less.
        """
        if self._files is None and not limited:
            return
        data = self._codec.encode(record)
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

    def _unlink(self, record: R) -> None:
        if self._files is None:
            return
        try:
            self._files.unlink(record.id)
        except OSError as error:
            raise by_errno(error, f"cannot delete the record of {record.name}") from error
