"""Numbers of users and groups, for rules about what an owner may do.

Called by `spec/containers/device_access.py`, `facets/identity.py` and `api/auth.py`. Lookups are
remembered until the user databases change, because a database may be slow and rules are
looked at on every pass.
"""

import functools
import grp
import os
import pwd
from collections.abc import Callable
from dataclasses import dataclass

NOBODY_AT_ALL = -1
"""The number of an account that does not exist: it matches none."""
_DATABASES = ("/etc/passwd", "/etc/group")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose rights count: uid, and all gids."""

    name: str
    uid: int
    groups: frozenset[int]


_ROOT = Owner("root", 0, frozenset({0}))


def owner_of(user: str, group: str) -> Owner:
    """The owner of a container, by the names of its user and group."""
    if user in ("", "root", "0"):
        return _ROOT
    return _owner(user, group, databases())


def find_uid(user: str) -> int | None:
    """The number of a user name, or of a number's text; None for an unknown one."""
    if user.isdecimal():
        return int(user)
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        return None


def find_gid(group: str) -> int | None:
    """The number of a group name, or of a number's text; None for an unknown one."""
    if group.isdecimal():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return None


def uid_of(user: str) -> int:
    """The same, for comparing: an unknown one is `NOBODY_AT_ALL`."""
    uid = find_uid(user)
    return NOBODY_AT_ALL if uid is None else uid


def gid_of(group: str) -> int:
    """The same, for comparing: an unknown one is `NOBODY_AT_ALL`."""
    gid = find_gid(group)
    return NOBODY_AT_ALL if gid is None else gid


def control_groups(user: str) -> tuple[str, ...]:
    """Groups whose members' objects the user of that name controls like his own.

    Manual section "Security": porto-containers and USER-containers.
    """
    return "porto-containers", f"{user}-containers"


def may_run(owner: int, name: str, task: int, is_member: Callable[[str], bool]) -> bool:
    """Whether the owner of a container, of that uid and name, may have tasks of the uid `task`.

    Root anybody's; others their own, and those of users whom they control, but never root's.
    Whoever owns a container can change its command, so this holds whoever asks for the start.
    is_member -- whether the task's user is in the group of that name
    """
    if owner in (0, task):
        return True
    return task != 0 and any(map(is_member, control_groups(name)))


def user_name(uid: int) -> str:
    """The name of a uid, or its digits."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def databases() -> tuple[int, ...]:
    """Changes whenever the user databases do, so that lookups can be remembered."""
    found = []
    for path in _DATABASES:
        try:
            found.append(os.stat(path).st_mtime_ns)
        except OSError:
            found.append(0)
    return tuple(found)


@functools.lru_cache(maxsize=256)
def _owner(user: str, group: str, stamps: tuple[int, ...]) -> Owner:
    try:
        entry = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except KeyError:
        return Owner(user, uid_of(user), frozenset({gid_of(group)} if group else ()))
    gid = gid_of(group) if group else entry.pw_gid
    return Owner(
        user, entry.pw_uid, frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid)) | {gid}
    )
