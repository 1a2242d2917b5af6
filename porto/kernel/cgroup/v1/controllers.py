"""The controller files of v1, by what they understand.

Read by `driver.py`; a new controller is one file and its lines here.
"""

from collections.abc import Callable, Mapping

from porto.kernel.cgroup.v1 import cpu, cpuset, devices, freezer, hugetlb, io, memory, pids

CANONICAL: Mapping[str, Callable[[str], str]] = {
    freezer.STATE: freezer.canonical,
    **cpu.CANONICAL,
    **cpuset.CANONICAL,
    **devices.CANONICAL,
    **hugetlb.CANONICAL,
    **io.CANONICAL,
    **memory.CANONICAL,
    **pids.CANONICAL,
}
