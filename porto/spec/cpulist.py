"""Sets of CPUs as numbers: bit N stands for CPU N.

The text is the kernel's list format, ``0-3,5``, as in cpuset(7); two neighbours are a
range too. Used by `spec/codecs/cpuset.py`, by the knobs of `kernel/cgroup/*/cpuset.py`,
by `kernel/host/topology.py` and by the solver in `reconcilers/host/cpuset/`.
"""

import re
from collections.abc import Iterator

CPU_MAX = 65535
"""The highest number that a text may name; no kernel knows so many."""

_ITEM = re.compile(r"0*([0-9]{1,6})(?:-0*([0-9]{1,6}))?", re.ASCII)
_RUN = re.compile("1+")


def parse_cpus(text: str) -> int:
    """The set of a list; a comma may follow the last item. ValueError tells what is wrong."""
    mask = 0
    if not text:
        return mask
    for item in text.removesuffix(",").split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise ValueError(f"{_shown(item)} is neither N nor N-M")
        first = int(match[1])
        last = first if match[2] is None else int(match[2])
        if last < first:
            raise ValueError(f"the range {_shown(item)} is reversed")
        if last > CPU_MAX:
            raise ValueError(f"{_shown(item)} is out of range 0..{CPU_MAX}")
        mask |= ((2 << (last - first)) - 1) << first
    return mask


def format_cpus(mask: int) -> str:
    """The list of a set, ascending; empty text for the empty set."""
    runs = _RUN.finditer(f"{mask:b}"[::-1]) if mask else ()
    return ",".join(
        str(run.start()) if run.end() == run.start() + 1 else f"{run.start()}-{run.end() - 1}"
        for run in runs
    )


def each_cpu(mask: int) -> Iterator[int]:
    """The numbers in a set, ascending."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _shown(item: str) -> str:
    return repr(item if len(item) <= 40 else item[:40] + "...")
