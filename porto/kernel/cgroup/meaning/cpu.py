"""The controller of CPU time: one meaning over `v1/cpu.py` and `v2/cpu.py`.

Reached as ``driver.cpu``.
"""

from collections.abc import Mapping
from typing import Protocol


class Cpu(Protocol):
    """Limits to knobs, knobs to readings."""

    def unsupported(self) -> Mapping[str, str]:
        """Why a property cannot work with this kernel, by its name."""
