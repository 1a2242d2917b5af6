"""The codec of maps from names to numbers.

Used by `spec/containers/fields/` for counters and per-device limits. Syntax: manual
section "Properties", ``<key>: <value>;...``.
"""

from typing import Any

from porto.spec.codecs.numbers import SIZE_UNITS, native_int
from porto.spec.codecs.syntax import (
    BLANKS,
    UINT64_MAX,
    check_text,
    join_map,
    native_pairs,
    native_text,
    parse_scaled,
    shown,
    split_map,
)
from porto.spec.prop import Codec, Rejected

UintMapValue = tuple[tuple[str, int], ...]
"""(key, number) sorted bytewise by key."""


class UintMapCodec(Codec[UintMapValue]):
    r"""`key: number; key: number`, numbers as sizes; a colon within a key is `\:`."""

    indexed = True

    def parse(self, text: str) -> UintMapValue:
        """The map; a later duplicate overwrites."""
        return _sorted({_key(key): _number(key, word) for key, word in split_map(text)})

    def format(self, value: UintMapValue) -> str:
        """``key: number; key: number``."""
        return join_map((key, str(number)) for key, number in value)

    def get_index(self, value: UintMapValue, index: str) -> str:
        """The number of one key; raises `Rejected` when there is none."""
        for key, number in value:
            if key == index:
                return str(number)
        raise Rejected(f"has no [{index[:40]}]")

    def set_index(self, value: UintMapValue, index: str, text: str) -> UintMapValue:
        """One number replaced; empty text removes it."""
        numbers = dict(value)
        if text:
            numbers[_key(index)] = _number(index, text)
        else:
            numbers.pop(index, None)
        return _sorted(numbers)

    def native(self, value: Any) -> UintMapValue:
        """A document's mapping of key to number or text."""
        numbers = {}
        for pair in native_pairs(value):
            if len(pair) != 2:
                raise Rejected("wants pairs of key and number")
            key = native_text(pair[0])
            word = pair[1] if isinstance(pair[1], str) else str(native_int(pair[1]))
            numbers[_key(key)] = _number(key, word)
        return _sorted(numbers)

    def native_schema(self) -> dict[str, Any]:
        """A JSON object of numbers or size texts."""
        return {
            "type": "object",
            "additionalProperties": {
                "anyOf": [
                    {"type": "integer", "minimum": 0, "maximum": UINT64_MAX},
                    {"type": "string"},
                ]
            },
        }


def _key(key: str) -> str:
    key = check_text(key.strip(BLANKS))
    if not key:
        raise Rejected("a key is empty")
    return key


def _number(key: str, word: str) -> int:
    try:
        return parse_scaled(word, SIZE_UNITS, "number")
    except Rejected as refusal:
        raise Rejected(f"{shown(key)}: {refusal.reason}") from None


def _sorted(numbers: dict[str, int]) -> UintMapValue:
    return tuple(sorted(numbers.items(), key=lambda item: item[0].encode()))
