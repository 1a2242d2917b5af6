"""The codec of weights, relative shares of what is scarce.

Used by `spec/containers/fields/`. Syntax: manual sections "CPU" and "Disk IO", ``0.01..100``.
"""

from typing import Any

from porto.spec.codecs.syntax import parse_scaled
from porto.spec.prop import Codec, Rejected

_PARTS = 10**7
"""Of one: as fine as six digits of the smallest weight."""


class Weight(Codec[float]):
    """A number from 0.01 to 100, of six digits."""

    minimum = 0.01
    maximum = 100.0

    def parse(self, text: str) -> float:
        """The number, with the digits that `format` shows."""
        return self._checked(parse_scaled(text, {"": _PARTS}, "number") / _PARTS)

    def format(self, value: float) -> str:
        """At most six digits, as printf's ``%g``."""
        return f"{value:g}"

    def native(self, value: Any) -> float:
        """A document's number."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Rejected(f"wants a number, not {type(value).__name__}")
        return self._checked(value)

    def native_schema(self) -> dict[str, Any]:
        """A JSON number."""
        return {"type": "number", "minimum": self.minimum, "maximum": self.maximum}

    def _checked(self, value: float) -> float:
        # Not a number fails the comparison, too.
        if not self.minimum <= value <= self.maximum:
            raise Rejected(f"out of range {self.minimum:g}..{self.maximum:g}")
        return float(f"{value:g}")
