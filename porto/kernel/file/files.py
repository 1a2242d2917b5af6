"""Files of containers on the host: kept output, descriptors of clients.

Called by the stream, rotation and observer files. Paths and files here belong to
users who may swap them at any time, so what was opened is checked, never what was
named. Manual section "Filesystem", stdout_path; man 2 fallocate. Directories:
`workdirs.py`, whose functions are offered here too.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Sequence
from typing import Protocol

from porto.kernel import syscalls
from porto.kernel.file.workdirs import (
    ASIDE,
    list_aside,
    make_work_directory,
    open_directory_beneath,
    removal_program,
    remove_small_tree_beneath,
    remove_tree_beneath,
    set_aside_beneath,
)
from porto.kernel.process import processes

__all__ = [
    "ASIDE",
    "collapse_head",
    "exists",
    "first_data",
    "list_aside",
    "list_directories",
    "make_work_directory",
    "occupied",
    "open_client_descriptor",
    "open_directory",
    "open_directory_beneath",
    "open_regular",
    "removal_program",
    "remove_small_tree_beneath",
    "remove_tree_beneath",
    "set_aside_beneath",
]

_BLOCK = 512
"""The unit of st_blocks."""
_UNSUPPORTED = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_QUIET = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class ClientProcess(Protocol):
    """The process whose descriptors are asked for (`spec.record.Client`)."""

    @property
    def pid(self) -> int:
        """In this pid namespace."""

    @property
    def start(self) -> int:
        """Field 22 of /proc/PID/stat."""

    @property
    def uid(self) -> int:
        """Whose rights count."""

    @property
    def gid(self) -> int:
        """Its group."""

    @property
    def groups(self) -> Sequence[int]:
        """Its supplementary groups."""


def open_regular(path: str, flags: int) -> int:
    """Open an existing regular file at an absolute path; never blocks.

    Raises FileNotFoundError, OSError (EINVAL) for what is no regular file, and
    PermissionError when a symbolic link that is not root's lies on the way: a user may
    point it at what is not his.
    """
    try:
        descriptor = os.open(path, flags | _QUIET | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise PermissionError(errno.EPERM, "is a symbolic link", path) from error
        if error.errno in (errno.EISDIR, errno.ENXIO, errno.ENODEV):
            raise OSError(errno.EINVAL, "not a regular file", path) from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        if not _is_reached_safely(descriptor, path):
            raise PermissionError(errno.EPERM, "a symbolic link leads elsewhere", path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _is_reached_safely(descriptor: int, path: str) -> bool:
    opened = os.readlink(f"/proc/self/fd/{descriptor}")
    if opened == path:
        return True
    normal = os.path.normpath(path)
    if opened == normal:
        return True
    # Links of root, such as /place -> /srv/place, are the administrator's choice; those of
    # procfs mean another place to everyone who follows them. Their size gives them away.
    prefix = ""
    for part in normal.split("/")[1:]:
        prefix = f"{prefix}/{part}"
        try:
            found = os.lstat(prefix)
            if not stat.S_ISLNK(found.st_mode):
                continue
            if found.st_uid != 0 or found.st_size != len(os.fsencode(os.readlink(prefix))):
                return False
        except OSError:
            return False
    return opened == os.path.realpath(normal)


def open_directory(path: str) -> int:
    """A descriptor of a directory at a path that is ours; the caller closes it."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def list_directories(path: str) -> list[str]:
    """Names of the directories in one that is ours; symbolic links are none."""
    with os.scandir(path) as entries:
        return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]


def exists(path: str) -> bool:
    """Whether there is anything at a path that is ours."""
    return os.path.lexists(path)


def occupied(path: str) -> int:
    """Bytes that a regular file occupies on disk; 0 for anything else."""
    try:
        found = os.lstat(path)
    except OSError:
        return 0
    return found.st_blocks * _BLOCK if stat.S_ISREG(found.st_mode) else 0


def collapse_head(file: str | int, limit: int) -> int:
    """Drop the head of a file that occupies more than `limit` bytes on disk.

    About half of `limit` remains. Returns the bytes lost, 0 when nothing was done.
    FALLOC_FL_COLLAPSE_RANGE moves the rest to the front, unnoticed by writers that
    append. Where the filesystem has none (tmpfs, btrfs, overlay on these) the head
    becomes a hole: the space is free, no byte of the rest is lost or moved, and offsets
    within the file stay (`first_data` tells where it begins). Where there are no holes
    either the file is truncated to nothing. A missing or irregular file is left alone;
    OSError for one that a user's link leads to, or that cannot be changed.
    """
    if isinstance(file, int):
        return _collapse(file, limit)
    try:
        found = os.lstat(file)
        # The usual answer, without an open.
        if not stat.S_ISREG(found.st_mode) or found.st_blocks * _BLOCK <= limit:
            return 0
        descriptor = open_regular(file, os.O_RDWR)
    except FileNotFoundError:
        return 0
    try:
        return _collapse(descriptor, limit)
    finally:
        os.close(descriptor)


def _collapse(descriptor: int, limit: int) -> int:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_blocks * _BLOCK <= limit:
        return 0
    block = found.st_blksize
    end = max(found.st_size - limit // 2, 0) // block * block
    start = first_data(descriptor)
    if end <= start:
        # Preallocated space, or a limit smaller than a block: nothing to cut.
        return 0
    if start == 0 and _fallocate(descriptor, syscalls.FALLOC_FL_COLLAPSE_RANGE, end):
        return end
    punch = syscalls.FALLOC_FL_PUNCH_HOLE | syscalls.FALLOC_FL_KEEP_SIZE
    if _fallocate(descriptor, punch, end):
        return end - start
    size = os.fstat(descriptor).st_size
    os.ftruncate(descriptor, 0)
    return size - start


def _fallocate(descriptor: int, mode: int, length: int) -> bool:
    try:
        syscalls.fallocate(descriptor, mode, 0, length)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        return False
    return True


def first_data(descriptor: int) -> int:
    """Offset of the first byte that is not in a hole.

    0 for a file that does not begin with one, its size for one without data.
    """
    try:
        return os.lseek(descriptor, 0, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return os.fstat(descriptor).st_size
        if error.errno in _UNSUPPORTED:
            return 0
        raise


def open_client_descriptor(client: ClientProcess, n: int, write: bool) -> int:
    """Descriptor `n` of an API client, for reading or, with `write`, for writing.

    The same open file, so that the offset in a file is shared with the client, if it
    was opened for that direction. Otherwise, or when a pipe or terminal would not
    block, it is opened anew, which the client itself needs the right for by owner,
    group and mode. The caller closes it. Raises PermissionError, FileNotFoundError when
    the client has no such descriptor, OSError (ESRCH) when it is gone.
    """
    subject = f"/dev/fd/{n}"
    pidfd = processes.open_pidfd(client.pid, client.start)
    try:
        try:
            handle = os.open(f"/proc/{client.pid}/fd/{n}", os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                errno.ENOENT, f"the client has no descriptor {n}", subject
            ) from error
        try:
            _check_opened(client, n, handle, subject)
            # Once more: the paths went by pid, and pids are reused.
            if processes.start_time(client.pid) != client.start:
                raise ProcessLookupError(errno.ESRCH, "the client is gone", subject)
            taken = _take(pidfd, client, n, write)
            return _reopen(handle, client, subject, write) if taken is None else taken
        finally:
            os.close(handle)
    finally:
        os.close(pidfd)


def _check_opened(client: ClientProcess, n: int, handle: int, subject: str) -> None:
    """Refuse a file that the client has named (O_PATH) but never opened.

    Opening may be refused for reasons beyond the mode, in procfs or for devices, and
    would succeed here.
    """
    theirs = _fdinfo(f"/proc/{client.pid}/fdinfo/{n}", subject)
    ours = _fdinfo(f"/proc/self/fdinfo/{handle}", subject)
    same = all(theirs.get(key) == ours.get(key) for key in (b"mnt_id", b"ino"))
    if not same or int(theirs.get(b"flags", b"0"), 8) & os.O_PATH:
        raise PermissionError(errno.EACCES, "the client has not opened it", subject)


def _take(pidfd: int, client: ClientProcess, n: int, write: bool) -> int | None:
    """The client's own open file, if it serves; None to open it anew.

    Only from a process that still is what connected: one that has executed a
    set-user-id program since may hold what its starter may not have. Such a process is
    not dumpable, so the kernel gives its /proc files to root (man 5 proc).
    """
    if not _owns_itself(client):
        return None
    try:
        descriptor = syscalls.pidfd_getfd(pidfd, n)
    except OSError:
        # Linux before 5.6, or a security module.
        return None
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    mode = os.fstat(descriptor).st_mode
    # Looked at again: it may have changed its program meanwhile.
    serves = _owns_itself(client) and flags & os.O_ACCMODE in (
        os.O_RDWR,
        os.O_WRONLY if write else os.O_RDONLY,
    )
    blocks = not flags & os.O_NONBLOCK or stat.S_ISREG(mode)
    if serves and blocks and not stat.S_ISDIR(mode) and not flags & os.O_PATH:
        return descriptor
    os.close(descriptor)
    return None


def _owns_itself(client: ClientProcess) -> bool:
    return os.stat(f"/proc/{client.pid}/fdinfo").st_uid == client.uid


def _fdinfo(path: str, subject: str) -> dict[bytes, bytes]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, "the descriptor is gone", subject) from error
    try:
        lines = os.read(descriptor, 4096).split(b"\n")
    finally:
        os.close(descriptor)
    pairs = (line.partition(b":") for line in lines[:4])
    return {key: value.strip() for key, colon, value in pairs if colon}


def _reopen(handle: int, client: ClientProcess, subject: str, write: bool) -> int:
    found = os.fstat(handle)
    if stat.S_ISDIR(found.st_mode) or stat.S_ISSOCK(found.st_mode):
        raise OSError(errno.EINVAL, "neither a file, a pipe nor a terminal", subject)
    if not _may(client, found, write):
        right = "write to" if write else "read"
        raise PermissionError(errno.EACCES, f"the client may not {right} it", subject)
    flags = os.O_WRONLY | os.O_APPEND if write else os.O_RDONLY
    try:
        descriptor = os.open(f"/proc/self/fd/{handle}", flags | _QUIET)
    except OSError as error:
        raise OSError(error.errno, error.strerror, subject) from error
    try:
        if stat.S_ISCHR(found.st_mode) and os.isatty(descriptor):
            both = os.open(f"/proc/self/fd/{handle}", os.O_RDWR | _QUIET)
            os.close(descriptor)
            descriptor = both
        os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _may(client: ClientProcess, found: os.stat_result, write: bool) -> bool:
    if client.uid == 0:
        return True
    bit = 2 if write else 4
    if client.uid == found.st_uid:
        return bool(found.st_mode >> 6 & bit)
    if found.st_gid == client.gid or found.st_gid in client.groups:
        return bool(found.st_mode >> 3 & bit)
    return bool(found.st_mode & bit)
