"""The hugetlb controller of v2: limit to knobs, knob texts to canonical ones.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/hugetlb.py`. Kernel:
admin-guide/cgroup-v2.rst, "HugeTLB".
"""

import os
from collections.abc import Callable, Mapping

from porto.kernel.cgroup.amounts import canonical_v2
from porto.kernel.cgroup.group_files import GroupFiles
from porto.kernel.cgroup.huge_pages import HugePages

LIMIT = "hugetlb.2MB.max"
GIGA_LIMIT = "hugetlb.1GB.max"
USAGE = "hugetlb.2MB.current"

CANONICAL: Mapping[str, Callable[[str], str]] = {
    LIMIT: canonical_v2,
    GIGA_LIMIT: canonical_v2,
}


class HugetlbV2(HugePages):
    """See `meaning.hugetlb.Hugetlb`."""

    limit, giga_limit, used, unlimited = LIMIT, GIGA_LIMIT, USAGE, "max"

    def sample(self, files: GroupFiles) -> str:
        """The directory of all containers: the root group has no knobs."""
        return os.path.dirname(files.make_group("a", ["a"], (frozenset(),)).own[0])
