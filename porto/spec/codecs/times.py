"""Codecs of durations and dates.

Used by `spec/containers/fields/`. Dates are shown in the daemon's local time, manual
section "State".
"""

import time
from typing import Any

from porto.spec.codecs.numbers import native_int
from porto.spec.codecs.syntax import UINT64_MAX, parse_scaled, parse_uint
from porto.spec.prop import Codec, Rejected

NANOSECOND_UNITS = {
    "": 1,
    "ns": 1,
    "nsec": 1,
    "us": 1_000,
    "usec": 1_000,
    "ms": 1_000_000,
    "msec": 1_000_000,
    "s": 1_000_000_000,
    "sec": 1_000_000_000,
    "ps": 0,
    "psec": 0,
    "fs": 0,
    "fsec": 0,
}
_DATE = "%Y-%m-%d %H:%M:%S"


class Seconds(Codec[int]):
    """Whole seconds, unsigned 64 bits; -1 wraps to the largest."""

    def parse(self, text: str) -> int:
        """The seconds."""
        return parse_uint(text)

    def format(self, value: int) -> str:
        """Plain decimal."""
        return str(value)

    def native(self, value: Any) -> int:
        """A document's number of seconds; negative ones are refused."""
        number = native_int(value)
        if not 0 <= number <= UINT64_MAX:
            raise Rejected("out of range")
        return number

    def native_schema(self) -> dict[str, Any]:
        """A JSON integer."""
        return {"type": "integer", "minimum": 0, "maximum": UINT64_MAX}


class Elapsed(Seconds):
    """Seconds of running; [dead] gives the seconds since death."""

    indexed = True


class Duration(Codec[int]):
    """A time span: a number with a unit ns (the default), us, ms or s."""

    def parse(self, text: str) -> int:
        """Nanoseconds; a fraction of one is dropped."""
        return parse_scaled(text, NANOSECOND_UNITS, "duration")

    def format(self, value: int) -> str:
        """Nanoseconds with their unit."""
        return f"{value}ns"

    def native(self, value: Any) -> int:
        """A document's number of nanoseconds."""
        return self.parse(str(native_int(value)))

    def native_schema(self) -> dict[str, Any]:
        """A JSON integer, nanoseconds."""
        return {"type": "integer", "minimum": 0, "maximum": UINT64_MAX}


class Date(Codec[float]):
    """Local time YYYY-MM-DD hh:mm:ss, empty for never; [raw]: seconds since the epoch."""

    indexed = True

    def parse(self, text: str) -> float:
        """Seconds since the epoch, 0.0 for empty text."""
        if not text:
            return 0.0
        try:
            return time.mktime(time.strptime(text, _DATE))
        except (ValueError, OverflowError):
            raise Rejected("not a date YYYY-MM-DD hh:mm:ss") from None

    def format(self, value: float) -> str:
        """Local time, whole seconds; empty for 0.0."""
        return time.strftime(_DATE, time.localtime(value)) if value else ""

    def get_index(self, value: float, index: str) -> str:
        """Whole seconds since the epoch for ``[raw]``."""
        if index != "raw":
            raise Rejected(f"has no [{index}], only [raw]")
        return str(int(value))

    def native(self, value: Any) -> float:
        """A document's seconds since the epoch."""
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        raise Rejected(f"wants seconds or a date, not {type(value).__name__}")

    def native_schema(self) -> dict[str, Any]:
        """A JSON number, seconds since the epoch."""
        return {"type": "number"}
