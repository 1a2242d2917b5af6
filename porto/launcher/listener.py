"""The API socket, and the one-instance lock beside it.

Used by master.py: the socket outlives the daemon, so clients queue in its backlog
while the daemon restarts. Manual: /run/portod.socket is open to every user; who may
do what is decided by the daemon.
"""

import fcntl
import os
import socket
import stat
import time

_TRIES = 3
_LOOKS = 500
_LOOK_PAUSE_S = 0.01


class Refused(Exception):
    """The master cannot start; the text says why."""


def lock(path: str) -> int:
    """Take the pid file for this process; raises Refused while another one holds it.

    The lock, not the number in the file, tells who runs: numbers are used again.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    for _ in range(_TRIES):
        try:
            fd = os.open(path, flags, 0o644)
        except OSError as error:
            raise Refused(f"cannot open pid file {path}: {error.strerror}") from error
        if not _exclusive(fd):
            pid = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
            os.close(fd)
            raise Refused(f"portod is already running: pid {pid} in {path}")
        if _same(fd, path):
            os.ftruncate(fd, 0)
            os.pwrite(fd, b"%d\n" % os.getpid(), 0)
            return fd
        os.close(fd)  # its former holder removed it just now
    raise Refused(f"cannot lock pid file {path}")


def _exclusive(fd: int) -> bool:
    """Take the lock for ourselves; False when another master has it.

    Whoever asks whether portod runs (`cli/instance.py`, and so the very `portod start` that
    waits for us) holds the lock for a moment, shared with others who ask. No master does.
    """
    for _ in range(_LOOKS):
        if _flock(fd, fcntl.LOCK_EX):
            return True
        if not _flock(fd, fcntl.LOCK_SH):
            return False
        fcntl.flock(fd, fcntl.LOCK_UN)
        time.sleep(_LOOK_PAUSE_S)
    return False


def _flock(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _same(fd: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def answers(path: str) -> bool:
    """Whether somebody listens on this socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except BlockingIOError:
            return True  # a full backlog
        except OSError:
            return False
        return True


def group_id(name: str) -> int:
    """Number of a group, 0 (root) when there is none of that name.

    Read from the file: the name service would load libraries into the master.
    """
    try:
        with open("/etc/group", encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                fields = line.split(":")
                if fields[0] == name and len(fields) > 2:
                    return int(fields[2])
    except (OSError, ValueError):
        pass
    return 0


class Listener:
    """The listening socket and where its name is."""

    def __init__(self, path: str, sock: socket.socket) -> None:
        self.path = path
        self.sock = sock
        self._identity = self._on_disk()

    @classmethod
    def bind(cls, path: str, *, group: str, backlog: int) -> "Listener":
        """Make the socket, replacing a dead one. Raises Refused."""
        try:
            if stat.S_ISDIR(os.lstat(path).st_mode):
                raise Refused(f"cannot listen on {path}: is a directory")
            os.unlink(path)
        except FileNotFoundError:
            pass
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        former = os.umask(0o111)
        try:
            sock.bind(path)
            os.chown(path, 0, group_id(group))
            sock.listen(backlog)
        except OSError as error:
            sock.close()
            raise Refused(f"cannot listen on {path}: {error.strerror or error}") from error
        finally:
            os.umask(former)
        return cls(path, sock)

    def _on_disk(self) -> tuple[int, int] | None:
        try:
            found = os.lstat(self.path)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def vanished(self) -> bool:
        """Whether the name was removed or taken by something else."""
        return self._identity is None or self._on_disk() != self._identity

    def remove(self) -> None:
        """Remove the name, if it is still ours, and close."""
        if not self.vanished():
            os.unlink(self.path)
        self.sock.close()
