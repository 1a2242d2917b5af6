"""Setup operations as bytes, for the executor: its request.c is the other side.

Called by client.py. Everything follows from the fields of the classes in ops.py and
slots.py: an operation is the text "NAME LETTERS", a letter for the type of each field, and
the fields. Numbers are in the machine's byte order, as the bytes never leave it:

    i  int, bool                        int64
    s  str                              uint32 size, bytes, NUL
    o  str or None                      the same; size 0xffffffff alone for None
    I  tuple of int                     uint32 count, elements
    S  tuple of str                     uint32 count, elements
    E  tuple of (name, value) pairs     uint32 count; each uint32 size of the name, and the
                                        text NAME=VALUE; of a name given twice the last one
"""

import functools
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any

from porto.launcher.ops import Execute, Op, WriteFile
from porto.launcher.slots import WriteFileAt

_SIZE = struct.Struct("=I")
_NUMBER = struct.Struct("=q")
_ABSENT = b"\xff\xff\xff\xff"
_64_BITS = (1 << 64) - 1

_LETTERS: dict[Any, str] = {
    int: "i",
    bool: "i",
    str: "s",
    str | None: "o",
    tuple[int, ...]: "I",
    tuple[str, ...]: "S",
    tuple[tuple[str, str], ...]: "E",
}


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _raw(data: bytes) -> bytes:
    return b"%b%b\0" % (_SIZE.pack(len(data)), data)


def _number(number: int) -> bytes:
    if -1 << 63 <= number <= _64_BITS:
        # The greatest unsigned numbers are masks: the same bits.
        return _NUMBER.pack(number - (1 << 64) if number >> 63 > 0 else number)
    raise OverflowError(f"{number} has more than 64 bits")


def _text(text: str) -> bytes:
    return _raw(_bytes(text))


def _optional(text: str | None) -> bytes:
    return _ABSENT if text is None else _text(text)


def _list(elements: Sequence[bytes]) -> bytes:
    return _SIZE.pack(len(elements)) + b"".join(elements)


def _environment(pairs: Iterable[tuple[str, str]]) -> bytes:
    elements = []
    for name, value in dict(pairs).items():
        raw = _bytes(name)
        elements.append(_SIZE.pack(len(raw)) + _raw(b"%b=%b" % (raw, _bytes(value))))
    return _list(elements)


_ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "i": _number,
    "s": _text,
    "o": _optional,
    "I": lambda numbers: _list([_number(number) for number in numbers]),
    "S": lambda texts: _list([_text(text) for text in texts]),
    "E": _environment,
}


def letters(kind: type[Op]) -> str:
    """The kinds of an operation's fields, in order. TypeError for a type without a letter."""
    try:
        return "".join(_LETTERS[field.type] for field in fields(kind))
    except KeyError as error:
        raise TypeError(f"cannot encode {kind.__name__}: no letter for {error}") from None


def _plan(kind: type[Op]) -> tuple[bytes, list[tuple[str, Callable[[Any], bytes]]]]:
    """The head of all operations of a kind, and how each field is encoded."""
    kinds = letters(kind)
    names = [field.name for field in fields(kind)]
    steps = [(name, _ENCODERS[letter]) for name, letter in zip(names, kinds, strict=True)]
    return _text(f"{kind.__name__} {kinds}"), steps


_PLANS = {kind: _plan(kind) for kind in Op.__subclasses__()}


def _encode(op: Op) -> bytes:
    head, steps = _PLANS[type(op)]
    return head + b"".join([encode(getattr(op, name)) for name, encode in steps])


_ONCE = (Execute, WriteFile, WriteFileAt)
"""Most operations are the same in every launch; these are not, or are big."""
_encode_known = functools.lru_cache(maxsize=1024)(_encode)


def encode(ops: Iterable[Op]) -> bytes:
    """A list of operations, one after the other.

    Raises OverflowError for a number of more than 64 bits.
    """
    return b"".join([_encode(op) if isinstance(op, _ONCE) else _encode_known(op) for op in ops])
