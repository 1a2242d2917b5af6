"""The stored form of a record: text that survives the daemon and its upgrades.

Called by `spec/store.py`. One file per record::

    porto-record 1 <crc32 of the body, 8 hex digits>
    {"id": 7, "name": "a/b", "spec": {"command": "sleep 1"}, ...}

The spec is stored as the properties' own text, so that a stored record means
what the documentation says; fields of intent and status that have their default
are left out. Within one version a reader skips properties and status fields that it
does not know; a change that must not be skipped raises `VERSION`.
"""

import dataclasses
import json
import operator
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from porto.spec.containers.names import validate_name
from porto.spec.containers.spec import (
    DEFAULT_SPEC,
    FACETS,
    PROPERTIES,
    SPEC_PROPERTIES,
    ContainerSpec,
)
from porto.spec.errors import EError
from porto.spec.records.record import Client, Condition, Intent, Process, Record, Run, State, Status

VERSION = 1
_MAGIC = b"porto-record"
_REMEMBERED_MAX = 256

_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_FORMATS: Mapping[str, Mapping[str, Callable[[Any], str]]] = {
    facet: {p.name: p.codec.format for p in SPEC_PROPERTIES if p.facet == facet} for facet in FACETS
}


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


def _encode_spec(spec: ContainerSpec) -> str:
    parts = [_facet_json[name](getattr(spec, name)) for name in _FORMATS]
    return f"{{{','.join(filter(None, parts))}}}"


def _facet_encoder(formats: Mapping[str, Callable[[Any], str]]) -> Callable[[Any], str]:
    def encode_facet(model: Any) -> str:
        """The set properties as text, sorted; without the braces."""
        names = sorted(model.model_fields_set)
        return _to_json({name: formats[name](getattr(model, name)) for name in names})[1:-1]

    return encode_facet


def _encode_intent(intent: Intent) -> str:
    plain = _plain(intent)
    if intent.client:
        plain["client"] = _plain(intent.client)
    return _to_json(plain)


def _encode_status(status: Status) -> str:
    plain = _plain(status)
    if status.process:
        plain["process"] = _plain(status.process)
    if status.conditions:
        plain["conditions"] = [_plain(condition) for condition in status.conditions]
    return _to_json(plain)


_facet_json: Mapping[str, _Remembered] = {
    facet: _Remembered(_facet_encoder(formats)) for facet, formats in _FORMATS.items()
}
_spec_json = _Remembered(_encode_spec)
_intent_json = _Remembered(_encode_intent)
_origins_json = _Remembered(lambda origins: _to_json(dict(origins)))


def encode(record: Record) -> bytes:
    """The stored form of a record.

    A write mostly changes one part; the others are encoded already.
    """
    text = (
        f'{{"id":{record.id},"name":{_to_json(record.name)},"generation":{record.generation},'
        f'"spec":{_spec_json(record.spec)},"origins":{_origins_json(record.origins)},'
        f'"source":{_to_json(record.source)},"intent":{_intent_json(record.intent)},'
        f'"status":{_encode_status(record.status)}}}'
    ).encode()
    return b"%s %d %08x\n%s" % (_MAGIC, VERSION, zlib.crc32(text), text)


def decode(data: bytes, skipped: list[str] | None = None) -> Record:
    """The record of its stored form; raises ValueError with the reason.

    Names of what is unknown and left out are added to `skipped`.
    """
    unknown: list[str] = [] if skipped is None else skipped
    try:
        return _record(_body(data), unknown)
    except ValueError:
        raise
    except Exception as error:
        # The checksum was right, so somebody wrote this on purpose; whatever it
        # is, it concerns one record only.
        raise ValueError(f"malformed: {type(error).__name__}: {error}") from error


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


def _record(body: dict[str, Any], skipped: list[str]) -> Record:
    name = str(body["name"])
    validate_name(name)
    spec = DEFAULT_SPEC
    for key, text in body["spec"].items():
        prop = PROPERTIES.get(key)
        if prop is None or not prop.facet:
            skipped.append(key)
            continue
        spec = spec.with_value(prop, prop.codec.restore(text))
    intent = _known(Intent, body["intent"], skipped)
    if "run" in intent:
        intent["run"] = Run(intent["run"])
    if intent.get("client"):
        client = _known(Client, intent["client"], skipped)
        intent["client"] = Client(**{**client, "groups": tuple(client.get("groups", ()))})
    status = _known(Status, body["status"], skipped)
    if "state" in status:
        status["state"] = State(status["state"])
    if "start_error_code" in status:
        status["start_error_code"] = EError(status["start_error_code"])
    if status.get("process"):
        status["process"] = Process(**_known(Process, status["process"], skipped))
    conditions = [_known(Condition, item, skipped) for item in status.get("conditions", ())]
    status["conditions"] = tuple(
        Condition(**{**item, "code": EError(item.get("code", EError.Success))})
        for item in conditions
    )
    return Record(
        id=int(body["id"]),
        name=name,
        spec=spec,
        intent=Intent(**intent),
        status=Status(**status),
        generation=int(body["generation"]),
        origins={str(key): str(value) for key, value in body["origins"].items()},
        source=str(body["source"]),
    )


def _known(model: Any, fields: Mapping[str, Any], skipped: list[str]) -> dict[str, Any]:
    names = _FIELDS[model]
    skipped += [f"{model.__name__.lower()}.{key}" for key in fields if key not in names]
    return {key: value for key, value in fields.items() if key in names}


_FIELDS: Mapping[Any, tuple[str, ...]] = {
    model: tuple(field.name for field in dataclasses.fields(model))
    for model in (Client, Condition, Intent, Process, Status)
}


_VALUES: Mapping[Any, Callable[[Any], tuple[Any, ...]]] = {
    model: operator.attrgetter(*names) for model, names in _FIELDS.items()
}
_DEFAULTS: Mapping[Any, tuple[Any, ...]] = {
    model: tuple(field.default for field in dataclasses.fields(model)) for model in _FIELDS
}


def _plain(value: Any) -> dict[str, Any]:
    """The fields that differ from their defaults."""
    model = type(value)
    return {
        name: item
        for name, item, default in zip(
            _FIELDS[model], _VALUES[model](value), _DEFAULTS[model], strict=True
        )
        if item is not default and item != default
    }
