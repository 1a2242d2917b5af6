"""Making and removing directories beneath a root, safe against their owners.

Called through `kernel/file/files.py`. A container's directory belongs to its user, and a
child container's lies within it: every step goes by directory descriptor, follows no
symbolic link and enters no other mount. Man 2 openat.
"""

import contextlib
import errno
import os
import secrets
import stat

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_DEPTH_MAX = 32
"""Deeper directories are moved up before they are removed: descriptors stay few."""
_ROUNDS_MAX = 10_000


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
    at = os.open(root, _OPEN & ~os.O_NOFOLLOW)
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
        return os.open(part, _OPEN, dir_fd=at)
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

    Symbolic links are removed, not followed. Raises OSError (EBUSY) at a mount point,
    whose contents are left alone.
    """
    *above, last = _parts(name)
    try:
        parent = _open_beneath(root, above, make=False)
    except FileNotFoundError:
        return
    try:
        _remove(parent, last, f"{root}/{name}")
    finally:
        os.close(parent)


def _remove(parent: int, name: str, subject: str) -> None:
    try:
        os.unlink(name, dir_fd=parent)
        return
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError) as error:
        if not stat.S_ISDIR(os.lstat(name, dir_fd=parent).st_mode):
            error.filename = subject
            raise
    top = _open_directory(name, parent, subject)
    try:
        mount = _mount_id(top)
        if mount != _mount_id(parent):
            raise OSError(errno.EBUSY, "is a mount point", subject)
        # Every round brings what was too deep right below the top, until one moves
        # nothing. A directory that keeps growing makes the rmdir fail.
        for _ in range(_ROUNDS_MAX):
            if not _empty(top, mount, top, 0, subject):
                break
    finally:
        os.close(top)
    try:
        os.rmdir(name, dir_fd=parent)
    except FileNotFoundError:
        return
    except OSError as error:
        error.filename = subject
        raise


def _empty(at: int, mount: int, top: int, depth: int, subject: str) -> bool:
    """Remove what is in directory `at`; whether something deep was moved to `top`."""
    moved = False
    with os.scandir(at) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in found:
        if not is_directory:
            _unlink(name, at, subject)
            continue
        try:
            below = _open_directory(name, at, f"{subject}/.../{name}")
        except FileNotFoundError:
            continue
        try:
            if _mount_id(below) != mount:
                raise OSError(errno.EBUSY, "a mount point is in the way", f"{subject}/.../{name}")
            if depth >= _DEPTH_MAX:
                moved = True
                os.rename(name, secrets.token_hex(16), src_dir_fd=at, dst_dir_fd=top)
                continue
            moved |= _empty(below, mount, top, depth + 1, subject)
        finally:
            os.close(below)
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(name, dir_fd=at)
    return moved


def _unlink(name: str, at: int, subject: str) -> None:
    try:
        os.unlink(name, dir_fd=at)
    except FileNotFoundError:
        return
    except OSError as error:
        error.filename = f"{subject}/.../{name}"
        raise


def _mount_id(descriptor: int) -> int:
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
