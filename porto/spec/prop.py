"""The property machinery: what one annotated field says about a property.

A property is declared once, as a field of a facet model in `spec/containers/fields/`::

    class PidsFields(Facet):
        thread_limit: Annotated[
            int | None, Size(), Prop(owner="pids", dynamic=True, example="100")
        ] = None
        # followed by the field's docstring, which is the help text

`collect` walks the facets and builds the registry of `Property` objects, from
which come validation, get and set text, the protobuf mapping, help, completion,
JSON Schema and dispatch to the owner. Called by `spec/containers/spec.py`; read by
every room. Rules: manual section "Properties".
"""

import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from porto.spec import docstrings
from porto.spec.errors import (
    BY_CODE,
    EError,
    InvalidProperty,
    InvalidState,
    InvalidValue,
    PortoError,
)

T = TypeVar("T")
VALUE_SHOWN_MAX = 80
VALUE_MAX_BYTES = 1 << 20
"""A longer text is refused unread: no record could hold it (keyvalue_limit)."""


class Rejected(ValueError):
    """A codec refuses a text; `reason` says why, without repeating the value."""

    def __init__(self, reason: str, code: EError = EError.InvalidValue) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class Codec(Generic[T]):
    """A parse/format pair between a property's text and its value.

    ``parse(format(value)) == value`` holds for every value that `parse` or
    `native` returns, also when the text is trimmed in between. `parse` raises
    `Rejected`. Values are immutable and hashable. A codec placed in a field's
    annotation also accepts that text wherever pydantic validates the field, so
    documents may hold either the native type or the text. The first paragraph of
    a codec's docstring is its syntax as docs/properties.md shows it.
    """

    indexed: ClassVar[bool] = False

    def parse(self, text: str) -> T:
        """The value of `text`; raises `Rejected`."""
        raise NotImplementedError

    def format(self, value: T) -> str:
        """The canonical text of `value`."""
        raise NotImplementedError

    def get_index(self, value: T, index: str) -> str:
        """The text of one element; raises `Rejected` when there is none."""
        raise Rejected(f"has no elements, so no [{index}]")

    def set_index(self, value: T, index: str, text: str) -> T:
        """`value` with one element replaced; most codecs remove it for empty `text`."""
        raise Rejected(f"has no elements, so no [{index}]")

    def update(self, old: T, text: str) -> T:
        """The value after setting `text` as a whole where `old` was: replaced or merged."""
        return self.parse(text)

    def restore(self, text: str) -> T:
        """The value of a stored canonical text; what the host knows plays no part."""
        return self.parse(text)

    def native(self, value: Any) -> Any:
        """A document's native value (dict, list, number), checked as text would be."""
        raise NotImplementedError

    def native_schema(self) -> dict[str, Any]:
        """The JSON Schema of what `native` accepts."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def accept(value: Any) -> Any:
            return self.parse(value) if isinstance(value, str) else self.native(value)

        return core_schema.no_info_before_validator_function(accept, handler(source))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prop:
    """Metadata of one property; rides in the field's annotation.

    owner      -- the facet (reconciler or observer) that makes it true or reads it
    dynamic    -- may be set while running, and takes effect at once; otherwise the
                  container must be stopped (InvalidState)
    any_state  -- with `dynamic`: may be set in the dead state too
    read_only  -- setting it answers InvalidValue
    runtime    -- reading it in the stopped or starting state answers InvalidState
    dead_only  -- reading it in any state but dead answers InvalidState
    hidden     -- not listed; get and set still work
    needs      -- controllers and other features of the kernel that it depends on
    saved      -- part of `portoctl save` and of documents
    example    -- one valid text, used by documentation and tests
    """

    owner: str
    dynamic: bool = False
    any_state: bool = False
    read_only: bool = False
    runtime: bool = False
    dead_only: bool = False
    hidden: bool = False
    saved: bool = True
    needs: tuple[str, ...] = ()
    example: str = ""


class Facet(BaseModel):
    """Base of the facet models: frozen, closed, shared between generations."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Property:
    """One row of the registry: a property with everything known about it.

    facet -- attribute of its kind's `Spec` that holds the value, "" for a status
             property, whose value an observer reads
    model -- where it is declared
    """

    name: str
    facet: str
    prop: Prop
    codec: Codec[Any]
    default: Any
    model: type[Facet]

    @property
    def help(self) -> str:
        """What a user is told about it: the docstring of its declaration."""
        return docstrings.of_attribute(self.model, self.name)

    @property
    def indexed(self) -> bool:
        """Whether ``name[index]`` is understood."""
        return self.codec.indexed

    @property
    def is_default_unset(self) -> bool:
        """Whether the default is no text of its own but means "decided elsewhere"."""
        return self.default in (None, "", ())

    def parse(self, subject: str, text: str) -> Any:
        """The value of `text`; raises the codec's error with everything named."""
        try:
            check_size(text)
            return self.codec.parse(text)
        except Rejected as refusal:
            raise self.refused(subject, text, refusal) from refusal

    def parse_update(self, subject: str, old: Any, text: str) -> Any:
        """The value after ``name = text`` where `old` was; labels are merged."""
        try:
            check_size(text)
            return self.codec.update(old, text)
        except Rejected as refusal:
            raise self.refused(subject, text, refusal) from refusal

    def parse_index(self, subject: str, old: Any, index: str, text: str) -> Any:
        """The whole value after ``name[index] = text``."""
        try:
            check_size(text)
            check_size(index)
            return self.codec.set_index(old, index, text)
        except Rejected as refusal:
            raise self.refused(subject, text, refusal, index) from refusal

    def format_index(self, subject: str, value: Any, index: str) -> str:
        """The text of ``name[index]``; raises the codec's error with everything named."""
        try:
            return self.codec.get_index(value, index)
        except Rejected as refusal:
            error = BY_CODE.get(refusal.code, InvalidValue)
            raise error(
                f"cannot get {self.name}[{_shortened(index)}] of {subject}: {refusal.reason}"
            ) from refusal

    def refused(
        self, subject: str, text: str, refusal: Rejected, index: str | None = None
    ) -> PortoError:
        """The public error for a codec's refusal."""
        name = self.name if index is None else f"{self.name}[{_shortened(index)}]"
        error = BY_CODE.get(refusal.code, InvalidValue)
        return error(f"cannot set {name} of {subject} to {_shortened(text)!r}: {refusal.reason}")


def check_size(text: str) -> None:
    """Raise `Rejected` for a text that no record could hold."""
    if len(text) > VALUE_MAX_BYTES:
        raise Rejected(f"longer than the limit of {VALUE_MAX_BYTES} bytes")


def _described(value: Any) -> str:
    try:
        return str(value)
    except (ValueError, RecursionError):  # a number or a nesting too large to print
        return f"a {type(value).__name__}"


def _shortened(text: str) -> str:
    return text if len(text) <= VALUE_SHOWN_MAX else text[:VALUE_SHOWN_MAX] + "..."


def _codec_and_prop(metadata: Iterable[Any]) -> tuple[Codec[Any], Prop]:
    codec = next((item for item in metadata if isinstance(item, Codec)), None)
    prop = next((item for item in metadata if isinstance(item, Prop)), None)
    if codec is None or prop is None:
        raise TypeError("a property needs both a codec and a Prop in its annotation")
    return codec, prop


def collect(
    facets: Mapping[str, type[Facet]], status: Iterable[type[Facet]]
) -> dict[str, Property]:
    """The registry, sorted by name: every field of the facet and status models."""
    found: dict[str, Property] = {}
    pairs = [*facets.items(), *(("", model) for model in status)]
    for facet, model in pairs:
        hints = typing.get_type_hints(model, include_extras=True)
        for name, info in model.model_fields.items():
            codec, prop = _codec_and_prop(typing.get_args(hints[name])[1:])
            if name in found:
                raise TypeError(f"property {name} is declared twice")
            found[name] = Property(
                name=name,
                facet=facet,
                prop=prop,
                codec=codec,
                default=info.default,
                model=model,
            )
    return dict(sorted(found.items()))


def split_index(name: str) -> tuple[str, str | None]:
    """``name[index]`` as (name, index); index is None when there is none.

    Split at the first ``[``; an empty index is InvalidProperty.
    """
    if not name.endswith("]"):
        return name, None
    base, bracket, rest = name.partition("[")
    if not bracket:
        return name, None
    if rest == "]":
        raise InvalidProperty(f"property {_shortened(base)!r} has an empty index")
    return base, rest[:-1]


def check_settable(prop: Property, subject: str, state: str) -> None:
    """Raise unless `prop` may be set in `state`: InvalidValue or InvalidState."""
    if prop.prop.read_only:
        raise InvalidValue(f"cannot set {prop.name} of {subject}: it is read-only")
    if prop.prop.dynamic:
        if state == "dead" and not prop.prop.any_state:
            raise InvalidState(f"cannot set {prop.name} of {subject}: the container is dead")
    elif state != "stopped":
        raise InvalidState(
            f"cannot set {prop.name} of {subject}: the container is {state}, "
            "this property can be set only in the stopped state"
        )


def check_readable(prop: Property, subject: str, state: str) -> None:
    """Raise InvalidState unless `prop` has a value in `state`."""
    if prop.prop.dead_only and state != "dead":
        raise InvalidState(f"cannot get {prop.name} of {subject}: the container is not dead")
    if prop.prop.runtime and state in ("stopped", "starting"):
        raise InvalidState(f"cannot get {prop.name} of {subject}: the container is {state}")
