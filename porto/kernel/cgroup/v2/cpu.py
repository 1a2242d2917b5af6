"""The cpu controller of v2, and the accounts every v2 group keeps.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/cpu.py`. Kernel:
admin-guide/cgroup-v2.rst, "CPU". A limit may exceed the parent's there; the smallest
counts.
"""

import errno
import functools
import os
from collections.abc import Callable, Mapping

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import GroupFiles
from porto.kernel.cgroup.meaning.cpu import (
    SHARES_DEFAULT,
    SHARES_MAX,
    SHARES_MIN,
    CpuTime,
    clamp,
    field,
    unsupported_policies,
)

MAX = "cpu.max"
WEIGHT = "cpu.weight"
IDLE = "cpu.idle"
STAT = "cpu.stat"
WEIGHT_DEFAULT = 100
WEIGHT_MAX = 10_000
_OFFSTREAM = "an offstream feature of cgroup v1"

CANONICAL: Mapping[str, Callable[[str], str]] = {}
"""The kernel prints numbers as they are rendered."""


class CpuV2:
    """See `meaning.cpu.Cpu`."""

    def __init__(self, files: GroupFiles) -> None:
        self._files = files

    def unsupported(self) -> Mapping[str, str]:
        """What needs the controller, and what only v1 has."""
        found = dict(unsupported_policies())
        if "cpu" not in self._files.controllers:
            found["cpu"] = "this kernel offers no cpu controller"
        found["cpu.wait"] = _OFFSTREAM
        if not self._counts_bursts:
            found["cpu.bursts"] = "this kernel does not count bursts"
        return found

    @functools.cached_property
    def _counts_bursts(self) -> bool:
        """The directory of all containers counts what the host's need not."""
        some = self._files.make_group("a", ["a"], (frozenset(),))
        try:
            stat = self._files.knobs.read(f"{os.path.dirname(some.own[0])}/{STAT}")
        except OSError:
            return False
        return field(stat, b"burst_usec") is not None

    # -- limits ------------------------------------------------------------

    def render(self, time: CpuTime) -> Mapping[str, str]:
        """The weight is to its default as the shares are to theirs: the kernel's own rule.

        A policy of idle is a small weight, not cpu.idle: that would let any other group
        starve it, and leave no weight to set.
        """
        quota = time.quota
        shares = clamp(time.shares(SHARES_DEFAULT), SHARES_MIN, SHARES_MAX)
        weight = (shares * WEIGHT_DEFAULT + SHARES_DEFAULT // 2) // SHARES_DEFAULT
        return {
            MAX: f"{'max' if quota is None else quota} {time.period}",
            WEIGHT: str(clamp(weight, 1, WEIGHT_MAX)),
        }

    def write(self, group: Group, knob: str, wanted: Mapping[str, str]) -> None:
        """One knob."""
        try:
            self._files.write(group, "cpu", knob, wanted[knob])
            return
        except OSError as error:
            if error.errno != errno.EINVAL or knob != WEIGHT:
                raise
        # An idle group has no weight of its own.
        self._files.write(group, "cpu", IDLE, "0")
        self._files.write(group, "cpu", knob, wanted[knob])

    # -- readings ------------------------------------------------------------

    def is_met(self, knob: str, want: str, have: str) -> bool:
        """Only what is wanted is."""
        return want == have

    def threads(self, group: Group) -> list[int]:
        """In the leaf and in the groups that its tasks made there."""
        if not group.own:
            return self._files.list_pids(group.freezer, "cgroup.threads")
        own = self._files.list_pids(group.own[0], "cgroup.threads")
        return own + self._files.list_subtree(group.own[1], "cgroup.threads")

    def usage(self, group: Group) -> int:
        """The first line of a file that every group has."""
        return self._stat(group, "cpuacct", b"usage_usec")

    def usage_system(self, group: Group) -> int:
        """In the same file."""
        return self._stat(group, "cpuacct", b"system_usec")

    def wait(self, group: Group) -> int:
        """Not counted."""
        raise FileNotFoundError(errno.ENOENT, _OFFSTREAM, "cpuacct.wait")

    def throttled(self, group: Group) -> int:
        """Counted by groups that have the controller."""
        return self._stat(group, "cpu", b"throttled_usec")

    def burst_usage(self, group: Group) -> int:
        """Counted by groups that have the controller."""
        return self._stat(group, "cpu", b"burst_usec")

    def unconstrained_wait(self, group: Group) -> int:
        """Not counted."""
        raise FileNotFoundError(errno.ENOENT, _OFFSTREAM, "cpuacct.wait")

    def _stat(self, group: Group, controller: str, name: bytes) -> int:
        directory = group.directories.get(controller)
        if directory is None:
            raise FileNotFoundError(errno.ENOENT, f"no controller {controller} here", STAT)
        return (field(self._files.knobs.read(f"{directory}/{STAT}"), name) or 0) * 1000
