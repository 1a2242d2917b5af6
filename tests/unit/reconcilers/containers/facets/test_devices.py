"""The facet of devices over a fake kernel: what is planned, what is drift, what is left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.meaning.devices import EVERYTHING, text_of
from porto.kernel.cgroup.probe import probe
from porto.kernel.cgroup.v2.devices import DevicesV2
from porto.reconcilers.containers.facets.devices import Devices, UnannouncedDevices
from porto.reconcilers.containers.memory import Remembered
from porto.reconcilers.containers.target import Target
from porto.reconcilers.containers.upkeep import settle, with_drift
from porto.reconcilers.engine.change import Change
from porto.spec.config import ContainerConfig
from porto.spec.containers.names import level
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.device_rules import DEFAULTS, Node
from porto.spec.errors import NotSupported
from tests.fakes.cgroupfs import FakeCgroups
from tests.fakes.ports import apply, make_ports
from tests.fakes.programs import FakePrograms

HOSTS = {"v1": ("freezer", "devices"), "v2": ("v2",)}
DEVICES = find_property("devices")


class World:
    """Containers of one fake host, and the facet."""

    def __init__(self, root: Path, kind: str) -> None:
        self.fake = FakeCgroups(root, HOSTS[kind])
        self.driver = probe(
            "porto", mountinfo=str(self.fake.mountinfo), knobs=self.fake, members=self.fake
        )
        self.programs = FakePrograms()
        if kind == "v2":
            self.driver.devices = DevicesV2(self.driver, self.programs)  # type: ignore[arg-type]
            self.driver.controllers |= {"devices"}
        self.store = ContainerStore(None)
        self.nodes = {
            "/dev/full": Node("c", 1, 7, 0o666, 0, 0),
            "/dev/gpu": Node("c", 195, 0, 0o666, 0, 0),
        }
        self.without: set[str] = set()
        self.ports = make_ports(self.driver)
        self.remembered = Remembered()
        self.facet = Devices(self.driver, config=ContainerConfig(), look_at=self.look_at)
        self.watch = UnannouncedDevices(self.facet)

    def look_at(self, path: str) -> Node | None:
        if path not in self.nodes:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.nodes[path]

    def enabled(self, name: str) -> frozenset[str]:
        extra = frozenset() if name in self.without else frozenset({"devices"})
        return self.driver.default_controllers(level(name)) | extra

    def target(self, name: str) -> Target:
        record = self.store.get(name)
        record = record.with_status(observed_generation=record.generation)
        lineage = tuple(self.store.ancestors(record))
        return Target(record, lineage, self.driver.locate(name, self.enabled))

    def set(self, name: str, text: str) -> None:
        record = self.store.get(name)
        spec = record.spec.with_value(DEVICES, DEVICES.codec.parse(text))
        self.store.put(
            ContainerRecord(record.id, name, spec, generation=record.generation), now=1.0
        )

    def make(self, name: str, text: str = "") -> None:
        self.store.create(name, DEFAULT_SPEC, now=1.0, origins={})
        if text:
            self.set(name, text)
        record = self.store.get(name)
        self.store.put_status(record, record.with_status(state=State.RUNNING).status, now=1.0)
        self.driver.create(self.target(name).group)
        self.converge(name)

    def plan(self, name: str) -> list[Change]:
        return self.marked(name, self.facet)

    def marked(self, name: str, facet: Devices) -> list[Change]:
        """The plan, with what is drift, for a container whose last pass was good."""
        target = self.target(name)
        wishing = {"devices": facet}
        return list(with_drift(wishing, self.remembered, target, facet.plan(target)))

    def converge(self, name: str) -> None:
        apply(self.ports, self.plan(name))
        assert self.plan(name) == []
        settle({"devices": self.facet}, self.remembered, self.target(name))

    def state(self, name: str) -> str:
        return self.driver.devices.state(self.target(name).group)

    def open_up(self, name: str) -> None:
        """Somebody else gives the container everything."""
        directory = self.target(name).group.directories["devices"]
        if self.driver.devices.announced:
            self.fake.write(f"{directory}/devices.allow", "a")
        else:
            self.programs.directories.pop(directory)


@pytest.fixture(params=list(HOSTS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, request.param)
    yield made
    made.fake.close()


def test_a_first_level_container_gets_the_default(world: World) -> None:
    world.make("a")
    assert world.state("a") == text_of(DEFAULTS)


def test_a_change_is_one_change(world: World) -> None:
    world.make("a")
    world.set("a", "/dev/gpu rw; /dev/full -")
    (change,) = world.plan("a")
    assert (change.facet, change.subject) == ("devices", world.driver.devices.knob)
    assert "c 195:0 rwm" in change.want
    assert "c 1:7" not in change.want
    assert change.have == text_of(DEFAULTS)
    assert not change.is_drift
    world.converge("a")
    assert world.state("a") == change.want


def test_somebody_elses_hand_is_drift(world: World) -> None:
    world.make("a")
    world.open_up("a")
    (change,) = world.plan("a")
    assert change.is_drift
    assert change.have == EVERYTHING
    world.converge("a")
    assert world.state("a") == text_of(DEFAULTS)


def test_after_a_restart_any_difference_is_drift(world: World) -> None:
    world.make("a")
    world.remembered = Remembered()
    other = Devices(world.driver, look_at=world.look_at)
    assert list(other.plan(world.target("a"))) == []
    world.open_up("a")
    assert [change.is_drift for change in world.marked("a", other)] == [True]


def test_a_child_follows_its_parent(world: World) -> None:
    world.make("a", "/dev/gpu rw")
    world.make("a/b", "/dev/full r")
    assert "c 195:0 rwm" in world.state("a/b")
    assert "c 1:7 rm" in world.state("a/b")
    world.set("a", "")
    world.converge("a")
    assert not any(change.is_drift for change in world.plan("a/b") if world.programs.code)
    world.converge("a/b")
    assert "c 195" not in world.state("a/b")


def test_a_device_that_comes_and_goes(world: World) -> None:
    world.make("a", "/dev/later rw?")
    assert world.state("a") == text_of(DEFAULTS)
    assert list(world.watch.plan(world.target("a"))) == []
    world.nodes["/dev/later"] = Node("b", 8, 16, 0o660, 0, 0)
    assert len(world.watch.plan(world.target("a"))) == 1
    world.converge("a")
    assert "b 8:16 rwm" in world.state("a")
    del world.nodes["/dev/later"]
    world.converge("a")
    assert world.state("a") == text_of(DEFAULTS)


def test_a_shared_cgroup_is_the_parents_affair(world: World) -> None:
    world.make("a")
    world.without.add("a/b")
    world.make("a/b")
    assert world.plan("a/b") == []
    assert list(world.watch.plan(world.target("a/b"))) == []
    world.set("a/b", "/dev/full r")
    with pytest.raises(NotSupported, match="no devices controller"):
        world.plan("a/b")


def test_between_passes_only_the_unannounced_is_looked_at(world: World) -> None:
    world.make("a")
    world.fake.log.clear()
    world.open_up("a")
    world.fake.log.clear()
    planned = list(world.watch.plan(world.target("a")))
    if world.driver.devices.announced:
        assert planned == []
        assert world.fake.log == []
    else:
        apply(world.ports, planned)
        assert world.state("a") == text_of(DEFAULTS)
