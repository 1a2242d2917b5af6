"""Taking back an imperative change that the engine could not make true.

Called by the API through `spec/containers/operations.py`.
"""

import dataclasses
from typing import Any

from porto.spec.containers.spec import SPEC_PROPERTIES
from porto.spec.errors import PortoError
from porto.spec.prop import Property
from porto.spec.records.record import Record, Run
from porto.spec.store import SpecStore


def take_back(
    store: SpecStore,
    old: Record,
    error: PortoError,
    *,
    now: float,
    new: Record | None = None,
) -> None:
    """Put the desired state of `old` back after a failed imperative change.

    `error` is what the caller will see; a container that is gone stays gone. With
    `new`, the record that the change made, only what that change did is undone and
    what others have set since stays. A container whose start is taken back is stopping
    until the engine, which may be launching it, has said that it is stopped.
    """
    current = store.find_id(old.id)
    if current is None or current.name != old.name or current.intent.run is Run.ABSENT:
        return
    back = dataclasses.replace(current, spec=old.spec, origins=old.origins, source=old.source)
    intent = old.intent
    if new is not None and new.generation != current.generation:
        back = _undone(current, old, new)
        intent = old.intent if current.intent == new.intent else current.intent
    # Launch numbers are never used twice: the engine may have used the taken-back one. One
    # that it has not used yet would be a wish for a launch where the container shall run.
    launch = max(intent.launch, current.status.launched)
    if intent.run is Run.STOPPED:
        launch = max(launch, current.intent.launch)
    store.put(dataclasses.replace(back, intent=dataclasses.replace(intent, launch=launch)), now=now)


def _undone(current: Record, old: Record, new: Record) -> Record:
    """`current` with each property that `new` changed and nobody since as it was in `old`."""
    spec, origins = current.spec, dict(current.origins)
    for prop in SPEC_PROPERTIES:
        before, made, now = (_setting(record, prop) for record in (old, new, current))
        if made == before or now != made:
            continue
        set_before, value, origin = before
        spec = spec.with_value(prop, value) if set_before else spec.without_value(prop)
        origins.pop(prop.name, None)
        if origin:
            origins[prop.name] = origin
    return dataclasses.replace(current, spec=spec, origins=origins)


def _setting(record: Record, prop: Property) -> tuple[bool, Any, str]:
    return (
        record.spec.is_set(prop),
        record.spec.value(prop),
        record.origins.get(prop.name, ""),
    )
