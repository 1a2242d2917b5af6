"""The devices controller of v1: the same lines on the fake and on the kernel."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.devices import EVERYTHING, text_of
from porto.spec.device_rules import DEFAULTS, READ, Rule, overlay
from tests.contract.worlds import FakeWorld, KernelWorld, World
from tests.fakes.cgroupfs import SPLIT

KERNEL = pytest.mark.needs("root", "cgroup-v1", "controller:devices")


@pytest.fixture(params=["fake", pytest.param("kernel", marks=KERNEL)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made: World
    made = KernelWorld() if request.param == "kernel" else FakeWorld(tmp_path, SPLIT)
    yield made
    made.close()


def made(world: World, name: str) -> Group:
    group = world.driver.locate(name, lambda _: frozenset({"freezer", "devices"}))
    world.driver.create(group)
    return group


def listed(world: World, group: Group) -> list[str]:
    return world.driver.read(group, "devices", "devices.list").splitlines()


def allow(world: World, group: Group, line: str) -> None:
    world.driver.write(group, "devices", "devices.allow", line)


def deny(world: World, group: Group, line: str) -> None:
    world.driver.write(group, "devices", "devices.deny", line)


def test_letters_come_and_go_by_rule(world: World) -> None:
    group = made(world, "a")
    assert listed(world, group) == ["a *:* rwm"]
    deny(world, group, "a")
    assert listed(world, group) == []
    allow(world, group, "c 1:3 r")
    allow(world, group, "c 1:3 wm")
    allow(world, group, "b 8:* rwm")
    allow(world, group, "c *:* m")
    assert listed(world, group) == ["c 1:3 rwm", "b 8:* rwm", "c *:* m"]
    deny(world, group, "b 8:0 rwm")
    deny(world, group, "c 1:3 rw")
    deny(world, group, "c *:* m")
    assert listed(world, group) == ["c 1:3 m", "b 8:* rwm"]
    allow(world, group, "a")
    assert listed(world, group) == ["a *:* rwm"]


@pytest.mark.parametrize("line", ["x", "c 1:3 x", "c 1 r", "c 1:3", "c a:b r"])
def test_lines_that_are_refused(world: World, line: str) -> None:
    group = made(world, "a")
    deny(world, group, "a")
    with pytest.raises(OSError, match="Invalid argument"):
        allow(world, group, line)
    assert listed(world, group) == []


def test_a_child_has_a_copy_and_no_more(world: World) -> None:
    group = made(world, "a")
    deny(world, group, "a")
    allow(world, group, "c 1:3 rw")
    allow(world, group, "c 5:* r")
    child = made(world, "a/b")
    assert listed(world, child) == ["c 1:3 rw", "c 5:* r"]
    for line in ("c 1:3 m", "c 1:3 rwm", "c 1:5 r", "c 5:* w", "b 1:3 r", "a"):
        with pytest.raises(PermissionError):
            allow(world, child, line)
    allow(world, child, "c 5:1 r")
    deny(world, child, "c 1:3 w")
    assert listed(world, child) == ["c 1:3 r", "c 5:* r", "c 5:1 r"]
    allow(world, group, "c 7:7 r")
    assert "c 7:7 r" not in listed(world, child)
    for knob in (allow, deny):
        with pytest.raises(OSError, match="Invalid argument"):
            knob(world, group, "a")


def test_a_child_loses_what_its_parent_loses(world: World) -> None:
    group = made(world, "a")
    deny(world, group, "a")
    allow(world, group, "c 1:3 rw")
    allow(world, group, "c 5:* r")
    child = made(world, "a/b")
    grandchild = made(world, "a/b/c")
    allow(world, child, "c 5:1 r")
    deny(world, group, "c 1:3 w")
    deny(world, group, "c 5:* r")
    for held in (group, child, grandchild):
        assert listed(world, held) == ["c 1:3 r"]
    deny(world, child, "c 1:3 r")
    assert listed(world, group) == ["c 1:3 r"]
    assert listed(world, grandchild) == []


def test_rules_are_enforced_and_replaced(world: World) -> None:
    group = made(world, "a")
    assert world.driver.devices.state(group) == EVERYTHING
    for added in ([], [Rule("c", 1, 3, READ), Rule("b", 8, None, READ)], []):
        rules = overlay(DEFAULTS, added)
        world.driver.devices.enforce(group, rules)
        assert world.driver.devices.state(group) == text_of(rules)
