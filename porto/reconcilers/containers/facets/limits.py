"""Resource limits (ulimit) of the container's processes.

At launch: the effective limits become rlimits of the child. Live: prlimit(2) on
the processes that run already, when the property changes. Manual section
"Context", ulimit; effective value of a type: own, else the nearest ancestor's,
else the configured default, which is clamped to what the kernel allows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from porto.kernel.cgroup.group import Group
from porto.launcher.ops import SetLimit
from porto.reconcilers.containers.target import LaunchPlan, Shown, Target
from porto.reconcilers.engine.change import Change
from porto.reconcilers.ports import Ports
from porto.spec.codecs import UlimitValue
from porto.spec.errors import by_errno

# include/uapi/asm-generic/resource.h
RESOURCES = {
    "cpu": 0,
    "fsize": 1,
    "data": 2,
    "stack": 3,
    "core": 4,
    "rss": 5,
    "nproc": 6,
    "nofile": 7,
    "memlock": 8,
    "as": 9,
    "locks": 10,
    "sigpending": 11,
    "msgqueue": 12,
    "nice": 13,
    "rtprio": 14,
    "rttime": 15,
}
# fs/proc/base.c, /proc/PID/limits
KERNEL_WORDS = {
    "cpu": "Max cpu time",
    "fsize": "Max file size",
    "data": "Max data size",
    "stack": "Max stack size",
    "core": "Max core file size",
    "rss": "Max resident set",
    "nproc": "Max processes",
    "nofile": "Max open files",
    "memlock": "Max locked memory",
    "as": "Max address space",
    "locks": "Max file locks",
    "sigpending": "Max pending signals",
    "msgqueue": "Max msgqueue size",
    "nice": "Max nice priority",
    "rtprio": "Max realtime priority",
    "rttime": "Max realtime timeout",
}


Limit = tuple[int, int]
"""Soft and hard; -1 is unlimited."""


def limit_text(soft: int, hard: int) -> str:
    """Soft and hard, as a property of ulimit says them."""
    return f"{soft if soft >= 0 else 'unlimited'} {hard if hard >= 0 else 'unlimited'}"


@dataclass(frozen=True, slots=True)
class SetLimits:
    """prlimit(2) on every process of the subtree."""

    group: Group
    name: str
    kind: str
    soft: int
    hard: int

    def carry(self, ports: Ports) -> None:
        """One that has ended meanwhile is fine."""
        limits = (self.soft, self.hard)
        for pid in ports.cgroups.subtree_processes(self.group):
            try:
                ports.processes.set_limit(pid, RESOURCES[self.kind], limits)
            except ProcessLookupError:
                continue
            except OSError as error:
                want = limit_text(*limits)
                raise by_errno(
                    error, f"cannot set ulimit[{self.kind}] of {self.name} to {want}"
                ) from error


class Limits:
    """Effective rlimits."""

    name = "limits"

    def __init__(self, ports: Ports, *, defaults: UlimitValue) -> None:
        self._processes = ports.processes
        self._defaults = defaults

    def explicit(self, target: Target) -> dict[str, tuple[int, int]]:
        """Limits set on the container or an ancestor, by type."""
        found: dict[str, tuple[int, int]] = {}
        for record in (target.record, *target.lineage):
            for kind, soft, hard in record.spec.process.ulimit:
                found.setdefault(kind, (soft, hard))
        return found

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Setrlimit in the child; a default may be clamped, an explicit limit not."""
        explicit = self.explicit(target)
        for kind, soft, hard in self._defaults:
            if kind not in explicit:
                plan.add(SetLimit(RESOURCES[kind], soft, hard, required=False))
        for kind, (soft, hard) in sorted(explicit.items()):
            plan.add(SetLimit(RESOURCES[kind], soft, hard))

    def plan(self, target: Target) -> Sequence[Change]:
        """Compare the main process with the explicit limits: the others inherit."""
        return [
            self._change(target, kind, want, have)
            for kind, want, have in self._compared(target)
            if want != have
        ]

    def show(self, target: Target) -> Sequence[Shown]:
        """The explicit ones."""
        return [
            Shown(f"ulimit[{kind}]", limit_text(*want), limit_text(*have))
            for kind, want, have in self._compared(target)
        ]

    def _compared(self, target: Target) -> Sequence[tuple[str, Limit, Limit]]:
        """Kind, want and have of each explicit limit; nothing of a process that is gone."""
        process = target.record.status.life.process
        if process is None or not process.task_pid:
            return ()
        explicit = self.explicit(target)
        if not explicit:
            return ()
        try:
            present = target.look(self._processes.read_limits, process.task_pid)
        except ProcessLookupError:
            return ()
        return [
            (kind, want, present[KERNEL_WORDS[kind]]) for kind, want in sorted(explicit.items())
        ]

    def _change(self, target: Target, kind: str, want: Limit, have: Limit) -> Change:
        effect = SetLimits(target.group, target.name, kind, *want)
        return Change(self.name, f"ulimit[{kind}]", limit_text(*want), limit_text(*have), effect)
