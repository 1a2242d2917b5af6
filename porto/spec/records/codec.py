"""Frozen dataclasses as plain JSON mappings, derived from their fields once per class.

Used by `records/file.py` for intents and statuses. Fields that have their default are
left out; names that are unknown are skipped and told, so that a record of a newer release
can be read. A status is flat: the fields of its parts stand beside its own.
"""

import dataclasses
import enum
import functools
import operator
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from porto.spec.records.status import Status, status_fields

Decode = Callable[[Any, list[str]], Any]


class ModelCodec:
    """The stored form of one dataclass."""

    def __init__(self, model: Any, label: str = "") -> None:
        """`label` stands before the names of skipped fields; default: the class's name."""
        self._model = model
        self._label = label or model.__name__.lower()
        parts = status_fields(model) if issubclass(model, Status) else {}
        fields = [
            (name, f"{part}.{name}" if part else name, field)
            for part, holder in _holders(model, parts)
            for name, field in ((field.name, field) for field in dataclasses.fields(holder))
            if not parts or parts.get(name) == part
        ]
        hints = {part: typing.get_type_hints(holder) for part, holder in _holders(model, parts)}
        self._parts = {name: parts.get(name, "") for name, _, _ in fields}
        self._names = tuple(name for name, _, _ in fields)
        self._defaults = tuple(field.default for _, _, field in fields)
        paths = [path for _, path, _ in fields]
        get = operator.attrgetter(*paths)
        self._values: Callable[[Any], tuple[Any, ...]] = get if len(paths) > 1 else _single(get)
        self._encoders: dict[str, Callable[[Any], Any]] = {}
        self._decoders: dict[str, Decode] = {}
        for name in self._names:
            encode, decode = _field_codec(hints[self._parts[name]][name])
            if encode is not None:
                self._encoders[name] = encode
            if decode is not None:
                self._decoders[name] = decode

    def plain(self, value: Any) -> dict[str, Any]:
        """The fields that differ from their defaults."""
        found = {
            name: item
            for name, item, default in zip(
                self._names, self._values(value), self._defaults, strict=True
            )
            if item is not default and item != default
        }
        for name, encode in self._encoders.items():
            if name in found:
                found[name] = encode(found[name])
        return found

    def restore(self, stored: Mapping[str, Any], skipped: list[str]) -> Any:
        """The value of a stored mapping; names that are unknown go to `skipped`."""
        own: dict[str, Any] = {}
        parts: dict[str, dict[str, Any]] = {}
        for name, item in stored.items():
            part = self._parts.get(name)
            if part is None:
                skipped.append(f"{self._label}.{name}")
                continue
            decode = self._decoders.get(name)
            value = item if decode is None else decode(item, skipped)
            (parts.setdefault(part, {}) if part else own)[name] = value
        if parts:
            defaults: dict[str, Any] = {
                field.name: field.default for field in dataclasses.fields(self._model)
            }
            for part, values in parts.items():
                own[part] = dataclasses.replace(defaults[part], **values)
        return self._model(**own)


@functools.cache
def codec_of(model: Any) -> ModelCodec:
    """The codec of a dataclass under its own name."""
    return ModelCodec(model)


def _holders(model: Any, parts: Mapping[str, str]) -> list[tuple[str, Any]]:
    """The class itself, as "", and those of its parts."""
    names = dict.fromkeys(part for part in parts.values() if part)
    types_of = {field.name: type(field.default) for field in dataclasses.fields(model)}
    return [("", model), *((name, types_of[name]) for name in names)]


def _single(get: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda value: (get(value),)


def _field_codec(hint: Any) -> tuple[Callable[[Any], Any] | None, Decode | None]:
    """How a field of this type is made plain and restored; None: as it is."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        (inner,) = (item for item in arguments if item is not type(None))
        return _optional(*_field_codec(inner))
    if origin is tuple:
        return _sequence(*_field_codec(arguments[0]))
    if dataclasses.is_dataclass(hint):
        codec = codec_of(typing.cast("Any", hint))
        return codec.plain, codec.restore
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return None, lambda item, skipped: hint(item)
    if hint in (bool, int, float, str):
        return None, None
    raise TypeError(f"no stored form of {hint}")


def _optional(
    encode: Callable[[Any], Any] | None, decode: Decode | None
) -> tuple[Callable[[Any], Any] | None, Decode | None]:
    return (
        encode and (lambda item: None if item is None else encode(item)),
        decode and (lambda item, skipped: None if item is None else decode(item, skipped)),
    )


def _sequence(
    encode: Callable[[Any], Any] | None, decode: Decode | None
) -> tuple[Callable[[Any], Any] | None, Decode | None]:
    def restore(items: Any, skipped: list[str]) -> tuple[Any, ...]:
        return tuple(items if decode is None else [decode(item, skipped) for item in items])

    return encode and (lambda items: [encode(item) for item in items]), restore
