"""The memory controller of the fake kernel: page rounding, limits against usage, reclaim.

Used by `cgroupfs.py`. `use` puts anonymous memory and cache into a group; cache can be
reclaimed, anonymous memory cannot (there is no swap). tests/contract/ proves what the
kernel does with the same texts.
"""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

PAGE = 4096
UNLIMITED = ((1 << 63) - 1) // PAGE * PAGE

_STAT_WORDS = (
    "inactive_anon",
    "active_anon",
    "inactive_file",
    "active_file",
    "unevictable",
    "pgfault",
    "pgmajfault",
    "shmem",
)
V1_STAT = "".join(
    f"{word} 0\ntotal_{word} 0\n" for word in (*_STAT_WORDS, "cache", "rss", "swap", "pgpgout")
)
V2_STAT = "".join(f"{word} 0\n" for word in ("anon", "file", *_STAT_WORDS, "pgsteal"))
V1_ROOT = {
    "memory.limit_in_bytes": str(UNLIMITED),
    "memory.memsw.limit_in_bytes": str(UNLIMITED),
    "memory.soft_limit_in_bytes": str(UNLIMITED),
    "memory.usage_in_bytes": "0",
    "memory.use_hierarchy": "1",
    "memory.stat": V1_STAT,
}
V2_ROOT = {"memory.stat": V2_STAT}
V2 = {
    "memory.max": "max",
    "memory.high": "max",
    "memory.low": "0",
    "memory.swap.max": "max",
    "memory.swap.current": "0",
    "memory.current": "0",
    "memory.stat": V2_STAT,
}
HUGE_V1 = {
    "hugetlb.2MB.limit_in_bytes": str(UNLIMITED >> 21 << 21),
    "hugetlb.2MB.usage_in_bytes": "0",
    "hugetlb.1GB.limit_in_bytes": str(UNLIMITED >> 30 << 30),
}
HUGE_V2 = {"hugetlb.2MB.max": "max", "hugetlb.2MB.current": "0", "hugetlb.1GB.max": "max"}


@dataclass
class Usage:
    """What a group holds."""

    anon: int = 0
    cache: int = 0


class MemoryKnobs:
    """Usage by directory, and what writes to the knobs do."""

    def __init__(self) -> None:
        self._usage: dict[str, Usage] = {}
        self.killed: list[str] = []
        """Directories in which the OOM killer acted."""

    def use(self, directory: str, *, anon: int = 0, cache: int = 0) -> None:
        """Let a group hold this."""
        self._usage[directory] = Usage(anon, cache)

    def total(self, directory: str) -> int:
        """What it holds."""
        usage = self._usage.get(directory, Usage())
        return usage.anon + usage.cache

    def read(self, directory: str, name: str) -> str | None:
        """The text of a knob that follows the usage."""
        if name in ("memory.usage_in_bytes", "memory.current"):
            return f"{self.total(directory)}\n"
        return None

    def write(self, directory: str, name: str, text: str) -> bool:
        """Whether this is a knob of memory; then it was written."""
        if name.startswith("hugetlb.") and name.endswith((".max", ".limit_in_bytes")):
            unit = 1 << 30 if "1GB" in name else 1 << 21
            self._store(directory, name, _amount(text, name, directory) // unit * unit)
        elif name in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"):
            self._limit(directory, name, _amount(text, name, directory))
        elif name == "memory.soft_limit_in_bytes":
            self._store(directory, name, _amount(text, name, directory))
        elif name in ("memory.high", "memory.max", "memory.low", "memory.swap.max"):
            amount = _amount(text, name, directory)
            if name in ("memory.high", "memory.max"):
                self._reclaim(directory, amount)
            if name == "memory.max" and self.total(directory) > amount:
                self.killed.append(directory)
            self._store(directory, name, amount)
        else:
            return False
        return True

    def _limit(self, directory: str, name: str, amount: int) -> None:
        memory, both = "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"
        other = int(Path(directory, both if name == memory else memory).read_text())
        if amount > other if name == memory else amount < other:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), f"{directory}/{name}")
        self._reclaim(directory, amount)
        if self.total(directory) > amount:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), f"{directory}/{name}")
        self._store(directory, name, amount)

    def _reclaim(self, directory: str, amount: int) -> None:
        usage = self._usage.get(directory)
        if usage is not None:
            usage.cache = max(0, min(usage.cache, amount - usage.anon))

    @staticmethod
    def _store(directory: str, name: str, amount: int) -> None:
        v2 = not name.endswith("_in_bytes")
        unit = 1 << 30 if "1GB" in name else 1 << 21 if "2MB" in name else PAGE
        text = "max" if v2 and amount >= UNLIMITED // unit * unit else str(amount)
        Path(directory, name).write_text(text + "\n")


def _amount(text: str, name: str, directory: str) -> int:
    """As page_counter_memparse."""
    if text == ("-1" if name.endswith("_in_bytes") else "max"):
        return UNLIMITED
    if not text.isdigit():
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), f"{directory}/{name}")
    return min(int(text) // PAGE * PAGE, UNLIMITED)
