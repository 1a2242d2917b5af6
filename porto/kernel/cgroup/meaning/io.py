"""The controller of disk IO (blkio on v1): one meaning over `v1/io.py` and `v2/io.py`.

Reached as ``driver.io``.
"""

from collections.abc import Mapping
from typing import Protocol


class Io(Protocol):
    """Limits to knobs, knobs to readings."""

    def unsupported(self) -> Mapping[str, str]:
        """Why a property cannot work with this kernel, by its name."""
