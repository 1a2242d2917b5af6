"""The controller of device access: one meaning over `v1/devices.py` and `v2/devices.py`.

Reached as ``driver.devices``.
"""

from collections.abc import Mapping
from typing import Protocol


class Devices(Protocol):
    """Limits to knobs, knobs to readings."""

    def unsupported(self) -> Mapping[str, str]:
        """Why a property cannot work with this kernel, by its name."""
