"""Making and removing groups when something stands in the way."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.probe import probe
from porto.spec.containers.names import level
from tests.fakes.cgroupfs import COMOUNTED, SPLIT, V2_CONTROLLERS, FakeCgroups


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeCgroups]:
    made = FakeCgroups(tmp_path)
    yield made
    made.close()


def driver_of(fake: FakeCgroups) -> CgroupDriver:
    return probe(mountinfo=str(fake.mountinfo), knobs=fake, members=fake)


def located(driver: CgroupDriver, name: str) -> Group:
    return driver.locate(name, lambda n: driver.default_controllers(level(n)))


def test_every_level_of_a_deep_name_is_a_directory(fake: FakeCgroups) -> None:
    driver = driver_of(fake)
    name = "/".join("abcdefghijklmnop")
    groups = [located(driver, name[:end]) for end in range(1, len(name) + 1, 2)]
    for group in groups:
        driver.create(group)
    assert len(groups) == 16
    assert all(driver.exists(group) for group in groups)


def test_a_cpuset_that_was_left_empty_is_filled(fake: FakeCgroups) -> None:
    driver = driver_of(fake)
    group = located(driver, "a")
    fake.fail("write", "cpuset.cpus", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        driver.create(group)
    driver.create(group)
    assert driver.read(group, "cpuset", "cpuset.cpus") == "0-1\n"
    driver.attach(group, fake.spawn())


def test_a_filled_cpuset_is_left_as_it_is(fake: FakeCgroups) -> None:
    driver = driver_of(fake)
    group = located(driver, "a")
    driver.create(group)
    driver.write(group, "cpuset", "cpuset.cpus", "1")
    driver.create(group)
    assert driver.read(group, "cpuset", "cpuset.cpus") == "1\n"


def test_the_freezer_is_made_first_and_removed_last(fake: FakeCgroups) -> None:
    driver = driver_of(fake)
    group = located(driver, "a")
    driver.create(group)
    driver.remove(group)
    made = [path for operation, path in fake.log if operation == "mkdir" and path in group.own]
    gone = [path for operation, path in fake.log if operation == "rmdir"]
    assert made[0] == gone[-1] == group.freezer


def test_groups_made_inside_go_with_their_group(fake: FakeCgroups) -> None:
    driver = driver_of(fake)
    group = located(driver, "a")
    driver.create(group)
    for depth in range(1, 40):
        fake.mkdir(group.freezer + "/x" * depth)
    driver.remove(group)
    assert not os.path.exists(group.freezer)


def test_one_busy_directory_does_not_keep_the_others(fake: FakeCgroups) -> None:
    driver = driver_of(fake)
    group = located(driver, "a")
    driver.create(group)
    for name in "xyz":
        fake.mkdir(f"{group.freezer}/{name}")
    fake.fail("rmdir", "/y", errno.EBUSY)
    with pytest.raises(OSError, match="busy"):
        driver.remove(group)
    assert fake.subdirectories(group.freezer) == ["y"]


def test_a_comounted_freezer_serves_its_companions(tmp_path: Path) -> None:
    fake = FakeCgroups(tmp_path, ("freezer,cpu,cpuacct", "pids"))
    driver = driver_of(fake)
    group = located(driver, "a")
    assert group.directories["cpu"] == group.freezer
    assert group.freezer.endswith("/porto/a")
    assert driver.join_files(group) == tuple(f"{directory}/tasks" for directory in group.own)


def test_cpuacct_goes_deeper_only_when_it_is_alone(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    alone = driver_of(FakeCgroups(tmp_path / "1", SPLIT))
    shared = driver_of(FakeCgroups(tmp_path / "2", COMOUNTED))
    assert alone.default_controllers(2) == {"freezer", "cpuacct"}
    assert shared.default_controllers(2) == {"freezer"}


def test_v2_enables_what_the_kernel_has(tmp_path: Path) -> None:
    fake = FakeCgroups(tmp_path, ("v2",))
    driver = driver_of(fake)
    expected = {"freezer", "cpuacct", *V2_CONTROLLERS, "blkio"} - {"io"}
    assert driver.controllers - {"devices"} == expected
    group = located(driver, "a")
    assert group.directories["io"] == group.directories["blkio"] == group.own[0]


def test_v2_does_without_a_controller_that_cannot_be_enabled(tmp_path: Path) -> None:
    fake = FakeCgroups(tmp_path, ("v2",))
    # The first is cpuset; realtime tasks or tasks in the top group are such reasons.
    fake.fail("write", "cgroup.subtree_control", errno.EBUSY)
    driver = driver_of(fake)
    assert "cpuset" not in driver.controllers
    assert "memory" in driver.controllers


def test_v2_reads_before_it_enables(tmp_path: Path) -> None:
    fake = FakeCgroups(tmp_path, ("v2",))
    driver = driver_of(fake)
    fake.log.clear()
    driver.create(located(driver, "a"))
    written = [path for operation, path in fake.log if operation == "write"]
    assert written == []


def test_v2_tasks_never_sit_beside_child_groups(tmp_path: Path) -> None:
    fake = FakeCgroups(tmp_path, ("v2",))
    driver = driver_of(fake)
    parent = located(driver, "a")
    driver.create(parent)
    driver.attach(parent, fake.spawn())
    child = driver.locate("a/b", lambda n: frozenset({"freezer", "pids", "memory"}))
    assert driver.create(child)
    assert driver.container_of(fake.spawn()) is None
    assert driver.read(child, "memory", "memory.max") == "max\n"
