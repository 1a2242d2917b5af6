"""What the hugetlb controllers of v1 and v2 do alike: all but names.

Called by `v1/hugetlb.py` and `v2/hugetlb.py`; meaning: `meaning/hugetlb.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from porto.kernel.cgroup.amounts import HUGE, rendered
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import GroupFiles


class HugePages(ABC):
    """See `meaning.hugetlb.Hugetlb`.

    limit      -- the knob of pages of 2M
    giga_limit -- the knob of pages of 1G
    used       -- the file of the use of pages of 2M
    unlimited  -- what a knob without a limit says
    """

    limit: ClassVar[str]
    giga_limit: ClassVar[str]
    used: ClassVar[str]
    unlimited: ClassVar[str]

    def __init__(self, files: GroupFiles) -> None:
        """Looks once which sizes of pages the kernel counts."""
        self._files = files
        self._there = self._giga = False
        if "hugetlb" in files.controllers:
            directory = self.sample(files)
            self._there = files.knobs.is_directory(f"{directory}/{self.used}")
            self._giga = files.knobs.is_directory(f"{directory}/{self.giga_limit}")

    @abstractmethod
    def sample(self, files: GroupFiles) -> str:
        """A directory that has the knobs of every group."""

    def unsupported(self) -> Mapping[str, str]:
        """The controller, or its 2M pages."""
        if self._there:
            return {}
        return {"hugetlb": "this kernel offers no hugetlb controller for pages of 2M"}

    def render(self, limit: int) -> Mapping[str, str]:
        """The limit; 1G pages come from the same memory and would go round it."""
        text = rendered(limit, self.unlimited, HUGE) if limit else self.unlimited
        texts = {self.limit: text}
        if self._giga:
            texts[self.giga_limit] = "0" if limit else self.unlimited
        return texts

    def usage(self, group: Group) -> int:
        """Bytes of 2M pages in use."""
        return int(self._files.read(group, "hugetlb", self.used))
