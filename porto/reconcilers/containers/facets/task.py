"""The main task: the last operation of a start, and the launch itself.

Called by `reconciler.py`. The launch-time facets fill a `LaunchPlan`; the launcher
runs it; a failing operation becomes the error that the user sees, with its exact
EError. Manual section "Context", command; prototype of the cost: DESIGN, §5.
"""

import errno
import os
from typing import Protocol

from porto.kernel.syscalls import CLONE_NEWPID
from porto.launcher.ops import Execute, Launched, LaunchFailed, LaunchRequest, Rest
from porto.reconcilers.containers.base import Launch, LaunchPlan, Target
from porto.reconcilers.containers.facets.environment import environment
from porto.reconcilers.containers.facets.identity import Identity, task_credentials
from porto.spec.containers.status import Process
from porto.spec.errors import (
    InvalidCommand,
    InvalidValue,
    NotSupported,
    PortoError,
    ResourceNotAvailable,
    Unknown,
)

INIT = "/sbin/init"


class Launcher(Protocol):
    """The part of `launcher/client.py` that starts tasks."""

    @property
    def in_flight(self) -> frozenset[str]:
        """Launches of an earlier daemon that are still in their setup."""

    async def outcome(self, launch_id: str) -> Launched:
        """Wait for one of those; raises LaunchFailed."""

    async def launch(self, request: LaunchRequest) -> Launched:
        """Run a request; raises LaunchFailed."""


class Command:
    """Closes the plan with what is executed."""

    name = "task"

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """The program, or nothing but the reaper for a meta container."""
        process = target.record.spec.process
        isolated = bool(plan.clone_flags & CLONE_NEWPID)
        os_mode = process.virt_mode == "os"
        command = process.command or (INIT if os_mode else "")
        if not command:
            plan.add(Rest())
            return
        env = environment(
            target, cwd=self._identity.cwd(target), user=task_credentials(target).user
        )
        plan.add(
            Execute(
                command=None if process.command_argv else command,
                argv=process.command_argv,
                env=env,
                reaper=isolated and not os_mode,
            )
        )


def is_meta(target: Target) -> bool:
    """Whether the container runs no command."""
    process = target.record.spec.process
    return not process.command and process.virt_mode != "os"


def needs_process(target: Target) -> bool:
    """A meta container that shares its parent's namespaces has no process."""
    return not is_meta(target) or target.record.spec.process.isolate


async def launch(
    target: Target, chain: tuple[Launch, ...], launcher: Launcher, *, timeout: float
) -> Process | None:
    """Start the container's process; None when it needs none. Raises PortoError."""
    plan = LaunchPlan()
    try:
        if launch_id(target) in launcher.in_flight:
            return as_process(await launcher.outcome(launch_id(target)))
        for facet in chain:
            facet.prepare(target, plan)
        if not needs_process(target):
            return None
        request = LaunchRequest(
            launch_id=launch_id(target),
            ops=tuple(plan.ops),
            clone_flags=plan.clone_flags,
            pid_ns=plan.pid_ns,
            cgroup_fd=plan.cgroup_fd,
            fds=tuple(plan.fds),
            timeout=timeout,
        )
        return as_process(await launcher.launch(request))
    except LaunchFailed as failure:
        raise launch_error(target, failure) from failure
    finally:
        plan.close()


def launch_id(target: Target) -> str:
    """The launcher's name for this start: container id and launch number."""
    return f"{target.record.id}:{target.record.intent.launch}"


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
    "UseDescriptor": InvalidValue,
    "ChangeDirectory": InvalidValue,
    "SetLimit": InvalidValue,
    "timeout": Unknown,
}


def launch_error(target: Target, failure: LaunchFailed) -> PortoError:
    """What the user is told about the operation that failed."""
    kind = _KINDS.get(failure.op, Unknown)
    if failure.op in ("Execute", "clone3") and failure.errno == errno.EAGAIN:
        kind = ResourceNotAvailable
    if failure.errno in (errno.ENOSYS, errno.EOPNOTSUPP):
        kind = NotSupported
    cause = f": {os.strerror(failure.errno)}" if failure.errno else ""
    verb = {
        "Execute": "cannot execute",
        "OpenStream": "cannot open",
        "ChangeDirectory": "cannot enter cwd",
        "SetLimit": "cannot set ulimit",
        "Mount": "cannot mount",
        "JoinCgroup": "cannot join cgroup",
        "SetCredentials": "cannot become",
        "timeout": "no answer in time from",
    }.get(failure.op, f"{failure.op} failed for")
    return kind(f"cannot start {target.name}: {verb} {failure.subject}{cause}")
