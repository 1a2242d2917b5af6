"""The controller of CPUs and memory nodes of v2.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/cpuset.py`. Kernel:
admin-guide/cgroup-v2.rst, "Cpuset". A group without a list of its own has its parent's;
one with a list has what its parent has of that, or all of it where that is nothing. With
tasks in it a list cannot be taken back, only replaced.
"""

from collections.abc import Callable, Mapping

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import ROOT, GroupFiles
from porto.kernel.cgroup.lists import canonical_list
from porto.kernel.cgroup.meaning.cpuset import CPUS, MEMS

EFFECTIVE = "cpuset.cpus.effective"
EFFECTIVE_MEMS = "cpuset.mems.effective"
_OF_ROOT = {CPUS: EFFECTIVE, MEMS: EFFECTIVE_MEMS}

CANONICAL: Mapping[str, Callable[[str], str]] = {CPUS: canonical_list, MEMS: canonical_list}


class CpusetV2:
    """See `meaning.cpuset.Cpuset`."""

    nested = False

    def __init__(self, files: GroupFiles) -> None:
        self._files = files
        self._host: dict[str, str] = {}

    def unsupported(self) -> Mapping[str, str]:
        """cpu_set, without the controller."""
        if "cpuset" in self._files.controllers:
            return {}
        return {"cpu_set": "this kernel offers no cpuset controller"}

    def render(self, cpus: str) -> Mapping[str, str]:
        """Both lists."""
        return {CPUS: cpus, MEMS: self._whole(MEMS)}

    def shown(self, knob: str, text: str) -> str:
        """The list; a group that was never given one has all."""
        return canonical_list(text) or self._whole(knob)

    def forget(self) -> None:
        """The host's lists are read again."""
        self._host.clear()

    def allowed(self) -> str:
        """The root group's CPUs."""
        return self._root(EFFECTIVE)

    def configured(self, group: Group) -> str:
        """The group's list."""
        return canonical_list(self._files.read(group, "cpuset", CPUS))

    def effective(self, group: Group) -> str:
        """What the kernel made of all lists."""
        return canonical_list(self._files.read(group, "cpuset", EFFECTIVE))

    def _whole(self, knob: str) -> str:
        found = self._host.get(knob)
        if found is None:
            found = self._host[knob] = self._root(_OF_ROOT[knob])
        return found

    def _root(self, knob: str) -> str:
        root = self._files.locate(ROOT, lambda name: frozenset())
        return canonical_list(self._files.read(root, "cpuset", knob))
