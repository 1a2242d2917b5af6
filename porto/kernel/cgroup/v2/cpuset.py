"""The controller of CPUs and memory nodes of v2.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/cpuset.py`. Kernel:
admin-guide/cgroup-v2.rst, "Cpuset". A group without a list of its own has its parent's;
one with a list has what its parent has of that, or all of it where that is nothing. With
tasks in it a list cannot be taken back, only replaced.
"""

from porto.kernel.cgroup.cpu_lists import CpuLists
from porto.kernel.cgroup.lists import canonical_list


class CpusetV2(CpuLists):
    """See `meaning.cpuset.Cpuset`."""

    nested = False
    all_cpus, all_mems = "cpuset.cpus.effective", "cpuset.mems.effective"

    def shown(self, knob: str, text: str) -> str:
        """The list; a group that was never given one has all."""
        return canonical_list(text) or self.whole(knob)
