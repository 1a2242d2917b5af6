"""Removing a tree whose owners are not trusted, in a process of its own if it is large.

Called by `workdirs.py`, and executed as a program by a job: ``python -I -S removal.py FD
NAME`` removes NAME in the directory that descriptor FD holds. So this file needs nothing
but the standard library. Every step goes by directory descriptor, follows no symbolic
link and enters no other mount. One descriptor is open at a time however deep the tree is:
the way back up is ``..``, which must be the directory that we came from. Man 2 openat,
man 2 ioctl_iflags.

The program writes ``ENTRIES removed`` lines to its standard output from time to time. It
ends with 0, or with the errno of the first thing that it could not remove, whose path and
reason are its last line on standard error; what could be removed is gone then.
"""

import contextlib
import errno
import fcntl
import os
import stat
import struct
import sys
import time
from collections.abc import Callable

OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
FILE_MAX_BYTES = 64 << 20
"""A file that occupies more is large in itself: giving its blocks back takes long."""

FEW = 4
"""So few entries go whatever they take: a program would take longer."""

_FS_IOC_GETFLAGS, _FS_IOC_SETFLAGS = 0x80086601, 0x40086602
_IMMUTABLE_OR_APPEND = 0x10 | 0x20
_FLAGS = struct.Struct("l")
_SUBDIRECTORIES = 256
"""So many names are remembered of one directory before they are worked off."""
_DEEP = 32
_SUBDIRECTORIES_DEEP = 8
_RESTARTS_MAX = 1000
_TELL_EVERY = 256
_TELL_S = 0.5


class _Full(Exception):
    """What may be done at once has been done."""


class _Moved(Exception):
    """Somebody has moved the directory that we were in."""


class _Level:
    """A directory on the way down.

    name    -- in its parent
    above   -- device and inode of the parent
    pending -- names of subdirectories that are to be removed
    failed  -- names that cannot be removed
    """

    __slots__ = ("above", "failed", "name", "pending")

    def __init__(self, name: str, above: tuple[int, int]) -> None:
        self.name = name
        self.above = above
        self.pending: list[str] = []
        self.failed: set[str] = set()


class Removal:
    """One removal.

    removed -- entries removed so far
    """

    def __init__(
        self,
        *,
        bounds: tuple[int, float] | None = None,
        told: Callable[[int], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """With `bounds` so many entries, for so many seconds, and no large file; but `FEW`.

        `told` hears of progress.
        """
        self._bounds = bounds
        self._told = told
        self._monotonic = monotonic
        self._end = monotonic() + bounds[1] if bounds else 0.0
        self._error: OSError | None = None
        self._levels: list[_Level] = []
        self._mount = 0
        self._subject = ""
        self.removed = 0

    def run(self, parent: int, name: str, subject: str) -> bool:
        """Remove `name` in directory `parent` with everything in it; absent is fine.

        Whether all of it is gone: False when the bounds were too narrow. Otherwise raises
        the first OSError, with `subject` in its filename, after all the rest has been
        removed: EBUSY for a mount point, whose contents are left alone.
        """
        self._subject = subject
        try:
            for _ in range(_RESTARTS_MAX):
                self._error = None
                with contextlib.suppress(_Moved):
                    self._tree(parent, name)
                    break
            else:
                raise OSError(errno.EAGAIN, "it is being moved all the time", subject)
        except _Full:
            return False
        if self._error is not None:
            raise self._error
        return True

    def _tree(self, parent: int, name: str) -> None:
        try:
            found = os.lstat(name, dir_fd=parent)
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(found.st_mode):
            self._unlink(parent, name, found.st_blocks)
            return
        self._mount = mount_id(parent)
        self._levels = [_Level(name, identity(parent))]
        at = self._enter(parent, name)
        while at is not None:
            at = self._step(at, parent)

    def _step(self, at: int, parent: int) -> int | None:
        """Go on in directory `at`, which is closed if it is left; where we are then."""
        level = self._levels[-1]
        try:
            if not level.pending:
                self._sweep(at, level)
            if level.pending:
                name = level.pending.pop()
                self._levels.append(_Level(name, identity(at)))
                below = self._enter(at, name)
                if below is None:
                    return at
                at, left = below, at
                os.close(left)
                return at
            self._levels.pop()
            if self._levels:
                up = os.open("..", OPEN, dir_fd=at)
                at, left = up, at
                os.close(left)
                if identity(at) != level.above:
                    raise _Moved
                self._rmdir(at, level)
                return at
        except BaseException:
            os.close(at)
            raise
        os.close(at)
        self._rmdir(parent, level)
        return None

    def _enter(self, at: int, name: str) -> int | None:
        """Open a subdirectory, the last of the levels; None, and no such level, if not."""
        try:
            below = os.open(name, OPEN, dir_fd=at)
            if mount_id(below) == self._mount:
                return below
            os.close(below)
            raise OSError(errno.EBUSY, "is a mount point")
        except OSError as error:
            self._levels.pop()
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                self._replaced()
            elif error.errno != errno.ENOENT:
                self._fail(error, name)
            return None

    def _replaced(self) -> None:
        """What was a directory is none now: the next sweep sees what it is."""
        if not self._levels:
            raise _Moved

    def _sweep(self, at: int, level: _Level) -> None:
        """Unlink what is no directory, and remember subdirectories, some of them."""
        most = _SUBDIRECTORIES if len(self._levels) <= _DEEP else _SUBDIRECTORIES_DEEP
        with os.scandir(at) as entries:
            for entry in entries:
                if entry.name in level.failed:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    level.pending.append(entry.name)
                    if len(level.pending) >= most:
                        return
                else:
                    self._unlink(at, entry.name, self._blocks(entry))

    def _blocks(self, entry: "os.DirEntry[str]") -> int:
        if self._bounds is None:
            return 0
        try:
            return entry.stat(follow_symlinks=False).st_blocks
        except FileNotFoundError:
            return 0

    def _unlink(self, at: int, name: str, blocks: int) -> None:
        if self._bounds is not None and blocks * 512 > FILE_MAX_BYTES:
            raise _Full
        self._count()
        try:
            try:
                os.unlink(name, dir_fd=at)
            except PermissionError:
                if not make_changeable(at, name):
                    raise
                os.unlink(name, dir_fd=at)
        except FileNotFoundError:
            return
        except OSError as error:
            self._fail(error, name)

    def _rmdir(self, at: int, level: _Level) -> None:
        self._count()
        try:
            try:
                os.rmdir(level.name, dir_fd=at)
            except PermissionError:
                if not make_changeable(at, level.name):
                    raise
                os.rmdir(level.name, dir_fd=at)
        except FileNotFoundError:
            return
        except NotADirectoryError:
            self._replaced()
        except OSError as error:
            self._fail(error, level.name)

    def _count(self) -> None:
        if self._bounds is not None and self.removed >= FEW:
            most, _ = self._bounds
            if self.removed >= most or self._monotonic() >= self._end:
                raise _Full
        self.removed += 1
        if self._told is not None and self.removed % _TELL_EVERY == 0:
            self._told(self.removed)

    def _fail(self, error: OSError, name: str) -> None:
        """It stays: go on with the rest, and tell of the first."""
        if self._levels:
            self._levels[-1].failed.add(name)
        if self._error is None:
            inner = [level.name for level in self._levels[1:]]
            path = "/".join((*inner, name)) if self._levels else ""
            place = f"{self._subject}/{path}" if path else self._subject
            self._error = OSError(error.errno, error.strerror, place)


def make_changeable(at: int, name: str) -> bool:
    """Take the flags away that forbid removing an entry: its own and its directory's.

    Whether there were any; raises PermissionError when they cannot be taken.
    """
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
    try:
        changed = _clear_flags(at)
        mode = os.fstat(handle).st_mode
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
            # By the handle: a device must not be opened that has taken the name meanwhile.
            inner = os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                changed |= _clear_flags(inner)
            finally:
                os.close(inner)
    finally:
        os.close(handle)
    return changed


def _clear_flags(descriptor: int) -> bool:
    try:
        packed = fcntl.ioctl(descriptor, _FS_IOC_GETFLAGS, bytes(_FLAGS.size))
    except OSError:
        return False  # a filesystem without such flags
    flags = _FLAGS.unpack(packed)[0]
    if not flags & _IMMUTABLE_OR_APPEND:
        return False
    fcntl.ioctl(descriptor, _FS_IOC_SETFLAGS, _FLAGS.pack(flags & ~_IMMUTABLE_OR_APPEND))
    return True


def identity(descriptor: int) -> tuple[int, int]:
    """Device and inode of what a descriptor holds."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def mount_id(descriptor: int) -> int:
    """The mount a descriptor is on; a bind mount of the same filesystem differs too."""
    path = f"/proc/self/fdinfo/{descriptor}"
    info = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _, found, rest = os.read(info, 4096).partition(b"mnt_id:")
    finally:
        os.close(info)
    if not found:
        raise OSError(errno.ENOTSUP, "the kernel does not tell the mount", path)
    return int(rest.split(None, 1)[0])


class _Told:
    """Progress for a reader who wants to see it move, not each entry."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, removed: int) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _TELL_S
            os.write(1, f"{removed} removed\n".encode())


def main(words: list[str]) -> int:
    """The program: descriptor of the parent directory, name in it."""
    descriptor, name = words
    try:
        Removal(told=_Told()).run(int(descriptor), name, name)
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return error.errno or 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
