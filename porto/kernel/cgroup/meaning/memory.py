"""The controller of memory: one meaning over `v1/memory.py` and `v2/memory.py`.

Reached as ``driver.memory``.
"""

from collections.abc import Mapping
from typing import Protocol


class Memory(Protocol):
    """Limits to knobs, knobs to readings."""

    def unsupported(self) -> Mapping[str, str]:
        """Why a property cannot work with this kernel, by its name."""
