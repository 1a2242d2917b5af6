"""The controller of CPU time: one meaning over `v1/cpu.py` and `v2/cpu.py`.

Reached as ``driver.cpu``; serves the readings of cpuacct, too. Power is nanoseconds of CPU
time per second, times are nanoseconds.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from porto.kernel.cgroup.group import Group
from porto.kernel.process import scheduling

CORE = 10**9
SHARES_DEFAULT = 1024
SHARES_MIN, SHARES_MAX = 2, 1 << 18
"""include/linux/sched: the kernel clamps shares of v1 to this."""

QUOTA_MIN = 1000
QUOTA_MAX = (1 << 44) - 1
"""Microseconds that the kernel accepts; more than the largest is no limit."""

NO_ISO = "the kernel has no SCHED_ISO"
NO_REALTIME = "its cgroup, which may be its parent's, has no realtime to give (cpu.rt_runtime_us)"
ISO = "cpu.iso"

_BOOST = {"rt": 256, "high": 16, "iso": 16}


@dataclass(frozen=True, slots=True)
class CpuTime:
    """What a container shall get.

    limit     -- power, 0 for unlimited
    guarantee -- power
    period    -- microseconds of the limit's accounting
    weight    -- 0.01..100
    policy    -- word of the property cpu_policy
    realtime  -- whether its tasks get a realtime class and so need realtime bandwidth
    """

    limit: int = 0
    guarantee: int = 0
    period: int = 100_000
    weight: float = 1.0
    policy: str = "normal"
    realtime: bool = False

    @property
    def quota(self) -> int | None:
        """Microseconds of CPU time in each period, None for unlimited."""
        if not self.limit:
            return None
        quota = max(-(-self.limit * self.period // CORE), QUOTA_MIN)
        return quota if quota <= QUOTA_MAX else None

    def is_within(self, other: "CpuTime") -> bool:
        """Whether its limit is the smaller one, as the kernel compares them."""
        mine, theirs = self.quota, other.quota
        if theirs is None:
            return True
        return mine is not None and mine * other.period < theirs * self.period

    def shares(self, base: int) -> int:
        """Shares where `base` is those of a container that nothing is said about.

        A guarantee of more than one core weighs as many cores; policies multiply.
        """
        shares = int(max(self.guarantee * base // CORE, base) * self.weight)
        shares *= _BOOST.get(self.policy, 1)
        return shares // 16 if self.policy == "idle" else shares


def clamp(value: int, low: int, high: int) -> int:
    """`value`, or the nearest end of the range."""
    return min(max(value, low), high)


def realtime_runtime(time: CpuTime, cores: int, root_period: int, root_runtime: int) -> int:
    """Microseconds of realtime in each period on each CPU; -1 for no limit of its own."""
    if not 0 < time.limit < cores * CORE:
        return -1
    allowed = root_period if root_runtime < 0 else root_runtime
    if time.limit * root_period > allowed * cores * CORE:
        return -1
    return max(time.limit * time.period // (cores * CORE), QUOTA_MIN)


def unsupported_policies() -> dict[str, str]:
    """Scheduling policies that this kernel does not know."""
    return {} if scheduling.knows(scheduling.ISO) else {ISO: NO_ISO}


def field(text: bytes, name: bytes) -> int | None:
    """The number after a word at the beginning of a line; None when there is none."""
    for line in text.splitlines():
        word, _, number = line.partition(b" ")
        if word == name:
            return int(number)
    return None


def nice_of_weight(nice: int, weight: float) -> int:
    """Niceness with a weight: a tenth more weight is about one step."""
    return clamp(int(nice - math.log(weight) / math.log(1.1)), -20, 19)


class Cpu(Protocol):
    """Limits to knobs, knobs to readings.

    Readings of a group without the controller are its nearest ancestor's. They raise
    OSError, and FileNotFoundError for what the kernel does not count.
    """

    def unsupported(self) -> Mapping[str, str]:
        """Why a feature is not there, by its name."""

    def render(self, time: CpuTime) -> Mapping[str, str]:
        """{knob: canonical text}, in the order in which they are written."""

    def write(self, group: Group, knob: str, wanted: Mapping[str, str]) -> None:
        """Write one of the `wanted` knobs, and what the kernel wants changed before it.

        Limits of groups below that the kernel would refuse beside it are taken off: theirs
        is then the group's.
        """

    def is_met(self, knob: str, want: str, have: str) -> bool:
        """Whether a knob that says `have` is as good as one that says `want`."""

    def threads(self, group: Group) -> list[int]:
        """Thread ids in this group itself."""

    def usage(self, group: Group) -> int:
        """CPU time used."""

    def usage_system(self, group: Group) -> int:
        """CPU time used in the kernel."""

    def wait(self, group: Group) -> int:
        """Time in which tasks waited for a CPU."""

    def throttled(self, group: Group) -> int:
        """Time in which the limit held tasks back."""

    def burst_usage(self, group: Group) -> int:
        """CPU time used above the limit."""

    def unconstrained_wait(self, group: Group) -> int:
        """Time in which tasks waited for a CPU though no limit held them back."""
