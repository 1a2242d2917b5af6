"""One object in a store, of any kind: desired state, intent and durable status.

A `Record` is an immutable value; `spec/store.py` replaces it as a whole. The
desired state is `spec` (properties) and `intent` (what its life should be);
`status` is what the reconcilers last found and made, as far as it must outlive
the daemon. Counters are never stored: observers read them. A kind derives its own
record, with its own types of the three.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Self

from porto.spec.errors import Permission
from porto.spec.facets import Spec
from porto.spec.key import Key
from porto.spec.records.status import Status

API_ORIGIN = "api"
FILE_PREFIX = "file:"
ENFORCED_PREFIX = "enforced:"
MARK_PREFIX = "@"
"""How keys among the origins begin that are no properties: `sources/claims.py`."""


class Run(StrEnum):
    """What should become of an object: desired state, never a command."""

    STOPPED = "stopped"
    RUNNING = "running"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Intent:
    """The desired life of an object.

    run    -- stopped, running (or, for what does not run, ready), or absent: being destroyed
    origin -- who wants it: `API_ORIGIN`, "file:PATH", "enforced:PATH". A file's intent is
              retried when it fails, an imperative one is taken back
    """

    run: Run = Run.STOPPED
    origin: str = API_ORIGIN


_NO_ORIGINS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Record:
    """One object: identity, desired state, intent and status.

    id         -- unique within its kind while the object exists; file name of the
                  stored record and part of kernel object names
    name       -- full name
    generation -- grows with each change of spec or intent
    origins    -- for each explicitly set property who set it last: `API_ORIGIN`
                  or "file:PATH:LINE"
    source     -- path of the file that declares this object, "" for none; the
                  object is destroyed when that file goes away
    """

    kind: ClassVar[str]
    """The kind's noun."""

    id: int
    name: str
    spec: Spec
    intent: Intent = field(default=Intent())
    status: Status = field(default=Status())
    generation: int = 1
    origins: Mapping[str, str] = field(default_factory=lambda: _NO_ORIGINS)
    source: str = ""

    @property
    def provenance(self) -> Mapping[str, str]:
        """Who set each property, sorted; what sources note of the object as a whole is left out."""
        return {name: by for name, by in sorted(self.origins.items()) if name[0] != MARK_PREFIX}

    @property
    def key(self) -> Key:
        """Its name in the engine."""
        return Key(self.kind, self.id)

    def with_status(self, **values: Any) -> Self:
        """A copy with some fields of the status replaced."""
        return dataclasses.replace(self, status=self.status.changed(**values))

    def with_intent(self, **values: Any) -> Self:
        """A copy with some fields of the intent replaced."""
        return dataclasses.replace(self, intent=dataclasses.replace(self.intent, **values))


def check_enforced(record: Record, prop: str, origin: str) -> None:
    """Raise Permission when a file that wins always has set `prop`, and `origin` is none.

    `prop` is the name of a property.
    """
    by = record.origins.get(prop, "")
    if by.startswith(ENFORCED_PREFIX) and not origin.startswith(ENFORCED_PREFIX):
        raise Permission(
            f"cannot set {prop} of {record.name}: it is enforced by "
            f"{by.removeprefix(ENFORCED_PREFIX)}"
        )


def is_file_origin(origin: str) -> bool:
    """Whether a file wanted it, not a client and not the daemon itself."""
    return origin.startswith((FILE_PREFIX, ENFORCED_PREFIX))
