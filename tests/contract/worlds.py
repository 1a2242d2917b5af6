"""The places where the contract of the cgroup drivers is tried: fakes and the kernel."""

import errno
import os
import subprocess
from pathlib import Path
from typing import Protocol

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.probe import probe
from tests.fakes.cgroupfs import FakeCgroups
from tests.patience import patient, until

DEADLINE_S = patient(20.0)
_serial = iter(range(1_000_000))


class World(Protocol):
    """A host with cgroups."""

    driver: CgroupDriver
    prefix: str

    def spawn(self) -> int:
        """A process outside of our groups."""

    def is_alive(self, pid: int) -> bool:
        """Whether it still runs."""

    def await_end(self, pid: int) -> None:
        """Return when it is dead and buried."""

    def write_raw(self, path: str, text: str) -> None:
        """Write a knob as somebody else would."""

    def mkdir_raw(self, path: str) -> None:
        """Make a group as somebody else would."""

    def close(self) -> None:
        """Leave nothing behind."""


class FakeWorld:
    """A fake host."""

    prefix = "porto"

    def __init__(self, root: Path, hierarchies: tuple[str, ...]) -> None:
        self.fake = FakeCgroups(root, hierarchies)
        self.driver = probe(
            self.prefix, mountinfo=str(self.fake.mountinfo), knobs=self.fake, members=self.fake
        )

    def spawn(self) -> int:
        return self.fake.spawn()

    def is_alive(self, pid: int) -> bool:
        return self.fake.alive(pid)

    def await_end(self, pid: int) -> None:
        assert not self.fake.alive(pid)

    def write_raw(self, path: str, text: str) -> None:
        self.fake.write(path, text)

    def mkdir_raw(self, path: str) -> None:
        self.fake.mkdir(path)

    def close(self) -> None:
        self.fake.close()


class KernelWorld:
    """This host, below a prefix of its own."""

    def __init__(self) -> None:
        self.prefix = f"portotest-{os.getpid()}-{next(_serial)}"
        self.driver = probe(self.prefix)
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def spawn(self) -> int:
        child = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL)
        self._children[child.pid] = child
        return child.pid

    def is_alive(self, pid: int) -> bool:
        return self._children[pid].poll() is None

    def await_end(self, pid: int) -> None:
        self._children[pid].wait(DEADLINE_S)

    def write_raw(self, path: str, text: str) -> None:
        with open(path, "w") as knob:
            knob.write(text)

    def mkdir_raw(self, path: str) -> None:
        os.mkdir(path)

    def close(self) -> None:
        for child in self._children.values():
            child.kill()
        until(lambda: not self.driver.sweep(lambda name: False))
        for child in self._children.values():
            child.wait(DEADLINE_S)


def remove(world: World, group: Group) -> None:
    """Remove a group whose last process has just been buried."""

    def removed() -> bool:
        try:
            world.driver.remove(group)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            return False
        return True

    until(removed)
