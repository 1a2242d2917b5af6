"""Taking back an imperative change that the engine could not make true; of any kind.

Called by the API.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any

from porto.spec.kind import R
from porto.spec.prop import Property
from porto.spec.records.record import Run
from porto.spec.store import Store


def take_back(store: Store[R], old: R, *, now: float, new: R | None = None) -> None:
    """Put the desired state of `old` back after a failed imperative change.

    An object that is gone stays gone. With `new`, the record that the change made, only
    what that change did is undone and what others have set since stays.
    """
    current = store.find_id(old.id)
    if current is None or current.name != old.name or current.intent.run is Run.ABSENT:
        return
    back = dataclasses.replace(current, spec=old.spec, origins=old.origins, source=old.source)
    if new is not None and new.generation != current.generation:
        back = _undone(store.kind.settable, current, old, new)
    intent = store.kind.taken_back(old, new, current)
    store.put(dataclasses.replace(back, intent=intent), now=now)


def _undone(properties: Iterable[Property], current: R, old: R, new: R) -> R:
    """`current` with each property that `new` changed and nobody since as it was in `old`."""
    spec, origins = current.spec, dict(current.origins)
    for prop in properties:
        before, made, now = (_setting(record, prop) for record in (old, new, current))
        if made == before or now != made:
            continue
        set_before, value, origin = before
        spec = spec.with_value(prop, value) if set_before else spec.without_value(prop)
        origins.pop(prop.name, None)
        if origin:
            origins[prop.name] = origin
    return dataclasses.replace(current, spec=spec, origins=origins)


def _setting(record: R, prop: Property) -> tuple[bool, Any, str]:
    return (
        record.spec.is_set(prop),
        record.spec.value(prop),
        record.origins.get(prop.name, ""),
    )
