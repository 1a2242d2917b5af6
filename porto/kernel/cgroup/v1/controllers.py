"""The controller files of v1, by what they understand.

Read by `driver.py`; a new controller is one file and its lines here.
"""

from collections.abc import Callable, Mapping

from porto.kernel.cgroup import cpu_lists, pids
from porto.kernel.cgroup.v1 import cpu, devices, freezer, hugetlb, io, memory

CANONICAL: Mapping[str, Callable[[str], str]] = {
    freezer.STATE: freezer.canonical,
    **cpu.CANONICAL,
    **cpu_lists.CANONICAL,
    **devices.CANONICAL,
    **hugetlb.CANONICAL,
    **io.CANONICAL,
    **memory.CANONICAL,
    **pids.CANONICAL,
}
