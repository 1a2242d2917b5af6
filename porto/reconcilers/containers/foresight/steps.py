"""Operations of a launch in words, a line each. Pure.

Called by `words.py`. What each operation does: `launcher/ops.py`.
"""

import dataclasses
import os
from collections.abc import Iterable, Sequence

from porto.kernel import syscalls
from porto.kernel.process.scheduling import Schedule, describe_ioprio
from porto.launcher import ops
from porto.launcher.ops import Op
from porto.launcher.slots import FillSlot, OpenStreamAt
from porto.reconcilers.containers.facets.limits import RESOURCES, limit_text
from porto.reconcilers.containers.facets.streams import WorkHandle
from porto.reconcilers.containers.facets.task import spoken
from porto.reconcilers.containers.target import Source
from porto.spec.containers.effective import STREAMS

VARIABLES_MAX = 40
"""Names of environment variables that a line tells."""

_LIMITS = {number: kind for kind, number in RESOURCES.items()}
_NAMESPACES = {
    syscalls.CLONE_NEWNS: "mount",
    syscalls.CLONE_NEWUTS: "uts",
    syscalls.CLONE_NEWIPC: "ipc",
    syscalls.CLONE_NEWUSER: "user",
    syscalls.CLONE_NEWPID: "pid",
    syscalls.CLONE_NEWNET: "network",
    syscalls.CLONE_NEWCGROUP: "cgroup",
}
_MOUNT = {
    syscalls.MS_RDONLY: "ro",
    syscalls.MS_NOSUID: "nosuid",
    syscalls.MS_NODEV: "nodev",
    syscalls.MS_NOEXEC: "noexec",
    syscalls.MS_REMOUNT: "remount",
    syscalls.MS_BIND: "bind",
    syscalls.MS_REC: "recursive",
    syscalls.MS_PRIVATE: "private",
    syscalls.MS_SLAVE: "slave",
    syscalls.MS_SHARED: "shared",
}


def clone_step(flags: int) -> str:
    """With which namespaces the child is born; "" for those of its parent."""
    return f"new namespaces: {_named(flags, _NAMESPACES)}" if flags else ""


def steps(operations: Iterable[Op], sources: Sequence[Source]) -> list[str]:
    """All operations of a launch; `sources` are of the descriptors that they name."""
    held: dict[int, str] = {}
    found = []
    for op in operations:
        if isinstance(op, FillSlot):
            source = sources[op.fd]
            held[op.slot] = source.path if isinstance(source, WorkHandle) else "what was passed"
            found.append(f"hold {held[op.slot]}")
        elif isinstance(op, OpenStreamAt):
            stream = f"open {STREAMS[op.stream]}: {op.path} in {held[op.at]}"
            found.append(stream + _opened(op))
        else:
            found.append(_step(op))
    return found


def _step(op: Op) -> str:
    match op:
        case ops.JoinCgroup():
            return f"join {op.path}"
        case ops.JoinNamespaces():
            return f"join namespaces of the parent: {_named(op.flags, _NAMESPACES)}"
        case ops.Unshare():
            return f"new namespaces: {_named(op.flags, _NAMESPACES)}"
        case ops.Mount():
            source = f" {op.source}" if op.source else ""
            words = ",".join(filter(None, (op.fstype, _named(op.flags, _MOUNT, ","), op.data)))
            return f"mount{source} on {op.target} ({words})"
        case ops.Unmount():
            return f"unmount {op.target}"
        case ops.MakeDirectory():
            return f"make directory {op.path}, mode {op.mode:o}, owner {op.uid}:{op.gid}"
        case ops.MakeNode():
            number = f"{op.major}:{op.minor}"
            mode = f"mode {op.mode & 0o7777:o}, owner {op.uid}:{op.gid}"
            return f"make node {op.path} for {number}, {mode}"
        case ops.MakeLink():
            return f"make link {op.path} to {op.target}"
        case ops.WriteFile():
            return f"write {op.text} to {op.path}"
        case ops.SetHostname():
            return f"set hostname {op.name}"
        case ops.SetLimit():
            kind = _LIMITS.get(op.resource, str(op.resource))
            return f"set ulimit {kind} to {limit_text(op.soft, op.hard)}"
        case ops.NewSession():
            return "begin a session"
        case ops.SetUmask():
            return f"set umask {op.mask:04o}"
        case ops.ChangeDirectory():
            return f"enter {op.path}"
        case ops.OpenStream():
            return f"open {STREAMS[op.stream]}: {op.path}{_opened(op)}"
        case ops.UseDescriptor():
            return f"open {STREAMS[op.stream]}: a descriptor of the client"
        case ops.SetScheduler():
            schedule = Schedule(op.policy, op.nice, op.priority)
            return f"set scheduling {schedule}, disk priority {describe_ioprio(op.ioprio)}"
        case ops.SetCredentials():
            groups = " ".join(map(str, op.groups))
            return f"become user {op.uid}, group {op.gid}, with groups {groups}"
        case ops.SetCapabilities():
            return f"keep capabilities {op.bounding:#x}"
        case ops.Execute():
            behind = ", below a reaper" if op.reaper else ""
            return f"execute {_command(op)}{behind}; {_environment(op)}"
        case ops.Rest():
            return "execute nothing but the reaper"
        case _:
            return _plain(op)


def _plain(op: Op) -> str:
    """An operation that no launch has yet: its name and fields."""
    name = spoken(type(op).__name__)
    fields = (f"{item.name} {getattr(op, item.name)}" for item in dataclasses.fields(op))
    return ", ".join([name, *fields])


def _named(flags: int, names: dict[int, str], glue: str = ", ") -> str:
    left = flags
    for flag in names:
        left &= ~flag
    found = [name for flag, name in names.items() if flags & flag]
    return glue.join([*found, f"{left:#x}"] if left else found)


def _opened(op: ops.OpenStream | OpenStreamAt) -> str:
    if op.create:
        return f" (made with mode {op.mode:o}, owner {op.uid}:{op.gid})"
    return "" if op.flags & (os.O_WRONLY | os.O_RDWR) else " (for reading)"


def _command(op: ops.Execute) -> str:
    return op.command if op.command is not None else " ".join(map(repr, op.argv))


def _environment(op: ops.Execute) -> str:
    """Names and values: whoever may see the plan may see the property."""
    shown = [f"{name}={value}" for name, value in op.env[:VARIABLES_MAX]]
    more = f" and {len(op.env) - VARIABLES_MAX} more" if len(op.env) > VARIABLES_MAX else ""
    return f"environment {' '.join(shown)}{more}"
