"""The controller of disk input and output (blkio on v1) of v2.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/io.py`. Kernel:
admin-guide/cgroup-v2.rst, "IO".
"""

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import GroupFiles
from porto.kernel.cgroup.io_lines import BASES_OF_100, join_lines, scaled, split_lines, statistic
from porto.kernel.cgroup.meaning.io import DiskLimit, Rows

MAX = "io.max"
STAT = "io.stat"
WEIGHT = "io.weight"
BFQ_WEIGHT = "io.bfq.weight"
WORDS = ("rbps", "wbps", "riops", "wiops")
LEAST = 2
"""A smaller limit is refused (EINVAL)."""
NONE = " ".join(f"{word}=max" for word in WORDS)


def canonical(text: str) -> str:
    """The limits as `IoV2.render_limits` writes them: sorted by disk, no unlimited ones."""
    return _join({disk: _pairs(rest) for disk, rest in split_lines(text).items()})


def canonical_weight(text: str) -> str:
    """The group's own weight; lines of single disks, which we do not write, are left out."""
    words = text.split()
    number = words[words.index("default") + 1] if "default" in words else words[0]
    return str(int(number))


CANONICAL: Mapping[str, Callable[[str], str]] = {
    MAX: canonical,
    WEIGHT: canonical_weight,
    BFQ_WEIGHT: canonical_weight,
}


class IoV2:
    """See `meaning.io.Io`."""

    def __init__(self, files: GroupFiles) -> None:
        """Looks once which knobs our top directory has; the host's own group lacks most."""
        self._files = files
        top = os.path.dirname(files.make_group("a", ["a"], (frozenset(),)).own[0])
        self._knobs = frozenset(
            knob for knob in (MAX, WEIGHT, BFQ_WEIGHT) if files.knobs.is_directory(f"{top}/{knob}")
        )
        self._weights = tuple(knob for knob in (WEIGHT, BFQ_WEIGHT) if knob in self._knobs)

    def unsupported(self) -> Mapping[str, str]:
        """Limits of file systems, times, weights without a scheduler that knows them."""
        if "blkio" not in self._files.controllers:
            return {"blkio": "this kernel offers no io controller"}
        reasons = {"io.fs": "this kernel has no memory.fs_bps_limit"}
        reasons["io.times"] = f"{STAT} of cgroup v2 tells no time"
        if MAX not in self._knobs:
            reasons["io.limit"] = f"this kernel has no {MAX}"
        if not self._weights:
            reasons["io.weight"] = f"this kernel has neither {WEIGHT} nor {BFQ_WEIGHT}"
        return reasons

    # -- limits ----------------------------------------------------------

    def render_limits(self, limits: Mapping[str, DiskLimit]) -> Mapping[str, str]:
        """One knob; none where the kernel has none. A limit of 1 becomes 2."""
        if MAX not in self._knobs:
            return {}
        pairs = {}
        for disk, limit in limits.items():
            numbers = dataclasses.astuple(limit.effective())
            least = (number and max(number, LEAST) for number in numbers)
            pairs[disk] = dict(zip(WORDS, least, strict=True))
        return {MAX: _join(pairs)}

    def render_fs(self, bps: int, iops: int) -> Mapping[str, str]:
        """Nothing: no kernel has them here."""
        return {}

    def render_weight(self, policy: str, weight: float) -> Mapping[str, str]:
        """The weight knobs that there are."""
        texts = {
            WEIGHT: scaled(BASES_OF_100[policy], weight, 1, 10000),
            BFQ_WEIGHT: scaled(BASES_OF_100[policy], weight, 1, 1000),
        }
        return {knob: texts[knob] for knob in self._weights}

    def texts(self, knob: str, want: str, have: str) -> Sequence[str]:
        """A line for each disk that differs, all its limits in it."""
        if knob != MAX:
            return (want,)
        wanted, there = split_lines(want), split_lines(have)
        gone = [f"{disk} {NONE}" for disk in there if disk not in wanted]
        changed = [disk for disk, rest in wanted.items() if there.get(disk) != rest]
        return (*gone, *(f"{disk} {_all_words(wanted[disk])}" for disk in changed))

    # -- readings --------------------------------------------------------

    def uncounted(self, disks: Iterable[str]) -> frozenset[str]:
        """None: all disks are counted always."""
        return frozenset()

    def start_counting(self, group: Group, disks: Iterable[str]) -> None:
        """Nothing to do."""

    def transferred(self, group: Group) -> Rows:
        """Bytes."""
        return self._rows(group, "rbytes", "wbytes")

    def operations(self, group: Group) -> Rows:
        """Operations."""
        return self._rows(group, "rios", "wios")

    def service_time(self, group: Group) -> Rows:
        """Nothing."""
        return {}

    def filesystem(self, group: Group) -> tuple[int, int, int] | None:
        """Not counted."""
        return None

    def writeback(self, group: Group) -> int:
        """From memory.stat."""
        if "memory" not in self._files.controllers:
            return 0
        text = self._files.read(group, "memory", "memory.stat")
        return statistic(text, "file_writeback") or 0

    # -- inside ----------------------------------------------------------

    def _rows(self, group: Group, read: str, write: str) -> Rows:
        rows = {}
        for line in self._files.read(group, "io", STAT).splitlines():
            # Some kernels name idle disks, too, without ending their lines.
            names, _, rest = line.partition("=")
            disk, _, first = names.rpartition(" ")
            pairs = _pairs(f"{first}={rest}")
            if pairs.get(read) or pairs.get(write):
                rows[disk.rpartition(" ")[2]] = (pairs.get(read, 0), pairs.get(write, 0))
        return rows


def _pairs(rest: str) -> dict[str, int]:
    """``word=number ...``; what is no number, like max, is left out."""
    pairs = (item.partition("=") for item in rest.split())
    return {word: int(number) for word, _, number in pairs if number.isdecimal()}


def _all_words(rest: str) -> str:
    """A disk's limits with those that it has not."""
    pairs = _pairs(rest)
    return " ".join(f"{word}={pairs.get(word) or 'max'}" for word in WORDS)


def _join(limits: Mapping[str, Mapping[str, int]]) -> str:
    lines = {
        disk: " ".join(f"{word}={pairs[word]}" for word in WORDS if pairs.get(word))
        for disk, pairs in limits.items()
    }
    return join_lines({disk: line for disk, line in lines.items() if line})
