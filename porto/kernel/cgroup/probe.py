"""Choosing the cgroup driver of this host, once.

Called by `cli/daemon.py`; the result goes to the observers and the reconcilers.
Where the freezer has a v1 hierarchy, v1 is used for everything and a v2 mount beside
it is left alone (a hybrid host); else v2.
"""

import errno

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.hierarchies import Hierarchy, parse_mountinfo
from porto.kernel.cgroup.knobs import Knobs
from porto.kernel.cgroup.members import Members
from porto.kernel.cgroup.v1.driver import V1Driver
from porto.kernel.cgroup.v2.driver import V2Driver
from porto.kernel.mount.mountinfo import MOUNTINFO, open_mountinfo


def probe(
    prefix: str = "porto",
    *,
    mountinfo: str = MOUNTINFO,
    knobs: Knobs | None = None,
    members: Members | None = None,
) -> CgroupDriver:
    """The driver for the hierarchies of a mountinfo file; our directories begin with `prefix`.

    Raises OSError when no hierarchy with a freezer is mounted writable. On v2 our top
    directory is made.
    """
    with open_mountinfo(mountinfo) as lines:
        found = parse_mountinfo(lines)
    return choose(found, prefix, knobs=knobs, members=members)


def choose(
    found: list[Hierarchy],
    prefix: str,
    *,
    knobs: Knobs | None = None,
    members: Members | None = None,
) -> CgroupDriver:
    """The driver for these hierarchies."""
    split = [hierarchy for hierarchy in found if not hierarchy.unified]
    unified = [hierarchy for hierarchy in found if hierarchy.unified]
    if any("freezer" in hierarchy.controllers for hierarchy in split):
        version = "hybrid" if unified else "v1"
        return V1Driver(split, prefix, version=version, knobs=knobs, members=members)
    if unified:
        return V2Driver(unified[0], prefix, knobs=knobs, members=members)
    raise OSError(
        errno.ENODEV,
        "no writable cgroup hierarchy with a freezer: mount cgroup2 or the v1 freezer",
        "/sys/fs/cgroup",
    )
