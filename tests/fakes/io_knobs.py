"""The io controller of the fake kernel: limits by disk, weights.

Used by `cgroupfs.py`. tests/contract/test_io.py proves what the kernel does with the same
texts; its disks here are `DISKS`.
"""

import errno
import os
from collections.abc import Callable
from pathlib import Path

DISKS = ("8:0", "8:16", "254:0")
UINT32_MAX = (1 << 32) - 1
UINT64_MAX = (1 << 64) - 1
WORDS = ("rbps", "wbps", "riops", "wiops")

_LIMITS = tuple(f"blkio.throttle.{way}_{unit}_device" for unit in ("bps", "iops")
                for way in ("read", "write"))  # fmt: skip
_COUNTERS = tuple(f"blkio.{flavour}.{file}{tail}" for flavour in ("throttle", "bfq")
                  for file in ("io_service_bytes", "io_serviced")
                  for tail in ("", "_recursive"))  # fmt: skip
V1_ROOT = {**dict.fromkeys(_LIMITS, ""), **dict.fromkeys(_COUNTERS, "Total 0")}
V1 = {**V1_ROOT, "blkio.bfq.weight": "100"}
V2_ROOT = {"io.stat": ""}
V2 = {"io.max": "", "io.stat": "", "io.weight": "default 100", "io.bfq.weight": "default 100"}


def write(directory: str, name: str, text: str) -> bool:
    """Whether this is a knob of io; then it was written."""
    path = Path(directory, name)

    def refuse(code: int) -> None:
        raise OSError(code, os.strerror(code), str(path))

    if name in _LIMITS:
        disk, _, number = text.partition(" ")
        _known(disk, refuse)
        if not number.isdecimal():
            refuse(errno.EINVAL)
        limit = int(number)
        limit = min(limit, UINT32_MAX) if "iops" in name else limit
        none = limit in (0, UINT32_MAX if "iops" in name else UINT64_MAX)
        _replace(path, disk, "" if none else str(limit))
    elif name == "io.max":
        disk, *words = text.split()
        _known(disk, refuse)
        lines = dict(line.split(" ", 1) for line in path.read_text().splitlines() if line)
        limits = dict(pair.split("=") for pair in lines.get(disk, "").split())
        for word, _, number in (item.partition("=") for item in words):
            if word not in WORDS or number == "1" or not (number == "max" or number.isdecimal()):
                refuse(errno.EINVAL)
            if number == "0":
                refuse(errno.ERANGE)
            most = UINT32_MAX if word.endswith("iops") else UINT64_MAX
            limits[word] = number if number != "max" and int(number) < most else "max"
        shown = " ".join(f"{word}={limits.get(word, 'max')}" for word in WORDS)
        _replace(path, disk, shown if set(limits.values()) != {"max"} else "")
    elif name in ("blkio.bfq.weight", "io.weight", "io.bfq.weight"):
        number = text.removeprefix("default ")
        most = 10000 if name == "io.weight" else 1000
        if not number.isdecimal() or not 1 <= int(number) <= most:
            refuse(errno.ERANGE)
        path.write_text(f"{number}\n" if name.startswith("blkio") else f"default {number}\n")
    else:
        return False
    return True


def _known(disk: str, refuse: Callable[[int], None]) -> None:
    if not all(word.isdecimal() for word in disk.split(":")) or disk.count(":") != 1:
        refuse(errno.EINVAL)
    if disk not in DISKS:
        refuse(errno.ENODEV)


def _replace(path: Path, disk: str, rest: str) -> None:
    """One line; the kernel shows the youngest disk first."""
    lines = dict(line.split(" ", 1) for line in path.read_text().splitlines() if line)
    kept = {other: text for other, text in lines.items() if other != disk}
    kept = {disk: rest, **kept} if rest else kept
    path.write_text("".join(f"{other} {text}\n" for other, text in kept.items()))
