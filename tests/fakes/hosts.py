"""A host whose cgroups are a fake, with the driver that was found there."""

from pathlib import Path

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.probe import probe
from porto.spec.containers.names import level
from tests.fakes.cgroupfs import FakeCgroups


class FakeHost:
    """`hierarchies` are what is mounted; each may be a list of controllers, or ``v2``."""

    def __init__(self, root: Path, hierarchies: tuple[str, ...]) -> None:
        self.fake = FakeCgroups(root, hierarchies)
        self.driver = self.probed()

    def probed(self) -> CgroupDriver:
        """The driver as a daemon that starts now finds it."""
        return probe(mountinfo=str(self.fake.mountinfo), knobs=self.fake, members=self.fake)

    def made(self, name: str, *extra: str) -> Group:
        """The cgroups of a container: those of its level and `extra`."""
        group = self.driver.locate(
            name, lambda full: self.driver.default_controllers(level(full)) | frozenset(extra)
        )
        self.driver.create(group)
        return group

    def have(self, group: Group, knob: str) -> str:
        """A knob as it is compared."""
        controller = knob.partition(".")[0]
        return self.driver.canonical(knob, self.driver.read(group, controller, knob))

    def root_knob(self, name: str, text: str | None) -> None:
        """A knob of the root as another kernel has it; None: it has none."""
        directories = self.driver.locate("/", lambda _: frozenset()).directories
        path = Path(directories[name.partition(".")[0]], name)
        if text is None:
            path.unlink()
        else:
            path.write_text(text)

    def close(self) -> None:
        """End its processes."""
        self.fake.close()
