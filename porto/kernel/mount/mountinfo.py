"""The lines of a mountinfo file.

Called by `mount_table.py`, `cgroup/hierarchies.py` and `file/workdirs.py`. Format: man 5
proc_pid_mountinfo; kernel: Documentation/filesystems/proc.rst.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TextIO

MOUNTINFO = "/proc/self/mountinfo"

_ESCAPE = re.compile(r"\\([0-7]{3})")


class MountLine(NamedTuple):
    """One mount.

    number        -- ``major:minor`` of its file system
    root          -- the directory of the file system that is mounted
    point         -- where
    options       -- of the mount
    kind          -- type of the file system
    source        -- what was mounted
    super_options -- of the file system
    """

    number: str
    root: str
    point: str
    options: tuple[str, ...]
    kind: str
    source: str
    super_options: tuple[str, ...]


def parse(lines: Iterable[str]) -> Iterator[MountLine]:
    """The mounts, in the order of the file; what is no such line is left out."""
    for line in lines:
        head, dash, tail = line.rstrip("\n").partition(" - ")
        fields, source = head.split(" "), tail.split(" ")
        if dash and len(fields) >= 6 and len(source) >= 3:
            yield MountLine(
                number=fields[2],
                root=_unescape(fields[3]),
                point=_unescape(fields[4]),
                options=tuple(fields[5].split(",")),
                kind=source[0],
                source=_unescape(source[1]),
                super_options=tuple(map(_unescape, source[2].split(","))),
            )


def mounts_below(directory: str) -> bool:
    """Whether something is mounted at this directory or in it, as we see it."""
    with open_mountinfo() as lines:
        return any(
            mount.point == directory or mount.point.startswith(f"{directory}/")
            for mount in parse(lines)
        )


def open_mountinfo(path: str = MOUNTINFO) -> TextIO:
    """The file as text, bytes that are no UTF-8 included. Raises OSError."""
    return open(path, encoding="utf-8", errors="surrogateescape")


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)
