"""The io controllers: the same knobs mean the same to the fakes and to the kernel."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.block.disks import Disks
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.io import UINT32_MAX, UINT64_MAX, DiskLimit
from porto.spec.containers.admission import unsupported
from tests.contract.worlds import FakeWorld, KernelWorld, World
from tests.fakes.cgroupfs import SPLIT
from tests.fakes.io_knobs import DISKS

KERNEL = pytest.param("kernel", marks=pytest.mark.needs("root", "cgroup"))
FAKES = {"v1": SPLIT, "v2": ("v2",)}


@pytest.fixture(params=[*FAKES, KERNEL])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made: World
    made = KernelWorld() if request.param == "kernel" else FakeWorld(tmp_path, FAKES[request.param])
    if "io_limit" in unsupported(made.driver.unsupported()):
        made.close()
        pytest.skip(unsupported(made.driver.unsupported())["io_limit"])
    yield made
    made.close()


@pytest.fixture
def disk(world: World) -> str:
    """A whole disk; its limits are of our own group only."""
    if isinstance(world, FakeWorld):
        return DISKS[0]
    sized = sorted(Disks().sized())
    if not sized:
        pytest.skip("no disk here")
    return sized[0]


@pytest.fixture
def group(world: World) -> Group:
    found = world.driver.locate("a", lambda name: world.driver.controllers)
    world.driver.create(found)
    return found


def write(world: World, group: Group, limits: dict[str, DiskLimit]) -> None:
    """As `facets/io.py` does."""
    io = world.driver.io
    for knob, want in io.render_limits(limits).items():
        have = world.driver.canonical(knob, world.driver.read(group, "blkio", knob))
        for text in io.texts(knob, want, have):
            world.driver.write(group, "blkio", knob, text)
        shown = world.driver.read(group, "blkio", knob)
        assert world.driver.canonical(knob, shown) == want


@pytest.mark.parametrize(
    "limit",
    [
        DiskLimit(1 << 20, 2 << 20, 100, 200),
        DiskLimit(read_bps=1),
        DiskLimit(write_iops=UINT32_MAX - 1),
        DiskLimit(write_iops=UINT32_MAX),
        DiskLimit(read_iops=1 << 40),
        DiskLimit(write_bps=UINT64_MAX - 1),
        DiskLimit(write_bps=UINT64_MAX),
    ],
)
def test_limits_are_read_back_changed_and_removed(
    world: World, group: Group, disk: str, limit: DiskLimit
) -> None:
    write(world, group, {disk: limit})
    write(world, group, {disk: DiskLimit(5 << 20, 0, 7, 0)})
    write(world, group, {})


def test_a_disk_that_is_not_there_is_refused(world: World, group: Group) -> None:
    io = world.driver.io
    knob, want = next(iter(io.render_limits({"999:9": DiskLimit(1, 1, 1, 1)}).items()))
    (text,) = io.texts(knob, want, "")
    with pytest.raises(OSError, match="No such device") as caught:
        world.driver.write(group, "blkio", knob, text)
    assert caught.value.errno in (errno.ENODEV, errno.ENXIO)


@pytest.mark.parametrize(("policy", "weight"), [("none", 1.0), ("rt", 1.0), ("idle", 0.01),
                                                ("none", 100.0), ("batch", 33.3)])  # fmt: skip
def test_weights_are_read_back(world: World, group: Group, policy: str, weight: float) -> None:
    for knob, want in world.driver.io.render_weight(policy, weight).items():
        world.driver.write(group, "blkio", knob, want)
        assert world.driver.canonical(knob, world.driver.read(group, "blkio", knob)) == want


def test_the_default_weight_is_that_of_a_new_group(world: World, group: Group) -> None:
    for knob, want in world.driver.io.render_weight("none", 1.0).items():
        assert world.driver.canonical(knob, world.driver.read(group, "blkio", knob)) == want


def test_counting_limits_nothing(world: World, group: Group, disk: str) -> None:
    io = world.driver.io
    io.start_counting(group, [disk])
    for knob, none in io.render_limits({}).items():
        assert world.driver.canonical(knob, world.driver.read(group, "blkio", knob)) == none
    assert io.transferred(group) == {}
    write(world, group, {disk: DiskLimit(1 << 20, 2 << 20, 100, 200)})
    write(world, group, {})
