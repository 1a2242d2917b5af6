"""The memory controller of v2: limits to knobs, knobs to readings.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/memory.py`. Kernel:
admin-guide/cgroup-v2.rst, "Memory Interface Files", "Memory Ownership".

A guarantee is memory.low, which the reclaimer skips as long as there is anything else to
take; memory.min would make the OOM killer act instead. The kernel honours it only as far
as every ancestor's memory.low reaches, so the ancestors' are raised with it, up to the
directory that holds all containers.
"""

import errno
import os
from collections.abc import Callable, Mapping, Sequence

from porto.kernel.cgroup.amounts import PAGE, Fields, canonical_v2, fields, rendered
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import GroupFiles
from porto.kernel.cgroup.meaning.memory import MemoryLimits, Promise

LIMIT = "memory.max"
HIGH = "memory.high"
LOW = "memory.low"
SWAP_LIMIT = "memory.swap.max"
SWAP_USAGE = "memory.swap.current"
USAGE = "memory.current"
STAT = "memory.stat"

_OFFSTREAM = "needs an offstream kernel feature of cgroup v1"

CANONICAL: Mapping[str, Callable[[str], str]] = dict.fromkeys(
    (LIMIT, HIGH, LOW, SWAP_LIMIT), canonical_v2
)


class MemoryV2:
    """See `meaning.memory.Memory`."""

    guarantee_knob: str | None = LOW
    reclaiming = frozenset({LIMIT, HIGH})

    def __init__(self, files: GroupFiles) -> None:
        """Looks once which knobs the kernel has, in the directory of all containers."""
        self._files = files
        self._there = "memory" in files.controllers
        self._top = os.path.dirname(files.make_group("a", ["a"], (frozenset(),)).own[0])
        self._root = files.root_group().directories.get("memory")
        self._swaps = files.knobs.is_directory(f"{self._top}/{SWAP_LIMIT}")

    def unsupported(self) -> Mapping[str, str]:
        """What v2 has no knob for, and the controller."""
        missing = {
            "memory.anon.limit": _OFFSTREAM,
            "memory.anon.peak": _OFFSTREAM,
            "memory.anon.only": _OFFSTREAM,
            "memory.dirty": _OFFSTREAM,
            "memory.rss.peak": _OFFSTREAM + "; memory.peak counts cache too",
            "memory.soft": "cgroup v2 has no soft limit; memory.high would hold back "
            "tasks that start",
            "memory.recharge": _OFFSTREAM,
        }
        if not self._there:
            missing["memory"] = "this kernel offers no memory controller"
        return missing

    # -- limits ------------------------------------------------------------

    def render(self, limits: MemoryLimits) -> Mapping[str, str]:
        """With a limit nothing is swapped out, as on v1."""
        texts = {LIMIT: _amount(limits.limit), HIGH: _amount(limits.high)}
        if self._swaps:
            texts[SWAP_LIMIT] = "max" if texts[LIMIT] == "max" else "0"
        texts[LOW] = rendered(limits.guarantee_total, "max")
        return texts

    def render_pressure(self, soft: int) -> Mapping[str, str]:
        """Nothing: memory.high is no soft limit, it stops those who allocate."""
        return {}

    def write(self, group: Group, knob: str, text: str) -> None:
        """Write a rendered knob."""
        directory = group.directories["memory"]
        if knob == LIMIT:
            self._limit(directory, text)
        else:
            self._files.knobs.write(f"{directory}/{knob}", text)

    def _limit(self, directory: str, text: str) -> None:
        """A memory.max below the usage would call the OOM killer; memory.high does not.

        It makes the kernel reclaim what it can before the write returns.
        """
        knobs = self._files.knobs
        limit, high, usage = (f"{directory}/{knob}" for knob in (LIMIT, HIGH, USAGE))
        if text == "max" or int(knobs.read(usage)) <= int(text):
            knobs.write(limit, text)
            return
        old = knobs.read(high).decode().strip()
        knobs.write(high, text)
        try:
            if int(knobs.read(usage)) > int(text):
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), limit)
            knobs.write(limit, text)
        finally:
            knobs.write(high, old)

    def promise(self, group: Group, own: Promise, above: Sequence[Promise]) -> None:
        """Write memory.low of each ancestor, and of what holds its own tasks beside it.

        An ancestor's tasks have a group of their own beside its children; unless the
        hierarchy is mounted with memory_recursiveprot, a group without memory.low has
        no part in the parent's.
        """
        directory, leaf = group.own[0], os.path.basename(group.own[1])
        self._adjust(f"{directory}/{leaf}/{LOW}", own.rest)
        for promise in above:
            directory = os.path.dirname(directory)
            self._adjust(f"{directory}/{LOW}", promise.total)
            self._adjust(f"{directory}/{leaf}/{LOW}", promise.rest)

    def promised(self) -> int | None:
        """memory.low of the directory of all containers."""
        try:
            text = canonical_v2(self._files.knobs.read(f"{self._top}/{LOW}").decode())
        except FileNotFoundError:
            return None
        return -1 if text == "max" else int(text)

    def _adjust(self, path: str, amount: int) -> None:
        knobs = self._files.knobs
        text = rendered(amount, "max")
        try:
            if canonical_v2(knobs.read(path).decode()) != text:
                knobs.write(path, text)
        except (FileNotFoundError, ProcessLookupError):
            return  # no child with the controller, or gone
        except OSError as error:
            if error.errno != errno.ENODEV:  # removed since it was opened
                raise

    # -- readings ----------------------------------------------------------

    def usage(self, group: Group) -> int:
        """Anonymous memory and cache; the root group has no memory.current."""
        if group.directories.get("memory") != self._root:
            return self._number(group, USAGE)
        stat = self._stat(group)
        return stat["anon"] + stat["file"]

    def anon(self, group: Group) -> int:
        """What is on the lists of anonymous memory, and what was swapped out."""
        stat = self._stat(group)
        lists = stat["inactive_anon"] + stat["active_anon"] + stat["unevictable"]
        return lists + self._swapped(group)

    def cache(self, group: Group) -> int:
        """What is on the lists of files."""
        stat = self._stat(group)
        return stat["inactive_file"] + stat["active_file"]

    def shmem(self, group: Group) -> int:
        """Shared memory and tmpfs."""
        return self._stat(group)["shmem"]

    def locked(self, group: Group) -> int:
        """What is on the list of the unevictable."""
        return self._stat(group)["unevictable"]

    def max_rss(self, group: Group) -> int:
        """Not known here, see `unsupported`."""
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), STAT)

    def minor_faults(self, group: Group) -> int:
        """Page faults without a read from disk."""
        stat = self._stat(group)
        return stat["pgfault"] - stat["pgmajfault"]

    def major_faults(self, group: Group) -> int:
        """Page faults with one."""
        return self._stat(group)["pgmajfault"]

    def reclaimed(self, group: Group) -> int:
        """Pages that the reclaimer took."""
        return self._stat(group).get("pgsteal", 0) * PAGE

    def _swapped(self, group: Group) -> int:
        if not self._swaps:
            return 0
        try:
            return self._number(group, SWAP_USAGE)
        except FileNotFoundError:  # the root group has none
            return 0

    def _number(self, group: Group, knob: str) -> int:
        return int(self._files.read(group, "memory", knob))

    def _stat(self, group: Group) -> Fields:
        return fields(self._files.read(group, "memory", STAT))


def _amount(limit: int) -> str:
    return rendered(limit, "max") if limit else "max"
