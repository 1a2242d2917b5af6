"""What the reconcilers found and made of an object, as far as it must outlive the daemon.

A kind's status is a `Status` with one field for each `Part`; a facet declares its part
beside its properties, so that it goes when the facet goes. The names of all fields are
unique over the parts: `changed` and the stored form are flat.
"""

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from porto.spec.errors import EError


@dataclass(frozen=True, slots=True)
class Condition:
    """Something a user should know about an object or one of its facets.

    kind    -- "Stuck", "RestartRequired", "Retrying", "Waiting" or "Contested"
    facet   -- owner of the property or knob
    message -- the whole error text
    code    -- the EError, Success when nothing failed
    """

    kind: str
    facet: str
    message: str
    code: EError = EError.Success


@dataclass(frozen=True, slots=True)
class Part:
    """Base of what one facet notes; all fields have immutable defaults."""


@dataclass(frozen=True, slots=True)
class Status:
    """What every kind notes; times are seconds of time.time.

    observed_generation -- the generation that the last good pass made true
    creation_time       -- when the object was created
    change_time         -- when its record last changed
    """

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    creation_time: float = 0.0
    change_time: float = 0.0

    def changed(self, **values: Any) -> Self:
        """A copy with some fields replaced, wherever they are declared; self if all are equal.

        Raises TypeError for a name that no part has.
        """
        model: Any = type(self)
        paths = status_fields(model)
        own: dict[str, Any] = {}
        parts: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            if name not in paths:
                raise TypeError(f"{model.__name__} has no field {name}")
            part = paths[name]
            holder = getattr(self, part) if part else self
            if getattr(holder, name) != value:
                (parts.setdefault(part, {}) if part else own)[name] = value
        for part, replaced in parts.items():
            own[part] = dataclasses.replace(getattr(self, part), **replaced)
        return dataclasses.replace(self, **own) if own else self


@functools.cache
def status_fields(model: Any) -> Mapping[str, str]:
    """Each field of a class of status and the part that declares it, "" for the status itself.

    Raises TypeError when two parts declare the same name.
    """
    found: dict[str, str] = {}
    for field in dataclasses.fields(model):
        is_part = isinstance(field.default, Part)
        inner = dataclasses.fields(field.default) if is_part else (field,)  # type: ignore[arg-type]
        for item in inner:
            if item.name in found:
                raise TypeError(f"{model.__name__} has two fields {item.name}")
            found[item.name] = field.name if is_part else ""
    return found
