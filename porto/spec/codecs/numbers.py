"""Codecs of booleans, integers and sizes.

Used by `spec/containers/fields/`. Rules: manual section "Properties", paragraph on sizes.
"""

import re
from typing import Any

from porto.spec.codecs.syntax import UINT64_MAX, parse_int, parse_scaled
from porto.spec.errors import EError
from porto.spec.prop import Codec, Rejected

INT64_MIN = -(1 << 63)
INT64_MAX = (1 << 63) - 1

_OCTAL = re.compile(r"\s*\+?0*([0-7]{1,11})\s*", re.ASCII)


def _size_units() -> dict[str, int]:
    units = {"": 1, "B": 1, "b": 1}
    for power, letter in enumerate("KMGTPE", start=1):
        for spelling in (letter, letter.lower()):
            for tail in ("", "b", "B", "iB"):
                units[spelling + tail] = 1024**power
    return units


SIZE_UNITS = _size_units()


class Bool(Codec[bool]):
    """`true` or `false`."""

    def parse(self, text: str) -> bool:
        """The truth; anything else is Unknown, as clients have learnt."""
        if text == "true":
            return True
        if text == "false":
            return False
        raise Rejected("neither true nor false", EError.Unknown)

    def format(self, value: bool) -> str:
        """``true`` or ``false``."""
        return "true" if value else "false"

    def native(self, value: Any) -> bool:
        """A document's boolean; numbers are refused."""
        if isinstance(value, bool):
            return value
        raise Rejected(f"wants true or false, not {type(value).__name__}", EError.Unknown)

    def native_schema(self) -> dict[str, Any]:
        """A JSON boolean."""
        return {"type": "boolean"}


class Int(Codec[int]):
    """A decimal integer."""

    def __init__(self, minimum: int = INT64_MIN, maximum: int = INT64_MAX) -> None:
        self.minimum = minimum
        self.maximum = maximum

    def parse(self, text: str) -> int:
        """The number, if it lies within the limits."""
        return self._checked(parse_int(text))

    def format(self, value: int) -> str:
        """Plain decimal."""
        return str(value)

    def native(self, value: Any) -> int:
        """A document's whole number."""
        return self._checked(native_int(value))

    def native_schema(self) -> dict[str, Any]:
        """A JSON integer within the limits."""
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}

    def _checked(self, value: int) -> int:
        if not self.minimum <= value <= self.maximum:
            raise Rejected(f"out of range {self.minimum}..{self.maximum}")
        return value


class Octal(Codec[int]):
    """An octal number, at most 32 bits."""

    maximum = (1 << 32) - 1

    def parse(self, text: str) -> int:
        """The number, without a prefix or with the usual leading 0."""
        match = _OCTAL.fullmatch(text)
        value = int(match[1], 8) if match else -1
        if not 0 <= value <= self.maximum:
            raise Rejected("not an octal number of at most 32 bits")
        return value

    def format(self, value: int) -> str:
        """Octal with a leading 0, as printf's ``%#o``."""
        return f"0{value:o}" if value else "0"

    def native(self, value: Any) -> int:
        """A document's number is the value itself, whatever its notation was."""
        number = native_int(value)
        if not 0 <= number <= self.maximum:
            raise Rejected("not a number of at most 32 bits")
        return number

    def native_schema(self) -> dict[str, Any]:
        """A JSON integer."""
        return {"type": "integer", "minimum": 0, "maximum": self.maximum}


class Size(Codec[int]):
    """Bytes: a number with an optional 1024-based unit B, K, M, G, T, P or E."""

    def parse(self, text: str) -> int:
        """The bytes; a fraction of a byte is dropped."""
        return parse_scaled(text, SIZE_UNITS, "size")

    def format(self, value: int) -> str:
        """Plain decimal bytes."""
        return str(value)

    def native(self, value: Any) -> int:
        """A document's number of bytes."""
        return self.parse(str(native_int(value)))

    def native_schema(self) -> dict[str, Any]:
        """A JSON integer of at most 64 bits."""
        return {"type": "integer", "minimum": 0, "maximum": UINT64_MAX}


class OptionalSize(Codec[int | None]):
    """Bytes or a count as `Size`; empty when unset."""

    _size = Size()

    def parse(self, text: str) -> int | None:
        """The number; None for empty text."""
        return self._size.parse(text) if text else None

    def format(self, value: int | None) -> str:
        """Plain decimal, or empty text."""
        return "" if value is None else str(value)

    def native(self, value: Any) -> int | None:
        """A document's number or null."""
        return None if value is None else self._size.native(value)

    def native_schema(self) -> dict[str, Any]:
        """A JSON integer or null."""
        return {"type": ["integer", "null"], "minimum": 0, "maximum": UINT64_MAX}


def native_int(value: Any) -> int:
    """A document's whole number; 5.0 counts, true does not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > UINT64_MAX:
            raise Rejected("out of range")
        return value
    raise Rejected(f"wants a whole number, not {type(value).__name__}")
