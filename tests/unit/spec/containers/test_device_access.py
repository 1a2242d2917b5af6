"""From items to rules: owners, parents, presets, nodes that come and go."""

import pytest

from porto.spec.accounts import Owner
from porto.spec.codecs import DeviceItem, DevicesCodec
from porto.spec.config import ContainerConfig
from porto.spec.containers import device_access
from porto.spec.containers.device_access import Grant
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, PROPERTIES
from porto.spec.device_rules import ALL, DEFAULTS, MKNOD, READ, WRITE, Node, Rule, covers, overlay
from porto.spec.errors import DeviceNotFound, InvalidValue, Permission, Unknown

ROOT = Owner("root", 0, frozenset({0}))
ALICE = Owner("alice", 1000, frozenset({100, 44}))
NODES = {
    "/dev/null": Node("c", 1, 3, 0o666, 0, 0),
    "/dev/full": Node("c", 1, 7, 0o666, 0, 0),
    "/dev/fuse": Node("c", 10, 229, 0o640, 0, 44),
    "/dev/mine": Node("c", 10, 1, 0o400, 1000, 0),
    "/dev/odd": Node("c", 10, 2, 0o111, 0, 0),
    "/dev/sda": Node("b", 8, 0, 0o660, 0, 6),
}


def look_at(path: str) -> Node | None:
    if path == "/dev/loop":
        raise OSError(40, "Too many levels of symbolic links", path)
    if path == "/dev/shm":
        return None
    if path not in NODES:
        raise FileNotFoundError(2, "No such file or directory", path)
    return NODES[path]


def granted(text: str, owner: Owner = ROOT) -> Grant | None:
    (item,) = DevicesCodec().parse(text)
    return device_access.grant(item, look_at, owner, "cannot")


def rule(text: str, owner: Owner = ROOT) -> str:
    found = granted(text, owner)
    assert found is not None
    return str(found.rule)


def record(name: str, devices: str, owner: str = "root") -> ContainerRecord:
    spec = DEFAULT_SPEC.with_value(PROPERTIES["devices"], DevicesCodec().parse(devices))
    return ContainerRecord(4, name, spec.with_value(PROPERTIES["owner_user"], owner))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/dev/null r", "c 1:3 rm"),
        ("/dev/null rw", "c 1:3 rwm"),
        ("/dev/null m", "c 1:3 m"),
        ("/dev/null r*", "c 1:* r"),
        ("/dev/sda rwm*", "b 8:* rwm"),
        ("/dev/sda -", "b 8:0 "),
        ("/dev/sda -*", "b 8:* "),
    ],
)
def test_letters_become_a_rule(text: str, expected: str) -> None:
    assert rule(text) == expected


def test_what_is_no_device_is_refused_by_its_kind() -> None:
    with pytest.raises(DeviceNotFound, match="cannot: there is no device /dev/x"):
        granted("/dev/x r")
    with pytest.raises(InvalidValue, match="/dev/shm is no device"):
        granted("/dev/shm r?")
    with pytest.raises(Unknown, match="/dev/loop: Too many levels"):
        granted("/dev/loop r?")
    assert granted("/dev/x r?") is None


NO_ACCESS = "cannot: its owner alice has no {} access to {}"
FOR_ROOT = "cannot: {} of {} is only for containers owned by root"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("/dev/null rw", ""),
        ("/dev/fuse r", ""),  # by its group
        ("/dev/fuse w", NO_ACCESS.format("w", "/dev/fuse")),
        ("/dev/fuse rw", NO_ACCESS.format("rw", "/dev/fuse")),
        ("/dev/mine r", ""),
        ("/dev/mine w", NO_ACCESS.format("w", "/dev/mine")),  # its owner's bits decide
        ("/dev/odd rw", NO_ACCESS.format("rw", "/dev/odd")),  # to execute is no access
        ("/dev/sda r", NO_ACCESS.format("r", "/dev/sda")),
        ("/dev/sda m", ""),
        ("/dev/sda -", ""),  # taking away needs no right
        ("/dev/sda -*", ""),
        ("/dev/null r*", FOR_ROOT.format("all minor numbers", "/dev/null")),
        ("/dev/fuse r /dev/fuse 0600", ""),
        ("/dev/fuse r /dev/fuse 0640", ""),
        ("/dev/fuse r /dev/fuse 0644", FOR_ROOT.format("a wider mode", "/dev/fuse")),
        ("/dev/null r /dev/null 0666 root root", ""),
        (
            "/dev/null r /dev/null 0666 4000000000",
            FOR_ROOT.format("another owner", "/dev/null"),
        ),
        (
            "/dev/null r /dev/null 0666 root 4000000000",
            FOR_ROOT.format("another owner", "/dev/null"),
        ),
    ],
)
def test_an_owner_gives_what_he_has(text: str, refusal: str) -> None:
    granted(text, ROOT)
    if not refusal:
        granted(text, ALICE)
    else:
        with pytest.raises(Permission) as caught:
            granted(text, ALICE)
        assert caught.value.text == refusal


def test_one_rule_must_cover_all_of_an_access() -> None:
    rules = (Rule("c", 1, None, READ), Rule("c", 1, 3, WRITE | MKNOD))
    assert covers(rules, Rule("c", 1, 3, WRITE))
    assert not covers(rules, Rule("c", 1, 3, READ | WRITE))
    assert not covers(rules, Rule("b", 1, 3, READ))
    assert not covers((Rule("c", 1, 3, ALL),), Rule("c", 1, None, READ))
    assert covers((Rule("c", None, None, ALL),), Rule("c", 9, None, ALL))


def test_overlay_replaces_and_removes() -> None:
    rules = overlay(DEFAULTS, [Rule("c", 1, 3, READ), Rule("c", 1, 5, 0), Rule("b", 8, 0, ALL)])
    assert "; ".join(map(str, rules)) == (
        "b 8:0 rwm; c 1:3 r; c 1:7 rwm; c 1:8 rwm; c 1:9 rwm; c 5:0 rwm; c 5:2 rw; c 136:* rw"
    )


def test_presets_are_expanded_in_their_place() -> None:
    items = DevicesCodec().parse("/dev/null r; preset a; /dev/full r")
    found = device_access.expand(items, {"a": "/dev/sda r; /dev/fuse w"}, "cannot")
    assert [item.device for item in found] == ["/dev/null", "/dev/sda", "/dev/fuse", "/dev/full"]
    with pytest.raises(InvalidValue, match=r"cannot: .* no device preset b"):
        device_access.expand((DeviceItem("preset", "b"),), {}, "cannot")


class TestLineage:
    config = ContainerConfig()

    def text(self, *lineage: ContainerRecord, config: ContainerConfig | None = None) -> str:
        rules = device_access.allowed(lineage, config or self.config, look_at)
        return "; ".join(str(r) for r in rules if r not in DEFAULTS)

    def test_nothing_set_is_the_default(self) -> None:
        assert device_access.allowed([record("a", "")], self.config, look_at) == DEFAULTS
        both = [record("a/b", ""), record("a", "/dev/sda r")]
        assert self.text(*both) == "b 8:0 rm"

    def test_a_child_narrows_and_cannot_widen(self) -> None:
        parent = record("a", "/dev/sda r; /dev/fuse rw")
        child = record("a/b", "/dev/sda rw; /dev/fuse r; /dev/mine r; /dev/full -")
        assert self.text(child, parent) == "b 8:0 rm; c 10:229 rm"
        rules = device_access.allowed([child, parent], self.config, look_at)
        assert not covers(rules, Rule("c", 1, 7, READ))

    def test_what_cannot_be_granted_any_more_gives_nothing(self) -> None:
        items = "/dev/gone rw; preset gone; /dev/shm r; /dev/loop r; /dev/sda r"
        assert self.text(record("a", items)) == "b 8:0 rm"
        assert self.text(record("a", "/dev/sda r", owner="4000000000")) == ""

    def test_extra_devices_are_everybodys(self) -> None:
        config = ContainerConfig(extra_devices="/dev/sda r; /dev/gone r; /dev/null -")
        assert self.text(record("a", ""), config=config) == "b 8:0 rm"
        rules = device_access.allowed([record("a", "")], config, look_at)
        assert not covers(rules, Rule("c", 1, 3, READ))
