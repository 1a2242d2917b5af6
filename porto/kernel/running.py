"""The running kernel: each port by the module of this room that is it."""

from porto.kernel.block import devices
from porto.kernel.block.disks import Disks
from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.file import files
from porto.kernel.file.inotify import Inotify
from porto.kernel.host import topology, totals
from porto.kernel.mount import mounts
from porto.kernel.ports import Kernel
from porto.kernel.process import processes, programs, scheduling


def running_kernel(cgroups: CgroupDriver) -> Kernel:
    """All ports; the driver is chosen by `kernel/cgroup/probe.py`."""
    return Kernel(
        cgroups=cgroups,
        processes=processes,
        scheduling=scheduling,
        files=files,
        mounts=mounts,
        nodes=devices,
        disks=Disks(),
        cpus=topology,
        totals=totals,
        programs=programs,
        inotify=Inotify,
    )
