"""What the kernel makes of texts written to the knobs of memory: fake and kernel alike."""

import errno
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.amounts import PAGE, UNLIMITED
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.memory import MemoryLimits
from tests.contract.worlds import DEADLINE_S, FakeWorld, KernelWorld, World
from tests.fakes.cgroupfs import SPLIT
from tests.patience import until

MIB = 1 << 20
FAKES = {"v1": (*SPLIT, "hugetlb"), "v2": ("v2",)}
HOLD = "import signal\nkept = b'x' * (40 << 20)\nprint('ready', flush=True)\nsignal.pause()\n"


class Place:
    """One group of one world, and how memory gets into it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.group: Group = world.driver.locate(
            "a", lambda name: world.driver.default_controllers(1)
        )
        world.driver.create(self.group)
        self._holder: subprocess.Popen[bytes] | None = None

    @property
    def directory(self) -> str:
        return self.group.directories["memory"]

    @property
    def v2(self) -> bool:
        return self.world.driver.version == "v2"

    def hold(self) -> None:
        """40 MiB of anonymous memory."""
        if isinstance(self.world, FakeWorld):
            self.world.fake.memory.use(self.directory, anon=40 * MIB)
            return
        files = self.world.driver.join_files(self.group)
        join = "".join(f"open({path!r}, 'w').write('0')\n" for path in files)
        self._holder = subprocess.Popen(
            [sys.executable, "-S", "-c", join + HOLD],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n"

    @property
    def holds(self) -> bool:
        """Whether nobody was killed."""
        if isinstance(self.world, FakeWorld):
            return self.world.fake.memory.killed == []
        return self._holder is not None and self._holder.poll() is None

    def close(self) -> None:
        if self._holder is not None:
            self._holder.kill()
            self._holder.wait(DEADLINE_S)
            assert self._holder.stdout is not None
            self._holder.stdout.close()
        self.world.close()

    def have(self, knob: str) -> str:
        text = self.world.driver.read(self.group, knob.partition(".")[0], knob)
        return self.world.driver.canonical(knob, text)

    def settle(self, limits: MemoryLimits) -> None:
        """Write what differs; nothing differs then."""
        texts = self.world.driver.memory.render(limits)
        for knob, text in texts.items():
            if self.have(knob) != text:
                self.world.driver.memory.write(self.group, knob, text)
        assert {knob: self.have(knob) for knob in texts} == texts

    def write(self, knob: str, text: str) -> None:
        self.world.driver.write(self.group, "memory", knob, text)


@pytest.fixture(
    params=[
        *FAKES,
        pytest.param("kernel", marks=pytest.mark.needs("root", "cgroup", "controller:memory")),
    ]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    world: World
    if request.param == "kernel":
        world = KernelWorld()
    else:
        world = FakeWorld(tmp_path, FAKES[request.param])
    made = Place(world)
    yield made
    made.close()


def test_a_new_group_is_without_limits(place: Place) -> None:
    texts = place.world.driver.memory.render(MemoryLimits())
    assert {knob: place.have(knob) for knob in texts} == texts


@pytest.mark.parametrize(
    "amount", [MIB, MIB + 1, 123456789, UNLIMITED - PAGE, UNLIMITED, (1 << 64) - 1]
)
def test_every_amount_is_found_again(place: Place, amount: int) -> None:
    place.settle(MemoryLimits(limit=amount, guarantee=amount, guarantee_total=amount))
    place.settle(MemoryLimits(limit=5 * MIB))
    place.settle(MemoryLimits())


def test_what_is_no_amount_is_refused(place: Place) -> None:
    knob = "memory.max" if place.v2 else "memory.limit_in_bytes"
    for text in ("x", "1x", "max" if not place.v2 else "-1"):
        with pytest.raises(OSError, match=r"\S") as refusal:
            place.write(knob, text)
        assert refusal.value.errno == errno.EINVAL


def test_limits_of_v1_stand_in_order(place: Place) -> None:
    if place.v2 or "memory.memsw.limit_in_bytes" not in place.world.driver.memory.render(
        MemoryLimits()
    ):
        pytest.skip("one limit only")
    place.settle(MemoryLimits(limit=8 * MIB))
    for knob, text in (
        ("memory.limit_in_bytes", str(9 * MIB)),
        ("memory.memsw.limit_in_bytes", str(7 * MIB)),
    ):
        with pytest.raises(OSError, match=r"\S") as refusal:
            place.write(knob, text)
        assert refusal.value.errno == errno.EINVAL


def test_below_what_cannot_be_reclaimed_nothing_changes(place: Place) -> None:
    place.settle(MemoryLimits(limit=128 * MIB))
    place.hold()
    knob = "memory.max" if place.v2 else "memory.limit_in_bytes"
    with pytest.raises(OSError, match=r"\S") as refusal:
        place.world.driver.memory.write(place.group, knob, str(8 * MIB))
    assert refusal.value.errno == errno.EBUSY
    assert place.holds
    place.settle(MemoryLimits(limit=128 * MIB))
    place.settle(MemoryLimits(limit=96 * MIB))
    assert place.holds


def test_a_limit_of_huge_pages_is_found_again(place: Place) -> None:
    driver = place.world.driver
    if driver.hugetlb.unsupported():
        pytest.skip("no hugetlb controller here")
    for limit in (1, 3 * MIB, 8 * MIB, 1 << 62, (1 << 64) - 1, 0):
        for knob, text in driver.hugetlb.render(limit).items():
            driver.write(place.group, "hugetlb", knob, text)
            assert place.have(knob) == text


def test_readings_are_numbers(place: Place) -> None:
    place.hold()
    memory = place.world.driver.memory
    for reading in (memory.anon, memory.cache, memory.shmem, memory.locked, memory.reclaimed):
        assert reading(place.group) >= 0
    until(lambda: memory.usage(place.group) >= 40 * MIB)
