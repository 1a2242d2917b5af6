"""The cgroup hierarchies mounted on this host, read from a mountinfo file.

Called by `probe.py`; the result chooses the driver. Kernel: admin-guide/cgroup-v1/cgroups.rst
and cgroup-v2.rst.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from porto.kernel.mount import mountinfo
from porto.kernel.mount.mountinfo import MountLine

KNOWN_V1 = frozenset(
    {
        "freezer",
        "memory",
        "cpu",
        "cpuacct",
        "cpuset",
        "blkio",
        "devices",
        "net_cls",
        "net_prio",
        "hugetlb",
        "pids",
        "perf_event",
    }
)
"""Controllers of v1 that the project uses; others on the same hierarchy come along."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One mounted hierarchy.

    path        -- mount point
    inner       -- directory of the hierarchy that is mounted there, "" for its top: what
                   /proc/PID/cgroup shows before the path below the mount point
    controllers -- known controllers of a v1 hierarchy, empty for v2
    unified     -- whether it is v2
    """

    path: str
    inner: str
    controllers: frozenset[str]
    unified: bool

    def inner_path(self, directory: str) -> bytes:
        """What /proc/PID/cgroup says of a process in this directory below `path`."""
        return os.fsencode(self.inner + directory[len(self.path) :] or "/")


def _hierarchy(mount: MountLine) -> Hierarchy | None:
    if mount.kind not in ("cgroup", "cgroup2"):
        return None
    unified = mount.kind == "cgroup2"
    controllers = frozenset[str]() if unified else KNOWN_V1.intersection(mount.super_options)
    if "ro" in mount.options or not (unified or controllers):
        return None
    return Hierarchy(
        path=mount.point,
        inner="" if mount.root == "/" else mount.root,
        controllers=controllers,
        unified=unified,
    )


def parse_mountinfo(lines: Iterable[str]) -> list[Hierarchy]:
    """The writable hierarchies with known controllers, and v2; each once.

    Of several mounts of one hierarchy that of its top wins, then the first.
    """
    best: dict[tuple[bool, frozenset[str]], Hierarchy] = {}
    for mount in mountinfo.parse(lines):
        found = _hierarchy(mount)
        if found is None:
            continue
        key = (found.unified, found.controllers)
        if key not in best or (best[key].inner and not found.inner):
            best[key] = found
    return list(best.values())
