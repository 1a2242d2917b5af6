"""The controller of CPUs and memory nodes: one meaning over `v1/cpuset.py` and `v2/cpuset.py`.

Reached as ``driver.cpuset``.
"""

from collections.abc import Mapping
from typing import Protocol


class Cpuset(Protocol):
    """Limits to knobs, knobs to readings."""

    def unsupported(self) -> Mapping[str, str]:
        """Why a property cannot work with this kernel, by its name."""
