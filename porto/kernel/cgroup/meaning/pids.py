"""The controller of the number of tasks: one meaning over `v1/pids.py` and `v2/pids.py`.

Reached as ``driver.pids``.
"""

from collections.abc import Mapping
from typing import Protocol


class Pids(Protocol):
    """Limits to knobs, knobs to readings."""

    def unsupported(self) -> Mapping[str, str]:
        """Why a property cannot work with this kernel, by its name."""

    def render(self, limit: int | None) -> Mapping[str, str]:
        """{knob: canonical text} for thread_limit; None or 0 is unlimited."""
