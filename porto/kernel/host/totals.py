"""Figures of the whole host: memory, its events, what the disks have transferred.

Called by the readers of `/`, by `observers/host.py` at start-up, and by `cgroup/v1/io.py` to
tell whether the throttler counts. Man 5 proc; Documentation/admin-guide/iostats.rst.
"""

from collections.abc import Mapping

MEMINFO = "/proc/meminfo"
VMSTAT = "/proc/vmstat"
DISKSTATS = "/proc/diskstats"

OPERATIONS = (3, 7)
"""Columns of `DISKSTATS`: reads and writes that were completed."""
SECTORS = (5, 9)
"""Columns of 512 bytes read and written."""
MILLISECONDS = (6, 10)
"""Columns of milliseconds spent reading and writing."""


def meminfo(path: str = MEMINFO) -> dict[str, int]:
    """All fields, in the file's units: KiB, or pages for the HugePages ones."""
    with open(path, encoding="ascii") as lines:
        pairs = (line.split(":", 1) for line in lines)
        return {name: int(rest.split()[0]) for name, rest in pairs}


def vmstat(path: str = VMSTAT) -> dict[str, int]:
    """All counters by name, in the file's units (pages or events)."""
    with open(path, encoding="ascii") as lines:
        return {name: int(number) for name, number in (line.split() for line in lines)}


def disks(columns: tuple[int, int], path: str | None = None) -> Mapping[str, tuple[int, int]]:
    """Two columns of `DISKSTATS` by ``major:minor``, partitions included. Raises OSError."""
    found = {}
    with open(path or DISKSTATS, encoding="ascii", errors="replace") as lines:
        for line in lines:
            words = line.split()
            found[f"{words[0]}:{words[1]}"] = (int(words[columns[0]]), int(words[columns[1]]))
    return found
