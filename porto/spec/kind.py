"""What a kind of object is: everything that the frame asks of one.

A kind is a value, built in the kind's own folder and handed to its store; the
frame (store, records, sources, engine, reports) imports no kind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from porto.spec.config import Config
from porto.spec.errors import PortoError
from porto.spec.facets import Spec
from porto.spec.prop import Property
from porto.spec.records.record import Intent, Record
from porto.spec.records.status import Status

R = TypeVar("R", bound=Record)


def _same_status(old: Any, new: Any) -> Status:
    status: Status = old.status
    return status


def _same_intent(old: Any, new: Any, current: Any) -> Intent:
    intent: Intent = old.intent
    return intent


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[R]):
    """One kind of object.

    noun, plural  -- as in messages and documents: "container", "containers"
    record        -- the type of its records, from which spec, intent and status follow
    default_spec  -- a spec with nothing set
    properties    -- every property by name, sorted: the registry
    validate_name -- raises InvalidValue for what cannot be a new object's name
    name_max      -- characters of the longest name
    first_id, max_id -- numbers of its objects, both included
    directory     -- where its records are kept
    max_total     -- most objects that there may be
    record_max_bytes -- largest stored record
    exists, missing -- errors for a name that is taken, or not there
    owner         -- whose it is: in the engine owners take turns
    state         -- the word for where in its life an object is, for reports
    wished        -- the status that goes with a new desired state, from the old and the
                     new record: what is asked for may count at once
    taken_back    -- the intent when an imperative change is undone: from the record before
                     it, the one that it made (None: everything since is undone) and the
                     present one
    """

    noun: str
    plural: str
    record: type[R]
    default_spec: Spec
    properties: Mapping[str, Property]
    validate_name: Callable[[str], None]
    name_max: int = 200
    first_id: int = 1
    max_id: int
    directory: Callable[[Config], Path]
    max_total: Callable[[Config], int]
    record_max_bytes: Callable[[Config], int] = lambda config: config.keyvalue_limit
    exists: type[PortoError]
    missing: type[PortoError]
    state: Callable[[R], str]
    owner: Callable[[R], str] = lambda record: ""
    wished: Callable[[R, R], Status] = _same_status
    taken_back: Callable[[R, R | None, R], Intent] = _same_intent

    def __post_init__(self) -> None:
        if self.record.kind != self.noun:
            raise TypeError(f"records of {self.noun} say that they are {self.record.kind}")

    @cached_property
    def settable(self) -> tuple[Property, ...]:
        """The properties of the spec, sorted by name."""
        return tuple(prop for prop in self.properties.values() if prop.facet)

    def new_record(
        self,
        record_id: int,
        name: str,
        spec: Spec,
        now: float,
        origins: Mapping[str, str],
        source: str,
    ) -> R:
        """The first record of an object."""
        record = self.record(id=record_id, name=name, spec=spec, origins=origins, source=source)
        return record.with_status(creation_time=now, change_time=now)
