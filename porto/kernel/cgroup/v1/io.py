"""The controller of disk input and output (blkio on v1) of v1.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/io.py`. Kernel:
admin-guide/cgroup-v1/blkio-controller.rst, Documentation/block/bfq-iosched.rst.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import GroupFiles
from porto.kernel.cgroup.io_lines import (
    BASES,
    BASES_OF_100,
    join_lines,
    scaled,
    split_lines,
    statistic,
)
from porto.kernel.cgroup.meaning.io import IOPS_ENDLESS, DiskLimit, Rows
from porto.kernel.cgroup.tree import walk
from porto.kernel.host import totals

THROTTLE = "blkio.throttle."
READ_BPS = f"{THROTTLE}read_bps_device"
WRITE_BPS = f"{THROTTLE}write_bps_device"
READ_IOPS = f"{THROTTLE}read_iops_device"
WRITE_IOPS = f"{THROTTLE}write_iops_device"
BPS = (READ_BPS, WRITE_BPS)
IOPS = (READ_IOPS, WRITE_IOPS)
LIMITS = (*BPS, *IOPS)
SERVICED = f"{THROTTLE}io_serviced"

WEIGHT = "blkio.weight"
"""Of the scheduler CFQ, gone since Linux 5.0."""
BFQ_WEIGHT = "blkio.bfq.weight"

FS_BPS = "memory.fs_bps_limit"
FS_IOPS = "memory.fs_iops_limit"

_FLAVOURS = (THROTTLE, "blkio.bfq.", "blkio.")
"""Who counts, best first: the throttler sees all disks, a scheduler only its own."""
_ROW = re.compile(r"^(\d+:\d+) (?:(Read)|Write) ([1-9]\d*)$", re.MULTILINE | re.ASCII)


def canonical(text: str) -> str:
    """The limits as `IoV1.render_limits` writes them: sorted by disk, no unlimited ones."""
    if not text:
        return text
    return join_lines({disk: rest for disk, rest in split_lines(text).items() if int(rest)})


def canonical_iops(text: str) -> str:
    """The same without those that are there only for the sake of counting."""
    kept = {d: n for d, n in split_lines(text).items() if 0 < int(n) < IOPS_ENDLESS}
    return join_lines(kept)


def canonical_number(text: str) -> str:
    """A plain number."""
    return str(int(text))


CANONICAL: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(BPS, canonical),
    **dict.fromkeys(IOPS, canonical_iops),
    **dict.fromkeys((WEIGHT, BFQ_WEIGHT, FS_BPS, FS_IOPS), canonical_number),
}


class IoV1:
    """See `meaning.io.Io`."""

    def __init__(self, files: GroupFiles) -> None:
        self._files = files

    def unsupported(self) -> Mapping[str, str]:
        """Limits without the throttler, weights without CFQ and BFQ, and what is not counted."""
        if "blkio" not in self._files.controllers:
            return {"blkio": "this kernel offers no blkio controller"}
        reasons: dict[str, str] = {}
        if not self._has_fs:
            reasons["io.fs"] = f"this kernel has no {FS_BPS}"
            if not self._has(READ_BPS):
                reasons["io.limit"] = f"this kernel has no {READ_BPS}"
        if not self._weights:
            reasons["io.weight"] = f"this kernel has neither {WEIGHT} nor {BFQ_WEIGHT}"
        if self._counters["io_service_bytes"] is None:
            reasons["io.counters"] = f"this kernel has no {THROTTLE}io_service_bytes"
        if self._counters["io_service_time"] is None:
            reasons["io.times"] = "this kernel has no blkio.io_service_time_recursive"
        return reasons

    # -- limits ----------------------------------------------------------

    def render_limits(self, limits: Mapping[str, DiskLimit]) -> Mapping[str, str]:
        """The four knobs of the throttler; none where the kernel has none."""
        if not self._has(READ_BPS):
            return {}
        counted = {disk: limit.effective() for disk, limit in limits.items()}
        return {
            READ_BPS: _lines({disk: limit.read_bps for disk, limit in counted.items()}),
            WRITE_BPS: _lines({disk: limit.write_bps for disk, limit in counted.items()}),
            READ_IOPS: _lines({disk: limit.read_iops for disk, limit in counted.items()}),
            WRITE_IOPS: _lines({disk: limit.write_iops for disk, limit in counted.items()}),
        }

    def render_fs(self, bps: int, iops: int) -> Mapping[str, str]:
        """Two knobs of the memory controller, on kernels that have them."""
        return {FS_BPS: str(bps), FS_IOPS: str(iops)} if self._has_fs else {}

    def render_weight(self, policy: str, weight: float) -> Mapping[str, str]:
        """The weight knobs that there are."""
        texts = {
            WEIGHT: scaled(BASES[policy], weight, 10, 1000),
            BFQ_WEIGHT: scaled(BASES_OF_100[policy], weight, 1, 1000),
        }
        return {knob: texts[knob] for knob in self._weights}

    def texts(self, knob: str, want: str, have: str) -> Sequence[str]:
        """A line for each disk that differs, one without effect where there shall be no limit."""
        if knob not in LIMITS:
            return (want,)
        none = IOPS_ENDLESS if knob in IOPS and self._counts_limited_only else 0
        wanted, there = split_lines(want), split_lines(have)
        gone = [f"{disk} {none}" for disk in there if disk not in wanted]
        return (*gone, *(f"{d} {n}" for d, n in wanted.items() if there.get(d) != n))

    # -- readings --------------------------------------------------------

    def uncounted(self, disks: Iterable[str]) -> frozenset[str]:
        """Disks that the throttler has not been told of, or all.

        Since Linux 6.10 it begins with the first write to a knob that names the disk; some
        earlier kernels count only what passes a limit of the very group.
        """
        if not self._has(READ_BPS):
            return frozenset()
        if self._counts_limited_only:
            return frozenset(disks)
        text = self._files.read(self._files.root_group(), "blkio", SERVICED)
        return frozenset(disks) - split_lines(text).keys()

    def start_counting(self, group: Group, disks: Iterable[str]) -> None:
        """Tell the throttler of the disks, on some kernels by a limit beyond all disks."""
        if not self._counts_limited_only:
            for disk in disks:
                self._files.write(group, "blkio", READ_BPS, f"{disk} 0")
            return
        for knob in IOPS:
            limited = split_lines(self._files.read(group, "blkio", knob))
            for disk in disks:
                if disk not in limited:
                    self._files.write(group, "blkio", knob, f"{disk} {IOPS_ENDLESS}")

    def transferred(self, group: Group) -> Rows:
        """Bytes."""
        return self._rows(group, "io_service_bytes")

    def operations(self, group: Group) -> Rows:
        """Operations."""
        return self._rows(group, "io_serviced")

    def service_time(self, group: Group) -> Rows:
        """Nanoseconds."""
        return self._rows(group, "io_service_time")

    def filesystem(self, group: Group) -> tuple[int, int, int] | None:
        """From memory.stat."""
        if not self._counts_fs:
            return None
        text = self._files.read(group, "memory", "memory.stat")
        total, written = (statistic(text, f"fs_io_{word}bytes") or 0 for word in ("", "write_"))
        return total - written, written, statistic(text, "fs_io_operations") or 0

    def writeback(self, group: Group) -> int:
        """From memory.stat."""
        if "memory" not in self._files.controllers:
            return 0
        text = self._files.read(group, "memory", "memory.stat")
        return statistic(text, "total_writeback") or 0

    # -- inside ----------------------------------------------------------

    @cached_property
    def _counts_limited_only(self) -> bool:
        """Whether the host's own traffic is not counted, as in cgroup v1 of Linux 6.1.

        Its throttler skips what no rule applies to, the counters included.
        """
        if not self._has(SERVICED):
            return False
        text = self._files.read(self._files.root_group(), "blkio", SERVICED)
        if _parse(text):
            return False
        busy = totals.disks(totals.OPERATIONS)
        return any(any(busy.get(disk, ())) for disk in split_lines(text))

    def _has(self, knob: str) -> bool:
        return knob in self._knobs

    @cached_property
    def _knobs(self) -> frozenset[str]:
        """Which of these knobs the host's own groups have, looked at once."""
        files = ("io_service_bytes", "io_serviced", "io_service_time")
        counters = [f"{flavour}{file}{tail}" for flavour in _FLAVOURS for file in files
                    for tail in ("_recursive", "")]  # fmt: skip
        found = {knob for knob in (*LIMITS, WEIGHT, *counters) if self._exists("blkio", knob)}
        return frozenset(found | {knob for knob in (FS_BPS,) if self._exists("memory", knob)})

    def _exists(self, controller: str, knob: str) -> bool:
        try:
            self._files.read(self._files.root_group(), controller, knob)
        except FileNotFoundError:
            return False
        return True

    @cached_property
    def _weights(self) -> tuple[str, ...]:
        """Knobs of weight. The host's own group has none of BFQ, but its counters."""
        found = ((WEIGHT, WEIGHT), (BFQ_WEIGHT, "blkio.bfq.io_serviced"))
        return tuple(knob for knob, sign in found if self._has(sign))

    @property
    def _has_fs(self) -> bool:
        return self._has(FS_BPS)

    @cached_property
    def _counts_fs(self) -> bool:
        if not self._exists("memory", "memory.stat"):
            return False
        text = self._files.read(self._files.root_group(), "memory", "memory.stat")
        return statistic(text, "fs_io_bytes") is not None

    def _counter(self, file: str) -> str | None:
        """The best knob that counts; one that ends so sums up by itself, "_recursive"."""
        throttler = (f"{THROTTLE}{file}_recursive", f"{THROTTLE}{file}")
        schedulers = (f"blkio.bfq.{file}_recursive", f"blkio.{file}_recursive")
        return next((knob for knob in (*throttler, *schedulers) if self._has(knob)), None)

    @cached_property
    def _counters(self) -> Mapping[str, str | None]:
        files = ("io_service_bytes", "io_serviced", "io_service_time")
        return {file: self._counter(file) for file in files}

    def _rows(self, group: Group, file: str) -> Rows:
        knob = self._counters[file]
        if knob is None:
            return {}
        if knob.endswith("_recursive"):
            return _parse(self._files.read(group, "blkio", knob))
        total: dict[str, tuple[int, int]] = {}
        for directory in walk(self._files.knobs, group.directories["blkio"]):
            try:
                text = self._files.knobs.read(f"{directory}/{knob}").decode()
            except FileNotFoundError:
                continue
            for disk, (reads, writes) in _parse(text).items():
                before = total.get(disk, (0, 0))
                total[disk] = (before[0] + reads, before[1] + writes)
        return total


def _parse(text: str) -> Rows:
    rows: dict[str, tuple[int, int]] = {}
    for disk, read, number in _ROW.findall(text):
        reads, writes = rows.get(disk, (0, 0))
        rows[disk] = (int(number), writes) if read else (reads, int(number))
    return rows


def _lines(limits: Mapping[str, int]) -> str:
    return join_lines({disk: str(limit) for disk, limit in limits.items() if limit})
