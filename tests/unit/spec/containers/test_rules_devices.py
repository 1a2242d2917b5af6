"""Admission of devices: the host's nodes, the owner, the parent, the container's /dev."""

import pytest

from porto.spec.config import Config, ContainerConfig
from porto.spec.containers import operations
from porto.spec.containers.admission import Admission
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.device_rules import Node
from porto.spec.errors import (
    DeviceNotFound,
    InvalidValue,
    NotSupported,
    Permission,
    PortoError,
)
from porto.spec.host import Host

ACTOR = Actor()
CONFIG = Config(container=ContainerConfig(device_preset={"gpu": "/dev/gpu rw"}))


class Rig:
    """A store on a machine whose nodes a test can make and take away."""

    def __init__(self, host: Host | None = None) -> None:
        self.nodes = {
            "/dev/full": Node("c", 1, 7, 0o666, 0, 0),
            "/dev/gpu": Node("c", 195, 0, 0o660, 0, 44),
            "/dev/gpu1": Node("c", 195, 1, 0o666, 0, 44),
        }
        self.admission = Admission(host or Host(device_node=self.look_at), CONFIG)
        self.store = ContainerStore(None, admission=self.admission)

    def look_at(self, path: str) -> Node | None:
        if path not in self.nodes:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.nodes[path]

    def make(self, name: str, devices: str = "", owner: str = "root") -> ContainerRecord:
        operations.create(self.store, name, actor=ACTOR, credentials=Credentials(), now=1.0)
        self.set(name, owner, "owner_user")
        return self.set(name, devices) if devices else self.store.get(name)

    def set(self, name: str, text: str, key: str = "devices") -> ContainerRecord:
        record = self.store.get(name)
        return operations.set_property(self.store, record, key, text, actor=ACTOR, now=1.0)

    def become(self, name: str, state: State) -> None:
        record = self.store.get(name)
        self.store.put_status(record, record.with_status(state=state).status, now=2.0)

    def start(self, name: str) -> None:
        self.admission.check_start(self.store, self.store.get(name))


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize(
    ("text", "error", "reason"),
    [
        ("/dev/gone rw", DeviceNotFound, "there is no device /dev/gone"),
        ("preset cpu", InvalidValue, "no device preset cpu"),
        ("/dev/full rw; /dev/gone r", DeviceNotFound, "/dev/gone"),
    ],
)
@pytest.mark.parametrize("state", [State.STOPPED, State.RUNNING, State.DEAD])
def test_a_refused_list_keeps_the_old(
    rig: Rig, text: str, error: type[PortoError], reason: str, state: State
) -> None:
    before = rig.make("a", "/dev/full r").spec
    rig.become("a", state)
    with pytest.raises(error, match=f"cannot set devices of a to .*{reason}"):
        rig.set("a", text)
    assert rig.store.get("a").spec == before


def test_the_owner_of_the_container_is_asked_not_the_client(rig: Rig) -> None:
    rig.make("a", owner="nobody")
    with pytest.raises(Permission, match="nobody has no rw access to /dev/gpu"):
        rig.set("a", "preset gpu")
    rig.set("a", "/dev/gpu1 rw")
    with pytest.raises(Permission, match="all minor numbers"):
        rig.set("a", "/dev/gpu1 rw*")


def test_a_start_asks_again(rig: Rig) -> None:
    rig.make("a", "preset gpu; /dev/full r")
    rig.start("a")
    rig.set("a", "nobody", "owner_user")
    with pytest.raises(Permission, match="cannot start a: devices: its owner nobody"):
        rig.start("a")
    rig.set("a", "root", "owner_user")
    del rig.nodes["/dev/gpu"]
    with pytest.raises(DeviceNotFound, match="cannot start a: devices: there is no device"):
        rig.start("a")


def test_the_parent_must_have_the_device(rig: Rig) -> None:
    rig.make("a", "/dev/gpu r; /dev/full r")
    rig.make("a/b")
    rig.set("a/b", "/dev/gpu r")
    with pytest.raises(Permission, match=r"parent a/b may not use /dev/gpu so \(c 195:0 rwm\)"):
        rig.make("a/b/c", "/dev/gpu rw")
    for text in ("/dev/full rw", "/dev/gpu1 r", "/dev/gpu r*"):
        with pytest.raises(Permission, match="parent a may not use"):
            rig.set("a/b", text)
    rig.set("a/b", "/dev/full -; /dev/gpu1 -")
    rig.set("a/b", "/dev/gpu r")
    rig.set("a", "/dev/full r")
    with pytest.raises(Permission, match=r"cannot start a/b: .*parent a may not use /dev/gpu"):
        rig.start("a/b")


@pytest.mark.parametrize(
    "text",
    [
        "/dev/full r other",
        "/dev/full r full 0600",
        "/dev/full r full 0666 nobody",
        "/dev/full r full 0666 root nogroup",
    ],
)
def test_the_hosts_dev_holds_only_what_it_has(rig: Rig, text: str) -> None:
    rig.make("a", text)
    with pytest.raises(InvalidValue, match=r"cannot start a: .*a /dev of its own"):
        rig.start("a")
    rig.make("b", "/dev/full r full 0666 root root")
    rig.start("b")
    rig.become("b", State.RUNNING)
    with pytest.raises(InvalidValue, match=r"cannot set devices of b .*a /dev of its own"):
        rig.set("b", text)
    rig.set("b", "/dev/full -")


def test_without_a_look_at_the_host_only_presets_are_checked() -> None:
    rig = Rig(Host())
    rig.make("a", "/dev/gone rw; preset gpu")
    with pytest.raises(InvalidValue, match="no device preset cpu"):
        rig.set("a", "preset cpu")
    rig.start("a")


def test_a_host_without_the_controller_says_so() -> None:
    rig = Rig(Host(lacking={"devices": "this host has no devices controller"}))
    with pytest.raises(NotSupported, match="no devices controller"):
        rig.make("a", "/dev/full r")
