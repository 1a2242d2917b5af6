"""Knobs of CPU time: the same tests on the fakes and on the kernel."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.cpu import CORE, CpuTime
from porto.spec.containers.names import level
from tests.contract.worlds import FakeWorld, KernelWorld, World
from tests.fakes.cgroupfs import COMOUNTED, SPLIT

FAKES = {"v1": SPLIT, "comounted": COMOUNTED, "v2": ("v2",)}


@pytest.fixture(
    params=[
        *FAKES,
        pytest.param("kernel", marks=pytest.mark.needs("root", "cgroup", "controller:cpu")),
    ]
)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made: World
    made = KernelWorld() if request.param == "kernel" else FakeWorld(tmp_path, FAKES[request.param])
    yield made
    made.close()


def made(world: World, name: str) -> Group:
    group = world.driver.locate(
        name, lambda full: world.driver.default_controllers(level(full)) | {"cpu"}
    )
    world.driver.create(group)
    return group


def have(world: World, group: Group, time: CpuTime) -> dict[str, str]:
    return {
        knob: world.driver.canonical(knob, world.driver.read(group, "cpu", knob))
        for knob in world.driver.cpu.render(time)
    }


def apply(world: World, group: Group, time: CpuTime) -> None:
    """As a pass does it; and a second one would find nothing."""
    wanted = world.driver.cpu.render(time)
    for knob, text in wanted.items():
        if have(world, group, time)[knob] != text:
            world.driver.cpu.write(group, knob, wanted)
    assert have(world, group, time) == wanted


TIMES = [
    CpuTime(),
    CpuTime(limit=1),
    CpuTime(limit=CORE // 3, period=1000),
    CpuTime(limit=1000 * CORE, period=1_000_000),
    CpuTime(limit=10**12 * CORE, period=1_000_000),
    CpuTime(weight=0.01),
    CpuTime(weight=0.01, policy="idle"),
    CpuTime(weight=100, policy="rt", guarantee=1000 * CORE),
    CpuTime(weight=1.23456, policy="high"),
    CpuTime(guarantee=3 * CORE // 2, policy="batch", limit=CORE // 7, period=33_333),
]


def test_what_is_written_is_read(world: World) -> None:
    group = made(world, "a")
    assert have(world, group, CpuTime()) == world.driver.cpu.render(CpuTime())
    for time in (*TIMES, *reversed(TIMES)):
        apply(world, group, time)


def test_every_weight_is_read_as_written(world: World) -> None:
    group = made(world, "a")
    for hundredths in (1, 2, 3, 7, 50, 99, 101, 333, 999, 5001, 9999):
        apply(world, group, CpuTime(weight=hundredths / 100))


REFUSED = {
    "v1": [
        ("cpu.cfs_quota_us", "999"),
        ("cpu.cfs_quota_us", "0"),
        ("cpu.cfs_quota_us", str(1 << 44)),
        ("cpu.cfs_period_us", "999"),
        ("cpu.cfs_period_us", "1000001"),
    ],
    "v2": [
        ("cpu.max", "999 100000"),
        ("cpu.max", "1000 999"),
        ("cpu.max", f"{1 << 44} 100000"),
        ("cpu.weight", "0"),
        ("cpu.weight", "10001"),
    ],
}


def test_what_the_kernel_refuses(world: World) -> None:
    group = made(world, "a")
    for knob, text in REFUSED["v2" if world.driver.version == "v2" else "v1"]:
        before = world.driver.read(group, "cpu", knob)
        with pytest.raises(OSError, match=r".") as caught:
            world.driver.write(group, "cpu", knob, text)
        assert caught.value.errno in (errno.EINVAL, errno.ERANGE)
        assert world.driver.read(group, "cpu", knob) == before


def test_a_tree_gets_its_limits_in_any_order(world: World) -> None:
    parent, child, grandchild = (made(world, name) for name in ("a", "a/b", "a/b/c"))
    apply(world, parent, CpuTime(limit=2 * CORE))
    apply(world, child, CpuTime(limit=CORE, period=10_000))
    apply(world, grandchild, CpuTime(limit=CORE // 2, period=1_000_000))
    apply(world, child, CpuTime(limit=CORE, period=1_000_000))
    apply(world, child, CpuTime(limit=3 * CORE // 2, period=5000))
    apply(world, parent, CpuTime(limit=CORE, period=2000))
    apply(world, child, CpuTime(limit=CORE // 4))
    apply(world, grandchild, CpuTime())
    apply(world, parent, CpuTime(limit=CORE // 10, period=50_000))
    for group in (parent, child, grandchild):
        apply(world, group, CpuTime())


def test_a_v1_child_has_no_more_than_its_parent(world: World) -> None:
    parent, child = made(world, "a"), made(world, "a/b")
    apply(world, parent, CpuTime(limit=CORE))
    if world.driver.version == "v2":
        apply(world, child, CpuTime(limit=2 * CORE))
        return
    with pytest.raises(OSError, match="Invalid argument"):
        apply(world, child, CpuTime(limit=2 * CORE))


def test_an_idle_group_is_taken_back(world: World) -> None:
    group = made(world, "a")
    try:
        world.driver.write(group, "cpu", "cpu.idle", "1")
    except FileNotFoundError:
        pytest.skip("this kernel has no cpu.idle")
    assert have(world, group, CpuTime()) != world.driver.cpu.render(CpuTime())
    apply(world, group, CpuTime())


def test_an_empty_group_has_used_nothing(world: World) -> None:
    group = made(world, "a")
    cpu = world.driver.cpu
    assert (cpu.usage(group), cpu.usage_system(group), cpu.throttled(group)) == (0, 0, 0)
    assert cpu.threads(group) == []


def test_threads_of_a_member(world: World) -> None:
    parent, child = made(world, "a"), made(world, "a/b")
    pid = world.spawn()
    world.driver.attach(child, pid)
    assert world.driver.cpu.threads(child) == [pid]
    assert world.driver.cpu.threads(parent) == []
