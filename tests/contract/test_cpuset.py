"""CPU sets of the cgroup drivers: the same tests on the fakes and on the kernel."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.cpuset import CPUS, MEMS
from porto.spec.cpulist import CPU_MAX, each_cpu, parse_cpus
from tests.contract.worlds import FakeWorld, KernelWorld, World
from tests.fakes.cgroupfs import COMOUNTED, SPLIT

FAKES = {"v1": SPLIT, "comounted": COMOUNTED, "hybrid": (*SPLIT, "v2"), "v2": ("v2",)}


@pytest.fixture(
    params=[
        *FAKES,
        pytest.param("kernel", marks=pytest.mark.needs("root", "cgroup", "controller:cpuset")),
    ]
)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made: World
    made = KernelWorld() if request.param == "kernel" else FakeWorld(tmp_path, FAKES[request.param])
    if len(cpus(made)) < 2:
        pytest.skip("one CPU only")
    yield made
    made.close()


def made(world: World, name: str) -> Group:
    group = world.driver.locate(name, lambda _: frozenset({"freezer", "cpuset"}))
    assert world.driver.create(group)
    return group


def cpus(world: World) -> list[str]:
    return [str(cpu) for cpu in each_cpu(parse_cpus(world.driver.cpuset.allowed()))]


def put(world: World, group: Group, text: str) -> None:
    for knob, value in world.driver.cpuset.render(text).items():
        world.driver.write(group, "cpuset", knob, value)


def refusal(world: World, group: Group, text: str) -> int | None:
    """What the kernel answers to a list; None when it takes it."""
    try:
        world.driver.write(group, "cpuset", CPUS, text)
    except OSError as error:
        return error.errno
    return None


def test_a_new_group_has_all_and_needs_no_write(world: World) -> None:
    group = made(world, "a")
    everything = world.driver.cpuset.allowed()
    assert world.driver.cpuset.effective(group) == everything
    for knob, want in world.driver.cpuset.render(everything).items():
        text = world.driver.read(group, "cpuset", knob)
        assert world.driver.cpuset.shown(knob, text) == want


def test_what_is_rendered_is_read_back(world: World) -> None:
    group = made(world, "a")
    last = cpus(world)[-1]
    put(world, group, last)
    assert world.driver.cpuset.configured(group) == last
    assert world.driver.cpuset.effective(group) == last
    for knob, want in world.driver.cpuset.render(last).items():
        assert world.driver.canonical(knob, world.driver.read(group, "cpuset", knob)) == want
    put(world, group, world.driver.cpuset.allowed())
    assert world.driver.cpuset.effective(group) == world.driver.cpuset.allowed()


def test_any_way_to_write_a_list_is_one_canonical_text(world: World) -> None:
    group = made(world, "a")
    first, second = cpus(world)[:2]
    world.driver.write(group, "cpuset", CPUS, f"{second},{first}")
    text = world.driver.read(group, "cpuset", CPUS)
    assert world.driver.canonical(CPUS, text) == world.driver.canonical(CPUS, f"{first},{second}")


@pytest.mark.parametrize("text", ["x", "1-0", "-1", str(CPU_MAX)])
def test_what_is_no_cpu_is_refused(world: World, text: str) -> None:
    group = made(world, "a")
    before = world.driver.read(group, "cpuset", CPUS)
    assert refusal(world, group, text) in (errno.EINVAL, errno.ERANGE)
    assert world.driver.read(group, "cpuset", CPUS) == before


def test_a_child_beyond_its_parent(world: World) -> None:
    parent, child = made(world, "a"), made(world, "a/b")
    first, second = cpus(world)[:2]
    put(world, child, first)
    put(world, parent, first)
    if world.driver.cpuset.nested:
        assert refusal(world, child, second) == errno.EACCES
    else:
        put(world, child, second)
        assert world.driver.cpuset.configured(child) == second
    assert world.driver.cpuset.effective(child) == first


def test_a_parent_below_its_child(world: World) -> None:
    parent, child = made(world, "a"), made(world, "a/b")
    first, second = cpus(world)[:2]
    put(world, child, second)
    if world.driver.cpuset.nested:
        assert refusal(world, parent, first) == errno.EBUSY
        assert world.driver.cpuset.effective(child) == second
    else:
        put(world, parent, first)
        assert world.driver.cpuset.effective(child) == first


def test_an_empty_list_with_tasks(world: World) -> None:
    group = made(world, "a")
    world.driver.attach(group, world.spawn())
    put(world, group, cpus(world)[0])
    assert refusal(world, group, "") == errno.ENOSPC
    assert world.driver.cpuset.effective(group) == cpus(world)[0]
    put(world, group, world.driver.cpuset.allowed())
    assert world.driver.cpuset.effective(group) == world.driver.cpuset.allowed()


def test_a_container_without_the_controller_shows_its_parents(world: World) -> None:
    parent = made(world, "a")
    put(world, parent, cpus(world)[0])
    both, alone = frozenset({"freezer", "cpuset"}), frozenset({"freezer"})
    child = world.driver.locate("a/b", lambda name: both if name == "a" else alone)
    world.driver.create(child)
    assert not child.owns("cpuset")
    assert world.driver.cpuset.effective(child) == cpus(world)[0]


def test_memory_nodes_are_those_of_the_host(world: World) -> None:
    group = made(world, "a")
    mems = world.driver.cpuset.render("0")[MEMS]
    world.driver.cpuset.forget()
    assert world.driver.cpuset.render("0")[MEMS] == mems
    text = world.driver.read(group, "cpuset", MEMS)
    assert world.driver.cpuset.shown(MEMS, text) == mems


def test_cpu_set_is_supported_where_the_controller_is(world: World) -> None:
    assert "cpuset" not in world.driver.unsupported()


def test_without_the_controller_cpu_set_is_not_supported(tmp_path: Path) -> None:
    made = FakeWorld(tmp_path, ("freezer", "pids"))
    assert "cpuset" in made.driver.unsupported()["cpuset"]
    made.close()
