"""The controller of disk IO (blkio on v1): one meaning over `v1/io.py` and `v2/io.py`.

Reached as ``driver.io``. Disks are ``major:minor`` of whole disks. Manual section
"Disk IO".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from porto.kernel.cgroup.group import Group

UINT32_MAX = (1 << 32) - 1
UINT64_MAX = (1 << 64) - 1
IOPS_ENDLESS = UINT32_MAX - 1
"""The highest limit that is one for the kernel: no disk is as fast."""

Rows = Mapping[str, tuple[int, int]]
"""(reads, writes) by disk; disks without either are left out."""


@dataclass(frozen=True, slots=True)
class DiskLimit:
    """The limits of one disk; 0 is none. Bytes, and operations, per second."""

    read_bps: int = 0
    write_bps: int = 0
    read_iops: int = 0
    write_iops: int = 0

    def effective(self) -> "DiskLimit":
        """The same with 0 for what limits nothing."""
        return DiskLimit(
            *(limit if limit < UINT64_MAX else 0 for limit in (self.read_bps, self.write_bps)),
            *(limit if limit < IOPS_ENDLESS else 0 for limit in (self.read_iops, self.write_iops)),
        )


class Io(Protocol):
    """Limits to knobs, knobs to readings."""

    def unsupported(self) -> Mapping[str, str]:
        """Why a feature is not there, by its name; ``io.fs`` are limits of file systems."""

    def render_limits(self, limits: Mapping[str, DiskLimit]) -> Mapping[str, str]:
        """{knob: canonical text} for the limits by disk; all other disks have none."""

    def render_fs(self, bps: int, iops: int) -> Mapping[str, str]:
        """{knob of the memory controller: canonical text} at the level of file systems.

        Empty where the kernel has no such limits; 0 is none.
        """

    def render_weight(self, policy: str, weight: float) -> Mapping[str, str]:
        """{knob: canonical text} for io_policy and io_weight; empty without such a knob."""

    def texts(self, knob: str, want: str, have: str) -> Sequence[str]:
        """What to write, one after the other, so that a knob that says `have` says `want`."""

    def uncounted(self, disks: Iterable[str]) -> frozenset[str]:
        """Those of `disks` whose traffic the kernel does not count in a new group."""

    def start_counting(self, group: Group, disks: Iterable[str]) -> None:
        """Have the kernel count the traffic of these disks in a group; limits none."""

    def transferred(self, group: Group) -> Rows:
        """Bytes by disk, of the group and all below."""

    def operations(self, group: Group) -> Rows:
        """Operations by disk, of the group and all below."""

    def service_time(self, group: Group) -> Rows:
        """Nanoseconds by disk, of the group and all below."""

    def filesystem(self, group: Group) -> tuple[int, int, int] | None:
        """Bytes read, bytes written, operations of file systems; None if not counted."""

    def writeback(self, group: Group) -> int:
        """Bytes that are being written."""
