"""How documents speak of a kind of object: handed in by the kind, so that sources know none.

Used by `sources/declare.py` to read documents and by `sources/plan.py` to compare. What
sources do to objects is in `sources/operations.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from porto.spec.facets import Spec
from porto.spec.kind import Kind
from porto.spec.prop import Property

DEFAULT_KIND = "container"
"""What a document without ``kind:`` declares, and a .CT file always."""

Values = dict[Property, Any]
Fault = Callable[[int, str, str], None]
"""Notes a fault: line, key, reason."""

_NONE: Mapping[str, str] = MappingProxyType({})


def _with_value(spec: Spec, prop: Property, value: Any) -> Spec:
    return spec.with_value(prop, value)


def _settled(values: Values, lines: dict[str, int], fault: Fault) -> None:
    """Nothing follows from one property for another."""


def _no_parent(name: str) -> str:
    return ""


def _no_mark(record: Any, start: bool, changed: bool, relaunch: bool) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One kind in documents.

    unsettable -- settable properties that no file may set
    prefix     -- what a full name may begin with and does not count
    nests      -- whether objects may be declared below their parent, under its plural
    parent     -- the name of what must exist first, "" for nothing
    assign     -- a spec with one property set, and what follows from it
    pairs      -- property: another one that it replaces when set alone and that implies it
    settle     -- completes the values of one declaration from each other
    mark       -- how an object is marked to be started, or started again; "" for not at all.
                  From its record, whether the file wants it started, whether the declaration
                  has changed, whether a property has that counts only at a start
    """

    kind: Kind[Any]
    unsettable: frozenset[str] = frozenset()
    prefix: str = ""
    nests: bool = False
    parent: Callable[[str], str] = _no_parent
    assign: Callable[[Any, Property, Any], Any] = _with_value
    pairs: Mapping[str, str] = field(default_factory=lambda: _NONE)
    settle: Callable[[Values, dict[str, int], Fault], None] = _settled
    mark: Callable[[Any, bool, bool, bool], str] = _no_mark

    @cached_property
    def settable(self) -> Mapping[str, Property]:
        """What a file may set, by name."""
        return {p.name: p for p in self.kind.settable if p.name not in self.unsettable}

    @property
    def list_keys(self) -> tuple[str, str]:
        """Keys under which objects are listed."""
        return self.kind.plural, self.kind.noun


Dialects = Mapping[str, Dialect]


def by_noun(*dialects: Dialect) -> Dialects:
    """Dialects by the noun of their kind, which a document's ``kind:`` names."""
    return {dialect.kind.noun: dialect for dialect in dialects}
