"""Codecs of CPU power and of the period by which it is accounted.

Used by `spec/containers/fields/cpu.py`. Syntax: manual section "CPU".
"""

import os
from decimal import Decimal
from typing import Any

from porto.spec.codecs.numbers import native_int
from porto.spec.codecs.syntax import UINT64_MAX, parse_scaled
from porto.spec.codecs.times import NANOSECOND_UNITS
from porto.spec.prop import Codec, Rejected

CORE = 10**9
"""One core, in nanoseconds of CPU time per second."""

_FINER = 1000

PERIOD_MIN_NS = 1_000_000
PERIOD_MAX_NS = 1_000_000_000


def configured_cores() -> int:
    """CPUs that the kernel is configured for: what 100 % means."""
    return os.sysconf("SC_NPROCESSORS_CONF")


class CpuPower(Codec[int]):
    """Per cent of all cores, or a number of cores with the unit c, or ns per second.

    The value is nanoseconds of CPU time per second; six digits of it count, which is
    what the text in cores shows.
    """

    def parse(self, text: str) -> int:
        """The power; per cent are of the cores that are configured now."""
        percent = configured_cores() * CORE // 100
        units = {"": percent * _FINER, "c": CORE * _FINER, "ns": _FINER}
        # Finer than a nanosecond: 6.3e-08 of a core are 63 of them, but not as a double.
        fine = parse_scaled(text, units, "CPU power")
        nanoseconds = (fine + _FINER // 2) // _FINER
        return int(Decimal(f"{nanoseconds / CORE:g}") * CORE)

    def format(self, value: int) -> str:
        """Cores as printf's ``%lg``, and ``c``."""
        return f"{value / CORE:g}c"

    def native(self, value: Any) -> int:
        """A document's number: per cent, as without quotes it is read in a text."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Rejected(f"wants a number or text, not {type(value).__name__}")
        if abs(value) > UINT64_MAX:
            raise Rejected("out of range")
        return self.parse(str(value))

    def native_schema(self) -> dict[str, Any]:
        """A JSON number, per cent."""
        return {"type": "number", "minimum": 0}


class Period(Codec[int]):
    """A time span of 1ms to 1s: a number with a unit ns (the default), us, ms or s."""

    minimum = PERIOD_MIN_NS
    maximum = PERIOD_MAX_NS

    def parse(self, text: str) -> int:
        """Nanoseconds; a fraction of one is dropped."""
        return self._checked(parse_scaled(text, NANOSECOND_UNITS, "duration"))

    def format(self, value: int) -> str:
        """Plain nanoseconds."""
        return str(value)

    def native(self, value: Any) -> int:
        """A document's number of nanoseconds."""
        return self._checked(native_int(value))

    def native_schema(self) -> dict[str, Any]:
        """A JSON integer, nanoseconds."""
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}

    def _checked(self, value: int) -> int:
        if not self.minimum <= value <= self.maximum:
            raise Rejected("out of range 1ms..1s")
        return value
