"""What becomes of a container between two versions of its record, as a plan without a kernel.

Called by the API's Plan with the records of the store and of a fork of it in which the
plan has been carried out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, SPEC_PROPERTIES
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.preview import Action, ObjectPlan, SpecChange
from porto.spec.records.record import Run

KIND = "container"


@dataclass(frozen=True, slots=True)
class Turn:
    """A container before and after a plan; None where it is not there."""

    name: str
    before: ContainerRecord | None
    after: ContainerRecord | None


def turns(store: ContainerStore, fork: ContainerStore) -> Iterator[Turn]:
    """The containers that are not the same in `fork`, sorted by name."""
    for name in sorted({*store.names(), *fork.names()}):
        before, after = store.find(name), fork.find(name)
        if before is not after:
            yield Turn(name, before, after)


def unmoved(record: ContainerRecord) -> Turn:
    """A container that no plan changes."""
    return Turn(record.name, record, record)


def outlook(turn: Turn, *reasons: str) -> ObjectPlan:
    """What becomes of a container, but for the kernel; `reasons` come first."""
    action = _action(turn.before, turn.after)
    gone = action is Action.DESTROY or turn.after is None
    return ObjectPlan(
        kind=KIND,
        name=turn.name,
        action=action,
        spec=() if gone else tuple(spec_changes(turn.before, turn.after)),
        reasons=(*reasons, *_reasons(action, turn.before, turn.after)),
    )


def spec_changes(
    before: ContainerRecord | None, after: ContainerRecord | None
) -> Iterator[SpecChange]:
    """The properties that differ, or that somebody else has set, sorted by name."""
    old = before.spec if before is not None else DEFAULT_SPEC
    new = after.spec if after is not None else DEFAULT_SPEC
    if old is new:
        return
    for prop in sorted(SPEC_PROPERTIES, key=lambda item: item.name):
        was = prop.codec.format(old.value(prop)) if old.is_set(prop) else None
        now = prop.codec.format(new.value(prop)) if new.is_set(prop) else None
        if was != now:
            origin = after.origins.get(prop.name, "") if after is not None else ""
            yield SpecChange(prop.name, was, now, origin)


def _action(before: ContainerRecord | None, after: ContainerRecord | None) -> Action:
    if after is None or after.intent.run is Run.ABSENT:
        leaving = before is None or before.intent.run is Run.ABSENT
        return Action.UNCHANGED if leaving else Action.DESTROY
    if before is None:
        return Action.CREATE
    if before.intent.run is not after.intent.run:
        return Action.START if after.intent.run is Run.RUNNING else Action.STOP
    if after.intent.run is Run.RUNNING and after.intent.launch != before.intent.launch:
        return Action.RESTART
    return Action.UNCHANGED if after.spec == before.spec else Action.CHANGE


def _reasons(
    action: Action, before: ContainerRecord | None, after: ContainerRecord | None
) -> Iterator[str]:
    if action is Action.CREATE and after is not None:
        yield "it would be started" if after.intent.run is Run.RUNNING else "it would stay stopped"
    elif action is Action.RESTART and before is not None and before.status.life.state is State.DEAD:
        yield "its process has ended; the file that declares it has changed"
    if before is not None and after is not None and before.source != after.source:
        yield f"{after.source or 'the API'} takes it over from {before.source or 'the API'}"
