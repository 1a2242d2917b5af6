"""Namespaces that are kept though nobody need live in them, under the name of their run.

Used by child_setup.py, which opens them while the run's child still lives, and by
spawner.py. A descriptor keeps a namespace as a process does: what was made in it stays until
the pin is released and nobody has joined. Handed over to the next master. man 7 namespaces.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

from porto.kernel import syscalls
from porto.launcher.link import close_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FILES = {
    syscalls.CLONE_NEWNS: "mnt",
    syscalls.CLONE_NEWCGROUP: "cgroup",
    syscalls.CLONE_NEWUTS: "uts",
    syscalls.CLONE_NEWIPC: "ipc",
    syscalls.CLONE_NEWUSER: "user",
    syscalls.CLONE_NEWNET: "net",
}

Namespaces = Mapping[int, int]
"""Descriptors by kind, a CLONE_NEW* flag."""


def open_namespaces(pid: int, flags: int) -> Namespaces:
    """The namespaces of these kinds that a process lives in, all or none.

    Raises OSError: EINVAL for another kind, ENOENT when it is gone.
    """
    if flags & ~sum(_FILES):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    found: dict[int, int] = {}
    try:
        for flag, name in _FILES.items():
            if flags & flag:
                found[flag] = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        close_all(list(found.values()))
        raise
    return found


def identities(namespaces: Namespaces) -> list[list[int]]:
    """[flag, device, inode] of each; what `ops.PinnedNamespace` is made of."""
    found = []
    for flag, fd in namespaces.items():
        status = os.fstat(fd)
        found.append([flag, status.st_dev, status.st_ino])
    return found


class Pins:
    """Owns the descriptors, at most so many of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._by_name: dict[str, Namespaces] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def enter(self, name: str, namespaces: Namespaces) -> None:
        """Keep them. Raises OSError (EMFILE) when there are too many; they are not kept then."""
        if sum(map(len, self._by_name.values()), len(namespaces)) > self._limit:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        if namespaces:
            self._by_name[name] = namespaces

    def descriptor(self, name: str, flag: int) -> int | None:
        """One of them, which stays ours."""
        return self._by_name.get(name, {}).get(flag)

    def release(self, name: str) -> None:
        """Let the namespaces go, if there is such a pin."""
        close_all(list(self._by_name.pop(name, {}).values()))

    def all(self) -> list[tuple[str, Namespaces]]:
        """In the order of entry."""
        return list(self._by_name.items())

    def state(self) -> list[Any]:
        """For the next master; the descriptors become inheritable."""
        for namespaces in self._by_name.values():
            for fd in namespaces.values():
                os.set_inheritable(fd, True)
        return [[name, list(found.items())] for name, found in self._by_name.items()]

    def restore(self, state: list[Any]) -> None:
        """What `state` told."""
        for name, found in state:
            self._by_name[name] = dict(found)
            for _, fd in found:
                os.set_inheritable(fd, False)
