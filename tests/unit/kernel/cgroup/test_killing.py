"""Killing groups that fork, and groups that do not freeze at once."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.driver import CgroupDriver, FreezerState
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.members import Belongs
from porto.kernel.cgroup.probe import probe
from porto.spec.containers.names import level
from tests.fakes.cgroupfs import COMOUNTED, SPLIT, FakeCgroups


@pytest.fixture(params=[SPLIT, COMOUNTED, ("v2",)], ids=["split", "comounted", "v2"])
def fake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FakeCgroups]:
    made = FakeCgroups(tmp_path, request.param)
    yield made
    made.close()


@pytest.fixture
def driver(fake: FakeCgroups) -> CgroupDriver:
    return probe(mountinfo=str(fake.mountinfo), knobs=fake, members=fake)


def made(driver: CgroupDriver, name: str) -> Group:
    group = driver.locate(name, lambda n: driver.default_controllers(level(n)))
    driver.create(group)
    return group


def without_cgroup_kill(fake: FakeCgroups) -> None:
    fake.fail("write", "cgroup.kill", errno.ENOENT)


@pytest.mark.parametrize("delay", [0, 3])
def test_a_bomb_that_outruns_the_rounds_is_frozen(
    fake: FakeCgroups, driver: CgroupDriver, delay: int
) -> None:
    group = made(driver, "a")
    driver.attach(group, fake.spawn(forks=True))
    fake.freeze_delay = delay
    without_cgroup_kill(fake)
    # Each look at the list lets every process fork: signals alone never catch up.
    kill = fake.kill
    fake.kill = lambda pid, belongs: driver.self_frozen(group) and kill(pid, belongs)  # type: ignore[method-assign]
    killed = driver.kill(group)
    assert killed
    assert driver.subtree_processes(group) == []
    assert driver.freezer_state(group) is FreezerState.THAWED


def test_the_last_threads_of_a_process_hold_its_group(
    fake: FakeCgroups, driver: CgroupDriver
) -> None:
    parent, group = made(driver, "a"), made(driver, "a/b")
    pid = fake.spawn(threads=2)
    driver.attach(group, pid)
    fake.processes[pid].is_ending = True
    assert driver.subtree_processes(parent) == []
    assert driver.is_populated(parent)
    with pytest.raises(OSError, match="busy"):
        driver.remove(group)
    del fake.processes[pid]
    assert not driver.is_populated(parent)
    driver.remove(group)
    assert not driver.is_populated(group)


def test_a_failing_freeze_leaves_the_group_thawed(fake: FakeCgroups, driver: CgroupDriver) -> None:
    group = made(driver, "a")
    driver.attach(group, fake.spawn(forks=True))
    fake.kill = lambda pid, belongs: False  # type: ignore[method-assign]
    without_cgroup_kill(fake)
    fake.fail("read", "cgroup.events", errno.EIO)
    fake.fail("read", "freezer.state", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        driver.kill(group)
    assert not driver.self_frozen(group)


def test_a_pid_that_is_somebody_else_by_now_is_not_killed(
    fake: FakeCgroups, driver: CgroupDriver
) -> None:
    group, other = made(driver, "a"), made(driver, "b")
    pid = fake.spawn()
    driver.attach(group, pid)
    without_cgroup_kill(fake)
    kill = fake.kill

    def too_late(pid: int, belongs: Belongs) -> bool:
        driver.attach(other, pid)
        return kill(pid, belongs)

    fake.kill = too_late  # type: ignore[method-assign]
    driver.kill(group)
    assert fake.alive(pid)


def test_a_sweep_kills_without_freezing_kept_children(
    fake: FakeCgroups, driver: CgroupDriver
) -> None:
    parent, child = made(driver, "a"), made(driver, "a/b")
    doomed, kept = fake.spawn(), fake.spawn()
    driver.attach(parent, doomed)
    driver.attach(child, kept)
    assert driver.sweep(lambda name: name == "a/b") == ["a"]
    assert not fake.alive(doomed)
    assert fake.alive(kept)
    assert driver.freezer_state(child) is FreezerState.THAWED
