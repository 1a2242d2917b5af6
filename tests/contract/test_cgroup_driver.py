"""The contract of `CgroupDriver`: the same tests on the fakes and on the kernel."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.driver import FreezerState
from porto.kernel.cgroup.group import Group
from porto.spec.containers.names import level
from tests.contract.worlds import FakeWorld, KernelWorld, World, remove
from tests.fakes.cgroupfs import COMOUNTED, SPLIT
from tests.patience import until

FAKES = {"v1": SPLIT, "comounted": COMOUNTED, "hybrid": (*SPLIT, "v2"), "v2": ("v2",)}


@pytest.fixture(params=[*FAKES, pytest.param("kernel", marks=pytest.mark.needs("root", "cgroup"))])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made: World
    made = KernelWorld() if request.param == "kernel" else FakeWorld(tmp_path, FAKES[request.param])
    yield made
    made.close()


def enabled(world: World, *extra: str) -> Callable[[str], frozenset[str]]:
    """The default controllers, and `extra` ones from the second level on."""

    def controllers(name: str) -> frozenset[str]:
        return world.driver.default_controllers(level(name)) | frozenset(
            extra if level(name) > 1 else ()
        )

    return controllers


def made(world: World, name: str, *extra: str) -> Group:
    group = world.driver.locate(name, enabled(world, *extra))
    assert world.driver.create(group)
    return group


def member(world: World, group: Group) -> int:
    pid = world.spawn()
    world.driver.attach(group, pid)
    return pid


def test_a_group_is_made_once_and_removed_once(world: World) -> None:
    group = world.driver.locate("a", enabled(world))
    assert not world.driver.exists(group)
    assert world.driver.create(group)
    assert world.driver.exists(group)
    assert not world.driver.create(group)
    world.driver.remove(group)
    assert not world.driver.exists(group)
    world.driver.remove(group)


def test_a_half_made_group_is_completed(world: World) -> None:
    group = made(world, "a")
    os.rmdir(group.own[-1]) if isinstance(world, KernelWorld) else world.fake.rmdir(group.own[-1])
    assert not world.driver.exists(group)
    assert world.driver.create(group)
    assert world.driver.exists(group)


def test_a_child_needs_its_parent(world: World) -> None:
    child = world.driver.locate("a/b", enabled(world))
    with pytest.raises(FileNotFoundError):
        world.driver.create(child)


def test_first_level_has_its_own_directory_for_every_controller(world: World) -> None:
    group = made(world, "a")
    for controller in world.driver.controllers:
        assert group.directories[controller] in group.own


def test_a_child_shares_what_it_has_not(world: World) -> None:
    parent, child = made(world, "a"), made(world, "a/b")
    assert child.directories["memory"] == parent.directories["memory"]
    assert child.freezer not in parent.own
    assert "memory" in parent.directories


def test_a_member_is_found_by_group_and_by_pid(world: World) -> None:
    parent, child = made(world, "a"), made(world, "a/b")
    pid = member(world, child)
    assert world.driver.container_of(pid) == "a/b"
    assert world.driver.processes(child) == [pid]
    assert world.driver.processes(parent) == []
    assert world.driver.subtree_processes(parent) == [pid]
    assert world.driver.is_populated(parent)
    assert world.driver.subtree_threads(parent) == 1
    assert world.driver.subtree_threads(child) == 1


def test_a_process_outside_is_in_no_container(world: World) -> None:
    made(world, "a")
    assert world.driver.container_of(world.spawn()) is None


def test_a_process_that_is_gone_is_told_apart(world: World) -> None:
    group = made(world, "a")
    pid = member(world, group)
    world.driver.kill(group)
    world.await_end(pid)
    with pytest.raises(ProcessLookupError):
        world.driver.container_of(pid)


def test_join_files_take_a_pid(world: World) -> None:
    group = made(world, "a")
    pid = world.spawn()
    for path in world.driver.join_files(group):
        world.write_raw(path, str(pid))
    assert world.driver.container_of(pid) == "a"
    assert world.driver.processes(group) == [pid]


def test_a_group_with_a_task_is_not_removed(world: World) -> None:
    group = made(world, "a")
    member(world, group)
    with pytest.raises(OSError, match=os.strerror(errno.EBUSY)) as caught:
        world.driver.remove(group)
    assert caught.value.errno == errno.EBUSY
    assert world.driver.exists(group) or world.driver.create(group)


def test_kill_reaches_the_subtree(world: World) -> None:
    parent, child = made(world, "a"), made(world, "a/b")
    pids = [member(world, parent), member(world, child)]
    assert sorted(world.driver.kill(parent)) == sorted(pids)
    for pid in pids:
        world.await_end(pid)
    assert world.driver.kill(parent) == []
    remove(world, child)
    remove(world, parent)


def test_kill_leaves_the_neighbours(world: World) -> None:
    group, neighbour = made(world, "a"), made(world, "ab")
    victim, bystander = member(world, group), member(world, neighbour)
    world.driver.kill(group)
    world.await_end(victim)
    assert world.is_alive(bystander)


def test_kill_of_the_host_is_refused(world: World) -> None:
    with pytest.raises(OSError, match="whole host"):
        world.driver.kill(world.driver.locate("/", enabled(world)))


def test_kill_of_a_missing_group_finds_nobody(world: World) -> None:
    assert world.driver.kill(world.driver.locate("a", enabled(world))) == []


def test_freeze_and_thaw(world: World) -> None:
    group = made(world, "a")
    member(world, group)
    assert world.driver.freezer_state(group) is FreezerState.THAWED
    world.driver.freeze(group)
    until(lambda: world.driver.freezer_state(group) is FreezerState.FROZEN)
    assert world.driver.self_frozen(group)
    world.driver.thaw(group)
    assert world.driver.freezer_state(group) is FreezerState.THAWED
    assert not world.driver.self_frozen(group)


def test_a_parents_freeze_holds_the_child(world: World) -> None:
    parent, child = made(world, "a"), made(world, "a/b")
    member(world, child)
    world.driver.freeze(parent)
    until(lambda: world.driver.freezer_state(child) is FreezerState.FROZEN)
    assert not world.driver.self_frozen(child)
    world.driver.thaw(child)
    assert world.driver.freezer_state(child) is FreezerState.FROZEN


def test_a_childs_own_freeze_outlasts_the_parents_thaw(world: World) -> None:
    parent, child = made(world, "a"), made(world, "a/b")
    member(world, child)
    world.driver.freeze(child)
    world.driver.freeze(parent)
    world.driver.thaw(parent)
    assert world.driver.freezer_state(parent) is FreezerState.THAWED
    until(lambda: world.driver.freezer_state(child) is FreezerState.FROZEN)


def test_an_empty_group_freezes_at_once(world: World) -> None:
    group = made(world, "a")
    world.driver.freeze(group)
    assert world.driver.freezer_state(group) is FreezerState.FROZEN


def test_frozen_processes_die(world: World) -> None:
    parent, child = made(world, "a"), made(world, "a/b")
    pids = [member(world, parent), member(world, child)]
    world.driver.freeze(child)
    world.driver.freeze(parent)
    until(lambda: world.driver.freezer_state(parent) is FreezerState.FROZEN)
    world.driver.kill(parent)
    for pid in pids:
        world.await_end(pid)
    assert world.driver.freezer_state(parent) is FreezerState.THAWED


@pytest.mark.parametrize("limit", [1, 100, 10_000, 4 << 20, (4 << 20) + 1, 1 << 62, 0, None])
def test_a_rendered_limit_is_what_the_kernel_shows(world: World, limit: int | None) -> None:
    group = made(world, "a")
    for knob, text in world.driver.pids.render(limit).items():
        world.driver.write(group, "pids", knob, text)
        shown = world.driver.read(group, "pids", knob)
        assert world.driver.canonical(knob, shown) == text


@pytest.mark.parametrize("text", ["-1", "many", str((4 << 20) + 1)])
def test_the_kernel_refuses_what_is_no_limit(world: World, text: str) -> None:
    group = made(world, "a")
    with pytest.raises(OSError, match=os.strerror(errno.EINVAL)):
        world.driver.write(group, "pids", "pids.max", text)


def test_a_controller_can_be_had_below(world: World) -> None:
    made(world, "a")
    child = made(world, "a/b", "pids")
    assert child.directories["pids"] in child.own
    world.driver.write(child, "pids", "pids.max", "7")
    assert world.driver.read(child, "pids", "pids.max") == "7\n"
    pid = member(world, child)
    assert world.driver.processes(child) == [pid]
    assert world.driver.subtree_threads(child) == 1


def test_a_controller_can_be_had_below_one_that_has_it_not(world: World) -> None:
    for name in ("a", "a/b"):
        made(world, name)

    def controllers(name: str) -> frozenset[str]:
        wanted = {"pids", "memory"} if name == "a/b/c/d" else set()
        return world.driver.default_controllers(level(name)) | wanted

    for name in ("a/b/c", "a/b/c/d"):
        group = world.driver.locate(name, controllers)
        assert world.driver.create(group)
    assert group.owns("pids")
    assert group.owns("memory")
    world.driver.write(group, "pids", "pids.max", "7")
    pid = member(world, group)
    assert world.driver.container_of(pid) == "a/b/c/d"


@pytest.mark.parametrize("knob", ["pids.maxx", "pids.", "pids", "../pids.max", "pids.max/x", ""])
def test_a_misspelt_knob_is_missing_and_not_made(world: World, knob: str) -> None:
    group = made(world, "a")
    with pytest.raises(OSError) as caught:  # noqa: PT011 (the number is checked)
        world.driver.write(group, "pids", knob, "1")
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(FileNotFoundError):
        world.driver.read(group, "pids", knob)
    world.driver.remove(group)


def test_an_error_names_the_knob(world: World) -> None:
    group = made(world, "a")
    with pytest.raises(OSError, match=os.strerror(errno.EINVAL)) as caught:
        world.driver.write(group, "pids", "pids.max", "x")
    assert group.directories["pids"] in str(caught.value.filename)


@pytest.mark.parametrize("name", ["", "a//b", "../x", "a/..", "a/.", "a%b", "a\nb", "a\0b", "/a"])
def test_a_hostile_name_has_no_group(world: World, name: str) -> None:
    with pytest.raises(OSError, match="container name"):
        world.driver.locate(name, enabled(world))


def test_groups_are_found_by_listing(world: World) -> None:
    names, asked = {"a", "a/b", "a/b/c", "d-1:x.y@z"}, set()
    for name in sorted(names):
        made(world, name)

    def keep(name: str) -> bool:
        asked.add(name)
        return True

    assert world.driver.sweep(keep) == []
    assert asked == names


def test_sweep_removes_what_is_refused_and_nothing_else(world: World) -> None:
    kept, child, left = made(world, "a"), made(world, "a/b"), made(world, "c")
    alive = member(world, kept)
    doomed = [member(world, child), member(world, left)]
    world.driver.freeze(left)
    refused = {"a/b", "c"}
    assert set(world.driver.sweep(lambda name: name not in refused)) == refused
    for pid in doomed:
        world.await_end(pid)
    until(lambda: not world.driver.sweep(lambda name: name not in refused))
    assert not world.driver.exists(child)
    assert not world.driver.exists(left)
    assert world.driver.exists(kept)
    assert world.is_alive(alive)


def test_sweep_finds_directories_without_a_freezer(world: World) -> None:
    group = made(world, "a")
    if len(group.own) < 3:
        pytest.skip("one hierarchy only")
    os.rmdir(group.freezer) if isinstance(world, KernelWorld) else world.fake.rmdir(group.freezer)
    assert world.driver.sweep(lambda name: False) == ["a"]
    assert world.driver.sweep(lambda name: False) == []


def test_sweep_does_not_touch_a_neighbouring_prefix(world: World) -> None:
    group = made(world, "a")
    other = f"{group.freezer.removesuffix(f'{world.prefix}/a')}{world.prefix}x"
    world.mkdir_raw(other)
    try:
        until(lambda: not world.driver.sweep(lambda name: False))
        assert os.path.isdir(other)
    finally:
        os.rmdir(other) if isinstance(world, KernelWorld) else world.fake.rmdir(other)


def test_groups_come_back_after_everything_was_swept(world: World) -> None:
    made(world, "a")
    until(lambda: not world.driver.sweep(lambda name: False))
    group = made(world, "a")
    assert world.driver.exists(group)
    world.driver.write(group, "pids", "pids.max", "5")


def test_locate_is_the_same_object_until_controllers_change(world: World) -> None:
    first = world.driver.locate("a/b", enabled(world))
    assert world.driver.locate("a/b", enabled(world)) is first
    changed = world.driver.locate("a/b", enabled(world, "pids"))
    assert changed.directories["pids"] != first.directories["pids"]


def test_pidfds_stand_for_the_members(world: World) -> None:
    group = made(world, "a")
    pids = [member(world, group) for _ in range(3)]
    assert len(world.driver.processes(group)) == len(pids)
    for limit, count in ((2, 2), (10, 3)):
        opened = world.driver.pidfds(group, limit)
        assert len(opened) == count
        for pidfd in opened:
            os.close(pidfd)


def test_a_polled_knob_is_that_of_the_group_that_is_there(world: World) -> None:
    group = made(world, "a")
    limits = world.driver.pids.render(7)
    for expected in ("max", "7", "max"):
        with world.driver.held():
            assert world.driver.read(group, "pids", "pids.max").strip() == expected
        if expected == "7":
            world.driver.remove(group)
            with world.driver.held(), pytest.raises(FileNotFoundError):
                world.driver.read(group, "pids", "pids.max")
            world.driver.create(group)
        else:
            for knob, text in limits.items():
                world.driver.write(group, "pids", knob, text)


def test_a_job_is_outside_of_every_container(world: World) -> None:
    driver = world.driver
    driver.create(driver.jobs_group())
    group = driver.job_group("a")
    assert driver.job_names() == []
    assert driver.create(group)
    pid = member(world, group)
    assert driver.job_names() == ["a"]
    assert driver.processes(group) == [pid]
    assert driver.container_of(pid) is None
    assert driver.name_in(driver.membership(pid)) is None
    assert driver.sweep(lambda name: False) == []
    assert driver.processes(group) == [pid]
    assert driver.kill(group) == [pid]
    world.await_end(pid)
    remove(world, group)
    driver.remove(driver.jobs_group())
    assert driver.job_names() == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "%leaf", "a\0b"])
def test_the_name_of_a_job_leads_nowhere_else(world: World, name: str) -> None:
    with pytest.raises(OSError, match="not ") as caught:
        world.driver.job_group(name)
    assert caught.value.errno == errno.EINVAL
