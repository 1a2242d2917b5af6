"""Facts of the host's device nodes.

Called by the rules (through `spec/host.py`) and by `facets/devices.py`. Symbolic
links are followed: udev's names are links. man 2 stat.
"""

import os
import stat

from porto.spec.device_rules import Node


def look_at(path: str) -> Node | None:
    """The device node at a path, None when something else is there. Raises OSError."""
    found = os.stat(path)
    if stat.S_ISCHR(found.st_mode):
        kind = "c"
    elif stat.S_ISBLK(found.st_mode):
        kind = "b"
    else:
        return None
    return Node(
        kind=kind,
        major=os.major(found.st_rdev),
        minor=os.minor(found.st_rdev),
        mode=stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
    )
