"""What the machine is, looked at once at start-up.

Called by `cli/daemon.py`; the result feeds the rules of `spec/containers/admission.py`, the
readers and the reconcilers.
"""

import os

from porto.kernel.ports import Kernel
from porto.spec.host import Host


def look(kernel: Kernel) -> Host:
    """The facts of the machine that this runs on."""
    fields, driver = kernel.totals.meminfo(), kernel.cgroups
    huge = fields.get("HugePages_Total", 0) * fields.get("Hugepagesize", 0) * 1024
    return Host(
        cores=os.sysconf("SC_NPROCESSORS_CONF"),
        memory=fields["MemTotal"] * 1024,
        hugetlb=huge,
        controllers=driver.controllers,
        device_node=kernel.nodes.look_at,
        lacking=dict(driver.unsupported()),
        find_disks=kernel.disks.find,
    )
