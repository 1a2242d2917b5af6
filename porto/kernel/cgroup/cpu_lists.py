"""What the cpuset controllers of v1 and v2 do alike: the lists of groups and of the host.

Called by `v1/cpuset.py` and `v2/cpuset.py`; meaning: `meaning/cpuset.py`.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import GroupFiles
from porto.kernel.cgroup.lists import canonical_list
from porto.kernel.cgroup.meaning.cpuset import CPUS, MEMS

CANONICAL: Mapping[str, Callable[[str], str]] = {CPUS: canonical_list, MEMS: canonical_list}


class CpuLists:
    """Part of `meaning.cpuset.Cpuset`.

    all_cpus -- the file of the root group that says which CPUs it has
    all_mems -- the same of memory nodes
    """

    all_cpus: ClassVar[str]
    all_mems: ClassVar[str]

    def __init__(self, files: GroupFiles) -> None:
        self._files = files
        self._host: dict[str, str] = {}

    def unsupported(self) -> Mapping[str, str]:
        """The controller."""
        if "cpuset" in self._files.controllers:
            return {}
        return {"cpuset": "this kernel offers no cpuset controller"}

    def render(self, cpus: str) -> Mapping[str, str]:
        """Both lists: on v1 a group without one takes no task."""
        return {CPUS: cpus, MEMS: self.whole(MEMS)}

    def forget(self) -> None:
        """The host's lists are read again."""
        self._host.clear()

    def allowed(self) -> str:
        """The root group's CPUs."""
        return self._of_root(self.all_cpus)

    def configured(self, group: Group) -> str:
        """The group's list."""
        return canonical_list(self._files.read(group, "cpuset", CPUS))

    def effective(self, group: Group) -> str:
        """What the kernel made of all lists."""
        return canonical_list(self._files.read(group, "cpuset", self.all_cpus))

    def whole(self, knob: str) -> str:
        """All of the host, read once."""
        found = self._host.get(knob)
        if found is None:
            of_root = {CPUS: self.all_cpus, MEMS: self.all_mems}
            found = self._host[knob] = self._of_root(of_root[knob])
        return found

    def _of_root(self, knob: str) -> str:
        return canonical_list(self._files.read(self._files.root_group(), "cpuset", knob))
