"""The hugetlb controller of v1: limit to knobs, knob texts to canonical ones.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/hugetlb.py`. Kernel:
admin-guide/cgroup-v1/hugetlb.rst.
"""

from collections.abc import Callable, Mapping

from porto.kernel.cgroup.amounts import HUGE, canonical_v1
from porto.kernel.cgroup.group_files import GroupFiles
from porto.kernel.cgroup.huge_pages import HugePages

LIMIT = "hugetlb.2MB.limit_in_bytes"
GIGA_LIMIT = "hugetlb.1GB.limit_in_bytes"
USAGE = "hugetlb.2MB.usage_in_bytes"

CANONICAL: Mapping[str, Callable[[str], str]] = {
    LIMIT: lambda text: canonical_v1(text, HUGE),
    GIGA_LIMIT: lambda text: canonical_v1(text, 1 << 30),
}


class HugetlbV1(HugePages):
    """See `meaning.hugetlb.Hugetlb`."""

    limit, giga_limit, used, unlimited = LIMIT, GIGA_LIMIT, USAGE, "-1"

    def sample(self, files: GroupFiles) -> str:
        """The host's own group."""
        return files.root_group().directories["hugetlb"]
