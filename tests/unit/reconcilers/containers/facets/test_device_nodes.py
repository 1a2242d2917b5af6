"""Nodes for a /dev of the container's own, as launch operations."""

import stat

import pytest

from porto.launcher.ops import MakeDirectory, MakeNode, Op
from porto.reconcilers.containers.facets.device_nodes import node_operations
from porto.spec.codecs import DevicesCodec
from porto.spec.config import ContainerConfig
from porto.spec.containers import device_access
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.device_rules import Node
from porto.spec.errors import Busy, DeviceNotFound, InvalidValue

NODES = {
    "/dev/null": Node("c", 1, 3, 0o666, 0, 0),
    "/dev/full": Node("c", 1, 7, 0o666, 0, 0),
    "/dev/sda": Node("b", 8, 0, 0o660, 0, 6),
    "/dev/dri/card0": Node("c", 226, 0, 0o660, 0, 44),
    "/srv/disk": Node("b", 8, 0, 0o600, 0, 0),
}
CONFIG = ContainerConfig()


def look_at(path: str) -> Node | None:
    if path not in NODES:
        raise FileNotFoundError(2, "No such file or directory", path)
    return NODES[path]


def operations(devices: str, root: str = "") -> list[Op]:
    spec = DEFAULT_SPEC.with_value(find_property("devices"), DevicesCodec().parse(devices))
    record = ContainerRecord(4, "a", spec)
    rules = device_access.allowed([record], CONFIG, look_at)
    return node_operations(record, config=CONFIG, look_at=look_at, rules=rules, root=root)


def nodes(devices: str) -> dict[str, MakeNode]:
    return {op.path: op for op in operations(devices) if isinstance(op, MakeNode)}


def test_the_usual_nodes() -> None:
    found = nodes("")
    assert {path: (op.major, op.minor, oct(op.mode)) for path, op in found.items()} == {
        "/dev/null": (1, 3, "0o20666"),
        "/dev/zero": (1, 5, "0o20666"),
        "/dev/full": (1, 7, "0o20666"),
        "/dev/random": (1, 8, "0o20666"),
        "/dev/urandom": (1, 9, "0o20666"),
        "/dev/tty": (5, 0, "0o20666"),
        "/dev/console": (1, 3, "0o20600"),
    }


def test_only_permitted_devices_have_one() -> None:
    found = nodes("/dev/full -; /dev/sda -; /dev/gone r?")
    assert "/dev/full" not in found
    assert "/dev/sda" not in found
    assert "/dev/null" in found


def test_a_node_is_the_hosts_or_as_told() -> None:
    found = nodes("/dev/sda r; /srv/disk rw disk 0640 root nogroup")
    assert found["/dev/sda"] == MakeNode("/dev/sda", stat.S_IFBLK | 0o660, 8, 0, 0, 6)
    made = found["/dev/disk"]
    assert made.mode == stat.S_IFBLK | 0o640
    assert (made.uid, made.gid != 0) == (0, True)


def test_directories_come_first_once_each_parents_before() -> None:
    found = operations("/dev/dri/card0 rw; /dev/null r /dev/dri/by/path/x", root="/new")
    assert found[:3] == [
        MakeDirectory("/new/dev/dri", 0o755, 0, 0),
        MakeDirectory("/new/dev/dri/by", 0o755, 0, 0),
        MakeDirectory("/new/dev/dri/by/path", 0o755, 0, 0),
    ]
    assert all(isinstance(op, MakeNode) for op in found[3:])


def test_one_name_for_two_devices_is_busy() -> None:
    with pytest.raises(Busy, match=r"/dev/sda cannot be /dev/null"):
        operations("/dev/sda r /dev/null")
    with pytest.raises(Busy, match=r"/dev/dri/card0 cannot be /dev/x"):
        operations("/dev/sda r x; /dev/dri/card0 r x")
    assert nodes("/dev/sda r; /srv/disk r /dev/sda 0600")["/dev/sda"].mode == stat.S_IFBLK | 0o600


def test_a_node_outside_dev_needs_a_name() -> None:
    with pytest.raises(InvalidValue, match="/srv/disk is not inside /dev"):
        operations("/srv/disk r")
    with pytest.raises(DeviceNotFound):
        operations("/dev/gone r")
