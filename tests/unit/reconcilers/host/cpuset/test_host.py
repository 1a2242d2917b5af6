"""The allocation of a host: who is let in, who moves, what ends and restarts do.

Over the fake cgroups (CPUs 0-1 there, so `allowed` is widened) and an invented machine.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.probe import probe
from porto.kernel.host import topology
from porto.kernel.host.topology import Topology
from porto.reconcilers.containers.controllers import Controllers
from porto.reconcilers.containers.facets.cpuset import Cpuset
from porto.reconcilers.containers.memory import Remembered
from porto.reconcilers.containers.target import Target
from porto.reconcilers.containers.upkeep import settle, with_drift
from porto.reconcilers.host.cpuset import host as module
from porto.reconcilers.host.cpuset.host import Allocation
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.cpulist import format_cpus
from porto.spec.errors import NotSupported, PortoError, ResourceNotAvailable
from porto.spec.key import Key
from tests.fakes import cpuset_knobs
from tests.fakes.cgroupfs import FakeCgroups
from tests.fakes.cpus import machine, write_sysfs
from tests.fakes.ports import apply, make_ports

EIGHT = machine(8, threads=2, nodes=2)


class Host:
    """A store, fake cgroups, an allocation and its facet."""

    def __init__(
        self, root: Path, hierarchies: tuple[str, ...], topology: Topology = EIGHT
    ) -> None:
        self.root = root
        self.online(topology)
        (root / "cgroup").mkdir()
        self.fake = FakeCgroups(root / "cgroup", hierarchies)
        self.driver: CgroupDriver = probe(
            mountinfo=str(self.fake.mountinfo), knobs=self.fake, members=self.fake
        )
        self.store = ContainerStore(None)
        self.controllers = Controllers(self.store, self.driver)
        self.now = 100.0
        self.restart()

    def restart(self) -> None:
        """A new daemon over the same containers and cgroups."""
        self.moved: list[Key] = []
        self.allocation = Allocation(
            self.store,
            self.driver,
            locate=self.controllers.group,
            moved=self.moved.append,
            cpus=topology,
            devices=str(self.root / "devices"),
            clock=lambda: self.now,
        )
        self.facet = Cpuset(self.allocation)
        self.ports = make_ports(self.driver)
        self.remembered: dict[str, Remembered] = {}

    def online(self, topology: Topology) -> None:
        write_sysfs(self.root / "devices", topology)

    def create(self, name: str, wish: str = "", guarantee: str = "0") -> ContainerRecord:
        spec = DEFAULT_SPEC
        for key, text in (("cpu_set", wish), ("cpu_guarantee", guarantee)):
            prop = find_property(key)
            if text:
                spec = spec.with_value(prop, prop.parse(name, text))
        return self.store.create(name, spec, now=1.0, origins={})

    def state(self, name: str, state: State) -> None:
        record = self.store.get(name)
        self.store.put_status(record, record.status.changed(state=state), now=3.0)

    def start(self, name: str, wish: str = "", guarantee: str = "0") -> None:
        """As `life/starting.py` does it."""
        record = self.store.find(name) or self.create(name, wish, guarantee)
        self.state(name, State.STARTING)
        controllers = ";".join(sorted(self.controllers.wanted(record)))
        try:
            self.driver.create(self.target(name).group)
            self.settle(name)
        except PortoError:
            self.stop(name)
            raise
        record = self.store.get(name)
        status = record.status.changed(state=State.RUNNING, controllers=controllers)
        self.store.put_status(record, status, now=4.0)

    def stop(self, name: str) -> None:
        self.driver.remove(self.target(name).group)
        self.state(name, State.STOPPED)

    def set(self, name: str, prop: str, text: str) -> None:
        """A live change; the old value is put back when it is refused."""
        old = self.store.get(name)
        found = find_property(prop)
        spec = old.spec.with_value(found, found.parse(name, text))
        self.store.put(dataclasses.replace(old, spec=spec), now=5.0)
        try:
            self.settle(name)
        except PortoError:
            now = self.store.get(name)
            self.store.put(dataclasses.replace(now, spec=old.spec), now=6.0)
            self.settle(name)
            raise

    def target(self, name: str) -> Target:
        record = self.store.get(name)
        record = record.with_status(observed_generation=record.generation)
        return Target(record, tuple(self.store.ancestors(record)), self.controllers.group(name))

    def settle(self, name: str) -> int:
        """One pass; how many changes were drift."""
        wishing, remembered = {"cpuset": self.facet}, self.remembered.setdefault(name, Remembered())
        target = self.target(name)
        changes = with_drift(wishing, remembered, target, self.facet.plan(target))
        apply(self.ports, changes)
        assert list(self.facet.plan(self.target(name))) == []
        settle(wishing, remembered, target)
        return sum(change.is_drift for change in changes)

    def follow(self) -> list[str]:
        """Passes of all that have to move; none of them is drift."""
        names = []
        while self.moved:
            record = self.store.find_id(self.moved.pop(0).id)
            assert record is not None
            names.append(record.name)
            assert self.settle(record.name) == 0
        return names

    def cpus(self, name: str) -> str:
        """What the kernel was told."""
        return self.driver.cpuset.effective(self.target(name).group)


@pytest.fixture(params=[("freezer", "cpu", "cpuset"), ("v2",)], ids=["v1", "v2"])
def make(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Host]:
    monkeypatch.setitem(cpuset_knobs.HOST, "cpuset.cpus", "0-7")
    for table in (cpuset_knobs.V1_ROOT, cpuset_knobs.V2_ROOT):
        for knob in table:
            if "mems" not in knob:
                monkeypatch.setitem(table, knob, "0-7")
    return lambda *args: Host(tmp_path, request.param, *args)


@pytest.fixture
def host(make: Callable[..., Host]) -> Host:
    return make()


def test_without_wishes_nothing_is_read_or_written(host: Host) -> None:
    (host.root / "devices" / "cpu" / "cpu0").rename(host.root / "elsewhere")
    for number in range(5):
        host.start(f"a{number}")
    assert host.cpus("a3") == "0-7"
    assert host.moved == []
    written = [path for operation, path in host.fake.log if operation == "write"]
    # On v1 a new directory is given its parent's lists.
    assert sum(path.endswith("cpuset.cpus") for path in written) == (
        5 if host.driver.cpuset.nested else 0
    )


def test_exclusive_cpus_are_taken_and_given_back(host: Host) -> None:
    host.start("n")
    host.start("n/below")
    host.start("x", "threads 2")
    assert host.cpus("x") == "0-1"
    assert host.cpus("n") == "0-7"
    assert host.follow() == ["n"]
    assert host.cpus("n") == "2-7"
    assert host.cpus("n/below") == "2-7"
    host.start("later")
    assert host.cpus("later") == "2-7"
    host.stop("x")
    assert sorted(host.follow()) == ["later", "n"]
    assert host.cpus("n") == "0-7"


@pytest.mark.parametrize("end", ["stopped", "dead", "deleted"])
def test_every_end_gives_back(host: Host, end: str) -> None:
    host.start("n")
    host.start("x", "cores 1")
    host.follow()
    assert host.cpus("n") == "2-7"
    if end == "deleted":
        host.store.delete(host.store.get("x"))
    else:
        host.state("x", State(end))
    assert host.follow() == ["n"]
    assert host.cpus("n") == "0-7"


def test_a_dead_one_that_starts_again_keeps_what_it_gets(host: Host) -> None:
    host.start("x", "threads 1")
    host.state("x", State.DEAD)
    host.start("n")
    # In place: the state stays dead until the launch is over.
    host.settle("x")
    record = host.store.get("x")
    host.store.put(dataclasses.replace(record, origins={"private": "api"}), now=9.0)
    host.follow()
    assert host.cpus("n") == "1-7"


def test_a_refused_start_leaves_everything(host: Host) -> None:
    host.start("n")
    host.start("x", "threads 4")
    host.follow()
    with pytest.raises(ResourceNotAvailable, match="cannot set cpu_set of y to 'threads 5'"):
        host.start("y", "threads 5")
    with pytest.raises(ResourceNotAvailable, match="no CPU of the host is left"):
        host.start("z", "threads 4")
    assert host.moved == []
    assert host.cpus("n") == "4-7"
    host.start("y2", "threads 3")
    assert host.cpus("y2") == "4-6"


def test_a_refused_change_leaves_everything(host: Host) -> None:
    host.start("n")
    host.start("x", "threads 1")
    host.follow()
    for wish in ("threads 9", "8", "node 5", "cores 5", "reserve 9"):
        with pytest.raises(ResourceNotAvailable, match="cannot set cpu_set of x to"):
            host.set("x", "cpu_set", wish)
        assert host.moved == []
        assert (host.cpus("x"), host.cpus("n")) == ("0", "1-7")


def test_who_would_lose_a_mask_is_named(host: Host) -> None:
    host.start("n")
    host.start("n/m", "0-7")
    with pytest.raises(ResourceNotAvailable, match="n/m could not keep its cpu_set"):
        host.start("x", "threads 1")
    assert host.cpus("n/m") == "0-7"


def test_live_changes_of_a_family(host: Host) -> None:
    host.start("a", "0-3")
    host.start("a/b", "0-1")
    host.start("a/b/c", "1")
    host.start("a/d", "threads 1")
    assert host.cpus("a/d") == "2"
    host.set("a", "cpu_set", "0-7")
    host.set("a/b", "cpu_set", "1,4-7")
    host.set("a/b/c", "cpu_set", "7")
    host.set("a/b", "cpu_set", "7")
    host.set("a", "cpu_set", "2,7")
    host.follow()
    assert [host.cpus(name) for name in ("a", "a/b", "a/b/c", "a/d")] == ["2,7", "7", "7", "2"]


def test_a_parent_that_shrinks_takes_its_children_along(host: Host) -> None:
    host.start("a", "0-7")
    host.start("a/x", "threads 2")
    host.start("a/n")
    assert host.cpus("a/n") == "2-7"
    host.set("a", "cpu_set", "4-7")
    host.follow()
    assert (host.cpus("a/x"), host.cpus("a/n")) == ("4-5", "6-7")
    host.set("a", "cpu_set", "0-3")
    host.follow()
    assert (host.cpus("a/x"), host.cpus("a/n")) == ("0-1", "2-3")


def test_a_dead_child_does_not_hold_its_parent(host: Host) -> None:
    host.start("a")
    host.start("a/b", "5")
    host.state("a/b", State.DEAD)
    host.set("a", "cpu_set", "0-3")
    assert host.cpus("a") == "0-3"


def test_guarantees(host: Host) -> None:
    host.start("n", guarantee="5c")
    host.start("x", "threads 3")
    with pytest.raises(ResourceNotAvailable, match=r"5\.5 CPUs of the host"):
        host.start("y", guarantee="0.5c")
    host.start("z")
    with pytest.raises(ResourceNotAvailable, match="guaranteed"):
        host.set("n", "cpu_guarantee", "6c")
    with pytest.raises(ResourceNotAvailable, match="guaranteed"):
        host.set("x", "cpu_set", "threads 4")
    host.set("n", "cpu_guarantee", "4c")
    host.set("x", "cpu_set", "threads 4")
    assert host.store.get("y").status.life.state is State.STOPPED


def test_a_container_without_a_cpuset_of_its_own(host: Host) -> None:
    host.start("a")
    host.start("a/b")
    assert not host.target("a/b").group.owns("cpuset")
    with pytest.raises(NotSupported, match="cannot set cpu_set of a/b to 0"):
        host.set("a/b", "cpu_set", "0")
    host.set("a", "cpu_set", "3")
    assert host.cpus("a/b") == "3"


def test_a_restart_moves_nobody(host: Host) -> None:
    for name, wish in (("a", "threads 1"), ("b", "threads 1"), ("c", "cores 1"), ("n", "")):
        host.start(name, wish)
    host.start("r", "reserve 1")
    host.start("s", "reserve 1")
    host.follow()
    host.stop("a")
    host.stop("r")
    host.follow()
    names = ["b", "c", "s", "n"]
    before = [host.cpus(name) for name in names]
    host.restart()
    assert sum(host.settle(name) for name in reversed(names)) == 0
    assert [host.cpus(name) for name in names] == before
    host.start("t", "reserve 1")
    host.follow()
    taken = set(before[3].split(",")) - set(host.cpus("n").split(","))
    assert len(taken) == 1


def test_a_knob_that_somebody_wrote_is_drift(host: Host) -> None:
    host.start("a", "0-1")
    host.start("a/b", "0")
    for name in ("a", "a/b"):
        host.driver.write(host.target(name).group, "cpuset", "cpuset.cpus", "0-3")
    assert host.settle("a") + host.settle("a/b") >= 1
    assert (host.cpus("a"), host.cpus("a/b")) == ("0-1", "0")


def test_cpus_go_and_come(host: Host) -> None:
    host.start("x", "threads 2")
    host.start("m", "0-1")
    host.start("n")
    host.online(machine(8, threads=2, nodes=2, offline=[0]))
    host.now += 1
    assert not host.allocation.look()
    host.now += 10
    assert host.allocation.look()
    assert not host.allocation.look()
    moved = set(host.moved)
    assert moved == {host.store.get(name).key for name in ("x", "m", "n")}
    with pytest.raises(ResourceNotAvailable, match="does not have CPU 0"):
        host.settle("m")
    host.settle("x")
    assert "0" not in host.cpus("x").split("-")
    host.online(EIGHT)
    host.now += 10
    assert host.allocation.look()
    host.moved.clear()
    assert host.settle("m") == 0
    assert host.cpus("m") == "0-1"


def test_a_difference_is_looked_at_twice(host: Host) -> None:
    """The kernel takes a CPU away before anybody has looked."""
    host.start("n")
    host.start("x", "threads 1")
    host.follow()
    host.online(machine(8, threads=2, nodes=2, offline=[7]))
    host.now += 10
    host.driver.write(host.target("n").group, "cpuset", "cpuset.cpus", "1-6")
    assert host.settle("n") == 0
    assert host.cpus("n") == "1-6"


def test_only_what_the_root_group_has(
    make: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cpuset_knobs.V1_ROOT, "cpuset.effective_cpus", "2-5")
    monkeypatch.setitem(cpuset_knobs.V1_ROOT, "cpuset.cpus", "2-5")
    monkeypatch.setitem(cpuset_knobs.V2_ROOT, "cpuset.cpus.effective", "2-5")
    host = make()
    host.start("a", "threads 1")
    host.start("n")
    assert (host.cpus("a"), host.cpus("n")) == ("2", "3-5")
    assert format_cpus(host.allocation.available) == "2-5"


def test_many_masks_are_cheap(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    solved: list[Any] = []
    real = module.solve
    monkeypatch.setattr(module, "solve", lambda *args: solved.append(1) or real(*args))
    for number in range(6):
        host.start(f"a{number}", "0-3" if number % 2 else "")
    for number in range(6):
        host.stop(f"a{number}")
    assert solved == []
