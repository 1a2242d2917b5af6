"""Messages of rpc.proto as plain dicts, without the protobuf package.

Called by portoctl (`cli/portoctl/remote.py`), where importing the protobuf runtime would
cost twice the time of the whole command. The field numbers come from `tables.py`, which is
generated from rpc.proto; tests compare every message with the real runtime. The format
is https://protobuf.dev/programming-guides/encoding/.

A message is ``{field: value}`` with repeated fields as lists and absent fields absent.
Text is UTF-8; bytes that are not (output of a container) survive as surrogate escapes.
"""

from __future__ import annotations

from struct import Struct

from porto.wire.framing import MASK64, read_varint, varint
from porto.wire.tables import MESSAGES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Message: TypeAlias = dict[str, Any]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIRE = {
    "string": _BYTES,
    "message": _BYTES,
    "fixed64": _FIXED64,
    "double": _FIXED64,
    "fixed32": _FIXED32,
}
_PACK = {"fixed64": Struct("<Q"), "double": Struct("<d"), "fixed32": Struct("<I")}
_DEPTH_LIMIT = 50

_by_number: dict[str, dict[int, tuple[str, str, bool, str]]] = {}


def encode(name: str, message: Message) -> bytes:
    """Bytes of a message of type `name`; KeyError for a field it does not have."""
    fields = MESSAGES[name]
    out = bytearray()
    for field, value in message.items():
        number, kind, repeated, sub = fields[field]
        for item in value if repeated else (value,):
            out += _encode_field(number, kind, sub, item)
    return bytes(out)


def _encode_field(number: int, kind: str, sub: str, value: Any) -> bytes:
    data: bytes
    if kind in _PACK:
        data = _PACK[kind].pack(value)
        return varint(number << 3 | _WIRE[kind]) + data
    if kind == "string":
        data = value.encode("utf-8", "surrogateescape")
    elif kind == "message":
        data = encode(sub, value)
    else:
        return varint(number << 3 | _VARINT) + varint(int(value) & MASK64)
    return varint(number << 3 | _BYTES) + varint(len(data)) + data


def decode(name: str, data: bytes) -> Message:
    """The message of type `name` in `data`; ValueError when there is none."""
    return _decode(name, data, 0, len(data), 0)


def _decode(name: str, data: bytes, position: int, end: int, depth: int) -> Message:
    if depth > _DEPTH_LIMIT:
        raise ValueError("message nested too deeply")
    fields = _numbers(name)
    message: Message = {}
    while position < end:
        key, position = read_varint(data, position, end)
        wire = key & 7
        value: Any
        if wire == _VARINT:
            value, position = read_varint(data, position, end)
            start = position
        else:
            length = {_FIXED64: 8, _FIXED32: 4}.get(wire)
            if wire == _BYTES:
                length, position = read_varint(data, position, end)
            if length is None or length > end - position:
                raise ValueError(f"{name}: field cut short or of unknown kind")
            start, position = position, position + length
            value = None
        row = fields.get(key >> 3)
        if row is None:
            continue
        field, kind, repeated, sub = row
        if wire != _WIRE.get(kind, _VARINT):
            raise ValueError(f"{name}.{field}: wrong kind of field")
        if kind == "string":
            value = data[start:position].decode("utf-8", "surrogateescape")
        elif kind == "message":
            value = _decode(sub, data, start, position, depth + 1)
        elif kind in _PACK:
            value = _PACK[kind].unpack_from(data, start)[0]
        elif kind == "bool":
            value = bool(value)
        elif kind == "int" and value >> 63:
            value -= 1 << 64
        if repeated:
            message.setdefault(field, []).append(value)
        else:
            message[field] = value
    return message


def _numbers(name: str) -> dict[int, tuple[str, str, bool, str]]:
    known = _by_number.get(name)
    if known is None:
        known = _by_number[name] = {
            number: (field, kind, repeated, sub)
            for field, (number, kind, repeated, sub) in MESSAGES[name].items()
        }
    return known
