"""The controller of huge pages: one meaning over `v1/hugetlb.py` and `v2/hugetlb.py`.

Reached as ``driver.hugetlb``.
"""

from collections.abc import Mapping
from typing import Protocol


class Hugetlb(Protocol):
    """Limits to knobs, knobs to readings."""

    def unsupported(self) -> Mapping[str, str]:
        """Why a property cannot work with this kernel, by its name."""
