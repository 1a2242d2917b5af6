"""Running out of memory: who is killed first, and what becomes of a container that is hit.

Launch facet: oom_score_adj is written by the child for itself, and inherited by all that it
starts. Live facet: the kernel's notice. Witness: oom_is_fatal, the counters. Manual section
"Memory"; man 5 proc.
"""

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from porto.kernel.cgroup.group import Group
from porto.launcher.ops import WriteFile
from porto.observers.kernel_events import KernelEvents
from porto.reconcilers.containers.target import Fields, LaunchPlan, Shown, Target, Verdict, Witness
from porto.reconcilers.engine.change import Change
from porto.reconcilers.ports import Ports
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.key import Key

KNOB = "/proc/self/oom_score_adj"
COUNT_S = 0.5
COUNT_POLL_S = 0.02
"""Between its notice and its kill the kernel needs microseconds; a slow machine more."""
COUNTER = "containers_oom"
_BEFORE = frozenset({State.STOPPED, State.STARTING, State.DEAD})
"""States from which a start begins. A started container need not have a process."""


@dataclass(frozen=True, slots=True)
class Arm:
    """Be told of the next time; what was told in an earlier life is forgotten."""

    key: Key
    group: Group
    anew: bool

    def carry(self, ports: Ports) -> None:
        """Once per start."""
        if self.anew:
            ports.notices.forget(self.key)
        ports.notices.arm(self.key, self.group)


class Oom(Witness):
    """The OOM killer in a container."""

    name = "oom"

    def __init__(self, ports: Ports, notices: KernelEvents, locate: Callable[[str], Group]) -> None:
        """`locate` gives the groups of a container."""
        self._driver = ports.cgroups
        self._notices = notices
        self._locate = locate

    def plan(self, target: Target) -> Sequence[Change]:
        """To be told by the kernel, before the task lives."""
        starting = target.record.status.life.state in _BEFORE
        if not starting and self._notices.is_armed(target.key, target.group):
            return ()
        if not target.group.owns("memory"):
            return ()
        effect = Arm(target.key, target.group, anew=starting)
        act = f"be told when {target.name} is out of memory"
        return (Change(self.name, "notice", "armed", "", effect, act=act, is_drift=False),)

    def show(self, target: Target) -> Sequence[Shown]:
        """Whether the kernel will tell."""
        if not target.group.owns("memory"):
            return ()
        armed = self._notices.is_armed(target.key, target.group)
        return (Shown("notice", "armed", "armed" if armed else ""),)

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Always written: the launcher's own score protects it, and is inherited."""
        wanted = target.record.spec.oom.oom_score_adj
        plan.add(WriteFile(KNOB, str(wanted), required=wanted != 0))

    def verdict(self, target: Target) -> Verdict | None:
        """oom_is_fatal: all of it is killed, and dead of that."""
        record = target.record
        if not record.spec.oom.oom_is_fatal or not self._struck(target, record, target.group):
            return None
        if not record.status.oom.oom_killed and not self._was_counted(target, record, target.group):
            # v1 tells before it kills: given a moment, the victim is counted.
            left = self._notices.oom_time(target.key) + COUNT_S - target.mono
            if left > 0:
                return Verdict({}, wait=min(left, COUNT_POLL_S))
        return Verdict({"oom_killed": True})

    def died(self, target: Target, status: int) -> Fields:
        """A main task that died of SIGKILL may have died of that."""
        record = target.record
        killed = (
            record.status.oom.oom_killed
            or (status == signal.SIGKILL and self._killed(target))
            or self._with_parent(target)
        )
        return {"oom_killed": killed, "oom_before": self._count(target, target.group)}

    def counted(self, fields: Fields) -> Sequence[str]:
        """Containers that died of it."""
        return (COUNTER,) if fields.get("oom_killed") else ()

    def ended(self, target: Target) -> Fields:
        """What was counted in this life is added to the earlier ones."""
        before = target.record.status.oom.oom_kills_before
        counted = target.group.owns("memory") and not target.is_new
        kills = target.look(self._driver.oom.kills, target.group) if counted else 0
        return {"oom_killed": False, "oom_before": 0, "oom_kills_before": before + kills}

    def bequeathed(self, record: ContainerRecord, parent: ContainerRecord) -> Fields:
        """What oom_kills_total of the parent counts must not shrink."""
        kills = record.status.oom.oom_kills_before
        total = parent.status.oom.oom_kills_before + kills
        return {"oom_kills_before": total} if kills else {}

    def _killed(self, target: Target) -> bool:
        """Without a memory cgroup of its own it is charged to an ancestor, which is told."""
        for record in (target.record, *target.lineage):
            group = self._locate(record.name)
            if group.owns("memory"):
                return self._struck(target, record, group)
        return False

    @staticmethod
    def _with_parent(target: Target) -> bool:
        """A parent that died of it took its children along."""
        return bool(target.lineage) and target.lineage[0].status.oom.oom_killed

    def _struck(self, target: Target, record: ContainerRecord, group: Group) -> bool:
        """Whether the OOM killer struck in a container since its main task was started."""
        told = self._notices.is_out_of_memory(record.key)
        return told or self._was_counted(target, record, group)

    def _was_counted(self, target: Target, record: ContainerRecord, group: Group) -> bool:
        return self._count(target, group) > record.status.oom.oom_before

    def _count(self, target: Target, group: Group) -> int:
        return target.look(self._driver.oom.count, group)
