"""Making and removing directories beneath a root, safe against their owners.

Called through `kernel/file/files.py`. A container's directory belongs to its user, and a
child container's lies within it: every step goes by directory descriptor and follows no
symbolic link. The removal itself: `removal.py`. Man 2 openat.
"""

import errno
import os
import sys

from porto.kernel.file import removal
from porto.kernel.file.removal import OPEN, Removal
from porto.kernel.process.programs import FIRST_DESCRIPTOR, Program

SMALL = (64, 0.001)
"""Entries and seconds: what is removed at once, while the daemon's other work waits.

Of one entry more, since nothing tells beforehand what a filesystem takes for it.
"""


def _parts(name: str) -> list[str]:
    parts = name.split("/")
    for part in parts:
        if part in ("", ".", "..") or "\0" in part:
            raise OSError(errno.EINVAL, "not a plain relative name", name)
    return parts


def _open_beneath(root: str, parts: list[str], *, make: bool, made: list[str] | None = None) -> int:
    """A descriptor of the directory `parts` below `root`.

    With `make`, missing ones are made; `made` then holds the last one if it was missing.
    """
    at = os.open(root, OPEN & ~os.O_NOFOLLOW)
    try:
        for part in parts:
            if make:
                fresh = _make(part, at)
                if made is not None:
                    made[:] = [part] if fresh else []
            below = _open_directory(part, at, "/".join((root, *parts)))
            os.close(at)
            at = below
    except BaseException:
        os.close(at)
        raise
    return at


def _make(part: str, at: int) -> bool:
    try:
        os.mkdir(part, 0o755, dir_fd=at)
    except FileExistsError:
        return False
    return True


def _open_directory(part: str, at: int, subject: str) -> int:
    try:
        return os.open(part, OPEN, dir_fd=at)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise NotADirectoryError(errno.ENOTDIR, "not a directory", subject) from error
        error.filename = subject
        raise


def make_work_directory(root: str, name: str, mode: int, uid: int, gid: int) -> bool:
    """Make directory `name` (``a/b``) beneath `root` with exactly this mode and owner.

    One that exists keeps its contents and gets mode and owner; missing ancestors are
    made 0755. Whether it was made now. Raises NotADirectoryError when something else
    has the name.
    """
    made: list[str] = []
    parts = _parts(name)
    descriptor = _open_beneath(root, parts, make=True, made=made)
    try:
        # Owner first: chown clears bits of the mode.
        os.fchown(descriptor, uid, gid)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)
    return made[-1:] == parts[-1:]


def remove_tree_beneath(root: str, name: str) -> None:
    """Remove `name` (``a/b``) beneath `root` and everything in it; absent is fine.

    Symbolic links are removed, not followed. Raises OSError, after the rest has been
    removed: EBUSY for a mount point, whose contents are left alone.
    """
    _remove_beneath(root, name, Removal())


def remove_small_tree_beneath(root: str, name: str) -> bool:
    """The same within `SMALL`, and of no large file.

    Whether all of it is gone. If not, `removal_program` does the rest.
    """
    return _remove_beneath(root, name, Removal(bounds=SMALL))


def removal_program(root: str, name: str) -> Program:
    """The program that removes `name` beneath `root`: `removal.py` says what it tells."""
    *above, last = _parts(name)
    return Program(
        argv=(sys.executable, "-I", "-S", removal.__file__, str(FIRST_DESCRIPTOR), last),
        descriptors=(lambda: _open_beneath(root, above, make=False),),
        tells_errno=True,
    )


def _remove_beneath(root: str, name: str, work: Removal) -> bool:
    *above, last = _parts(name)
    try:
        parent = _open_beneath(root, above, make=False)
    except FileNotFoundError:
        return True
    try:
        return work.run(parent, last, f"{root}/{name}")
    finally:
        os.close(parent)
