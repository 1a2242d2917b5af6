"""The stored form of a record: text that survives the daemon and its upgrades.

Called by `spec/store.py`. One file per record::

    porto-record 1 <crc32 of the body, 8 hex digits>
    {"id": 7, "name": "a/b", "spec": {"command": "sleep 1"}, ...}

The spec is stored as the properties' own text, so that a stored record means
what the documentation says; fields of intent and status that have their default
are left out. Within one version a reader skips properties and status fields that it
does not know; a change that must not be skipped raises `VERSION`.
"""

import json
import typing
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Generic

from porto.spec.facets import Spec, facets_of
from porto.spec.kind import Kind, R
from porto.spec.records.codec import ModelCodec

VERSION = 1
_MAGIC = b"porto-record"
_REMEMBERED_MAX = 256

_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class NewerVersion(ValueError):
    """A record that a newer release wrote; it must be kept as it is."""


class _Remembered:
    """The JSON of values that many writes of a record share by identity."""

    def __init__(self, encode: Callable[[Any], str]) -> None:
        self._encode = encode
        self._texts: dict[int, tuple[Any, str]] = {}

    def __call__(self, value: Any) -> str:
        known = self._texts.get(id(value))
        if known is not None:
            return known[1]
        if len(self._texts) >= _REMEMBERED_MAX:
            self._texts.clear()
        text = self._encode(value)
        # The value itself is kept, so that its identity is not given to another one.
        self._texts[id(value)] = value, text
        return text


class RecordCodec(Generic[R]):
    """Writes and reads the records of one kind."""

    def __init__(self, kind: Kind[R]) -> None:
        self._kind = kind
        hints = typing.get_type_hints(kind.record)
        self._intent = ModelCodec(hints["intent"], "intent")
        self._status = ModelCodec(hints["status"], "status")
        self._facets = tuple(
            (
                facet,
                getattr(kind.default_spec, facet),
                _Remembered(
                    _facet_encoder(
                        {p.name: p.codec.format for p in kind.settable if p.facet == facet}
                    )
                ),
            )
            for facet in facets_of(type(kind.default_spec))
        )
        self._spec_json = _Remembered(self._encode_spec)
        self._intent_json = _Remembered(lambda intent: _to_json(self._intent.plain(intent)))
        self._origins_json = _Remembered(lambda origins: _to_json(dict(origins)))

    def encode(self, record: R) -> bytes:
        """The stored form of a record.

        A write mostly changes one part; the others are encoded already.
        """
        text = (
            f'{{"id":{record.id},"name":{_to_json(record.name)},"generation":{record.generation},'
            f'"spec":{self._spec_json(record.spec)},"origins":{self._origins_json(record.origins)},'
            f'"source":{_to_json(record.source)},"intent":{self._intent_json(record.intent)},'
            f'"status":{_to_json(self._status.plain(record.status))}}}'
        ).encode()
        return b"%s %d %08x\n%s" % (_MAGIC, VERSION, zlib.crc32(text), text)

    def decode(self, data: bytes, skipped: list[str] | None = None) -> R:
        """The record of its stored form; raises ValueError with the reason.

        Names of what is unknown and left out are added to `skipped`.
        """
        unknown: list[str] = [] if skipped is None else skipped
        try:
            return self._record(_body(data), unknown)
        except ValueError:
            raise
        except Exception as error:
            # The checksum was right, so somebody wrote this on purpose; whatever it
            # is, it concerns one record only.
            raise ValueError(f"malformed: {type(error).__name__}: {error}") from error

    def _encode_spec(self, spec: Spec) -> str:
        # A facet that is not set is shared: most of them are left out here.
        parts = [
            encode(facet)
            for name, unset, encode in self._facets
            if (facet := getattr(spec, name)) is not unset
        ]
        return f"{{{','.join(filter(None, parts))}}}"

    def _record(self, body: dict[str, Any], skipped: list[str]) -> R:
        name = str(body["name"])
        self._kind.validate_name(name)
        spec = self._kind.default_spec
        for key, text in body["spec"].items():
            prop = self._kind.properties.get(key)
            if prop is None or not prop.facet:
                skipped.append(key)
                continue
            spec = spec.with_value(prop, prop.codec.restore(text))
        return self._kind.record(
            id=int(body["id"]),
            name=name,
            spec=spec,
            intent=self._intent.restore(body["intent"], skipped),
            status=self._status.restore(body["status"], skipped),
            generation=int(body["generation"]),
            origins={str(key): str(value) for key, value in body["origins"].items()},
            source=str(body["source"]),
        )


def _facet_encoder(formats: Mapping[str, Callable[[Any], str]]) -> Callable[[Any], str]:
    def encode_facet(model: Any) -> str:
        """The set properties as text, sorted; without the braces."""
        names = sorted(model.model_fields_set)
        return _to_json({name: formats[name](getattr(model, name)) for name in names})[1:-1]

    return encode_facet


def _body(data: bytes) -> dict[str, Any]:
    head, newline, text = data.partition(b"\n")
    words = head.split(b" ")
    if not newline or len(words) != 3 or words[0] != _MAGIC:
        raise ValueError("not a porto record")
    version = int(words[1])
    if version > VERSION:
        raise NewerVersion(f"version {version} is newer than this program's {VERSION}")
    if int(words[2], 16) != zlib.crc32(text):
        raise ValueError("checksum mismatch")
    body = json.loads(text)
    if not isinstance(body, dict):
        raise ValueError("malformed: not a mapping")
    return body
