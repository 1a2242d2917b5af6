"""Namespaces and mounts of a container that lives in the host's root.

Launch-time facet; manual section "Security", isolate. The child joins the
namespaces of the nearest ancestor that has a process, then leaves those it shall
not share. An own mount namespace keeps what the container mounts to itself; an
isolated one sees a /proc of its own pid namespace and a read-only /sys, and in
both the daemon's records and dangerous parts of /proc are out of reach.
Kernel: namespaces(7), mount_namespaces(7).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from porto.kernel.syscalls import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUTS,
    MNT_DETACH,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    MS_SHARED,
    MS_SLAVE,
)
from porto.launcher.ops import JoinNamespaces, Mount, Op, SetUmask, Unmount, Unshare
from porto.reconcilers.containers.target import LaunchPlan, Target
from porto.reconcilers.ports import Ports
from porto.spec.containers.names import level
from porto.spec.errors import InvalidState

PROC_FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC
READ_ONLY_PROC = ("/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/sys")
HIDDEN_PROC = ("/proc/kcore",)


@dataclass(frozen=True, slots=True)
class ProcessHandle:
    """A pidfd of the process whose namespaces are joined."""

    pid: int
    start: int
    refusal: str

    def open(self, ports: Ports) -> int:
        """Raises InvalidState when it is gone."""
        try:
            return ports.processes.open_pidfd(self.pid, self.start)
        except ProcessLookupError as error:
            raise InvalidState(self.refusal) from error


class Namespaces:
    """Which namespaces the task lives in, and what is mounted there."""

    name = "namespaces"

    def __init__(
        self,
        *,
        hidden_mount: str,
        exists: Callable[[str], bool],
        is_mount: Callable[[str], bool],
    ) -> None:
        """`hidden_mount` is a directory of ours that no container sees, if it is a mount."""
        self._hidden_mount = hidden_mount
        self._is_mount = is_mount
        # Some kernels are built without some of these.
        self._read_only = tuple(filter(exists, READ_ONLY_PROC))
        self._hidden = tuple(filter(exists, HIDDEN_PROC))
        # The same in every launch.
        self._mounts = {
            (isolate, top): tuple(self._mount_ops(isolate=isolate, top=top))
            for isolate in (True, False)
            for top in (True, False)
        }

    def own_mounts(self, target: Target) -> bool:
        """Whether the container has a mount namespace of its own."""
        return target.record.spec.process.isolate or level(target.name) == 1

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Join, leave, mount."""
        isolate = target.record.spec.process.isolate
        self._join(target, plan)
        unshare = (CLONE_NEWIPC | CLONE_NEWUTS) if isolate else 0
        if self.own_mounts(target):
            unshare |= CLONE_NEWNS
        if isolate:
            plan.clone_flags |= CLONE_NEWPID
        if unshare:
            plan.add(Unshare(unshare))
        plan.add(SetUmask(0))
        if self.own_mounts(target):
            plan.add(*self._mounts[isolate, level(target.name) == 1])

    def _join(self, target: Target, plan: LaunchPlan) -> None:
        host = target.host
        if host is None or host.status.life.process is None:
            return
        process = host.status.life.process
        refusal = f"cannot start {target.name}: its parent {host.name} has no process any more"
        index = plan.pass_fd(ProcessHandle(process.init_pid, process.init_start, refusal))
        plan.pid_ns = index
        plan.add(JoinNamespaces(index, CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWNS))

    def _mount_ops(self, *, isolate: bool, top: bool) -> Iterator[Op]:
        yield Mount(None, "/", None, MS_REC | MS_SLAVE)
        if isolate:
            yield Unmount("/proc", MNT_DETACH)
            yield Mount("proc", "/proc", "proc", PROC_FLAGS)
            yield Unmount("/sys", MNT_DETACH)
            yield Mount("sysfs", "/sys", "sysfs", PROC_FLAGS | MS_RDONLY)
        if top and self._is_mount(self._hidden_mount):
            yield Unmount(self._hidden_mount, MNT_DETACH)
        for path in self._read_only:
            yield Mount(path, path, None, MS_BIND)
            yield Mount(None, path, None, MS_REMOUNT | MS_BIND | MS_RDONLY | PROC_FLAGS)
        for path in self._hidden:
            yield Mount("/dev/null", path, None, MS_BIND)
        yield Mount(None, "/", None, MS_REC | MS_SHARED)
