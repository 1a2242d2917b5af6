"""The memory controller of v1: limits to knobs, knobs to readings.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/memory.py`. Kernel:
admin-guide/cgroup-v1/memory.rst. Knobs that no mainline kernel has (anon and dirty
limits, the low limit of guarantees, recharge) are used where they are found.
"""

import contextlib
import errno
import os
from collections.abc import Callable, Mapping, Sequence

from porto.kernel.cgroup.amounts import PAGE, UNLIMITED, Fields, canonical_v1, fields, rendered
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import GroupFiles
from porto.kernel.cgroup.meaning.memory import MemoryLimits, Promise

LIMIT = "memory.limit_in_bytes"
SWAP_LIMIT = "memory.memsw.limit_in_bytes"
"""Of memory and swap together; there only where the kernel accounts swap."""
SOFT = "memory.soft_limit_in_bytes"
USAGE = "memory.usage_in_bytes"
STAT = "memory.stat"
HIERARCHY = "memory.use_hierarchy"
LOW = "memory.low_limit_in_bytes"
ANON_LIMIT = "memory.anon.limit"
ANON_USAGE = "memory.anon.usage"
ANON_PEAK = "memory.anon.max_usage"
ANON_ONLY = "memory.anon.only"
DIRTY_LIMIT = "memory.dirty_limit_in_bytes"
DIRTY_RATIO = "memory.dirty_ratio"
DIRTY_RATIO_DEFAULT = "50"
RECHARGE = "memory.recharge_on_pgfault"

_PROBED = (
    SWAP_LIMIT,
    SOFT,
    LOW,
    ANON_LIMIT,
    ANON_USAGE,
    ANON_PEAK,
    ANON_ONLY,
    DIRTY_LIMIT,
    DIRTY_RATIO,
    RECHARGE,
)
_OFFSTREAM = "needs an offstream kernel feature, {}"
_ATTEMPTS_MAX = 200

CANONICAL: Mapping[str, Callable[[str], str]] = dict.fromkeys(
    (LIMIT, SWAP_LIMIT, SOFT, LOW, ANON_LIMIT, DIRTY_LIMIT), canonical_v1
)


class MemoryV1:
    """See `meaning.memory.Memory`."""

    guarantee_knob: str | None = None
    reclaiming = frozenset({LIMIT, SWAP_LIMIT})

    def __init__(self, files: GroupFiles) -> None:
        """Looks once which knobs the kernel has, at those of the root cgroup."""
        self._files = files
        self._there = "memory" in files.controllers
        self._knobs: frozenset[str] = frozenset()
        self._flat = self._counts_rss = False
        if self._there:
            self._look(files.root_group().directories["memory"])

    def _look(self, root: str) -> None:
        knobs = self._files.knobs
        self._knobs = frozenset(k for k in _PROBED if knobs.is_directory(f"{root}/{k}"))
        # Gone or always 1 since Linux 5.11; before that children must be told to count.
        with contextlib.suppress(FileNotFoundError):
            self._flat = knobs.read(f"{root}/{HIERARCHY}").strip() == b"0"
        with contextlib.suppress(FileNotFoundError):
            self._counts_rss = b"\ntotal_max_rss " in knobs.read(f"{root}/{STAT}")

    def unsupported(self) -> Mapping[str, str]:
        """The controller, or what it has no knob for."""
        if not self._there:
            return {"memory": "this kernel offers no memory controller"}
        needed = {
            "memory.anon.limit": ANON_LIMIT,
            "memory.anon.peak": ANON_PEAK,
            "memory.anon.only": ANON_ONLY,
            "memory.low": LOW,
            "memory.recharge": RECHARGE,
        }
        missing = {
            name: _OFFSTREAM.format(knob)
            for name, knob in needed.items()
            if knob not in self._knobs
        }
        if not self._knobs & {DIRTY_LIMIT, DIRTY_RATIO}:
            missing["memory.dirty"] = _OFFSTREAM.format(DIRTY_LIMIT)
        if not self._counts_rss and ANON_PEAK not in self._knobs:
            missing["memory.rss.peak"] = _OFFSTREAM.format("total_max_rss in memory.stat")
        if SOFT not in self._knobs:
            missing["memory.soft"] = f"this kernel has no {SOFT}"
        return missing

    # -- limits ------------------------------------------------------------

    def render(self, limits: MemoryLimits) -> Mapping[str, str]:
        """Memory with swap is limited to the same as memory: nothing is swapped out."""
        limit = _amount(limits.limit)
        texts = {HIERARCHY: "1"} if self._flat else {}
        texts[LIMIT] = limit
        offered = {
            SWAP_LIMIT: limit,
            LOW: rendered(limits.guarantee, "-1"),
            ANON_LIMIT: _amount(limits.anon),
            ANON_ONLY: str(int(limits.anon_only)),
            RECHARGE: str(int(limits.recharge)),
        }
        if limits.dirty or DIRTY_RATIO not in self._knobs:
            offered[DIRTY_LIMIT] = rendered(limits.dirty, "-1")
        else:
            offered[DIRTY_RATIO] = DIRTY_RATIO_DEFAULT
        texts.update((knob, text) for knob, text in offered.items() if knob in self._knobs)
        return texts

    def render_pressure(self, soft: int) -> Mapping[str, str]:
        """The soft limit."""
        return {SOFT: _amount(soft)}

    def write(self, group: Group, knob: str, text: str) -> None:
        """Write a rendered knob; both limits are moved together."""
        directory = group.directories["memory"]
        if knob in (LIMIT, SWAP_LIMIT):
            self._limit(directory, text)
        else:
            self._files.knobs.write(f"{directory}/{knob}", text)

    def promise(self, group: Group, own: Promise, above: Sequence[Promise]) -> None:
        """Nothing: the kernel that knows guarantees here wants none of the ancestors."""

    def promised(self) -> int | None:
        """None."""
        return None

    def _limit(self, directory: str, text: str) -> None:
        """Put both limits to `text`, or leave both as they were.

        The kernel refuses (EINVAL) a limit of memory above that of memory and swap.
        """
        knobs = self._files.knobs
        limit, swap = f"{directory}/{LIMIT}", f"{directory}/{SWAP_LIMIT}"
        old_limit = knobs.read(limit).decode()
        old_swap = knobs.read(swap).decode() if SWAP_LIMIT in self._knobs else "-1"
        raised = _number(text) > _number(old_swap)
        try:
            if raised:
                knobs.write(swap, text)
            self._approach(directory, old_limit, text)
            if SWAP_LIMIT in self._knobs and not raised:
                knobs.write(swap, text)
        except OSError:
            # The first error is the one to tell.
            with contextlib.suppress(OSError):
                knobs.write(limit, canonical_v1(old_limit))
                if raised:
                    knobs.write(swap, canonical_v1(old_swap))
            raise

    def _approach(self, directory: str, old: str, text: str) -> None:
        """Lower a limit by halves where the kernel does not reach it in one step."""
        knobs, limit = self._files.knobs, f"{directory}/{LIMIT}"
        wanted = _number(text)
        if wanted >= _number(old):
            knobs.write(limit, text)
            return
        # Above the usage a lower limit is free, so the way begins there.
        present = min(_number(old), int(knobs.read(f"{directory}/{USAGE}")) + PAGE)
        attempt = wanted
        for _ in range(_ATTEMPTS_MAX):
            try:
                knobs.write(limit, str(attempt))
            except OSError as error:
                step = (present - attempt) // 2
                if error.errno != errno.EBUSY or step < PAGE:
                    raise
                attempt += step
            else:
                if attempt == wanted:
                    return
                present, attempt = attempt, wanted
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), limit)

    # -- readings ----------------------------------------------------------

    def usage(self, group: Group) -> int:
        """Anonymous memory and cache."""
        return self._number(group, USAGE)

    def anon(self, group: Group) -> int:
        """What is on the lists of anonymous memory, and what was swapped out."""
        if ANON_USAGE in self._knobs:
            return self._number(group, ANON_USAGE)
        return _anon(self._stat(group))

    def cache(self, group: Group) -> int:
        """What is on the lists of files."""
        stat = self._stat(group)
        return stat["total_inactive_file"] + stat["total_active_file"]

    def shmem(self, group: Group) -> int:
        """Shared memory; kernels before 4.19 do not say it but by the rest."""
        stat = self._stat(group)
        found = stat.get("total_shmem")
        return max(0, _anon(stat) - stat["total_rss"]) if found is None else found

    def locked(self, group: Group) -> int:
        """What is on the list of the unevictable."""
        return self._stat(group)["total_unevictable"]

    def max_rss(self, group: Group) -> int:
        """The peak of the anonymous memory."""
        if ANON_PEAK in self._knobs:
            return self._number(group, ANON_PEAK)
        return self._stat(group)["total_max_rss"]

    def minor_faults(self, group: Group) -> int:
        """Page faults without a read from disk."""
        stat = self._stat(group)
        return stat["total_pgfault"] - stat["total_pgmajfault"]

    def major_faults(self, group: Group) -> int:
        """Page faults with one."""
        return self._stat(group)["total_pgmajfault"]

    def reclaimed(self, group: Group) -> int:
        """Everything that was uncharged: v1 counts nothing closer."""
        return self._stat(group)["total_pgpgout"] * PAGE

    def _number(self, group: Group, knob: str) -> int:
        return int(self._files.read(group, "memory", knob))

    def _stat(self, group: Group) -> Fields:
        return fields(self._files.read(group, "memory", STAT))


def _amount(limit: int) -> str:
    return rendered(limit, "-1") if limit else "-1"


def _number(text: str) -> int:
    """A v1 amount to be compared; no limit is the largest."""
    amount = int(canonical_v1(text))
    return UNLIMITED if amount < 0 else amount


def _anon(stat: Mapping[str, int]) -> int:
    lists = ("total_inactive_anon", "total_active_anon", "total_unevictable")
    return sum(stat[word] for word in lists) + stat.get("total_swap", 0)
