"""Scheduling policy, priority and disk priority of a container's tasks.

Launch facet: the child sets its own before it runs anything, and what it forks inherits.
Live facet: the tasks that exist are changed, and kept. Properties: cpu_policy, cpu_weight,
io_policy; man 7 sched, man 2 ioprio_set. Whose threads are kept::

    cpu_policy (also of an ancestor) or cpu_weight set   policy and nice of every own thread
    io_policy set                                        disk priority of every own thread
    otherwise                                            those of the main thread

What is default leaves a workload the freedom to nice its own children.
"""

import contextlib
import errno
import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.meaning.cpu import NO_ISO, NO_REALTIME, clamp, nice_of_weight
from porto.kernel.process import processes, scheduling
from porto.kernel.process.scheduling import Schedule
from porto.launcher.ops import SetScheduler
from porto.reconcilers.containers.base import LaunchPlan, Target
from porto.reconcilers.containers.facets.asked import Asked
from porto.reconcilers.engine.change import Change
from porto.spec.config import ContainerConfig
from porto.spec.containers import cpu
from porto.spec.containers.spec import ContainerSpec
from porto.spec.errors import NotSupported, PortoError, ResourceNotAvailable, by_errno

SCHEDULE = "sched"
IOPRIO = "ioprio"

IOPRIOS = {
    "": 0,
    "none": 0,
    "rt": 1 << 13 | 4,
    "high": 2 << 13 | 0,
    "normal": 2 << 13 | 4,
    "batch": 2 << 13 | 7,
    "idle": 3 << 13 | 0,
}
_CLASSES = {
    "batch": scheduling.BATCH,
    "idle": scheduling.IDLE,
    "iso": scheduling.ISO,
}
ROUNDS_MAX = 64
"""Looks at a group whose threads multiply while they are changed; the next pass goes on."""


class Scheduler:
    """Scheduling of tasks."""

    name = "scheduler"

    def __init__(self, driver: CgroupDriver, defaults: ContainerConfig) -> None:
        self._driver = driver
        self._defaults = defaults
        self._asked = Asked()
        # Few policies and weights serve thousands of containers.
        self._schedule = functools.lru_cache(maxsize=1024)(self._make_schedule)

    # -- want ----------------------------------------------------------------

    def _make_schedule(self, policy: str, weight: float) -> Schedule:
        defaults = self._defaults
        if policy == "rt" and defaults.rt_priority:
            priority = clamp(defaults.rt_priority, 1, os.sched_get_priority_max(scheduling.RR))
            return Schedule(scheduling.RR, clamp(defaults.rt_nice, -20, 19), priority)
        nice = {"rt": defaults.rt_nice, "high": defaults.high_nice, "iso": defaults.high_nice}
        number = _CLASSES.get(policy, scheduling.OTHER)
        return Schedule(number, nice_of_weight(nice.get(policy, 0), weight))

    def _wanted(self, target: Target) -> Schedule:
        spec = target.record.spec
        policy = cpu.policy(_specs(target)) if target.lineage else spec.cpu.cpu_policy
        return self._schedule(policy, spec.cpu.cpu_weight)

    # -- live ----------------------------------------------------------------

    def plan(self, target: Target) -> Sequence[Change]:
        """At most one change of each kind, whatever the number of threads."""
        everyone = {SCHEDULE: _all_scheduled(target), IOPRIO: _all_ioprio(target)}
        changes: list[Change] = []
        if any(everyone.values()) or not self._is_ordinary(target):
            changes = self._changes(target, everyone)
        if not target.lineage:
            return changes
        return self._asked.mark(target.record.id, self._wanted(target), changes)

    @staticmethod
    def _is_ordinary(target: Target) -> bool:
        """Of a container about which nothing is said: this is asked all the time."""
        process = target.record.status.life.process
        if process is None or not process.task_pid:
            return True
        with contextlib.suppress(ProcessLookupError):
            return scheduling.is_ordinary(process.task_pid)
        return True

    def _changes(self, target: Target, everyone: Mapping[str, bool]) -> list[Change]:
        changes = []
        threads: list[int] | None = None
        for kind, all_of_them in everyone.items():
            if all_of_them:
                threads = self._driver.cpu.threads(target.group) if threads is None else threads
                found = self._differing(target, kind, threads)
            else:
                found = self._differing_main(target, kind)
            if found:
                have = self._describe(kind, next(iter(found.values())))
                more = f" of {len(found)} threads" if len(found) > 1 else ""
                want = self._describe(kind, self._want(target, kind))
                changes.append(Change(self.name, kind, want, have + more))
        return changes

    def apply(self, target: Target, change: Change) -> None:
        """Change the threads until no new one appears."""
        self._asked.settle(target.record.id, self._wanted(target))
        kind = change.subject
        everyone = _all_scheduled(target) if kind == SCHEDULE else _all_ioprio(target)
        if not everyone:
            self._change(target, kind, self._differing_main(target, kind))
            return
        done: set[int] = set()
        for _ in range(ROUNDS_MAX):
            threads = self._driver.cpu.threads(target.group)
            if done.issuperset(threads):
                return
            self._change(target, kind, self._differing(target, kind, threads))
            done.update(threads)

    def _differing(
        self, target: Target, kind: str, threads: Iterable[int]
    ) -> dict[int, Schedule | int]:
        """Those threads that are not as they should be, with what they are."""
        want = self._want(target, kind)
        found = {}
        for thread in threads:
            with contextlib.suppress(ProcessLookupError):
                have = self._have(kind, thread)
                if have != want:
                    found[thread] = have
        return found

    def _differing_main(self, target: Target, kind: str) -> dict[int, Schedule | int]:
        """The main thread if it differs.

        Only then it is asked whether that is still the thread that was started: its
        number may be another one's by now, and that is not ours to touch.
        """
        process = target.record.status.life.process
        if process is None or not process.task_pid:
            return {}
        found = self._differing(target, kind, (process.task_pid,))
        if found and not processes.is_alive(process.task_pid, process.task_start):
            return {}
        return found

    def _want(self, target: Target, kind: str) -> Schedule | int:
        return self._wanted(target) if kind == SCHEDULE else _wanted_ioprio(target.record.spec)

    @staticmethod
    def _have(kind: str, thread: int) -> Schedule | int:
        read: Callable[[int], Schedule | int]
        read = scheduling.read if kind == SCHEDULE else scheduling.read_ioprio
        return read(thread)

    @staticmethod
    def _describe(kind: str, value: Schedule | int) -> str:
        return scheduling.describe_ioprio(value) if isinstance(value, int) else str(value)

    def _change(self, target: Target, kind: str, threads: Iterable[int]) -> None:
        want = self._want(target, kind)
        for thread in threads:
            try:
                if isinstance(want, int):
                    scheduling.write_ioprio(thread, want)
                else:
                    scheduling.write(thread, want)
            except ProcessLookupError:
                continue
            except OSError as error:
                raise self._refused(target, kind, error) from error

    def _refused(self, target: Target, kind: str, error: OSError) -> PortoError:
        """The error that names the property."""
        if kind == IOPRIO:
            value = getattr(target.record.spec.io, "io_policy", "")
            return by_errno(error, f"cannot set io_policy of {target.name} to {value!r}")
        policy = cpu.policy(_specs(target))
        text = f"cannot set cpu_policy of {target.name} to {policy!r}"
        if policy == "iso" and error.errno == errno.EINVAL:
            return NotSupported(f"{text}: {NO_ISO}")
        if policy == "rt" and error.errno == errno.EPERM:
            return ResourceNotAvailable(f"{text}: {NO_REALTIME}")
        return by_errno(error, text)

    # -- launch --------------------------------------------------------------

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """The child's own scheduling, where it is not what it inherits.

        Its parent is ours: the master.
        """
        want, ioprio = self._wanted(target), _wanted_ioprio(target.record.spec)
        master = os.getppid()
        with contextlib.suppress(ProcessLookupError):
            if (scheduling.read(master), scheduling.read_ioprio(master)) == (want, ioprio):
                return
        if want.policy == scheduling.RR and not self._driver.cpu.has_realtime(target.group):
            raise ResourceNotAvailable(
                f"cannot set cpu_policy of {target.name} to 'rt': {NO_REALTIME}"
            )
        plan.add(SetScheduler(want.policy, want.priority, want.nice, ioprio))


def _specs(target: Target) -> list[ContainerSpec]:
    return [record.spec for record in (target.record, *target.lineage)]


def _wanted_ioprio(spec: ContainerSpec) -> int:
    return IOPRIOS[getattr(spec.io, "io_policy", "")]


def _all_scheduled(target: Target) -> bool:
    """Whether somebody has said how the tasks shall be scheduled."""
    mine = target.record.spec.cpu.model_fields_set
    if not mine.isdisjoint(("cpu_policy", "cpu_weight")):
        return True
    return bool(target.lineage) and cpu.has_policy(record.spec for record in target.lineage)


def _all_ioprio(target: Target) -> bool:
    """Whether somebody has said which disk priority the tasks shall have."""
    return "io_policy" in target.record.spec.io.model_fields_set
