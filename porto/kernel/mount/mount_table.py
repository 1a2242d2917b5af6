"""Where a path really is: the mounts we see, and a walk that enters only local file systems.

Called by `kernel/block/disks.py`. A path comes from a client. Looking it up in a file system that
is served by somebody else (NFS, FUSE, an automounter) could wait for ever, so such a mount
is refused before it is touched. Kernel: Documentation/filesystems/proc.rst, "mountinfo";
man 7 path_resolution.
"""

import errno
import os
import select
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from porto.kernel.mount.mountinfo import MOUNTINFO, open_mountinfo, parse

PATH_MAX = 4096
LINKS_MAX = 40
"""Symbolic links on the way, as the kernel counts them."""
LOCAL = frozenset(
    {
        "bcachefs",
        "btrfs",
        "cgroup",
        "cgroup2",
        "devpts",
        "devtmpfs",
        "hugetlbfs",
        "mqueue",
        "overlay",
        "proc",
        "ramfs",
        "rootfs",
        "sysfs",
        "tmpfs",
        "zfs",
    }
)
"""File systems without a block device of their own that answer by themselves."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount.

    number  -- ``major:minor`` of its file system, major 0 without a block device
    point   -- mount point
    kind    -- type of the file system
    source  -- what was mounted, a device for most
    options -- of the file system
    """

    number: str
    point: str
    kind: str
    source: str
    options: tuple[str, ...]

    @property
    def is_local(self) -> bool:
        """Whether a lookup in it waits for nobody but a disk."""
        if self.kind.startswith("fuse"):
            return False
        return not self.number.startswith("0:") or self.kind in LOCAL

    def option(self, name: str) -> str | None:
        """The value of ``name=value``, None when there is none."""
        start = f"{name}="
        return next((o[len(start) :] for o in self.options if o.startswith(start)), None)


class MountTable:
    """The mounts of this mount namespace, read again when the kernel says they changed."""

    def __init__(self, mountinfo: str = MOUNTINFO) -> None:
        """Nothing is opened before the first use."""
        self._path = mountinfo
        self._descriptor = -1
        self._changes = select.poll()
        self._by_point: Mapping[str, Mount] = {}

    def close(self, close: Callable[[int], None] = os.close) -> None:
        """Close the file that tells of changes."""
        if self._descriptor >= 0:
            # A default, because at the interpreter's end `os` may be gone.
            close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()

    def covering(self, path: str) -> Mount:
        """The mount in which an absolute path without links is."""
        by_point = self._current()
        point = path
        while point not in by_point:
            if point == "/":
                raise OSError(errno.ENOENT, "no file system is mounted there", path)
            point = os.path.dirname(point)
        return by_point[point]

    def locate(self, path: str, root: str = "/") -> tuple[os.stat_result, Mount]:
        """The file that `path` means below `root`, and its mount.

        Links are followed and stay within `root`, which is free of links itself. Raises
        OSError: EREMOTE for a file system that might not answer, ELOOP, ENOENT,
        ENOTDIR, ENAMETOOLONG.
        """
        if len(path) >= PATH_MAX:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), path[:PATH_MAX])
        root = "" if root == "/" else root
        real = ""
        found, mount = self._look(root or "/", path)
        pending = _parts(path)
        links = 0
        while pending:
            part = pending.pop()
            if part == "..":
                real = real.rpartition("/")[0]
                found, mount = self._look(f"{root}{real}" or "/", path)
                continue
            if not stat.S_ISDIR(found.st_mode):
                raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
            inner = f"{real}/{part}"
            found, mount = self._look(f"{root}{inner}", path)
            if not stat.S_ISLNK(found.st_mode):
                real = inner
                continue
            links += 1
            if links > LINKS_MAX:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            target = os.readlink(f"{root}{inner}")
            if target.startswith("/"):
                real = ""
            found, mount = self._look(f"{root}{real}" or "/", path)
            pending += _parts(target)
        return found, mount

    def _look(self, real: str, shown: str) -> tuple[os.stat_result, Mount]:
        mount = self.covering(real)
        if not mount.is_local:
            text = f"{mount.point} is on {mount.kind}, not on a disk of this host"
            raise OSError(errno.EREMOTE, text, shown)
        try:
            return os.lstat(real), mount
        except ValueError as error:
            raise OSError(errno.EINVAL, "not a path", shown) from error

    def _current(self) -> Mapping[str, Mount]:
        if self._descriptor < 0:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            self._changes.register(self._descriptor, select.POLLPRI)
            self._by_point = self._read()
        elif self._changes.poll(0):
            self._by_point = self._read()
        return self._by_point

    def _read(self) -> Mapping[str, Mount]:
        """By mount point; the mount on top of others counts."""
        with open_mountinfo(self._path) as lines:
            return {
                line.point: Mount(
                    number=line.number,
                    point=line.point,
                    kind=line.kind,
                    source=line.source,
                    options=line.super_options,
                )
                for line in parse(lines)
            }


def _parts(path: str) -> list[str]:
    """The components of a path, the first one last."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]
