"""Facts about processes: identity by pid and start time, what others see of them.

Called by the observers, the launcher's client and the API's authentication. A pid
alone names nobody for long; pid and start time (field 22 of /proc/PID/stat, clock
ticks since boot) do until the next boot. Formats: man 5 proc_pid_stat,
proc_pid_status; man 2 ioctl_ns.
"""

import contextlib
import errno
import fcntl
import os
import resource
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass

from porto.kernel.process.virtual_memory import virtual_memory
from porto.kernel.syscalls import pidfd_exit_status as exit_status

__all__ = [
    "Stat",
    "boot_id",
    "count_host",
    "exit_status",
    "find_pid",
    "handles_signal",
    "has_ended",
    "host_pids",
    "is_alive",
    "namespace_pids",
    "ns_pid",
    "open_any_pidfd",
    "open_pidfd",
    "pid_namespace",
    "read_limits",
    "read_stat",
    "send_signal",
    "set_limit",
    "shares_namespace",
    "start_time",
    "uptime",
    "virtual_memory",
]

NS_GET_PARENT = 0xB702
BOOT_ID = "/proc/sys/kernel/random/boot_id"
_READ = os.O_RDONLY | os.O_CLOEXEC
_ENDED = ("Z", "X", "x")


@dataclass(frozen=True, slots=True)
class Stat:
    """The part of /proc/PID/stat that identifies a process.

    start -- clock ticks from boot to its start
    """

    state: str
    parent: int
    start: int

    @property
    def has_ended(self) -> bool:
        """Whether it is a zombie, or less."""
        return self.state in _ENDED


_LIMIT_WIDTH = 26
"""Of the first column of /proc/PID/limits."""


def _read(path: str) -> bytes:
    descriptor = os.open(path, _READ)
    try:
        return os.read(descriptor, 16384)
    finally:
        os.close(descriptor)


def _gone(pid: int) -> ProcessLookupError:
    return ProcessLookupError(3, os.strerror(3), f"/proc/{pid}")


def _status_field(pid: int, key: bytes) -> list[bytes]:
    try:
        data = _read(f"/proc/{pid}/status")
    except FileNotFoundError as error:
        raise _gone(pid) from error
    for line in data.split(b"\n"):
        if line.startswith(key):
            return line.split()[1:]
    return []


def read_stat(pid: int) -> Stat:
    """State, parent and start time; raises ProcessLookupError when there is none."""
    if pid <= 0:
        raise _gone(pid)
    try:
        data = _read(f"/proc/{pid}/stat")
    except FileNotFoundError as error:
        raise _gone(pid) from error
    # The name, in parentheses, may hold spaces and parentheses: it ends at the last one.
    fields = data[data.rindex(b")") + 2 :].split(b" ", 20)
    return Stat(state=fields[0].decode(), parent=int(fields[1]), start=int(fields[19]))


def start_time(pid: int) -> int:
    """Start time in clock ticks since boot; raises ProcessLookupError."""
    return read_stat(pid).start


def is_alive(pid: int, start: int) -> bool:
    """Whether the process that started then still runs; a zombie does not."""
    try:
        stat = read_stat(pid)
    except ProcessLookupError:
        return False
    return stat.start == start and stat.state not in _ENDED


def open_any_pidfd(pid: int) -> int:
    """A pidfd of whatever process has this pid now, a zombie included.

    Raises ProcessLookupError when there is none. The caller closes it.
    """
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        # EINVAL: ended, and its number is still that of a session or process group.
        if error.errno == errno.EINVAL:
            raise _gone(pid) from error
        raise


def open_pidfd(pid: int, start: int) -> int:
    """A pidfd of the process that started then, a zombie included.

    Raises ProcessLookupError when it is gone. The caller closes it.
    """
    if pid <= 0:
        raise _gone(pid)
    pidfd = open_any_pidfd(pid)
    try:
        # Compared after the opening: from here on the descriptor keeps the identity.
        if start_time(pid) != start:
            raise _gone(pid)
    except BaseException:
        os.close(pidfd)
        raise
    return pidfd


def send_signal(pid: int, start: int, signo: int) -> bool:
    """Signal the process that started then; whether it was still there."""
    try:
        pidfd = open_pidfd(pid, start)
    except ProcessLookupError:
        return False
    try:
        signal.pidfd_send_signal(pidfd, signo)
    except ProcessLookupError:
        return False
    finally:
        os.close(pidfd)
    return True


def handles_signal(pid: int, signo: int) -> bool:
    """Whether the process has a handler of its own for a signal; False when it is gone."""
    try:
        caught = _status_field(pid, b"SigCgt:")
    except ProcessLookupError:
        return False
    return bool(caught) and bool(int(caught[0], 16) >> (signo - 1) & 1)


def namespace_pids(pid: int) -> list[int]:
    """The process's pid in each pid namespace from ours down to its own."""
    return [int(word) for word in _status_field(pid, b"NSpid:")] or [pid]


def ns_pid(pid: int, viewer_pid: int) -> int | None:
    """The process's pid as `viewer_pid` sees it, None when it does not.

    `viewer_pid` 0 is this process, or one in its namespace. Raises ProcessLookupError
    when one of them is gone.
    """
    if viewer_pid == 0:
        return pid
    depth = len(namespace_pids(viewer_pid))
    seen = namespace_pids(pid)
    if depth == 1:
        # The viewer lives in our namespace, which sees all below it.
        return pid
    if len(seen) < depth:
        return None
    try:
        viewer = os.stat(f"/proc/{viewer_pid}/ns/pid").st_ino
        owner = _ancestor_namespace(pid, len(seen) - depth)
    except FileNotFoundError as error:
        raise _gone(pid) from error
    return seen[depth - 1] if owner == viewer else None


def shares_namespace(pid: int) -> bool:
    """Whether the process has our pid namespace, for life; not when it is gone."""
    try:
        theirs = os.stat(f"/proc/{pid}/ns/pid")
    except OSError:
        return False
    return theirs.st_ino == os.stat("/proc/self/ns/pid").st_ino


def find_pid(viewer_pid: int, pid: int, among: Iterable[int]) -> int | None:
    """Our pid of the process that `viewer_pid` sees as `pid`, one of `among`."""
    for candidate in among:
        with contextlib.suppress(ProcessLookupError):
            if ns_pid(candidate, viewer_pid) == pid:
                return candidate
    return None


def _ancestor_namespace(pid: int, generations: int) -> int:
    """Inode of the pid namespace so many levels above the process's own."""
    descriptor = os.open(f"/proc/{pid}/ns/pid", _READ)
    try:
        for _ in range(generations):
            parent = fcntl.ioctl(descriptor, NS_GET_PARENT)
            os.close(descriptor)
            descriptor = parent
        return os.fstat(descriptor).st_ino
    finally:
        os.close(descriptor)


def has_ended(pid: int) -> bool:
    """Whether a pid is a zombie's, or nobody's."""
    try:
        return read_stat(pid).has_ended
    except ProcessLookupError:
        return True


def set_limit(pid: int, kind: int, limits: tuple[int, int]) -> None:
    """prlimit(2); -1 is unlimited. Raises ProcessLookupError, OSError."""
    try:
        resource.prlimit(pid, kind, limits)
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error)) from error


def read_limits(pid: int) -> dict[str, tuple[int, int]]:
    """Soft and hard resource limits by the kernel's words, -1 for unlimited.

    By /proc/PID/limits, which root may read of any process, unlike prlimit(2). Raises
    ProcessLookupError.
    """
    try:
        lines = _read(f"/proc/{pid}/limits").decode().splitlines()
    except FileNotFoundError as error:
        raise _gone(pid) from error
    found = {}
    for line in lines[1:]:
        words = line[_LIMIT_WIDTH:].split()
        soft, hard = (-1 if word == "unlimited" else int(word) for word in words[:2])
        found[line[:_LIMIT_WIDTH].strip()] = (soft, hard)
    return found


def pid_namespace(pid: int | str) -> str:
    """What tells the pid namespace of a process (or "self") from others; raises OSError."""
    return os.readlink(f"/proc/{pid}/ns/pid")


def host_pids() -> list[int]:
    """Every process that this pid namespace sees."""
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def count_host() -> tuple[int, int]:
    """Processes and threads of the whole host."""
    threads = int(_read("/proc/loadavg").split()[3].partition(b"/")[2])
    return len(host_pids()), threads


def boot_id() -> str:
    """The random name of this boot."""
    return _read(BOOT_ID).decode().strip()


def uptime() -> float:
    """Seconds since boot, time in suspend included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
