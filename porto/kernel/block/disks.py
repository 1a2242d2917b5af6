"""Disks by name, number and path: which whole disks a key of io_limit or io_read means.

Called by `observers/` for readings and at the set of a limit, by `facets/io.py` at
each pass. A name or number is that device, a partition its whole disk. A path is the disks
under its file system: below overlay the upper layer's, below a loop device those of the
backing file, below dm and md those they are made of, below btrfs all of its devices.
Kernel: Documentation/ABI/testing/sysfs-block, sysfs-dev.
"""

import errno
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Mapping

from porto.kernel.mount.mount_table import Mount, MountTable

PHYSICAL = ("sd", "nvme", "vd", "xvd", "mmcblk", "dasd")
"""How the names of disks begin that are hardware, or the host's hypervisor's."""
NAMES_AGE_S = 10.0
"""A number may be given to another disk; then its old name is told no longer than this."""
DEPTH_MAX = 16
"""Devices on top of each other: more is a circle."""

_NUMBER = re.compile(r"[0-9]{1,9}:[0-9]{1,9}", re.ASCII)


def is_physical(name: str) -> bool:
    """Whether a disk of this name counts in "hw"."""
    return name.startswith(PHYSICAL)


class Disks:
    """The block devices of this host.

    Methods raise OSError: its strerror says why a key means no disk, without repeating it.
    """

    def __init__(
        self,
        *,
        sysfs: str = "/sys",
        dev: str = "/dev",
        partitions: str = "/proc/partitions",
        mounts: MountTable | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sysfs = sysfs
        self._dev = dev
        self._partitions = partitions
        self._mounts = mounts or MountTable()
        self._monotonic = monotonic
        self._names: dict[str, str] = {}
        self._names_since = -NAMES_AGE_S

    def names(self, numbers: Iterable[str]) -> Mapping[str, str]:
        """Names of disks by ``major:minor``: of `numbers` and more; "" of what is no whole disk."""
        now = self._monotonic()
        if now - self._names_since > NAMES_AGE_S:
            self._names, self._names_since = {}, now
        names = self._names
        for number in numbers:
            if number not in names:
                names[number] = self._name(number)
        return names

    def sized(self) -> frozenset[str]:
        """Numbers of the disks that hold something: no empty drive, no unused loop device."""
        found = []
        for line in _text(self._partitions).splitlines():
            words = line.split()
            if len(words) == 4 and words[0].isdecimal() and not words[3].startswith("ram"):
                found.append(f"{words[0]}:{words[1]}")
        names = self.names(found)
        return frozenset(number for number in found if names[number])

    def find(self, key: str, root: str = "/") -> tuple[str, ...]:
        """Numbers of the whole disks that `key` means, sorted.

        key  -- a name, ``major:minor``, a path of the host, or one that begins with a dot
        root -- the container's root, for the latter
        """
        if key.startswith("/"):
            return self._beneath_path(key, "/", 0)
        if key.startswith("."):
            return self._beneath_path(f"/{key[1:]}", root, 0)
        return (self._whole(self._device(key)),)

    # -- inside ----------------------------------------------------------

    def _name(self, number: str) -> str:
        entry = self._entry(number)
        try:
            name = os.path.basename(os.readlink(entry))
        except OSError:
            return ""
        return "" if os.path.exists(f"{entry}/partition") else name.replace("!", "/")

    def _device(self, key: str) -> str:
        """The number of a device by name or number."""
        parts = key.split("/")
        if "\0" in key or not all(parts) or not {".", ".."}.isdisjoint(parts):
            raise OSError(errno.EINVAL, "not the name of a disk", key)
        if _NUMBER.fullmatch(key):
            major, _, minor = key.partition(":")
            number = f"{int(major)}:{int(minor)}"
            if os.path.exists(self._entry(number)):
                return number
            raise OSError(errno.ENODEV, "no such disk", key)
        number = _text(f"{self._sysfs}/class/block/{key.replace('/', '!')}/dev")
        if number:
            return number
        found = self._node(key)
        if not found:
            raise OSError(errno.ENODEV, "no such disk", key)
        return found

    def _node(self, name: str) -> str:
        """The number of the device node /dev/NAME; empty when there is none."""
        path = f"{self._dev}/{name}"
        try:
            found = os.stat(path)
        except (OSError, ValueError):
            return ""
        if stat.S_ISBLK(found.st_mode):
            return _number(found.st_rdev)
        return _text(f"{self._sysfs}/class/block/{os.path.basename(os.path.realpath(path))}/dev")

    def _whole(self, number: str) -> str:
        entry = self._entry(number)
        if os.path.exists(f"{entry}/partition"):
            return _text(f"{os.path.dirname(os.path.realpath(entry))}/dev") or number
        return number

    def _beneath_path(self, path: str, root: str, depth: int) -> tuple[str, ...]:
        if not path.startswith("/"):
            # What somebody mounted by a relative path cannot be found again.
            raise OSError(errno.ENODEV, f"is on {path}, which may be anywhere", path)
        found, mount = self._mounts.locate(path, root)
        if stat.S_ISBLK(found.st_mode):
            return (self._whole(_number(found.st_rdev)),)
        if mount.number.startswith("0:"):
            numbers = self._beneath_mount(mount, path, depth + 1)
        else:
            numbers = self._beneath(mount.number, depth + 1)
        return tuple(sorted(numbers, key=order))

    def _beneath_mount(self, mount: Mount, path: str, depth: int) -> set[str]:
        """The disks of a file system that has no device of its own."""
        _check_depth(depth, path)
        layer = mount.option("upperdir") or mount.option("lowerdir")
        if mount.kind == "overlay" and layer is not None:
            # Of lower layers the first; both may escape a colon or comma.
            first = re.split(r"(?<!\\):", layer)[0] if mount.option("upperdir") is None else layer
            return set(self._beneath_path(re.sub(r"\\(.)", r"\1", first), "/", depth))
        number = self._node(mount.source[5:]) if mount.source.startswith("/dev/") else ""
        if number:
            members = self._members(number) if mount.kind == "btrfs" else [number]
            return {disk for each in members for disk in self._beneath(each, depth)}
        raise OSError(errno.ENODEV, f"{mount.point} is on {mount.kind}, which is on no disk", path)

    def _members(self, number: str) -> list[str]:
        """All devices of the btrfs file system to which this one belongs."""
        name = os.path.basename(os.path.realpath(self._entry(number)))
        top = f"{self._sysfs}/fs/btrfs"
        for uuid in _listed(top):
            devices = _listed(f"{top}/{uuid}/devices")
            if name in devices:
                numbers = [_text(f"{self._sysfs}/class/block/{each}/dev") for each in devices]
                return [each for each in numbers if each]
        return [number]

    def _beneath(self, number: str, depth: int) -> set[str]:
        """The disks of which a device is made; itself when it is made of none."""
        _check_depth(depth, number)
        number = self._whole(number)
        entry = self._entry(number)
        slaves = [_text(f"{entry}/slaves/{name}/dev") for name in _listed(f"{entry}/slaves")]
        if any(slaves):
            return {disk for slave in slaves if slave for disk in self._beneath(slave, depth + 1)}
        backing = _text(f"{entry}/loop/backing_file")
        if backing:
            try:
                return set(self._beneath_path(backing, "/", depth + 1))
            except OSError:
                # Deleted, or a path of another mount namespace: no more can be known.
                return {number}
        return {number}

    def _entry(self, number: str) -> str:
        return f"{self._sysfs}/dev/block/{number}"


def order(number: str) -> tuple[int, ...]:
    """Sorting key of ``major:minor``."""
    return tuple(int(part) for part in number.split(":"))


def _number(device: int) -> str:
    return f"{os.major(device)}:{os.minor(device)}"


def _check_depth(depth: int, subject: str) -> None:
    if depth > DEPTH_MAX:
        raise OSError(errno.ELOOP, "too many devices on top of each other", subject)


def _listed(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _text(path: str) -> str:
    """The line that a file of sysfs holds; empty when there is none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().rstrip("\n")
    except (OSError, ValueError):
        return ""
