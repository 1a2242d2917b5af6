"""An invented /sys, /dev and mountinfo, for tests of disks.

Block device nodes need root, so the names in /dev are plain files here: `Disks` knows them
by their names in /sys. Lookups of paths go through the real file system, the mounts that
cover them are invented.
"""

from pathlib import Path

from porto.kernel.block.disks import Disks
from porto.kernel.mount.mount_table import MountTable


class BlockTree:
    """The machine; call the methods, then ask `disks`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sys = root / "sys"
        self.mountinfo = root / "mountinfo"
        self.files = root / "files"
        self.partitions = root / "partitions"
        self.partitions.write_text("major minor  #blocks  name\n\n")
        for directory in ("dev/block", "class/block", "devices", "fs/btrfs"):
            (self.sys / directory).mkdir(parents=True)
        self.files.mkdir()
        (root / "dev" / "mapper").mkdir(parents=True)
        self.lines: list[str] = []
        self.mount("0:20", "/", "tmpfs", "tmpfs")
        self.now = 100.0
        self.disks = Disks(
            sysfs=str(self.sys),
            dev=str(root / "dev"),
            partitions=str(self.partitions),
            mounts=MountTable(str(self.mountinfo)),
            monotonic=lambda: self.now,
        )

    def disk(
        self, name: str, number: str, *, size: int = 100, slaves: tuple[str, ...] = ()
    ) -> Path:
        """A whole disk, perhaps made of others."""
        directory = self.sys / "devices" / name
        directory.mkdir()
        self._device(directory, number, size)
        (directory / "slaves").mkdir()
        for slave in slaves:
            (directory / "slaves" / slave).symlink_to(self.sys / "class" / "block" / slave)
        return directory

    def partition(self, disk: str, name: str, number: str) -> None:
        """A part of a disk."""
        directory = self.sys / "devices" / disk / name
        directory.mkdir()
        self._device(directory, number, 10)
        (directory / "partition").write_text("1\n")

    def back(self, name: str, path: str) -> None:
        """The file behind a loop device."""
        loop = self.sys / "devices" / name / "loop"
        loop.mkdir(exist_ok=True)
        (loop / "backing_file").write_text(f"{path}\n")

    def mount(self, number: str, point: str, kind: str, source: str, options: str = "rw") -> None:
        """One more mount."""
        self.lines.append(f"30 20 {number} / {point} rw,relatime - {kind} {source} {options}\n")
        self.mountinfo.write_text("".join(self.lines))

    def _device(self, directory: Path, number: str, size: int) -> None:
        # The kernel leaves out what is empty.
        if size:
            line = f"{number.replace(':', ' ')} {size} {directory.name}\n"
            self.partitions.write_text(self.partitions.read_text() + line)
        (directory / "dev").write_text(f"{number}\n")
        (self.sys / "dev" / "block" / number).symlink_to(directory)
        (self.sys / "class" / "block" / directory.name).symlink_to(directory)
        (self.root / "dev" / directory.name.replace("!", "-")).write_text("")
