"""The user database as the access rules need it, with a short memory.

Called by `auth.py` and the handlers; reads passwd(5) and group(5) through the C
library. Answers are kept for a few seconds: a name service may be slow, and the
daemon asks for every connection.
"""

import grp
import os
import pwd
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar

from porto.spec.accounts import user_name

T = TypeVar("T")
REMEMBERED_S = 5.0
REMEMBERED_MAX = 1024


@dataclass(frozen=True, slots=True)
class Cred:
    """A user with primary and supplementary groups."""

    uid: int
    gid: int
    groups: frozenset[int] = frozenset()

    def in_group(self, gid: int | None) -> bool:
        """Whether `gid` is the primary or a supplementary group."""
        return gid is not None and (gid == self.gid or gid in self.groups)


class Users:
    """Look-ups in the user database. A name that is unknown is None, never an error."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._known: dict[Hashable, tuple[float, object]] = {}

    def user_id(self, user: str) -> int | None:
        """The uid of a user's name; digits are a uid themselves."""
        if user.isdecimal():
            return int(user)
        entry = self._entry(user)
        return None if entry is None else entry.pw_uid

    def user_name(self, uid: int) -> str:
        """The name of a uid, or its digits."""
        return self._remember(("user", uid), lambda: user_name(uid))

    def group_id(self, group: str) -> int | None:
        """The gid of a group's name; digits are a gid themselves."""
        if group.isdecimal():
            return int(group)

        def look() -> int | None:
            try:
                return grp.getgrnam(group).gr_gid
            except (KeyError, ValueError):
                return None

        return self._remember(("group id", group), look)

    def group_name(self, gid: int) -> str:
        """The name of a gid, or its digits."""

        def look() -> str:
            try:
                return grp.getgrgid(gid).gr_name
            except KeyError:
                return str(gid)

        return self._remember(("group", gid), look)

    def cred(self, uid: int, gid: int) -> Cred:
        """The user with the supplementary groups of the database."""

        def look() -> Cred:
            try:
                name = pwd.getpwuid(uid).pw_name
                groups = frozenset(os.getgrouplist(name, gid))
            except (KeyError, OSError):
                groups = frozenset()
            return Cred(uid, gid, groups | {gid})

        return self._remember(("cred", uid, gid), look)

    def primary_group(self, user: str) -> int | None:
        """The primary group of a user's name or uid."""
        entry = self._entry(user)
        return None if entry is None else entry.pw_gid

    def _entry(self, user: str) -> pwd.struct_passwd | None:
        def look() -> pwd.struct_passwd | None:
            try:
                return pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
            except (KeyError, ValueError, OverflowError):
                return None

        return self._remember(("entry", user), look)

    def _remember(self, key: Hashable, look: Callable[[], T]) -> T:
        now = self._monotonic()
        found = self._known.get(key)
        if found is not None and now - found[0] < REMEMBERED_S:
            return found[1]  # type: ignore[return-value]
        value = look()
        if len(self._known) >= REMEMBERED_MAX:
            self._known.clear()
        self._known[key] = (now, value)
        return value
