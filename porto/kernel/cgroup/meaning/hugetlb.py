"""The controller of huge pages: one meaning over `v1/hugetlb.py` and `v2/hugetlb.py`.

Reached as ``driver.hugetlb``; called by `facets/hugetlb.py` and `observers/memory.py`.
"""

from collections.abc import Mapping
from typing import Protocol

from porto.kernel.cgroup.group import Group


class Hugetlb(Protocol):
    """Limits to knobs, knobs to readings."""

    def unsupported(self) -> Mapping[str, str]:
        """Why a feature is not there, by its name."""

    def render(self, limit: int) -> Mapping[str, str]:
        """{knob: canonical text} for hugetlb_limit in bytes; 0 is unlimited.

        Pages of 2M are counted, cut to whole ones; with a limit pages of 1G are forbidden.
        """

    def usage(self, group: Group) -> int:
        """Bytes of 2M pages that a group and all below use; raises OSError."""
