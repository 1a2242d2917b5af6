"""The controllers cpu and cpuacct of v1.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/cpu.py`. Kernel:
scheduler/sched-bwc.rst, scheduler/sched-rt-group.rst, admin-guide/cgroup-v1/cpuacct.rst.
"""

import errno
import functools
import os
from collections.abc import Callable, Mapping

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import GroupFiles
from porto.kernel.cgroup.meaning.cpu import (
    CORE,
    QUOTA_MIN,
    SHARES_DEFAULT,
    SHARES_MAX,
    SHARES_MIN,
    CpuTime,
    clamp,
    field,
    realtime_runtime,
    unsupported_policies,
)
from porto.kernel.cgroup.tree import walk

SHARES = "cpu.shares"
IDLE = "cpu.idle"
PERIOD = "cpu.cfs_period_us"
QUOTA = "cpu.cfs_quota_us"
RT_PERIOD = "cpu.rt_period_us"
RT_RUNTIME = "cpu.rt_runtime_us"
UNLIMITED_RT = "-1"
RESERVE = "cpu.cfs_reserve_us"
RESERVE_SHARES = "cpu.cfs_reserve_shares"
STAT = "cpu.stat"
BURST_USAGE = "cpu.cfs_burst_usage"
BURST_LOAD = "cpu.cfs_burst_load"
USAGE = "cpuacct.usage"
ACCOUNTS = "cpuacct.stat"
WAIT = "cpuacct.wait"

_TICK_NS = CORE // os.sysconf("SC_CLK_TCK")
_OFFSTREAM = "an offstream kernel feature that this kernel has not"

CANONICAL: Mapping[str, Callable[[str], str]] = {}
"""The kernel prints numbers as they are rendered."""


class CpuV1:
    """See `meaning.cpu.Cpu`."""

    def __init__(self, files: GroupFiles) -> None:
        self._files = files

    # -- what the kernel has ---------------------------------------------

    @functools.cached_property
    def _root(self) -> Mapping[str, str]:
        return self._files.root_group().directories

    def _offers(self, controller: str, knob: str) -> bool:
        directory = self._root.get(controller)
        if directory is None:
            return False
        try:
            self._files.knobs.read(f"{directory}/{knob}")
        except OSError:
            return False
        return True

    @functools.cached_property
    def _base(self) -> int:
        """Shares of the whole host."""
        try:
            shares = int(self._files.knobs.read(f"{self._root['cpu']}/{SHARES}"))
        except (KeyError, OSError, ValueError):
            shares = SHARES_DEFAULT
        return clamp(shares, SHARES_MIN, SHARES_MAX)

    @functools.cached_property
    def _cores(self) -> int:
        return os.sysconf("SC_NPROCESSORS_CONF")

    @functools.cached_property
    def _limits(self) -> bool:
        return self._offers("cpu", QUOTA)

    @functools.cached_property
    def _reserves(self) -> bool:
        return self._offers("cpu", RESERVE) and self._offers("cpu", RESERVE_SHARES)

    @functools.cached_property
    def _realtime(self) -> tuple[int, int] | None:
        """Period and runtime of the whole host, when groups have realtime bandwidth."""
        try:
            found = [
                int(self._files.knobs.read(f"{self._root['cpu']}/{knob}"))
                for knob in (RT_PERIOD, RT_RUNTIME)
            ]
        except (KeyError, OSError, ValueError):
            return None
        return found[0], found[1]

    def unsupported(self) -> Mapping[str, str]:
        """What needs a controller or a knob that is not there."""
        found = dict(unsupported_policies())
        if "cpu" not in self._root:
            found["cpu"] = "this kernel offers no cpu controller"
        elif not self._limits:
            found["cpu.limit"] = f"this kernel has no {QUOTA}"
        if "cpuacct" not in self._root:
            found["cpuacct"] = "this kernel offers no cpuacct controller"
        if not self._offers("cpuacct", WAIT):
            found["cpu.wait"] = f"{WAIT} is {_OFFSTREAM}"
        if not self._counts_bursts:
            found["cpu.bursts"] = "this kernel does not count bursts"
        return found

    @functools.cached_property
    def _measures_bursts(self) -> bool:
        return self._offers("cpu", BURST_USAGE) and self._offers("cpu", BURST_LOAD)

    @functools.cached_property
    def _counts_bursts(self) -> bool:
        if self._measures_bursts:
            return True
        try:
            stat = self._files.knobs.read(f"{self._root['cpu']}/{STAT}")
        except (KeyError, OSError):
            return False
        return field(stat, b"burst_time") is not None

    # -- limits ------------------------------------------------------------

    def render(self, time: CpuTime) -> Mapping[str, str]:
        """The period comes before what is measured in it."""
        knobs: dict[str, str] = {}
        if self._limits:
            quota = time.quota
            knobs[PERIOD] = str(time.period)
            knobs[QUOTA] = "-1" if quota is None else str(quota)
        if self._reserves:
            knobs |= self._reserve(time)
        else:
            knobs[SHARES] = str(clamp(time.shares(self._base), SHARES_MIN, SHARES_MAX))
        if time.realtime and self._realtime is not None:
            # Left alone where no realtime class is asked for: what a group has, the kernel
            # takes from all others, and it takes it back from none that uses it.
            runtime = realtime_runtime(time, self._cores, *self._realtime)
            knobs[RT_PERIOD] = str(time.period)
            knobs[RT_RUNTIME] = str(runtime)
        return knobs

    def _reserve(self, time: CpuTime) -> Mapping[str, str]:
        """The offstream knobs that guarantee time beside the shares of what is left."""
        base = int(self._base * time.weight)
        favoured = time.policy in ("rt", "high", "iso")
        shares = base * 16 if favoured else base // 16 if time.policy == "idle" else base
        reserve = base
        if favoured:
            reserve = base * 256
        elif time.policy != "idle" and time.guarantee:
            reserve = base * 16
        guarantee = min(time.guarantee, self._cores * CORE)
        return {
            SHARES: str(clamp(shares, SHARES_MIN, SHARES_MAX)),
            RESERVE_SHARES: str(clamp(reserve, SHARES_MIN, SHARES_MAX)),
            RESERVE: str(guarantee * time.period // CORE),
        }

    def write(self, group: Group, knob: str, wanted: Mapping[str, str]) -> None:
        """One knob; what stands against it is moved out of the way first."""
        try:
            self._put(group, knob, wanted[knob])
            return
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
        # The kernel weighs each write by itself against the groups above and below.
        if knob == PERIOD:
            self._put(group, QUOTA, "-1")
            self._put(group, PERIOD, wanted[PERIOD])
            self.write(group, QUOTA, wanted)
            return
        if knob == QUOTA and wanted[QUOTA] != "-1":
            self._take_off_below(group, int(wanted[QUOTA]), int(wanted[PERIOD]))
        elif knob == RT_PERIOD:
            runtime = wanted[RT_RUNTIME]
            unlimited = runtime == UNLIMITED_RT
            self._put(group, RT_RUNTIME, str(QUOTA_MIN) if unlimited else runtime)
            self._put(group, RT_PERIOD, wanted[RT_PERIOD])
            self.write(group, RT_RUNTIME, wanted)
            return
        elif knob == RT_RUNTIME and wanted[knob] == UNLIMITED_RT:
            self._share_realtime(group, int(wanted[RT_PERIOD]))
            return
        elif knob == SHARES and self._offers("cpu", IDLE):
            # An idle group has no shares of its own.
            self._put(group, IDLE, "0")
        self._put(group, knob, wanted[knob])

    def _share_realtime(self, group: Group, period: int) -> None:
        """Half of what the kernel would give, so that the next one finds some, too.

        No mainline kernel lets a group have realtime without a limit.
        """
        root_period, root_runtime = self._realtime or (period, period)
        most = period if root_runtime < 0 else period * root_runtime // root_period
        while most >= 2 * QUOTA_MIN:
            try:
                self._put(group, RT_RUNTIME, str(most))
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                most //= 2
                continue
            self._put(group, RT_RUNTIME, str(most // 2))
            return
        raise OSError(
            errno.EAGAIN, "no realtime is left by the other groups", group.directories["cpu"]
        )

    def is_met(self, knob: str, want: str, have: str) -> bool:
        """Realtime without a limit may be a share of it."""
        return want == have or (knob == RT_RUNTIME and want == UNLIMITED_RT and int(have) > 0)

    def _put(self, group: Group, knob: str, text: str) -> None:
        self._files.write(group, "cpu", knob, text)

    def _take_off_below(self, group: Group, quota: int, period: int) -> None:
        """A limit below of which the kernel would say that it exceeds its parent's."""
        knobs = self._files.knobs
        for directory in walk(knobs, group.directories["cpu"])[1:]:
            try:
                inner = int(knobs.read(f"{directory}/{QUOTA}"))
                if inner > 0 and inner * period >= quota * int(knobs.read(f"{directory}/{PERIOD}")):
                    knobs.write(f"{directory}/{QUOTA}", "-1")
            except FileNotFoundError:
                continue

    # -- readings ------------------------------------------------------------

    def threads(self, group: Group) -> list[int]:
        """The freezer tells what is the container's own."""
        return self._files.list_pids(group.freezer, "tasks")

    def usage(self, group: Group) -> int:
        """The file is one number."""
        return int(self._read(group, "cpuacct", USAGE))

    def usage_system(self, group: Group) -> int:
        """Ticks of the system's clock."""
        return (field(self._read(group, "cpuacct", ACCOUNTS), b"system") or 0) * _TICK_NS

    def wait(self, group: Group) -> int:
        """The file is one number."""
        return int(self._read(group, "cpuacct", WAIT))

    def throttled(self, group: Group) -> int:
        """Already in nanoseconds."""
        return field(self._read(group, "cpu", STAT), b"throttled_time") or 0

    def burst_usage(self, group: Group) -> int:
        """The offstream knob, or the kernel's own count."""
        if self._measures_bursts:
            return int(self._read(group, "cpu", BURST_USAGE))
        return field(self._read(group, "cpu", STAT), b"burst_time") or 0

    def unconstrained_wait(self, group: Group) -> int:
        """The wait without bursts beyond the limit and without throttling above."""
        load = used = 0
        if self._measures_bursts:
            load = int(self._read(group, "cpu", BURST_LOAD))
            used = int(self._read(group, "cpu", BURST_USAGE))
        held = field(self._read(group, "cpu", STAT), b"h_throttled_time") or 0
        return max(0, self.wait(group) - max(0, load - used) - held)

    def _read(self, group: Group, controller: str, knob: str) -> bytes:
        directory = group.directories.get(controller)
        if directory is None:
            raise FileNotFoundError(errno.ENOENT, f"no controller {controller} here", knob)
        return self._files.knobs.read(f"{directory}/{knob}")
