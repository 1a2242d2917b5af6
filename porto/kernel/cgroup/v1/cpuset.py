"""The controller of CPUs and memory nodes of v1.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/cpuset.py`. Kernel:
admin-guide/cgroup-v1/cpusets.rst. A group always names its CPUs; going offline takes
one out of all groups, coming back puts it into none.
"""

from collections.abc import Callable, Mapping

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import ROOT, GroupFiles
from porto.kernel.cgroup.lists import canonical_list
from porto.kernel.cgroup.meaning.cpuset import CPUS, MEMS

EFFECTIVE = "cpuset.effective_cpus"

CANONICAL: Mapping[str, Callable[[str], str]] = {CPUS: canonical_list, MEMS: canonical_list}


class CpusetV1:
    """See `meaning.cpuset.Cpuset`."""

    nested = True

    def __init__(self, files: GroupFiles) -> None:
        self._files = files
        self._mems: str | None = None

    def unsupported(self) -> Mapping[str, str]:
        """cpu_set, without the controller."""
        if "cpuset" in self._files.controllers:
            return {}
        return {"cpu_set": "this kernel offers no cpuset controller"}

    def render(self, cpus: str) -> Mapping[str, str]:
        """Both lists: a group without one takes no task."""
        if self._mems is None:
            self._mems = self._root(MEMS)
        return {CPUS: cpus, MEMS: self._mems}

    def shown(self, knob: str, text: str) -> str:
        """The list; an empty one is no CPU at all."""
        return canonical_list(text)

    def forget(self) -> None:
        """Memory nodes are read again."""
        self._mems = None

    def allowed(self) -> str:
        """The root group's CPUs."""
        return self._root(EFFECTIVE)

    def configured(self, group: Group) -> str:
        """The group's CPUs."""
        return canonical_list(self._files.read(group, "cpuset", CPUS))

    def effective(self, group: Group) -> str:
        """The same as long as they are online."""
        return canonical_list(self._files.read(group, "cpuset", EFFECTIVE))

    def _root(self, knob: str) -> str:
        root = self._files.locate(ROOT, lambda name: frozenset())
        return canonical_list(self._files.read(root, "cpuset", knob))
