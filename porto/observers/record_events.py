"""What the change of a container's record tells: properties, states, exits, conditions.

Joined to the store's change stream by `cli/daemon.py`; what passes do to the kernel is
added by the engine, because no record shows it. Records do not change, so that their events
need not be made before they are written.
"""

import os
import signal
from collections.abc import Iterator

from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, PROPERTIES
from porto.spec.containers.status import ContainerStatus, State
from porto.spec.events import Event, What
from porto.spec.prop import Facet
from porto.spec.records.status import Condition

KIND = "container"

_ENDED = (State.DEAD, State.RESPAWNING)


def record_events(old: ContainerRecord | None, new: ContainerRecord | None) -> Iterator[Event]:
    """The events of one change of a record; None before creation and after deletion."""
    if old is None:
        if new is not None:
            yield Event(KIND, new.name, What.CREATED, text=new.source or new.intent.origin)
            yield from _set(None, new)
    elif new is None:
        yield Event(KIND, old.name, What.DESTROYED, text=old.intent.origin)
    else:
        if old.spec is not new.spec:
            yield from _set(old, new)
        if old.status is not new.status:
            yield from _status(new.name, old.status, new.status)


def _set(old: ContainerRecord | None, new: ContainerRecord) -> Iterator[Event]:
    before = (DEFAULT_SPEC if old is None else old.spec).__dict__
    after = new.spec.__dict__
    for name, facet in after.items():
        # A facet that is not set is shared: most of them end here.
        if facet is not before[name]:
            yield from _facet_set(new, before[name], facet, fresh=old is None)


def _facet_set(record: ContainerRecord, old: Facet, new: Facet, *, fresh: bool) -> Iterator[Event]:
    for name in sorted(old.model_fields_set | new.model_fields_set):
        had, has = name in old.model_fields_set, name in new.model_fields_set
        have, want = getattr(old, name), getattr(new, name)
        if had is has and have == want:
            continue
        if fresh and name not in record.origins:
            continue  # its creator's names, which nobody has asked for
        prop = PROPERTIES[name]
        yield Event(
            KIND,
            record.name,
            What.SET,
            facet=prop.prop.owner,
            subject=name,
            want=prop.codec.format(want) if has else "",
            have=prop.codec.format(have) if had else "",
            text=record.origins.get(name, ""),
        )


def _status(name: str, old: ContainerStatus, new: ContainerStatus) -> Iterator[Event]:
    if old.life.state is not new.life.state:
        # How it ended comes before what follows from it.
        if (
            new.life.exit_status is not None
            and new.life.state in _ENDED
            and old.life.state not in _ENDED
        ):
            yield Event(
                KIND, name, What.EXIT, text=ending(new.life.exit_status, oom=new.oom.oom_killed)
            )
        yield Event(KIND, name, What.STATE, want=new.life.state, have=old.life.state)
    if new.life.start_error and old.life.start_error != new.life.start_error:
        yield Event(KIND, name, What.FAILED, subject="start", text=new.life.start_error)
    if old.conditions is not new.conditions and old.conditions != new.conditions:
        for condition in new.conditions:
            if condition not in old.conditions:
                yield _condition(name, What.CONDITION, condition)
        for condition in old.conditions:
            if condition not in new.conditions:
                yield _condition(name, What.RESOLVED, condition)


def _condition(name: str, what: What, condition: Condition) -> Event:
    return Event(
        KIND,
        name,
        what,
        facet=condition.facet,
        subject=condition.kind,
        text=condition.message,
    )


def ending(status: int, *, oom: bool) -> str:
    """A wait(2) status in words."""
    if oom:
        return "killed: out of memory"
    if not os.WIFSIGNALED(status):
        return f"exit code {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    try:
        text = f"killed by {signal.Signals(number).name}"
    except ValueError:
        text = f"killed by signal {number}"
    return text + (", core dumped" if os.WCOREDUMP(status) else "")
