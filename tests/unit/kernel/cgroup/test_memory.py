"""Limits of memory and huge pages as knobs of v1 and v2, on the fake kernel."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.amounts import PAGE, UNLIMITED
from porto.kernel.cgroup.meaning.memory import MemoryLimits, Promise
from porto.spec.containers.admission import unsupported
from tests.fakes.hosts import FakeHost

MIB = 1 << 20
HOSTS = {"v1": ("freezer", "memory", "hugetlb"), "v2": ("v2",)}
LIMIT = {"v1": "memory.limit_in_bytes", "v2": "memory.max"}


class World(FakeHost):
    """A fake host of one kind, with the container ``a``."""

    def __init__(self, root: Path, kind: str) -> None:
        self.kind = kind
        super().__init__(root, HOSTS[kind])
        self.group = self.made("a")

    @property
    def directory(self) -> str:
        return self.group.directories["memory"]

    def knob(self, name: str) -> str:
        return self.have(self.group, name)

    def apply(self, limits: MemoryLimits) -> None:
        for knob, text in self.driver.memory.render(limits).items():
            self.driver.memory.write(self.group, knob, text)

    def differing(self, limits: MemoryLimits) -> dict[str, str]:
        wanted = self.driver.memory.render(limits)
        found = {knob: self.knob(knob) for knob in wanted}
        return {knob: have for knob, have in found.items() if have != wanted[knob]}


@pytest.fixture(params=list(HOSTS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, request.param)
    yield made
    made.close()


@pytest.fixture
def v1(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "v1")
    yield made
    made.close()


@pytest.fixture
def v2(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "v2")
    yield made
    made.close()


AMOUNTS = [
    0,
    PAGE,
    MIB,
    MIB + 1,
    MIB + PAGE - 1,
    UNLIMITED - PAGE,
    UNLIMITED - 1,
    UNLIMITED,
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
]


@pytest.mark.parametrize("amount", AMOUNTS)
def test_what_was_written_is_found_again(world: World, amount: int) -> None:
    for limits in (
        MemoryLimits(limit=amount),
        MemoryLimits(limit=amount, high=amount // 2),
        MemoryLimits(guarantee=amount, guarantee_total=amount),
        MemoryLimits(),
    ):
        world.apply(limits)
        assert world.differing(limits) == {}


def test_a_new_group_needs_no_write(world: World) -> None:
    assert world.differing(MemoryLimits()) == {}


@pytest.mark.parametrize("amount", [0, 1, 2 * MIB - 1, 2 * MIB, 5 * MIB, 1 << 62, (1 << 64) - 1])
def test_a_limit_of_huge_pages_is_found_again(world: World, amount: int) -> None:
    for number in (amount, 0):
        for knob, text in world.driver.hugetlb.render(number).items():
            world.driver.write(world.group, "hugetlb", knob, text)
            assert world.knob(knob) == text


def test_huge_pages_of_1g_are_no_way_round_the_limit(world: World) -> None:
    texts = world.driver.hugetlb.render(4 * MIB)
    assert sorted(texts.values()) == ["0", str(4 * MIB)]


def test_swap_is_forbidden_with_a_limit_only(world: World) -> None:
    swap = {"v1": "memory.memsw.limit_in_bytes", "v2": "memory.swap.max"}[world.kind]
    nothing = {"v1": "-1", "v2": "max"}[world.kind]
    world.apply(MemoryLimits(limit=MIB))
    assert world.knob(swap) == {"v1": str(MIB), "v2": "0"}[world.kind]
    world.apply(MemoryLimits())
    assert world.knob(swap) == nothing


def test_a_limit_below_the_cache_reclaims_it(world: World) -> None:
    world.apply(MemoryLimits(limit=100 * MIB))
    world.fake.memory.use(world.directory, anon=5 * MIB, cache=50 * MIB)
    world.apply(MemoryLimits(limit=10 * MIB))
    assert world.driver.memory.usage(world.group) == 10 * MIB
    assert world.differing(MemoryLimits(limit=10 * MIB)) == {}
    assert world.fake.memory.killed == []


@pytest.mark.parametrize("before", [MemoryLimits(), MemoryLimits(limit=64 * MIB)])
def test_a_limit_that_cannot_be_reached_leaves_the_old_one(
    world: World, before: MemoryLimits
) -> None:
    world.apply(before)
    world.fake.memory.use(world.directory, anon=20 * MIB, cache=30 * MIB)
    with pytest.raises(OSError, match=r"\S") as refusal:
        world.driver.memory.write(world.group, LIMIT[world.kind], str(10 * MIB))
    assert refusal.value.errno == errno.EBUSY
    assert world.differing(before) == {}
    assert world.fake.memory.killed == []


def test_a_limit_that_the_kernel_reaches_by_steps_is_reached(v1: World) -> None:
    """The kernel gives up early; each smaller step takes it nearer."""
    v1.apply(MemoryLimits(limit=64 * MIB))
    v1.fake.memory.use(v1.directory, cache=60 * MIB)
    for _ in range(3):
        v1.fake.fail("write", "memory.limit_in_bytes", errno.EBUSY)
    v1.apply(MemoryLimits(limit=MIB))
    assert v1.differing(MemoryLimits(limit=MIB)) == {}


def test_another_error_is_not_tried_again(v1: World) -> None:
    v1.apply(MemoryLimits(limit=64 * MIB))
    v1.fake.fail("write", "memory.limit_in_bytes", errno.EPERM)
    v1.fake.log.clear()
    with pytest.raises(PermissionError):
        v1.apply(MemoryLimits(limit=MIB))
    writes = [path for operation, path in v1.fake.log if operation == "write"]
    assert len(writes) == 2, "the attempt, and the old value"


def test_a_refused_raise_takes_the_limit_of_swap_back(v1: World) -> None:
    v1.apply(MemoryLimits(limit=MIB))
    v1.fake.fail("write", "memory.limit_in_bytes", errno.EIO)
    with pytest.raises(OSError, match="error"):
        v1.apply(MemoryLimits(limit=2 * MIB))
    assert v1.differing(MemoryLimits(limit=MIB)) == {}


@pytest.mark.parametrize("knob", ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"])
@pytest.mark.parametrize("text", ["-1", str(32 * MIB), str(2 * MIB)])
def test_either_knob_of_v1_is_put_back(v1: World, knob: str, text: str) -> None:
    limits = MemoryLimits(limit=8 * MIB)
    v1.apply(limits)
    names = ["memory.memsw.limit_in_bytes", "memory.limit_in_bytes"]
    for name in names if int(text) < 0 or int(text) > 8 * MIB else reversed(names):
        v1.driver.write(v1.group, "memory", name, text)
        if name == knob:
            break
    for name in v1.differing(limits):
        v1.driver.memory.write(v1.group, name, v1.driver.memory.render(limits)[name])
    assert v1.differing(limits) == {}


def test_without_accounted_swap_there_is_one_knob(v1: World) -> None:
    v1.root_knob("memory.memsw.limit_in_bytes", None)
    memory = v1.probed().memory
    assert memory.render(MemoryLimits(limit=MIB)) == {"memory.limit_in_bytes": str(MIB)}
    memory.write(v1.group, "memory.limit_in_bytes", str(MIB))
    assert v1.knob("memory.limit_in_bytes") == str(MIB)


def test_an_old_kernel_is_told_to_count_below(v1: World) -> None:
    root = v1.driver.locate("/", lambda name: frozenset()).directories["memory"]
    v1.fake.write(f"{root}/memory.use_hierarchy", "0")
    texts = v1.probed().memory.render(MemoryLimits())
    assert next(iter(texts.items())) == ("memory.use_hierarchy", "1")


def test_what_the_kernel_lacks_is_named(world: World) -> None:
    missing = unsupported(world.driver.memory.unsupported())
    offstream = {"anon_limit", "anon_limit_total", "anon_max_usage", "anon_only", "dirty_limit"}
    offstream |= {"max_rss", "recharge_on_pgfault"}
    only = {
        "v1": {"memory_guarantee", "memory_guarantee_total"},
        "v2": {"pressurize_on_death"},
    }[world.kind]
    assert missing.keys() == offstream | only
    assert all(missing.values())
    assert world.driver.hugetlb.unsupported() == {}


def test_offstream_knobs_are_used_where_they_are(v1: World) -> None:
    root = v1.driver.locate("/", lambda name: frozenset()).directories["memory"]
    knobs = ["low_limit_in_bytes", "anon.limit", "anon.max_usage", "anon.usage", "anon.only"]
    for knob in (*knobs, "dirty_limit_in_bytes", "recharge_on_pgfault"):
        Path(root, f"memory.{knob}").write_text("0\n")
    memory = v1.probed().memory
    assert memory.unsupported() == {}
    texts = memory.render(
        MemoryLimits(guarantee=3 * MIB, guarantee_total=9 * MIB, anon=2 * MIB, anon_only=True)
    )
    assert texts["memory.low_limit_in_bytes"] == str(3 * MIB)
    assert texts["memory.anon.limit"] == str(2 * MIB)
    assert texts["memory.anon.only"] == "1"
    assert texts["memory.dirty_limit_in_bytes"] == "0"
    assert texts["memory.recharge_on_pgfault"] == "0"


@pytest.mark.parametrize("hierarchies", [("freezer", "pids"), ("freezer", "cpu")])
def test_without_the_controller_nothing_is_there(tmp_path: Path, hierarchies) -> None:
    driver = FakeHost(tmp_path, hierarchies).driver
    assert "memory_limit" in unsupported(driver.unsupported())
    assert "hugetlb_limit" in unsupported(driver.unsupported())


def test_a_guarantee_is_the_totals_business_on_v2(v2: World) -> None:
    texts = v2.driver.memory.render(MemoryLimits(guarantee=MIB, guarantee_total=5 * MIB))
    assert texts[v2.driver.memory.guarantee_knob or ""] == str(5 * MIB)


def test_a_guarantee_reaches_every_ancestor(v2: World) -> None:
    child = v2.made("a/b", "memory")
    memory = v2.driver.memory
    memory.promise(child, Promise(4 * MIB, 4 * MIB), [Promise(5 * MIB, MIB), Promise(7 * MIB)])
    top = Path(v2.group.own[0]).parent

    def low(path: Path) -> str:
        return path.joinpath("memory.low").read_text().strip()

    assert low(Path(v2.group.own[0])) == str(5 * MIB)
    assert low(Path(v2.group.own[1])) == str(MIB)
    assert low(top) == str(7 * MIB)
    assert memory.promised() == 7 * MIB
    v2.fake.log.clear()
    memory.promise(child, Promise(4 * MIB, 4 * MIB), [Promise(5 * MIB, MIB), Promise(7 * MIB)])
    assert [entry for entry in v2.fake.log if entry[0] == "write"] == []
    v2.driver.remove(child)
    memory.promise(child, Promise(0), [Promise(MIB, MIB), Promise(MIB)])
    assert memory.promised() == MIB


def test_v1_promises_nothing_of_ancestors(v1: World) -> None:
    assert v1.driver.memory.promised() is None
    assert v1.driver.memory.guarantee_knob is None
    v1.driver.memory.promise(v1.group, Promise(MIB), [Promise(MIB)])


def test_a_soft_limit_is_found_again(v1: World) -> None:
    for soft in (MIB, 0):
        for knob, text in v1.driver.memory.render_pressure(soft).items():
            v1.driver.memory.write(v1.group, knob, text)
            assert v1.knob(knob) == text


def test_v2_has_no_soft_limit(v2: World) -> None:
    assert v2.driver.memory.render_pressure(MIB) == {}


STAT = {
    "inactive_anon": 1000,
    "active_anon": 200,
    "unevictable": 30,
    "swap": 4,
    "inactive_file": 500000,
    "active_file": 60000,
    "shmem": 70,
    "pgfault": 90,
    "pgmajfault": 8,
    "pgpgout": 3,
    "pgsteal": 3,
    "anon": 1160,
    "file": 560070,
}


def test_readings(world: World) -> None:
    prefix = {"v1": "total_", "v2": ""}[world.kind]
    text = "".join(f"{prefix}{word} {number}\n" for word, number in STAT.items())
    Path(world.directory, "memory.stat").write_text(f"rss 77777\n{text}total_rss 1160\n")
    if world.kind == "v2":
        Path(world.directory, "memory.swap.current").write_text("4\n")
    world.fake.memory.use(world.directory, anon=MIB, cache=2 * MIB)
    memory, group = world.driver.memory, world.group
    assert memory.usage(group) == 3 * MIB
    assert memory.anon(group) == 1234
    assert memory.cache(group) == 560000
    assert memory.shmem(group) == 70
    assert memory.locked(group) == 30
    assert memory.minor_faults(group) == 82
    assert memory.major_faults(group) == 8
    assert memory.reclaimed(group) == 3 * PAGE


def test_readings_of_the_host(world: World) -> None:
    root = world.driver.locate("/", lambda name: frozenset())
    memory = world.driver.memory
    for reading in (memory.usage, memory.anon, memory.cache, memory.shmem, memory.minor_faults):
        assert reading(root) == 0


def test_a_container_without_the_controller_shows_its_parents(world: World) -> None:
    child = world.made("a/b")
    world.fake.memory.use(world.directory, anon=MIB)
    assert world.driver.memory.usage(child) == MIB


def test_a_group_that_is_gone_has_no_reading(world: World) -> None:
    world.driver.remove(world.group)
    for reading in (world.driver.memory.usage, world.driver.memory.anon):
        with pytest.raises(FileNotFoundError):
            reading(world.group)
