"""The facets of memory over a fake kernel: plans, refusals, guarantees up the tree."""

import dataclasses
import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.probe import probe
from porto.reconcilers.containers.facets.hugetlb import Hugetlb
from porto.reconcilers.containers.facets.memory import Memory
from porto.reconcilers.containers.facets.pressure import Pressure
from porto.reconcilers.containers.target import Target
from porto.spec.config import ContainerConfig, build_config
from porto.spec.containers.names import level
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import Busy, InvalidValue, NotSupported
from tests.fakes.cgroupfs import FakeCgroups
from tests.fakes.ports import apply, make_ports, settle

MIB = 1 << 20
HOSTS = {"v1": ("freezer", "memory", "hugetlb"), "v2": ("v2",)}
NEEDS = frozenset({"memory", "hugetlb"})


class World:
    """Containers of one fake host, and the facets."""

    def __init__(self, root: Path, kind: str) -> None:
        self.fake = FakeCgroups(root, HOSTS[kind])
        self.driver = probe(
            "porto", mountinfo=str(self.fake.mountinfo), knobs=self.fake, members=self.fake
        )
        self.ports = make_ports(self.driver)
        self.store = ContainerStore(None)
        self.config = ContainerConfig()
        self.without: set[str] = set()
        self.memory = Memory(self.driver, self.store, self.config)
        self.hugetlb = Hugetlb(self.driver)

    def enabled(self, name: str) -> frozenset[str]:
        extra = frozenset() if name in self.without else NEEDS
        return self.driver.default_controllers(level(name)) | extra

    def target(self, name: str) -> Target:
        record = self.store.get(name)
        return Target(
            record=record,
            lineage=tuple(self.store.ancestors(record)),
            group=self.driver.locate(name, self.enabled),
        )

    def make(self, name: str, state: State = State.RUNNING, **values: str) -> ContainerRecord:
        spec = DEFAULT_SPEC
        for key, text in values.items():
            prop = find_property(key)
            spec = spec.with_value(prop, prop.parse(name, text))
        self.store.create(name, spec, now=1.0, origins={})
        return self.become(name, state)

    def become(self, name: str, state: State) -> ContainerRecord:
        record = self.store.get(name)
        record = self.store.put_status(record, record.with_status(state=state).status, now=2.0)
        if state is not State.STOPPED:
            self.driver.create(self.target(name).group)
        return record

    def change(self, name: str, **values: str) -> None:
        record = self.store.get(name)
        spec = record.spec
        for key, text in values.items():
            prop = find_property(key)
            spec = spec.with_value(prop, prop.parse(name, text))
        self.store.put(dataclasses.replace(record, spec=spec), now=3.0)

    def settle(self, facet, name: str) -> list[str]:
        """Apply the plan; the subjects. A second plan is empty."""
        return [change.subject for change in settle(self.ports, facet, self.target(name))]

    def stop(self, name: str) -> None:
        target = self.target(name)
        self.driver.remove(target.group)
        apply(self.ports, self.memory.teardown(target))
        self.become(name, State.STOPPED)

    def low(self, name: str) -> int:
        return int(self.driver.read(self.target(name).group, "memory", "memory.low"))

    def leaf_low(self, name: str) -> int:
        return int(Path(self.target(name).group.own[1], "memory.low").read_text())

    def use(self, name: str, **amounts: int) -> None:
        self.fake.memory.use(self.target(name).group.directories["memory"], **amounts)


@pytest.fixture(params=list(HOSTS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, request.param)
    yield made
    made.fake.close()


@pytest.fixture
def v2(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "v2")
    yield made
    made.fake.close()


@pytest.fixture
def v1(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "v1")
    yield made
    made.fake.close()


def test_a_new_group_is_settled(world: World) -> None:
    world.make("a")
    assert world.settle(world.memory, "a") == []
    assert world.settle(world.hugetlb, "a") == []


@pytest.mark.parametrize("text", ["1M", "1234567", "8E", "18446744073709551615"])
def test_a_limit_comes_and_goes(world: World, text: str) -> None:
    world.make("a", memory_limit=text)
    world.settle(world.memory, "a")
    world.change("a", memory_limit="0")
    world.settle(world.memory, "a")


def test_a_limit_that_cannot_be_reached_is_busy(world: World) -> None:
    world.make("a", memory_limit="64M")
    world.settle(world.memory, "a")
    world.use("a", anon=32 * MIB)
    world.change("a", memory_limit="16M")
    target = world.target("a")
    change = world.memory.plan(target)[0]
    with pytest.raises(Busy, match=rf"cannot set memory\..* of a to {16 * MIB}: more is used"):
        apply(world.ports, [change])
    world.change("a", memory_limit="64M")
    assert world.memory.plan(world.target("a")) == []


def test_another_refusal_is_the_kernels(world: World) -> None:
    world.make("a", memory_limit="64M")
    target = world.target("a")
    change = world.memory.plan(target)[0]
    world.fake.fail("write", change.subject, errno.EIO)
    with pytest.raises(OSError, match="error"):
        apply(world.ports, [change])


def test_without_the_controller_a_limit_is_refused(world: World) -> None:
    world.without.add("a/b")
    world.make("a")
    world.make("a/b", memory_limit="64M")
    with pytest.raises(NotSupported, match="memory_limit of a/b to 67108864"):
        world.memory.plan(world.target("a/b"))


def test_the_high_limit_is_a_share_where_it_is_configured(v2: World) -> None:
    facet = Memory(v2.driver, v2.store, ContainerConfig(memory_high_limit_proportion=0.5))
    v2.make("a", memory_limit="64M")
    v2.settle(facet, "a")
    assert v2.driver.read(v2.target("a").group, "memory", "memory.high").strip() == str(32 * MIB)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    key = "memory_high_limit_proportion"
    config, refused = build_config({"container": {key: share}})
    assert config.container.memory_high_limit_proportion == 0
    assert [name for name, _ in refused] == [f"container.{key}"]


def test_a_guarantee_goes_up_at_the_start_and_down_at_the_end(v2: World) -> None:
    v2.make("a", memory_guarantee="3M")
    v2.make("a/b")
    v2.make("a/b/c", memory_guarantee="5M")
    v2.make("d", memory_guarantee="2M")
    for name in ("a", "a/b", "a/b/c", "d"):
        v2.settle(v2.memory, name)
    lows = {name: v2.low(name) for name in ("a", "a/b", "a/b/c", "d")}
    assert lows == {"a": 5 * MIB, "a/b": 5 * MIB, "a/b/c": 5 * MIB, "d": 2 * MIB}
    assert v2.driver.memory.promised() == 7 * MIB
    v2.stop("a/b/c")
    assert (v2.low("a"), v2.low("a/b"), v2.driver.memory.promised()) == (3 * MIB, 0, 5 * MIB)
    assert v2.leaf_low("a") == 3 * MIB
    for name in ("a", "a/b", "d"):
        assert v2.settle(v2.memory, name) == []


def test_a_child_is_heard_above_a_parent_that_is_settled_already(v2: World) -> None:
    v2.make("a")
    v2.make("a/b")
    v2.settle(v2.memory, "a")
    v2.settle(v2.memory, "a/b")
    v2.change("a/b", memory_guarantee="4M")
    v2.settle(v2.memory, "a/b")
    assert v2.settle(v2.memory, "a") == []
    v2.change("a/b", memory_guarantee="0")
    v2.settle(v2.memory, "a/b")
    assert v2.settle(v2.memory, "a") == []
    assert v2.driver.memory.promised() == 0


def test_what_a_parent_keeps_for_itself_is_its_tasks(v2: World) -> None:
    v2.make("a", memory_guarantee="10M")
    v2.make("a/b", memory_guarantee="4M")
    v2.settle(v2.memory, "a")
    v2.settle(v2.memory, "a/b")
    assert (v2.low("a"), v2.leaf_low("a"), v2.low("a/b")) == (10 * MIB, 6 * MIB, 4 * MIB)


def test_the_guarantee_of_all_is_put_back(v2: World) -> None:
    v2.make("a", memory_guarantee="4M")
    v2.settle(v2.memory, "a")
    top = Path(v2.target("a").group.own[0]).parent
    (top / "memory.low").write_text("0\n")
    assert v2.settle(v2.memory, "a") == ["guarantee of all containers"]
    assert v2.driver.memory.promised() == 4 * MIB


def test_fewer_huge_pages_than_are_used_are_refused(world: World) -> None:
    world.make("a", hugetlb_limit="8M")
    world.settle(world.hugetlb, "a")
    directory = Path(world.target("a").group.directories["hugetlb"])
    (used,) = (*directory.glob("*.usage_in_bytes"), *directory.glob("hugetlb.2MB.current"))
    used.write_text(f"{4 * MIB}\n")
    world.change("a", hugetlb_limit="2M")
    target = world.target("a")
    with pytest.raises(InvalidValue, match=f"hugetlb_limit of a to {2 * MIB}: {4 * MIB} bytes"):
        world.hugetlb.plan(target)
    world.change("a", hugetlb_limit="4M")
    world.settle(world.hugetlb, "a")
    world.change("a", hugetlb_limit="0")
    world.settle(world.hugetlb, "a")


# -- pressure -------------------------------------------------------------------


def soft(world: World, name: str) -> str:
    knob = "memory.soft_limit_in_bytes"
    text = world.driver.read(world.target(name).group, "memory", knob)
    return world.driver.canonical(knob, text)


def test_the_dead_and_the_hollow_are_under_pressure(v1: World) -> None:
    pressure = Pressure(v1.driver, v1.config)
    v1.make("a", State.META, pressurize_on_death="true")
    v1.make("a/b", State.RUNNING, pressurize_on_death="true")
    pid = v1.fake.spawn()
    v1.driver.attach(v1.target("a/b").group, pid)
    for name in ("a", "a/b"):
        assert v1.settle(pressure, name) == []
    v1.fake.kill(pid, lambda text: True)
    v1.become("a/b", State.DEAD)
    v1.settle(pressure, "a/b")
    v1.settle(pressure, "a")
    assert (soft(v1, "a"), soft(v1, "a/b")) == (str(MIB), str(MIB))
    v1.become("a/b", State.RUNNING)
    v1.driver.attach(v1.target("a/b").group, v1.fake.spawn())
    changes = pressure.plan(v1.target("a"))
    assert [change.is_drift for change in changes] == [False]
    v1.settle(pressure, "a/b")
    v1.settle(pressure, "a")
    assert (soft(v1, "a"), soft(v1, "a/b")) == ("-1", "-1")


def test_nobody_asked_nothing_is_read(v1: World) -> None:
    v1.make("a", State.META)
    v1.fake.log.clear()
    assert list(Pressure(v1.driver, v1.config).plan(v1.target("a"))) == []
    assert v1.fake.log == []


def test_the_default_of_pressure_is_configured(v1: World) -> None:
    config = ContainerConfig(pressurize_on_death=True, dead_memory_soft_limit=2 * MIB)
    pressure = Pressure(v1.driver, config)
    v1.make("a", State.DEAD)
    v1.settle(pressure, "a")
    assert soft(v1, "a") == str(2 * MIB)
    v1.change("a", pressurize_on_death="false")
    v1.settle(pressure, "a")
    assert soft(v1, "a") == "-1"


def test_v2_plans_no_pressure(v2: World) -> None:
    v2.make("a", State.DEAD, pressurize_on_death="true")
    assert list(Pressure(v2.driver, v2.config).plan(v2.target("a"))) == []


@pytest.mark.parametrize("guarantee", ["0", "1M"])
def test_what_is_new_does_not_mend_what_others_were_promised(
    tmp_path: Path, guarantee: str
) -> None:
    """Its own knob does: a plan of many starts would tell of it with each of them."""
    v2 = World(tmp_path, "v2")
    v2.make("a", memory_guarantee=guarantee)
    v2.make("b", memory_guarantee="2M")
    target = dataclasses.replace(v2.target("a"), is_new=True)
    subjects = {change.subject for change in v2.memory.plan(target)}
    assert subjects == ({"memory.low"} if guarantee != "0" else set())


@pytest.mark.parametrize(
    ("kind", "slow"),
    [
        ("v1", {"memory.limit_in_bytes", "memory.memsw.limit_in_bytes"}),
        ("v2", {"memory.max"}),
    ],
)
def test_only_what_reclaims_is_slow(tmp_path: Path, kind: str, slow: set[str]) -> None:
    """Not that nothing may be swapped, a "0" that is below every usage."""
    world = World(tmp_path, kind)
    world.make("a", memory_limit="64M", memory_guarantee="1M")
    target = world.target("a")
    changes = world.memory.plan(target)
    assert {change.subject for change in changes} >= slow
    assert not any(change.is_slow for change in changes)
    world.use("a", anon=65 * MIB)
    changes = world.memory.plan(world.target("a"))
    assert {change.subject for change in changes if change.is_slow} == slow
