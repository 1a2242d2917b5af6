"""Which processes are known to be elsewhere than they belong."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.group import Group
from porto.observers.strays import Strays
from porto.spec.containers.names import level
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import Process, State
from porto.spec.key import Key
from tests.fakes.processes import FakeProcesses
from tests.unit.observers.hosts import Host


class Scene:
    def __init__(self, root: Path) -> None:
        self.host = Host(root)
        self.processes = FakeProcesses()
        self.strays = Strays(
            self.host.store,
            self.host.driver,
            self.group,
            self.processes,
        )

    def group(self, name: str) -> Group:
        driver = self.host.driver
        return driver.locate(name, lambda n: driver.default_controllers(level(n)))

    def spawn(self) -> int:
        """A process outside of all containers."""
        return self.processes.add(self.host.fake.spawn(), start=5)

    def run(self, name: str) -> tuple[ContainerRecord, int]:
        """A running container and a process in it."""
        record = self.host.make(name, state=State.RUNNING)
        self.host.made(name)
        pid = self.spawn()
        self.host.driver.attach(self.group(name), pid)
        return record, pid

    def lead(self, record: ContainerRecord, pid: int) -> None:
        """Make it the container's first process."""
        process = Process(f"{record.id}:1", pid, 5, task_pid=pid, task_start=5)
        self.host.store.put_status(record, record.with_status(process=process).status, now=3.0)

    def expel(self, pid: int, controller: str) -> None:
        """Move a process to the top of one hierarchy."""
        mount = next(m for m, text in self.host.fake.mounts.items() if text == controller)
        self.host.fake.processes[pid].groups[mount] = mount


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.host.fake.close()


def test_who_is_at_home_is_no_stray(scene: Scene) -> None:
    record, _ = scene.run("a")
    scene.spawn()
    assert scene.strays.look(1.0) == set()
    assert scene.strays.of(record.id) == []


def test_one_hierarchy_is_enough_to_be_a_stray(scene: Scene) -> None:
    record, pid = scene.run("a")
    other, _ = scene.run("b")
    scene.expel(pid, "memory")
    assert scene.strays.look(1.0) == {record.key}
    assert scene.strays.of(record.id) == [pid]
    assert scene.strays.of(other.id) == []
    scene.strays.forget(record.id)
    assert scene.strays.of(record.id) == []


def test_a_container_that_is_not_started_is_not_judged(scene: Scene) -> None:
    record, pid = scene.run("a")
    scene.host.store.put_status(record, record.with_status(state=State.STARTING).status, now=3.0)
    scene.expel(pid, "memory")
    assert scene.strays.look(1.0) == set()


def test_slices_cover_everything(scene: Scene) -> None:
    expected = {}
    for number in range(10):
        record, pid = scene.run(f"c{number}")
        scene.expel(pid, "pids")
        expected[record.id] = [pid]
    found: set[Key] = set()
    for _ in range(10):
        found |= scene.strays.look(0.1)
    assert found == {Key("container", number) for number in expected}
    assert {key: scene.strays.of(key) for key in expected} == expected


def test_a_pid_of_another_process_is_forgotten(scene: Scene) -> None:
    record, pid = scene.run("a")
    scene.expel(pid, "memory")
    scene.strays.look(1.0)
    scene.processes.add(pid, start=6)
    assert scene.strays.of(record.id) == []


def test_who_ends_meanwhile_is_no_error(scene: Scene) -> None:
    _, pid = scene.run("a")
    os.close(scene.host.fake.processes[pid].ended)
    scene.strays._pending = [pid, 999_999]
    scene.strays._total = 2
    del scene.host.fake.processes[pid]
    assert scene.strays.look(1.0) == set()


def test_a_first_process_is_at_home_in_its_own_container_only(scene: Scene) -> None:
    record, pid = scene.run("a")
    _, other = scene.run("b")
    scene.lead(record, pid)
    assert scene.strays.look(1.0) == set()
    scene.host.driver.attach(scene.group("b"), pid)
    assert scene.strays.look(1.0) == {record.key}
    assert scene.strays.of(record.id) == [pid]
    scene.host.driver.attach(scene.group("b"), other)
    scene.host.driver.attach(scene.group("a"), pid)
    scene.strays.forget(record.id)
    assert scene.strays.look(1.0) == set()


def test_a_first_process_outside_of_all_containers_is_a_stray(scene: Scene) -> None:
    record, pid = scene.run("a")
    scene.lead(record, pid)
    for mount in scene.host.fake.mounts:
        scene.host.fake.processes[pid].groups[mount] = mount
    assert scene.strays.look(1.0) == {record.key}
    record = scene.host.store.get("a")
    scene.host.store.put_status(record, record.with_status(process=None).status, now=3.0)
    scene.strays.forget(record.id)
    assert scene.strays.look(1.0) == set()


def test_who_was_born_in_a_containers_own_namespace_is_its(scene: Scene) -> None:
    record, pid = scene.run("a")
    scene.host.store.put_status(
        record, record.with_status(process=Process("1:1", pid, 5)).status, now=3.0
    )
    scene.processes.add(pid, start=5, inside=("pid:[9]", 1))
    child, guest = scene.spawn(), scene.spawn()
    scene.processes.add(child, start=5, parent=pid, inside=("pid:[9]", 2))
    scene.processes.add(guest, start=5, parent=1, inside=("pid:[9]", 3))
    scene.processes.add(1, start=1)
    assert scene.strays.look(1.0) == {record.key}
    assert scene.strays.of(record.id) == [child]
