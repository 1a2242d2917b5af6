"""The controller of huge pages of v2.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/hugetlb.py`. Kernel:
admin-guide/cgroup-v2.
"""

from collections.abc import Callable, Mapping

from porto.kernel.cgroup.group_files import GroupFiles

CANONICAL: Mapping[str, Callable[[str], str]] = {}


class HugetlbV2:
    """See `meaning.hugetlb.Hugetlb`."""

    def __init__(self, files: GroupFiles) -> None:
        self._files = files

    def unsupported(self) -> Mapping[str, str]:
        """Nothing yet."""
        return {}
