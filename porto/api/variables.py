"""What a client may ask about a container, and the reading of it.

Called by `handlers/properties.py` and `handlers/get.py`. A variable is a property,
``property[index]``, a label ``PREFIX.name`` (``.PREFIX.name`` searches the ancestors
too) or a raw knob ``controller.knob``. Its text is parsed once and remembered.
"""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from porto.api import replies
from porto.api.context import Services
from porto.observers.readers import COMPUTED
from porto.observers.viewer import Viewer
from porto.spec.containers.names import ROOT
from porto.spec.containers.operations import CREDENTIALS
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import find_property
from porto.spec.errors import (
    InvalidProperty,
    InvalidValue,
    LabelNotFound,
    NoValue,
    PortoError,
)
from porto.spec.prop import Property, split_index

NAME_MAX = 512


class Kind(Enum):
    """Where a variable's value comes from."""

    SPEC = "spec"
    COMPUTED = "computed"
    STATUS = "status"
    LABEL = "label"
    ANCESTOR_LABEL = "ancestor label"
    KNOB = "knob"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Variable:
    """One parsed variable.

    head -- its encoded name in get replies
    """

    name: str
    kind: Kind
    prop: Property | None
    index: str | None
    error: PortoError | None
    head: bytes

    def read(
        self, services: Services, record: ContainerRecord, viewer: Viewer, *, real: bool
    ) -> str:
        """The value of a container as text; raises PortoError.

        With `real` a settable property that was never set raises NoValue: so does one that
        is no setting but a count which may be corrected, and an owner who is the creator.
        """
        kind = self.kind
        if self.prop is not None:
            services.store.admission.check_supported("get", record.name, self.prop)
        if kind is Kind.STATUS:
            prop = self._property
            if real and not prop.prop.read_only:
                raise _never_set(record, prop)
            return services.readers.read(record, prop, self.index, viewer)
        if kind is Kind.SPEC or kind is Kind.COMPUTED:
            prop = self._property
            if real and not _was_set(record, prop):
                raise _never_set(record, prop)
            if kind is Kind.COMPUTED:
                return services.readers.read_spec(record, prop, self.index)
            value = record.spec.value(prop)
            if self.index is None:
                return prop.codec.format(value)
            return self._element(record, prop, value)
        if kind is Kind.KNOB:
            return services.readers.read_knob(record, self.name)
        if kind is Kind.LABEL or kind is Kind.ANCESTOR_LABEL:
            return self._label(services, record)
        assert self.error is not None
        raise self.error

    def read_root(self, services: Services, viewer: Viewer) -> str:
        """The value of the host."""
        if self.prop is not None:
            services.store.admission.check_supported("get", ROOT, self.prop)
            return services.readers.read_root(self.prop, self.index, viewer)
        if self.error is not None:
            raise self.error
        if self.kind is Kind.KNOB:
            return services.readers.read_root_knob(self.name)
        raise LabelNotFound(f"cannot get label {self.name} of {ROOT}: it has none")

    def pair(
        self, services: Services, record: ContainerRecord, viewer: Viewer, *, real: bool
    ) -> bytes:
        """The value or the error, encoded for a get reply."""
        try:
            return replies.pair_value(self.head, self.read(services, record, viewer, real=real))
        except PortoError as error:
            return replies.pair_error(self.head, error.code, error.text)

    def root_pair(self, services: Services, viewer: Viewer) -> bytes:
        """The same for the host."""
        try:
            return replies.pair_value(self.head, self.read_root(services, viewer))
        except PortoError as error:
            return replies.pair_error(self.head, error.code, error.text)

    @property
    def _property(self) -> Property:
        assert self.prop is not None
        return self.prop

    def _element(self, record: ContainerRecord, prop: Property, value: object) -> str:
        assert self.index is not None
        if not prop.indexed:
            raise InvalidValue(
                f"cannot get {self.name} of {record.name}: {prop.name} has no elements"
            )
        return prop.format_index(record.name, value, self.index)

    def _label(self, services: Services, record: ContainerRecord) -> str:
        name = self.name.removeprefix(".")
        bearers = [record]
        if self.kind is Kind.ANCESTOR_LABEL:
            bearers += services.store.ancestors(record)
        for bearer in bearers:
            for label, value in bearer.spec.lifecycle.labels:
                if label == name:
                    return value
        raise LabelNotFound(f"cannot get label {name} of {record.name}: it is not set")


def _was_set(record: ContainerRecord, prop: Property) -> bool:
    # Creation gives a container its creator's names, which nobody has asked for.
    if prop.name in CREDENTIALS and prop.name not in record.origins:
        return False
    return record.spec.is_set(prop)


def _never_set(record: ContainerRecord, prop: Property) -> NoValue:
    return NoValue(f"cannot get {prop.name} of {record.name}: it was never set")


def is_label(name: str) -> bool:
    """Whether ``PREFIX.name`` is written as a label: the prefix is upper-case."""
    prefix, dot, _ = name.partition(".")
    return bool(dot) and prefix.isascii() and prefix.isalpha() and prefix.isupper()


def parse(name: str) -> Variable:
    """The variable of that name; one that does not exist reads as its error."""
    return _parse(name) if len(name) <= NAME_MAX else _parsed(name)


def _parsed(name: str) -> Variable:
    head = replies.pair_head(replies.encode_text(name))
    kind, prop, index, error = _classified(name)
    return Variable(name, kind, prop, index, error, head)


_parse = lru_cache(maxsize=2048)(_parsed)


def _classified(name: str) -> tuple[Kind, Property | None, str | None, PortoError | None]:
    try:
        base, index = split_index(name)
        if index is None and "." in name:
            if name.startswith(".") and is_label(name[1:]):
                return Kind.ANCESTOR_LABEL, None, None, None
            return (Kind.LABEL if is_label(name) else Kind.KNOB), None, None, None
        prop = find_property(base)
    except PortoError as error:
        shown = name if len(name) <= 80 else name[:80] + "..."
        return Kind.ERROR, None, None, InvalidProperty(f"cannot get {shown!r}: {error.text}")
    if not prop.facet:
        return Kind.STATUS, prop, index, None
    return (Kind.COMPUTED if prop.name in COMPUTED else Kind.SPEC), prop, index, None
