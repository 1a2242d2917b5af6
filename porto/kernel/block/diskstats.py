"""What all disks have transferred since boot: /proc/diskstats.

Called by `observers/io.py` for the host's counters, by `cgroup/v1/io.py` to tell whether the
throttler counts. Kernel: Documentation/admin-guide/iostats.rst.
"""

from collections.abc import Mapping

DISKSTATS = "/proc/diskstats"
OPERATIONS = (3, 7)
"""Columns of reads and writes that were completed."""
SECTORS = (5, 9)
"""Columns of 512 bytes read and written."""
MILLISECONDS = (6, 10)
"""Columns of milliseconds spent reading and writing."""


def rows(columns: tuple[int, int], path: str) -> Mapping[str, tuple[int, int]]:
    """Two columns by ``major:minor``, partitions included. Raises OSError."""
    found = {}
    with open(path, encoding="ascii", errors="replace") as lines:
        for line in lines:
            words = line.split()
            found[f"{words[0]}:{words[1]}"] = (int(words[columns[0]]), int(words[columns[1]]))
    return found
