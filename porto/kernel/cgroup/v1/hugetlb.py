"""The hugetlb controller of v1: limit to knobs, knob texts to canonical ones.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/hugetlb.py`. Kernel:
admin-guide/cgroup-v1/hugetlb.rst.
"""

from collections.abc import Callable, Mapping

from porto.kernel.cgroup.amounts import HUGE, canonical_v1, rendered
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import GroupFiles

LIMIT = "hugetlb.2MB.limit_in_bytes"
GIGA_LIMIT = "hugetlb.1GB.limit_in_bytes"
USAGE = "hugetlb.2MB.usage_in_bytes"

CANONICAL: Mapping[str, Callable[[str], str]] = {
    LIMIT: lambda text: canonical_v1(text, HUGE),
    GIGA_LIMIT: lambda text: canonical_v1(text, 1 << 30),
}


class HugetlbV1:
    """See `meaning.hugetlb.Hugetlb`."""

    def __init__(self, files: GroupFiles) -> None:
        """Looks once which sizes of pages the kernel counts."""
        self._files = files
        self._there = self._giga = False
        if "hugetlb" in files.controllers:
            directory = files.root_group().directories["hugetlb"]
            self._there = files.knobs.is_directory(f"{directory}/{USAGE}")
            self._giga = files.knobs.is_directory(f"{directory}/{GIGA_LIMIT}")

    def unsupported(self) -> Mapping[str, str]:
        """Both properties, without the controller or its 2M pages."""
        if self._there:
            return {}
        reason = "this kernel offers no hugetlb controller for pages of 2M"
        return dict.fromkeys(("hugetlb_limit", "hugetlb_usage"), reason)

    def render(self, limit: int) -> Mapping[str, str]:
        """The limit; 1G pages come from the same memory and would go round it."""
        texts = {LIMIT: rendered(limit, "-1", HUGE) if limit else "-1"}
        if self._giga:
            texts[GIGA_LIMIT] = "0" if limit else "-1"
        return texts

    def usage(self, group: Group) -> int:
        """Bytes of 2M pages in use."""
        return int(self._files.read(group, "hugetlb", USAGE))
