"""Waiting for containers: one-shot waits and subscriptions.

Subscribes to the store's change stream; called by `handlers/wait.py`, delivers to
the connections of the waiting clients. Nothing here polls: a change of a record
wakes exactly those who named it or watch a mask that matches.

The requests wait and AsyncWait are the containers' own, and so is all of this: the answer
tells a container's state, exit code and labels, and meta containers end in a way of their
own. That a change of any kind has come true is the engine's to tell (`Engine.converge`).

A one-shot wait ends when a container is stopped, dead, respawning, destroyed, or
meta without running children ("hollow"). A subscription hears every change of state
and the changes of labels that it asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from porto.api.masks import ANY, matches
from porto.api.names import View
from porto.observers.life import exit_code
from porto.spec.containers.names import ROOT, ancestors
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.wire import rpc_pb2

Event = rpc_pb2.TContainerWaitResponse
TIMEOUT = "timeout"
_ENDED = frozenset({State.STOPPED, State.DEAD, State.RESPAWNING, State.DESTROYED})
_MAY_HAVE_FAILED = frozenset({State.STOPPED, State.DEAD, State.RESPAWNING})
_EXITED = frozenset({State.DEAD, State.RESPAWNING})


@dataclass(frozen=True, slots=True)
class Interest:
    """What a client waits for.

    names  -- full names, each with the client's own spelling
    masks  -- wildcards, compared with names as the client sees them
    labels -- masks of label names
    target -- the only state to report, "" for any
    """

    view: View
    names: Mapping[str, str]
    masks: tuple[str, ...]
    labels: tuple[str, ...]
    target: str

    def name_of(self, full: str) -> str | None:
        """The name under which to report a container, None when it is not meant."""
        spelled = self.names.get(full)
        shown = self.view.shown(full)
        if spelled is not None:
            return shown if shown is not None else spelled
        if shown is None or full == ROOT:
            return None
        for mask in self.masks:
            if mask == ANY or matches(shown, mask):
                return shown
        return None

    def wants_label(self, label: str) -> bool:
        """Whether changes of this label are to be reported."""
        return any(matches(label, mask) for mask in self.labels)

    def same_as(self, other: "Interest") -> bool:
        """Whether both name the same containers, labels and state."""
        return (
            self.names.keys() == other.names.keys()
            and set(self.masks) == set(other.masks)
            and set(self.labels) == set(other.labels)
            and self.target == other.target
        )


@dataclass(slots=True, eq=False)
class Waiter:
    """One registered interest.

    every   -- report every change (a subscription), not only ends
    deliver -- takes the event; returns whether the waiter stays
    """

    interest: Interest
    every: bool
    deliver: Callable[[Event], bool]
    active: bool = field(default=True)


def labels_of(record: ContainerRecord) -> Mapping[str, str]:
    """A container's labels."""
    return dict(record.spec.lifecycle.labels)


class ContainerWaits:
    """All who wait for containers."""

    def __init__(self, store: ContainerStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._by_name: dict[str, set[Waiter]] = {}
        self._masked: set[Waiter] = set()
        self._running: dict[str, int] = {}
        for record in store.records():
            if record.status.life.state is State.RUNNING:
                self._count(record.name, 1)
        self._unsubscribe = store.subscribe(self._changed)

    def close(self) -> None:
        """Stop listening to the store."""
        self._unsubscribe()

    def __len__(self) -> int:
        named = {waiter for waiters in self._by_name.values() for waiter in waiters}
        return len(named | self._masked)

    @property
    def running(self) -> int:
        """Number of running containers."""
        return self._running.get(ROOT, 0)

    def add(self, interest: Interest, *, every: bool, deliver: Callable[[Event], bool]) -> Waiter:
        """Register an interest."""
        waiter = Waiter(interest, every, deliver)
        for name in interest.names:
            self._by_name.setdefault(name, set()).add(waiter)
        if interest.masks:
            self._masked.add(waiter)
        return waiter

    def remove(self, waiter: Waiter) -> None:
        """Forget a waiter; one that is gone already is fine."""
        waiter.active = False
        self._masked.discard(waiter)
        for name in waiter.interest.names:
            waiters = self._by_name.get(name)
            if waiters is not None:
                waiters.discard(waiter)
                if not waiters:
                    del self._by_name[name]

    def present(self, interest: Interest, *, every: bool) -> Iterator[tuple[str, Event]]:
        """Events for the present state of what is meant, each with the full name.

        Without `every` only ends count. With labels only containers that have a
        matching one, which the event then tells.
        """
        seen: set[str] = set()
        for name in interest.names:
            seen.add(name)
            yield from self._present(interest, name, every)
        if interest.masks:
            for name in tuple(self._store.names()):
                if name not in seen:
                    yield from self._present(interest, name, every)

    def timeout(self) -> Event:
        """The event that tells the end of the time."""
        return Event(name="", state=TIMEOUT, when=int(self._clock()))

    def hollow(self, name: str) -> bool:
        """Whether no container below `name` is running."""
        return not self._running.get(name)

    # -- internals ---------------------------------------------------------

    def _present(self, interest: Interest, full: str, every: bool) -> Iterator[tuple[str, Event]]:
        shown = interest.name_of(full)
        record = self._store.find(full)
        if shown is None or (record is None and full != ROOT):
            return
        state = State.META if record is None else record.status.life.state
        if not every and not self._is_end(full, state):
            return
        if interest.target and state != interest.target:
            return
        if not interest.labels:
            yield full, self._event(shown, state, record)
            return
        for label, value in labels_of(record).items() if record else ():
            if interest.wants_label(label):
                yield (
                    full,
                    Event(
                        name=shown, state=state, when=int(self._clock()), label=label, value=value
                    ),
                )

    def _is_end(self, name: str, state: State) -> bool:
        return state in _ENDED or (state is State.META and self.hollow(name))

    def _event(self, shown: str, state: State, record: ContainerRecord | None) -> Event:
        event = Event(name=shown, state=state, when=int(self._clock()))
        if record is not None:
            if state in _MAY_HAVE_FAILED and record.status.life.start_error:
                event.label, event.value = "start_error", record.status.life.start_error
            elif state in _EXITED and record.status.life.exit_status is not None:
                status = record.status.life.exit_status
                code = exit_code(status, oom_killed=record.status.oom.oom_killed)
                event.label, event.value = "exit_code", str(code)
        return event

    def _changed(self, old: ContainerRecord | None, new: ContainerRecord | None) -> None:
        record = new or old
        assert record is not None
        before = None if old is None else old.status.life.state
        after = State.DESTROYED if new is None else new.status.life.state
        emptied: list[str] = []
        if before is not after:
            if after is State.RUNNING:
                self._count(record.name, 1)
            elif before is State.RUNNING:
                emptied = self._count(record.name, -1)
        if not self._by_name and not self._masked:
            return
        if before is not after:
            self._report(record, after)
        if old is not None and new is not None:
            was, now = old.spec.lifecycle, new.spec.lifecycle
            if was is not now and was.labels != now.labels:
                self._report_labels(new, dict(was.labels), dict(now.labels))
        for name in emptied:
            parent = self._store.find(name)
            if parent is not None and parent.status.life.state is State.META:
                self._report(parent, State.META)
            elif name == ROOT:
                self._report(None, State.META)

    def _count(self, name: str, step: int) -> list[str]:
        """Count a running container in its ancestors; returns those left without."""
        emptied = []
        for above in (*ancestors(name), ROOT):
            count = self._running.get(above, 0) + step
            if count:
                self._running[above] = count
            else:
                self._running.pop(above, None)
                emptied.append(above)
        return emptied

    def _report(self, record: ContainerRecord | None, state: State) -> None:
        full = ROOT if record is None else record.name
        end = self._is_end(full, state)
        for waiter in self._concerned(full):
            interest = waiter.interest
            if not (end or waiter.every) or interest.target not in ("", state):
                continue
            shown = interest.name_of(full)
            if shown is not None:
                self._deliver(waiter, self._event(shown, state, record))

    def _report_labels(
        self, record: ContainerRecord, was: Mapping[str, str], now: Mapping[str, str]
    ) -> None:
        state = record.status.life.state
        changed = [name for name in {**was, **now} if was.get(name) != now.get(name)]
        for waiter in self._concerned(record.name):
            interest = waiter.interest
            if not interest.labels or interest.target not in ("", state):
                continue
            shown = interest.name_of(record.name)
            for label in changed if shown is not None else ():
                if waiter.active and interest.wants_label(label):
                    event = Event(
                        name=shown,
                        state=state,
                        when=int(self._clock()),
                        label=label,
                        value=now.get(label, ""),
                    )
                    self._deliver(waiter, event)

    def _concerned(self, name: str) -> list[Waiter]:
        return [*self._by_name.get(name, ()), *self._masked.difference(self._by_name.get(name, ()))]

    def _deliver(self, waiter: Waiter, event: Event) -> None:
        if waiter.active and not waiter.deliver(event):
            self.remove(waiter)
