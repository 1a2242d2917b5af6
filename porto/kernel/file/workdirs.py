"""Making and removing directories beneath a root, safe against their owners.

Called through `kernel/file/files.py`. A container's directory belongs to its user, and a
child container's lies within it: every step goes by directory descriptor and follows no
symbolic link. The removal itself: `removal.py`. Man 2 openat.
"""

import contextlib
import errno
import os
import secrets
import sys

from porto.kernel.file import removal
from porto.kernel.file.removal import OPEN, Removal, make_changeable
from porto.kernel.mount.mountinfo import mounts_below
from porto.kernel.process.programs import FIRST_DESCRIPTOR, Program

ASIDE = "%removed"
"""No container has such a name."""
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


def open_directory_beneath(root: str, name: str) -> int:
    """A descriptor of a directory beneath `root`, through no link; the caller closes it."""
    return _open_beneath(root, _parts(name), make=False)


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


def set_aside_beneath(root: str, name: str) -> str | None:
    """Move `name` out of the way by one rename: its name is free at once.

    Its new name beneath `root`, in the directory `ASIDE` that nobody but root can enter;
    None when it is absent. Raises OSError: EBUSY when something is mounted at it or in it.
    """
    *above, last = _parts(name)
    fresh = secrets.token_hex(16)
    try:
        parent = _open_beneath(root, above, make=False)
    except FileNotFoundError:
        return None
    try:
        # A mount would move along, away from where it is looked for.
        if mounts_below(os.readlink(f"/proc/self/fd/{parent}") + f"/{last}"):
            raise OSError(errno.EBUSY, "a mount point is in the way", f"{root}/{name}")
        aside = _open_aside(root)
        try:
            _rename(last, fresh, parent, aside)
        finally:
            os.close(aside)
    except FileNotFoundError:
        return None
    finally:
        os.close(parent)
    return f"{ASIDE}/{fresh}"


def _open_aside(root: str) -> int:
    with contextlib.suppress(FileExistsError):
        os.mkdir(f"{root}/{ASIDE}", 0o700)
    return _open_beneath(root, [ASIDE], make=False)


def _rename(name: str, fresh: str, parent: int, aside: int) -> None:
    try:
        os.rename(name, fresh, src_dir_fd=parent, dst_dir_fd=aside)
    except PermissionError:
        if not make_changeable(parent, name):
            raise
        os.rename(name, fresh, src_dir_fd=parent, dst_dir_fd=aside)


def list_aside(root: str) -> list[str]:
    """What was set aside beneath `root` and is still there, sorted."""
    try:
        return [f"{ASIDE}/{name}" for name in sorted(os.listdir(f"{root}/{ASIDE}"))]
    except FileNotFoundError:
        return []


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
