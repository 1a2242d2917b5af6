"""The running portod of one runtime directory: its pids, and whether it answers.

Used by the commands of portod, which look at it from outside, and by the daemon, which
is the only one there (`be_alone`). The master holds a lock
on its pid file as long as it runs (`launcher/listener.py`), so a number left behind by
a dead one is never trusted. Manual section "FILES".
"""

import contextlib
import errno
import fcntl
import os
import select
import signal
import socket
import time
from collections.abc import Callable

from porto.kernel.process import processes

_VERSION_REQUEST = b"\x02\x72\x00"  # a frame of two bytes: TContainerRequest.version, empty
_ANSWER_TIMEOUT_S = 1.0
_POLL_S = 0.02


class Instance:
    """Paths of one portod, running or not."""

    def __init__(self, *, socket_path: str, master_pid: str, daemon_pid: str) -> None:
        self.socket_path = socket_path
        self._master_file = master_pid
        self._daemon_file = daemon_pid

    def master(self) -> int | None:
        """Pid of the running master, or None."""
        try:
            fd = os.open(self._master_file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _number(os.pread(fd, 32, 0))
        finally:
            os.close(fd)
        return None

    def daemon(self) -> int | None:
        """Pid of the daemon that the master wrote down, or None."""
        try:
            with open(self._daemon_file, "rb") as file:
                return _number(file.read(32))
        except OSError:
            return None

    def answers(self) -> bool:
        """Whether the daemon answers a version request within a second."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(_ANSWER_TIMEOUT_S)
            try:
                sock.connect(self.socket_path)
                sock.sendall(_VERSION_REQUEST)
                return bool(sock.recv(1))
            except OSError:
                return False

    def remove_pid_files(self) -> None:
        """After a master that could not do it itself."""
        for path in (self._master_file, self._daemon_file):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def _number(text: bytes) -> int | None:
    word = text.strip()
    return int(word) if word.isdigit() and int(word) > 0 else None


def wait_until(done: Callable[[], bool], timeout_s: float) -> bool:
    """Ask again and again; False when the time is over."""
    deadline = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True


def be_alone(directory: str, timeout_s: float) -> int:
    """Be the one daemon that writes below a directory, until this process ends.

    Returns the descriptor that holds the lock; OSError when another one keeps it so long.
    A daemon ends with its master, but one that is within a system call has its last effect
    after the kernel has let another master start. Only then is its lock gone.
    """
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def taken() -> bool:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    if not wait_until(taken, timeout_s):
        os.close(fd)
        raise OSError(errno.EBUSY, "another daemon has not ended yet", directory)
    return fd


def end_process(pid: int, signo: int, timeout_s: float) -> bool:
    """Signal a process and wait for its end; False when it lives on."""
    try:
        fd = processes.open_any_pidfd(pid)
    except ProcessLookupError:
        return True
    try:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(fd, signo)
        return bool(select.select([fd], [], [], timeout_s)[0])
    finally:
        os.close(fd)
