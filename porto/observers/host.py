"""What the machine is, looked at once at start-up.

Called by `cli/daemon.py`; the result feeds the rules of `spec/containers/admission.py`, the
readers and the reconcilers.
"""

import os

from porto.kernel.block.devices import look_at
from porto.kernel.block.disks import Disks
from porto.kernel.cgroup.driver import CgroupDriver
from porto.spec.host import Host

MEMINFO = "/proc/meminfo"


def look(driver: CgroupDriver, *, meminfo: str = MEMINFO) -> Host:
    """The facts of the machine that this runs on."""
    fields = read_meminfo(meminfo)
    huge = fields.get("HugePages_Total", 0) * fields.get("Hugepagesize", 0) * 1024
    return Host(
        cores=os.sysconf("SC_NPROCESSORS_CONF"),
        memory=fields["MemTotal"] * 1024,
        hugetlb=huge,
        controllers=driver.controllers,
        device_node=look_at,
        unsupported=dict(driver.unsupported()),
        find_disks=Disks().find,
    )


def read_meminfo(path: str) -> dict[str, int]:
    """The fields of /proc/meminfo, in its units: KiB, or pages for the HugePages ones."""
    with open(path, encoding="ascii") as lines:
        pairs = (line.split(":", 1) for line in lines)
        return {name: int(rest.split()[0]) for name, rest in pairs}
