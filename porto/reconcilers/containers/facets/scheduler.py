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
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from porto.kernel.cgroup.meaning.cpu import NO_ISO, NO_REALTIME, clamp, nice_of_weight
from porto.kernel.process.scheduling import (
    BATCH,
    IDLE,
    ISO,
    OTHER,
    RR,
    RR_PRIORITY_MAX,
    Schedule,
    describe_ioprio,
)
from porto.launcher.ops import LaunchFailed, SetScheduler
from porto.reconcilers.containers.target import LaunchPlan, Shown, Target
from porto.reconcilers.engine.change import Change
from porto.reconcilers.ports import Ports
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
    "batch": BATCH,
    "idle": IDLE,
    "iso": ISO,
}
ROUNDS_MAX = 64
"""Looks at a group whose threads multiply while they are changed; the next pass goes on."""


class Threads:
    """How threads are scheduled, by the two kinds of a state; a gone thread has none."""

    def __init__(self, ports: Ports) -> None:
        self._scheduling = ports.scheduling
        self.is_alive = ports.processes.is_alive

    def is_ordinary(self, thread: int) -> bool:
        """Whether nobody has touched it."""
        with contextlib.suppress(ProcessLookupError):
            return self._scheduling.is_ordinary(thread)
        return True

    def state(self, thread: int) -> tuple[Schedule, int] | None:
        """Both kinds of one thread."""
        with contextlib.suppress(ProcessLookupError):
            return self._scheduling.read(thread), self._scheduling.read_ioprio(thread)
        return None

    def differing(
        self, kind: str, want: Schedule | int, threads: Iterable[int]
    ) -> dict[int, Schedule | int]:
        """Those threads that are not as they should be, with what they are."""
        found: dict[int, Schedule | int] = {}
        for thread in threads:
            with contextlib.suppress(ProcessLookupError):
                have: Schedule | int
                if kind == SCHEDULE:
                    have = self._scheduling.read(thread)
                else:
                    have = self._scheduling.read_ioprio(thread)
                if have != want:
                    found[thread] = have
        return found

    def write(self, thread: int, want: Schedule | int) -> None:
        """Raises ProcessLookupError, or OSError when the kernel refuses."""
        if isinstance(want, int):
            self._scheduling.write_ioprio(thread, want)
        else:
            self._scheduling.write(thread, want)


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Change threads: these, or all of the group, until no new one appears."""

    facet: "Scheduler"
    target: Target
    kind: str
    want: Schedule | int
    threads: Sequence[int] | None

    def carry(self, ports: Ports) -> None:
        """A thread that has ended meanwhile is fine."""
        threads = Threads(ports)
        if self.threads is not None:
            self._change(threads, self.threads)
            return
        done: set[int] = set()
        for _ in range(ROUNDS_MAX):
            present = ports.cgroups.cpu.threads(self.target.group)
            if done.issuperset(present):
                return
            self._change(threads, threads.differing(self.kind, self.want, present))
            done.update(present)

    def _change(self, threads: Threads, those: Iterable[int]) -> None:
        for thread in those:
            try:
                threads.write(thread, self.want)
            except ProcessLookupError:
                continue
            except OSError as error:
                raise self.facet.refused(self.target, self.kind, error) from error


class Scheduler:
    """Scheduling of tasks."""

    name = "scheduler"

    def __init__(self, ports: Ports, defaults: ContainerConfig, *, launcher: int) -> None:
        """`launcher` is the pid of the launched children's parent: they begin as it is."""
        self._driver = ports.cgroups
        self._threads = Threads(ports)
        self._defaults = defaults
        self._launcher = launcher
        # Few policies and weights serve thousands of containers.
        self._schedule = functools.lru_cache(maxsize=1024)(self._make_schedule)

    # -- want ----------------------------------------------------------------

    def _make_schedule(self, policy: str, weight: float) -> Schedule:
        defaults = self._defaults
        if policy == "rt" and defaults.rt_priority:
            priority = clamp(defaults.rt_priority, 1, RR_PRIORITY_MAX)
            return Schedule(RR, clamp(defaults.rt_nice, -20, 19), priority)
        nice = {"rt": defaults.rt_nice, "high": defaults.high_nice, "iso": defaults.high_nice}
        number = _CLASSES.get(policy, OTHER)
        return Schedule(number, nice_of_weight(nice.get(policy, 0), weight))

    def _wanted(self, target: Target) -> Schedule:
        spec = target.record.spec
        policy = cpu.policy(_specs(target)) if target.lineage else spec.cpu.cpu_policy
        return self._schedule(policy, spec.cpu.cpu_weight)

    # -- live ----------------------------------------------------------------

    def plan(self, target: Target) -> Sequence[Change]:
        """At most one change of each kind, whatever the number of threads."""
        everyone = {SCHEDULE: _all_scheduled(target), IOPRIO: _all_ioprio(target)}
        if not any(everyone.values()) and self._is_ordinary(target):
            return ()
        return self._changes(target, everyone)

    def show(self, target: Target) -> Sequence[Shown]:
        """Both kinds of the main thread."""
        process = target.record.status.life.process
        state = target.look(self._threads.state, process.task_pid) if process else None
        if state is None:
            return ()
        return (
            Shown(SCHEDULE, _describe(self._want(target, SCHEDULE)), _describe(state[0])),
            Shown(IOPRIO, _describe(self._want(target, IOPRIO)), _describe(state[1])),
        )

    def wish(self, target: Target) -> Hashable:
        """The policy may be an ancestor's."""
        return self._wanted(target)

    def _is_ordinary(self, target: Target) -> bool:
        """Of a container about which nothing is said: this is asked all the time."""
        process = target.record.status.life.process
        if process is None or not process.task_pid:
            return True
        return target.look(self._threads.is_ordinary, process.task_pid)

    def _changes(self, target: Target, everyone: Mapping[str, bool]) -> list[Change]:
        changes = []
        for kind, all_of_them in everyone.items():
            want = self._want(target, kind)
            if all_of_them:
                threads: Sequence[int] = (
                    () if target.is_new else target.look(self._driver.cpu.threads, target.group)
                )
                found = self._threads.differing(kind, want, threads)
            else:
                found = self._differing_main(target, kind, want)
            if found:
                have = _describe(next(iter(found.values())))
                more = f" of {len(found)} threads" if len(found) > 1 else ""
                effect = Reschedule(self, target, kind, want, None if all_of_them else tuple(found))
                changes.append(Change(self.name, kind, _describe(want), have + more, effect))
        return changes

    def _differing_main(
        self, target: Target, kind: str, want: Schedule | int
    ) -> dict[int, Schedule | int]:
        """The main thread if it differs.

        Only then it is asked whether that is still the thread that was started: its
        number may be another one's by now, and that is not ours to touch.
        """
        process = target.record.status.life.process
        if process is None or not process.task_pid:
            return {}
        found = self._threads.differing(kind, want, (process.task_pid,))
        if found and not self._threads.is_alive(process.task_pid, process.task_start):
            return {}
        return found

    def _want(self, target: Target, kind: str) -> Schedule | int:
        return self._wanted(target) if kind == SCHEDULE else _wanted_ioprio(target.record.spec)

    def refused(self, target: Target, kind: str, error: OSError) -> PortoError:
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
        """The child's own scheduling, where it is not what it inherits."""
        want, ioprio = self._wanted(target), _wanted_ioprio(target.record.spec)
        if target.look(self._threads.state, self._launcher) == (want, ioprio):
            return
        plan.add(SetScheduler(want.policy, want.priority, want.nice, ioprio))

    def explain(self, target: Target, failure: LaunchFailed) -> PortoError | None:
        """A class of scheduling that the group or the kernel does not have."""
        if failure.op != SetScheduler.__name__:
            return None
        return self.refused(target, SCHEDULE, OSError(failure.errno, os.strerror(failure.errno)))


def _describe(value: Schedule | int) -> str:
    return describe_ioprio(value) if isinstance(value, int) else str(value)


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
