"""Credentials, working directory and umask of the main process.

Launch-time facet; manual section "Context". Runs in the launcher's child after
the namespaces are set up, capabilities last: what comes later has the task's own
rights only.
"""

import functools
import os
import pwd
from dataclasses import dataclass

from porto.launcher.ops import ChangeDirectory, SetCapabilities, SetCredentials, SetUmask
from porto.reconcilers.containers.target import LaunchPlan, Target
from porto.spec.accounts import databases, find_gid, find_uid, may_run, user_name
from porto.spec.containers import effective
from porto.spec.errors import InvalidValue, Permission

# Manual section "Security", capabilities: what a container in the host's root may keep.
# Numbers: include/uapi/linux/capability.h.
_CAPABILITIES = {
    "CHOWN": 0,
    "DAC_OVERRIDE": 1,
    "FOWNER": 3,
    "FSETID": 4,
    "KILL": 5,
    "SETGID": 6,
    "SETUID": 7,
    "SETPCAP": 8,
    "LINUX_IMMUTABLE": 9,
    "NET_BIND_SERVICE": 10,
    "NET_ADMIN": 12,
    "NET_RAW": 13,
    "IPC_LOCK": 14,
    "SYS_CHROOT": 18,
    "SYS_PTRACE": 19,
    "SYS_ADMIN": 21,
    "SYS_BOOT": 22,
    "SYS_NICE": 23,
    "SYS_RESOURCE": 24,
    "MKNOD": 27,
    "AUDIT_WRITE": 29,
    "SETFCAP": 31,
}
HOST_BOUND = sum(1 << number for number in _CAPABILITIES.values())


@dataclass(frozen=True, slots=True)
class TaskCredentials:
    """Numbers under which a task runs."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    user: str


def _uid(name: str) -> int:
    uid = find_uid(name)
    if uid is None:
        raise InvalidValue(f"unknown user {name}")
    return uid


def _gid(name: str) -> int:
    gid = find_gid(name)
    if gid is None:
        raise InvalidValue(f"unknown group {name}")
    return gid


@functools.lru_cache(maxsize=256)
def _resolve(user: str, group: str, fingerprint: tuple[int, ...]) -> TaskCredentials:
    uid = _uid(user)
    try:
        entry = pwd.getpwuid(uid) if user.isdecimal() else pwd.getpwnam(user)
    except KeyError:
        gid = _gid(group) if group else uid
        return TaskCredentials(uid, gid, (gid,), user)
    gid = _gid(group) if group else entry.pw_gid
    return TaskCredentials(
        uid, gid, tuple(sorted(set(os.getgrouplist(entry.pw_name, gid)))), entry.pw_name
    )


def task_credentials(target: Target) -> TaskCredentials:
    """Uid, gid and groups of the container's main process."""
    return _resolve(*effective.task_names(target.record.spec), target.look(databases))


class Identity:
    """Who the task is, and where it starts."""

    name = "identity"

    def __init__(self, work_root: str) -> None:
        self._work_root = work_root

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Working directory as root, then the credentials."""
        credentials = task_credentials(target)
        owner, _ = effective.owner_names(target.record.spec)
        uid = _uid(owner)
        if not may_run(
            uid, user_name(uid), credentials.uid, lambda name: find_gid(name) in credentials.groups
        ):
            raise Permission(
                f"cannot start {target.name}: its owner {owner} may not run tasks as "
                f"{credentials.user}"
            )
        plan.add(
            ChangeDirectory(effective.cwd((target.record, *target.lineage), self._work_root)),
            SetCredentials(credentials.uid, credentials.gid, credentials.groups),
            SetCapabilities(HOST_BOUND, 0),
        )


class Umask:
    """The umask comes after the streams, whose files have a mode of their own."""

    name = "identity"

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Last but for the execution."""
        plan.add(SetUmask(target.record.spec.process.umask))
