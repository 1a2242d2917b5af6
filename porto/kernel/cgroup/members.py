"""Processes as members of cgroups: whose are they, and killing them.

Called by the drivers. A pid read from a cgroup may belong to another process a
moment later, so it is signalled through a pidfd, after the membership has been
checked on the process that the pidfd holds. Format: man 7 cgroups, /proc/PID/cgroup.
"""

import errno
import os
import signal
from collections.abc import Callable

_PF_EXITING = 4
_DELETED = b" (deleted)"
Belongs = Callable[[bytes], bool]


def path_of(text: bytes, controller: bytes) -> bytes | None:
    """The path in the line of a v1 controller, or of the unified hierarchy for b"".

    `text` is a /proc/PID/cgroup file; None when there is no such line.
    """
    for line in text.split(b"\n"):
        _, _, rest = line.partition(b":")
        names, colon, path = rest.partition(b":")
        if colon and (names == controller or controller in names.split(b",")):
            return path.removesuffix(_DELETED)
    return None


def is_within(path: bytes | None, directory: bytes) -> bool:
    """Whether a path is `directory` or lies below it."""
    return path is not None and (path == directory or path.startswith(directory + b"/"))


class Members:
    """The processes of this host."""

    def cgroup_text(self, pid: int) -> bytes:
        """The content of /proc/PID/cgroup; raises ProcessLookupError when it is gone."""
        return _read(f"/proc/{pid}/cgroup")

    def living_thread_text(self, pid: int) -> bytes:
        """The same of the first thread that is not exiting.

        Raises ProcessLookupError when all of them are.
        """
        for thread in _threads(pid):
            try:
                text = _read(f"/proc/{pid}/task/{thread}/cgroup")
                # Asked afterwards: a thread that is not exiting now was not before.
                if not _is_exiting(pid, thread):
                    return text
            except ProcessLookupError:
                continue
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH), f"/proc/{pid}")

    def kill(self, pid: int, belongs: Belongs) -> bool:
        """SIGKILL the process if `belongs` says so; whether it was signalled.

        `belongs` gets the /proc/PID/cgroup text of the process or one of its threads.
        """
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:
            # Gone, or (EINVAL) not a thread group leader.
            return False
        try:
            if not belongs(self.cgroup_text(pid)) and not self._has_thread_in(pid, belongs):
                return False
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        except ProcessLookupError:
            return False
        finally:
            os.close(pidfd)
        return True

    def open_pidfd(self, pid: int) -> int | None:
        """A pidfd of the process, None when it is gone."""
        try:
            return os.pidfd_open(pid)
        except OSError:
            return None

    def _has_thread_in(self, pid: int, belongs: Belongs) -> bool:
        # In v1 threads of one process may live in different groups: cgroup.procs then
        # shows a process whose leader is elsewhere.
        for thread in _threads(pid):
            try:
                if belongs(_read(f"/proc/{pid}/task/{thread}/cgroup")):
                    return True
            except ProcessLookupError:
                continue
        return False


def _threads(pid: int) -> list[str]:
    try:
        return sorted(os.listdir(f"/proc/{pid}/task"), key=int)
    except (FileNotFoundError, ProcessLookupError):
        return []


def _is_exiting(pid: int, thread: str) -> bool:
    # The name may contain anything but ends at the last ")". Field 9 holds the flags.
    _, _, rest = _read(f"/proc/{pid}/task/{thread}/stat").rpartition(b") ")
    return bool(int(rest.split(b" ", 7)[6]) & _PF_EXITING)


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH), path) from error
    try:
        data = os.read(descriptor, 65536)
        while len(data) and data[-1:] != b"\n":
            more = os.read(descriptor, 65536)
            if not more:
                break
            data += more
        return data
    finally:
        os.close(descriptor)
