"""The cgroup hierarchies mounted on this host, read from a mountinfo file.

Called by `probe.py`; the result chooses the driver. Format: man 5 proc_pid_mountinfo;
hierarchies: the kernel's admin-guide/cgroup-v1/cgroups.rst and cgroup-v2.rst.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

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

_ESCAPE = re.compile(r"\\([0-7]{3})")


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


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)


def _parse(line: str) -> Hierarchy | None:
    head, dash, tail = line.partition(" - ")
    fields, source = head.split(" "), tail.split(" ")
    if not dash or len(fields) < 6 or len(source) < 3 or source[0] not in ("cgroup", "cgroup2"):
        return None
    unified = source[0] == "cgroup2"
    controllers = frozenset[str]() if unified else KNOWN_V1.intersection(source[2].split(","))
    if "ro" in fields[5].split(",") or not (unified or controllers):
        return None
    inner = _unescape(fields[3])
    return Hierarchy(
        path=_unescape(fields[4]),
        inner="" if inner == "/" else inner,
        controllers=controllers,
        unified=unified,
    )


def parse_mountinfo(lines: Iterable[str]) -> list[Hierarchy]:
    """The writable hierarchies with known controllers, and v2; each once.

    Of several mounts of one hierarchy that of its top wins, then the first.
    """
    best: dict[tuple[bool, frozenset[str]], Hierarchy] = {}
    for line in lines:
        found = _parse(line.rstrip("\n"))
        if found is None:
            continue
        key = (found.unified, found.controllers)
        if key not in best or (best[key].inner and not found.inner):
            best[key] = found
    return list(best.values())
