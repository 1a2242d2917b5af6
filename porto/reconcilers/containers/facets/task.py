"""The main task: the last operation of a start, and the launch itself.

Used by `containers/life/`. The launch-time facets fill a `LaunchPlan`; the launcher
runs it; a failing operation becomes the error that the user sees, with its exact
EError. Manual section "Context", command; prototype of the cost: DESIGN, §5.
"""

import errno
import os
import re
from dataclasses import dataclass

from porto.kernel.syscalls import CLONE_NEWPID
from porto.launcher.ops import Execute, Launched, LaunchFailed, LaunchRequest, Op, Rest
from porto.reconcilers.containers.facets.environment import environment
from porto.reconcilers.containers.facets.identity import task_credentials
from porto.reconcilers.containers.target import LaunchPlan, Source, Target
from porto.reconcilers.ports import Ports
from porto.spec.containers.effective import cwd, is_meta, is_os
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import Process
from porto.spec.errors import (
    SHORTAGES,
    InvalidCommand,
    InvalidValue,
    NotSupported,
    PortoError,
    Unknown,
    by_errno,
)
from porto.spec.key import Key

INIT = "/sbin/init"


class Command:
    """Closes the plan with what is executed."""

    name = "task"

    def __init__(self, work_root: str) -> None:
        self._work_root = work_root

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """The program, or nothing but the reaper for a meta container."""
        process = target.record.spec.process
        isolated = bool(plan.clone_flags & CLONE_NEWPID)
        os_mode = is_os(target.record.spec)
        command = process.command or (INIT if os_mode else "")
        if not command:
            plan.add(Rest())
            return
        home = cwd((target.record, *target.lineage), self._work_root)
        env = environment(target, cwd=home, user=task_credentials(target).user)
        plan.add(
            Execute(
                command=None if process.command_argv else command,
                argv=process.command_argv,
                env=env,
                reaper=isolated and not os_mode,
            )
        )


@dataclass(frozen=True, slots=True)
class LaunchTask:
    """Start the container's process: the whole list of operations.

    `sources` are opened by the carrier, in the order in which operations name them.
    """

    launch_id: str
    ops: tuple[Op, ...]
    sources: tuple[Source, ...]
    clone_flags: int
    pid_ns: int | None
    cgroup_fd: int | None
    timeout: float

    def carry(self, ports: Ports) -> None:
        """Sent to the master; the outcome brings the key back."""
        opened: list[int] = []
        try:
            for source in self.sources:
                opened.append(source.open(ports))
            ports.launches.begin(
                LaunchRequest(
                    launch_id=self.launch_id,
                    ops=self.ops,
                    clone_flags=self.clone_flags,
                    pid_ns=self.pid_ns,
                    cgroup_fd=self.cgroup_fd,
                    fds=tuple(opened),
                    timeout=self.timeout,
                )
            )
        finally:
            for descriptor in opened:
                os.close(descriptor)


def needs_process(target: Target) -> bool:
    """A meta container that shares its parent's namespaces has no process."""
    spec = target.record.spec
    return not is_meta(spec) or spec.process.isolate


def launch_effect(target: Target, plan: LaunchPlan, *, timeout: float) -> LaunchTask:
    """What a finished plan does; `timeout` seconds until a setup without end is killed."""
    return LaunchTask(
        launch_id=launch_id(target.record),
        ops=tuple(plan.ops),
        sources=tuple(plan.sources),
        clone_flags=plan.clone_flags,
        pid_ns=plan.pid_ns,
        cgroup_fd=plan.cgroup_fd,
        timeout=timeout,
    )


def launch_id(record: ContainerRecord) -> str:
    """The launcher's name for the launch that is wanted: container id and launch number."""
    return launch_name(record.id, record.intent.launch)


def launch_name(container: int, launch: int) -> str:
    """The launcher's name for a launch of the container of that id."""
    return f"{container}:{launch}"


def container_of(launch_id: str) -> Key | None:
    """The key of the container of a launch; None for a name that is none of ours."""
    number = launch_id.partition(":")[0]
    return Key(ContainerRecord.kind, int(number)) if number.isdecimal() else None


def as_process(launched: Launched) -> Process:
    """The durable form of a launch."""
    return Process(
        launch_id=launched.launch_id,
        init_pid=launched.init_pid,
        init_start=launched.init_start,
        task_pid=launched.task_pid,
        task_start=launched.task_start,
        task_vpid=launched.task_vpid,
    )


_KINDS: dict[str, type[PortoError]] = {
    "Execute": InvalidCommand,
    "OpenStream": InvalidValue,
    "OpenStreamAt": InvalidValue,
    "UseDescriptor": InvalidValue,
    "ChangeDirectory": InvalidValue,
    "SetLimit": InvalidValue,
    "timeout": Unknown,
}

_WORDS = {
    "OpenStream": "cannot open",
    "OpenStreamAt": "cannot open",
    "ChangeDirectory": "cannot enter cwd",
    "SetLimit": "cannot set ulimit",
    "SetCredentials": "cannot become",
    "clone3": "cannot make a process with",
    "setup": "setup failed for",
    "launch": "cannot begin",
    "launcher": "cannot reach",
    "timeout": "no answer in time from",
}
"""What failed where the operation's own name does not say it: before the subject."""


def spoken(op: str) -> str:
    """The name of an operation's class as a person says it: ``JoinCgroup``, join cgroup."""
    return re.sub("(?<!^)(?=[A-Z])", " ", op).lower()


def launch_error(target: Target, failure: LaunchFailed) -> PortoError:
    """What the user is told about the operation that failed."""
    cause = f": {os.strerror(failure.errno)}" if failure.errno else ""
    words = _WORDS.get(failure.op) or f"cannot {spoken(failure.op)}"
    text = f"cannot start {target.name}: {words} {failure.subject}"
    if failure.errno in (errno.ENOSYS, errno.EOPNOTSUPP):
        return NotSupported(f"{text}{cause}")
    kind = _KINDS.get(failure.op)
    if failure.errno and (kind is None or failure.errno in SHORTAGES):
        return by_errno(OSError(failure.errno, os.strerror(failure.errno)), text)
    return (kind or Unknown)(f"{text}{cause}")
