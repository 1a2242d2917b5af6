"""The controller of CPUs and memory nodes of v1.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/cpuset.py`. Kernel:
admin-guide/cgroup-v1/cpusets.rst. A group always names its CPUs; going offline takes
one out of all groups, coming back puts it into none.
"""

from porto.kernel.cgroup.cpu_lists import CpuLists
from porto.kernel.cgroup.lists import canonical_list
from porto.kernel.cgroup.meaning.cpuset import MEMS


class CpusetV1(CpuLists):
    """See `meaning.cpuset.Cpuset`."""

    nested = True
    all_cpus, all_mems = "cpuset.effective_cpus", MEMS

    def shown(self, knob: str, text: str) -> str:
        """The list; an empty one is no CPU at all."""
        return canonical_list(text)
