"""Operations on containers as changes of desired state.

Each function checks the legality table (manual section "Operations") against
the present status and writes specs or intents; none touches the kernel. Called
by `api/handlers/`, by the sources and by the engine's own timers, so that every
way in obeys one table. What follows is the engine's work.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from porto.spec.containers.assign import creator_credential, parse_property, with_property
from porto.spec.containers.intent import Client
from porto.spec.containers.names import ROOT, parent_name, validate_name
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property, resolve_property
from porto.spec.containers.status import ACTIVE, State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import ContainerDoesNotExist, InvalidState, ResourceNotAvailable
from porto.spec.prop import Property, check_settable
from porto.spec.records.record import API_ORIGIN, Run, check_enforced

__all__ = [
    "CREDENTIALS",
    "Actor",
    "Credentials",
    "check_kill",
    "create",
    "destroy",
    "parse_property",
    "pause",
    "respawn",
    "resume",
    "set_property",
    "start",
    "stop",
    "with_property",
]

SUPERUSER_EXTRA = 100

_STARTABLE_BELOW = frozenset({State.STOPPED, State.STARTING, State.RUNNING, State.META})
_RESPAWNABLE_BELOW = frozenset({State.RUNNING, State.META, State.RESPAWNING})


@dataclass(frozen=True, slots=True)
class Credentials:
    """Names under which a new container is created; "" leaves a default unset."""

    user: str = ""
    group: str = ""
    owner_user: str = ""
    owner_group: str = ""

    def items(self) -> Mapping[str, str]:
        """The properties that creation sets, as text."""
        return {k: v for k, v in dataclasses.asdict(self).items() if v}


CREDENTIALS = frozenset(field.name for field in dataclasses.fields(Credentials))
"""Properties that creation sets; they have an origin once somebody else has set them."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who performs an operation: an API client, a file, the engine itself."""

    origin: str = API_ORIGIN
    superuser: bool = True
    client: Client | None = None


def create(
    store: ContainerStore,
    name: str,
    *,
    actor: Actor,
    credentials: Credentials,
    now: float,
    weak: bool = False,
    source: str = "",
    values: Mapping[Property, Any] | None = None,
    origins: Mapping[str, str] | None = None,
) -> ContainerRecord:
    """A new stopped container, with `values` already parsed."""
    validate_name(name)
    parent = parent_name(name)
    if parent != ROOT:
        record = store.find(parent)
        if record is None:
            raise ContainerDoesNotExist(f"cannot create {name}: no parent container {parent}")
        if record.intent.run is Run.ABSENT:
            raise InvalidState(f"cannot create {name}: its parent {parent} is being destroyed")
    spec = DEFAULT_SPEC
    for key, text in credentials.items().items():
        prop = find_property(key)
        spec = spec.with_value(prop, creator_credential(prop, name, text))
    if weak:
        spec = spec.with_value(find_property("weak"), True)
    where = dict(origins or {})
    # Sorted, so that command_argv, which also sets command, comes after it.
    for prop in sorted(values or {}, key=lambda item: item.name):
        value = (values or {})[prop]
        store.admission.check_set(store, name, spec, prop, value, superuser=actor.superuser)
        spec = with_property(spec, prop, value)
        where.setdefault(prop.name, actor.origin)
    return store.create(
        name,
        spec,
        now=now,
        origins=where,
        source=source,
        extra=SUPERUSER_EXTRA if actor.superuser else 0,
    )


def set_property(
    store: ContainerStore,
    record: ContainerRecord,
    name: str,
    text: str,
    *,
    actor: Actor,
    now: float,
) -> ContainerRecord:
    """Write one property of a container; the engine makes it true.

    Setting a value that is set already, by the same origin, changes nothing.
    """
    record = store.current(record, "set a property of")
    prop, _ = resolve_property(name)
    if record.intent.run is Run.ABSENT:
        raise InvalidState(f"cannot set {prop.name} of {record.name}: it is being destroyed")
    store.admission.check_supported("set", record.name, prop)
    check_settable(prop, record.name, _shown(record))
    check_enforced(record, prop.name, actor.origin)
    prop, value = parse_property(record.spec, record.name, name, text)
    store.admission.check_set(
        store, record.name, record.spec, prop, value, superuser=actor.superuser, record=record
    )
    if not prop.facet:
        return _set_status(store, record, prop, value, now=now)
    spec = with_property(record.spec, prop, value)
    same = spec == record.spec and spec.is_set(prop) == record.spec.is_set(prop)
    if same and record.origins.get(prop.name) == actor.origin:
        return record
    return store.put(
        dataclasses.replace(record, spec=spec, origins={**record.origins, prop.name: actor.origin}),
        now=now,
    )


def start(
    store: ContainerStore, record: ContainerRecord, *, actor: Actor, now: float
) -> list[ContainerRecord]:
    """Ask for a start, of stopped ancestors first; returns them in starting order."""
    record = store.current(record, "start")
    if _shown(record) != State.STOPPED:
        raise InvalidState(f"cannot start {record.name}: it is {_shown(record)}, not stopped")
    chain: list[ContainerRecord] = []
    for ancestor in store.ancestors(record):
        shown = _shown(ancestor)
        if shown not in _STARTABLE_BELOW or ancestor.intent.paused:
            shown = State.PAUSED if shown in _STARTABLE_BELOW else shown
            raise InvalidState(f"cannot start {record.name}: its parent {ancestor.name} is {shown}")
        if shown == State.STOPPED:
            chain.append(ancestor)
    chain.reverse()
    chain.append(record)
    return [
        store.put(
            item.with_intent(
                run=Run.RUNNING,
                paused=False,
                launch=item.intent.launch + 1,
                kill_at=0.0,
                origin=actor.origin,
                client=actor.client,
            ),
            now=now,
        )
        for item in chain
    ]


def stop(
    store: ContainerStore, record: ContainerRecord, *, kill_at: float, actor: Actor, now: float
) -> list[ContainerRecord]:
    """Ask for the stop of a subtree; returns it children first.

    `kill_at` is the CLOCK_MONOTONIC second of SIGKILL, 0 for at once.
    """
    record = store.current(record, "stop")
    _refuse_frozen_parent(store, record, "stop")
    changed = []
    for item in [*store.descendants(record.name), record]:
        if item.intent.run is Run.ABSENT:
            continue
        if item.status.life.state is State.STOPPED and item.intent.run is Run.STOPPED:
            continue
        changed.append(
            store.put(
                item.with_intent(
                    run=Run.STOPPED, paused=False, kill_at=kill_at, origin=actor.origin
                ),
                now=now,
            )
        )
    return changed


def destroy(
    store: ContainerStore, record: ContainerRecord, *, actor: Actor, now: float
) -> list[ContainerRecord]:
    """Ask for the end of a subtree; returns it children first."""
    record = store.current(record, "destroy")
    _refuse_frozen_parent(store, record, "destroy")
    return [
        item
        if item.intent.run is Run.ABSENT
        else store.put(
            item.with_intent(run=Run.ABSENT, paused=False, kill_at=0.0, origin=actor.origin),
            now=now,
        )
        for item in [*store.descendants(record.name), record]
    ]


def pause(
    store: ContainerStore, record: ContainerRecord, *, actor: Actor, now: float
) -> ContainerRecord:
    """Ask for a frozen subtree."""
    record = store.current(record, "pause")
    shown = _shown(record)
    if shown not in (State.RUNNING, State.META):
        raise InvalidState(f"cannot pause {record.name}: it is {shown}, not running or meta")
    return store.put(record.with_intent(paused=True, origin=actor.origin), now=now)


def resume(
    store: ContainerStore, record: ContainerRecord, *, actor: Actor, now: float
) -> list[ContainerRecord]:
    """Ask for a thawed subtree; returns what changed, parents first."""
    record = store.current(record, "resume")
    _refuse_frozen_parent(store, record, "resume")
    if _shown(record) != State.PAUSED:
        raise InvalidState(f"cannot resume {record.name}: it is {_shown(record)}, not paused")
    subtree = [record, *reversed(store.descendants(record.name))]
    return [
        store.put(item.with_intent(paused=False, origin=actor.origin), now=now)
        for item in subtree
        if item.intent.paused or item is record
    ]


def respawn(
    store: ContainerStore, record: ContainerRecord, *, actor: Actor, now: float
) -> ContainerRecord:
    """Ask for a new main task of a dead container, in place."""
    record = store.current(record, "respawn")
    if _shown(record) not in (State.DEAD, State.RESPAWNING):
        raise InvalidState(f"cannot respawn {record.name}: it is {_shown(record)}, not dead")
    parent = store.parent(record)
    if parent is not None and _shown(parent) not in _RESPAWNABLE_BELOW:
        raise InvalidState(
            f"cannot respawn {record.name}: its parent {parent.name} is {_shown(parent)}"
        )
    limit = record.spec.lifecycle.max_respawns
    if 0 <= limit <= record.status.life.respawn_count:
        raise ResourceNotAvailable(f"cannot respawn {record.name}: max_respawns {limit} is reached")
    return store.put(
        record.with_intent(
            run=Run.RUNNING,
            paused=False,
            launch=record.intent.launch + 1,
            kill_at=0.0,
            origin=actor.origin,
        ),
        now=now,
    )


def check_kill(record: ContainerRecord) -> None:
    """Raise InvalidState unless a signal may be sent to the main task."""
    if _shown(record) != State.RUNNING:
        raise InvalidState(f"cannot kill {record.name}: it is {_shown(record)}, not running")


def _set_status(
    store: ContainerStore, record: ContainerRecord, prop: Property, value: Any, *, now: float
) -> ContainerRecord:
    """Write a settable status property: its name is that of the field."""
    status = record.status.changed(**{prop.name: value})
    return store.put_status(record, status, now=now)


def _refuse_frozen_parent(store: ContainerStore, record: ContainerRecord, verb: str) -> None:
    if record.status.life.state not in ACTIVE:
        return
    for ancestor in store.ancestors(record):
        if ancestor.intent.paused or ancestor.status.life.state is State.PAUSED:
            raise InvalidState(f"cannot {verb} {record.name}: its parent {ancestor.name} is paused")


def _shown(record: ContainerRecord) -> str:
    """The state as operations see it: what is asked for already counts."""
    state = record.status.life.state
    if record.intent.run is Run.ABSENT:
        return "being destroyed"
    if record.intent.run is Run.STOPPED and state is not State.STOPPED:
        return State.STOPPING
    if record.intent.run is Run.RUNNING and state is State.STOPPED:
        return State.STARTING
    return state
