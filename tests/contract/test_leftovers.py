"""What no container has is removed, in every hierarchy, and nothing else: fakes and kernel."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.probe import probe
from porto.spec.containers.names import level
from tests.contract.worlds import FakeWorld, KernelWorld, World
from tests.fakes.cgroupfs import COMOUNTED, SPLIT, FakeCgroups
from tests.patience import until

FAKES = {"v1": SPLIT, "comounted": COMOUNTED, "hybrid": (*SPLIT, "v2"), "v2": ("v2",)}
Enabled = Callable[[str], frozenset[str]]


@pytest.fixture(params=[*FAKES, pytest.param("kernel", marks=pytest.mark.needs("root", "cgroup"))])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made: World
    made = KernelWorld() if request.param == "kernel" else FakeWorld(tmp_path, FAKES[request.param])
    yield made
    made.close()


def all_of(driver: CgroupDriver) -> Enabled:
    return lambda name: driver.default_controllers(level(name))


def made(world: World, name: str, enabled: Enabled | None = None) -> Group:
    group = world.driver.locate(name, enabled or all_of(world.driver))
    world.driver.create(group)
    return group


def rmdir(world: World, path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(path) if isinstance(world, KernelWorld) else world.fake.rmdir(path)


def swept(world: World, keep: Callable[[str], bool], enabled: Enabled | None = None) -> set[str]:
    """Sweep until nothing is left over; all names that were."""
    driver = world.driver
    found: set[str] = set()

    def done() -> bool:
        located = enabled and (lambda name: driver.locate(name, enabled))
        names = driver.sweep(keep, located or None)
        found.update(names)
        return not names

    until(done)
    return found


def is_v1(world: World) -> bool:
    return world.driver.version != "v2"


def cpuset_ready(world: World, path: str) -> None:
    """Give a group that was made by hand what it needs before it takes a process."""
    for knob in ("cpuset.cpus", "cpuset.mems"):
        if is_v1(world) and os.path.exists(f"{path}/{knob}"):
            world.write_raw(f"{path}/{knob}", Path(os.path.dirname(path), knob).read_text())


def test_groups_of_others_within_a_kept_one_stay(world: World) -> None:
    kept = made(world, "a")
    stay = [f"{path}/nested" for path in kept.own]
    stay += [f"{path}/deeper" for path in stay]
    for path in stay:
        world.mkdir_raw(path)
    inside = world.spawn()
    for path in stay:
        if path.startswith(f"{kept.freezer}/"):
            cpuset_ready(world, path)
    world.write_raw(f"{kept.freezer}/nested/deeper/cgroup.procs", str(inside))
    assert swept(world, lambda name: name == "a") == set()
    assert all(map(os.path.isdir, stay))
    assert world.is_alive(inside)
    # Without its container all of it is left over.
    assert "a" in swept(world, lambda name: False)
    world.await_end(inside)
    assert not any(map(os.path.isdir, kept.own))


def test_names_that_no_container_has_stay(world: World) -> None:
    group = made(world, "a")
    stay = []
    for path in {os.path.dirname(path) for path in group.own if not path.endswith("%leaf")}:
        top = path.removesuffix(f"/{world.prefix}")
        names = [f"{world.prefix}foo", f"{world.prefix}-x%a", f"{world.prefix}%"]
        names += [f"{world.prefix}%a%%b", f"{world.prefix}%not a name"]
        if path != top:
            stay += [f"{path}/not a name", f"{path}/a%b"]
        stay += [f"{top}/{name}" for name in names]
    for path in stay:
        world.mkdir_raw(path)
    try:
        assert swept(world, lambda name: False) == {"a"}
        assert [path for path in stay if not os.path.isdir(path)] == []
    finally:
        for path in stay:
            rmdir(world, path)


def test_a_child_is_found_whatever_its_parents_had(world: World) -> None:
    bare = frozenset({"freezer"})
    pids = frozenset({"freezer", "pids"})
    for name, sets in (("a", bare), ("a/b", pids), ("a/b/c", pids)):
        made(world, name, lambda n, sets=sets: pids if n.startswith("a/b") else bare)
    assert swept(world, lambda name: name in ("a", "a/b")) == {"a/b/c"}
    assert swept(world, lambda name: name == "a") == {"a/b"}
    assert swept(world, lambda name: False) == {"a"}


def test_directories_of_an_earlier_set_of_controllers(world: World) -> None:
    if not is_v1(world):
        pytest.skip("one directory serves all controllers")
    before = made(world, "a")
    child = made(world, "a/b", lambda name: frozenset({"freezer", "memory"}))
    member = world.spawn()
    world.driver.attach(child, member)
    now: Enabled = lambda name: frozenset({"freezer", "pids"} if name == "a" else {"freezer"})  # noqa: E731
    assert swept(world, lambda name: True, now) == {"a", "a/b"}
    assert world.is_alive(member)
    present = world.driver.locate("a", now)
    assert world.driver.exists(present)
    assert [path for path in before.own if os.path.isdir(path)] == list(present.own)
    assert world.driver.container_of(member) == "a/b"
    assert swept(world, lambda name: True, now) == set()


def test_a_process_of_the_host_is_moved_out_of_a_leftover(world: World) -> None:
    if not is_v1(world):
        pytest.skip("whose a process is, its only group tells")
    group = made(world, "a")
    other, mine = world.spawn(), world.spawn()
    world.driver.attach(group, mine)
    world.write_raw(f"{group.directories['memory']}/cgroup.procs", str(other))
    assert swept(world, lambda name: False) == {"a"}
    world.await_end(mine)
    assert world.is_alive(other)
    assert world.driver.container_of(other) is None


def test_a_process_of_the_host_does_not_hold_a_group_that_is_removed(world: World) -> None:
    if not is_v1(world):
        pytest.skip("whose a process is, its only group tells")
    group = made(world, "a")
    other = world.spawn()
    inner = f"{group.directories['memory']}/nested"
    world.mkdir_raw(inner)
    world.write_raw(f"{inner}/cgroup.procs", str(other))
    world.driver.remove(group)
    assert not world.driver.exists(group)
    assert world.is_alive(other)


class Killed(Exception):
    """The daemon's end."""


class Mortal(FakeCgroups):
    """Kills its user after so many steps of one kind."""

    steps = -1
    deadly = "mkdir"

    def _enter(self, operation: str, path: str) -> None:
        if operation == self.deadly:
            if self.steps == 0:
                raise Killed
            self.steps -= 1
        super()._enter(operation, path)


@pytest.mark.parametrize("deadly", ["mkdir", "rmdir", "write"])
@pytest.mark.parametrize("hierarchies", FAKES.values(), ids=FAKES)
def test_killed_at_any_step(tmp_path: Path, hierarchies: tuple[str, ...], deadly: str) -> None:
    """What is half made or half removed is swept by the next daemon, or made whole."""
    for step in range(60):
        root = tmp_path / str(step)
        root.mkdir()
        fake = Mortal(root, hierarchies)
        fake.deadly = deadly

        def driver(fake: Mortal = fake) -> CgroupDriver:
            return probe(mountinfo=str(fake.mountinfo), knobs=fake, members=fake)

        first = driver()
        fake.steps = step
        ended = False
        try:
            for name in ("a", "a/b"):
                first.create(first.locate(name, all_of(first)))
            for name in ("a/b", "a"):
                first.remove(first.locate(name, all_of(first)))
        except Killed:
            ended = True
        fake.steps = -1
        second = driver()
        if ended and step % 2:
            whole = second.locate("a", all_of(second))
            second.create(whole)
            assert second.exists(whole)
            second.attach(whole, fake.spawn())
        while second.sweep(lambda name: False):
            pass
        left = [path for mount in fake.mounts for path in below(fake, mount)]
        assert [path for path in left if not path.endswith("/porto")] == []
        fake.close()
        if not ended:
            return
    raise AssertionError("it never lived to the end")


def below(fake: FakeCgroups, directory: str) -> list[str]:
    return [f"{directory}/{name}" for name in fake.subdirectories(directory)]
