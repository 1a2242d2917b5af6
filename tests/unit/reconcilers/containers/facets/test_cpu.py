"""What the facet of CPU time wants of one container, given its relatives."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pytest

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.cpu import CORE, CpuTime
from porto.kernel.cgroup.probe import probe
from porto.reconcilers.containers.facets.cpu import Cpu
from porto.reconcilers.containers.memory import Remembered
from porto.reconcilers.containers.target import Target
from porto.reconcilers.containers.upkeep import settle, with_drift
from porto.spec.config import ContainerConfig
from porto.spec.containers import operations
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import NotSupported
from tests.fakes.cgroupfs import FakeCgroups
from tests.fakes.ports import again, apply, make_ports

ACTOR = Actor()


class Rig:
    """Running containers on a fake host, all with the controller."""

    def __init__(self, root: Path, config: ContainerConfig | None = None) -> None:
        self.fake = FakeCgroups(root, ("freezer", "cpu"))
        self.driver = probe(mountinfo=str(self.fake.mountinfo), knobs=self.fake, members=self.fake)
        self.store = ContainerStore(None)
        self.facet = Cpu(self.driver, self.store, config or ContainerConfig())
        self.ports = make_ports(self.driver)
        self.remembered: dict[str, Remembered] = {}
        self.controllers: Mapping[str, frozenset[str]] = {}

    def make(self, name: str, state: State = State.RUNNING, **values: str) -> ContainerRecord:
        record = operations.create(
            self.store, name, actor=ACTOR, credentials=Credentials(), now=0.0
        )
        for key, text in values.items():
            record = self.set(name, key, text)
        self.driver.create(self.group(name))
        return self.store.put_status(record, record.with_status(state=state).status, now=0.0)

    def set(self, name: str, key: str, text: str) -> ContainerRecord:
        record = self.store.get(name)
        return operations.set_property(self.store, record, key, text, actor=ACTOR, now=0.0)

    def group(self, name: str) -> Group:
        everything = frozenset({"freezer", "cpu"})
        return self.driver.locate(name, lambda full: self.controllers.get(full, everything))

    def target(self, name: str) -> Target:
        record = self.store.get(name)
        record = record.with_status(observed_generation=record.generation)
        return Target(record, tuple(self.store.ancestors(record)), self.group(name))

    def wants(self, name: str, time: CpuTime) -> bool:
        return self.facet.want(self.target(name)) == self.driver.cpu.render(time)

    def converge(self, name: str) -> list[bool]:
        """One pass; whether each change was drift."""
        wishing, remembered = {"cpu": self.facet}, self.remembered.setdefault(name, Remembered())
        target = self.target(name)
        changes = with_drift(wishing, remembered, target, self.facet.plan(target))
        apply(self.ports, changes)
        assert self.facet.plan(again(target)) == []
        settle(wishing, remembered, target)
        return [change.is_drift for change in changes]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_a_limit_that_an_ancestor_undercuts_is_not_written(rig: Rig) -> None:
    rig.make("a", cpu_limit="2c")
    rig.make("a/b")
    rig.make("a/b/c", cpu_limit="1c")
    assert rig.wants("a/b/c", CpuTime(limit=CORE))
    for limit in ("1c", "0.5c"):
        rig.set("a", "cpu_limit", limit)
        assert rig.wants("a/b/c", CpuTime())
    rig.set("a", "cpu_limit", "0")
    rig.set("a/b", "cpu_limit", "1.5c")
    assert rig.wants("a/b/c", CpuTime(limit=CORE))


def test_limits_are_compared_as_the_kernel_will(rig: Rig) -> None:
    rig.make("a", cpu_limit="0.5c")
    rig.make("a/b", cpu_limit="0.1c", cpu_period="1ms")
    assert rig.wants("a/b", CpuTime(period=1000))


def test_the_configuration_gives_the_period(tmp_path: Path) -> None:
    for number, (configured, period) in enumerate(
        ((25_000_000, 25_000), (1, 1000), (10**12, 10**6))
    ):
        (tmp_path / str(number)).mkdir()
        rig = Rig(tmp_path / str(number), ContainerConfig(cpu_period=configured))
        rig.make("a")
        assert rig.wants("a", CpuTime(period=period))


def test_only_realtime_tasks_get_realtime_bandwidth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, ContainerConfig(rt_priority=10))
    rig.make("a", cpu_policy="rt")
    rig.make("a/b")
    rig.make("c")
    seen: list[CpuTime] = []
    monkeypatch.setattr(rig.driver.cpu, "render", lambda time: seen.append(time) or {})
    for name in ("a", "a/b", "c"):
        rig.facet.want(rig.target(name))
    assert [(time.policy, time.realtime) for time in seen] == [
        ("rt", True),
        ("rt", True),
        ("normal", False),
    ]


def test_what_somebody_else_wrote_is_drift(rig: Rig) -> None:
    rig.make("a", cpu_limit="1c")
    rig.converge("a")
    rig.driver.write(rig.group("a"), "cpu", "cpu.cfs_quota_us", "5000")
    rig.driver.write(rig.group("a"), "cpu", "cpu.shares", "7")
    assert rig.converge("a") == [True, True]


def test_what_relatives_ask_for_is_no_drift(rig: Rig) -> None:
    rig.make("a", cpu_limit="2c", cpu_guarantee="1c")
    rig.make("a/b", cpu_limit="1c")
    for name in ("a", "a/b"):
        rig.converge(name)
    rig.set("a", "cpu_limit", "0.5c")
    rig.converge("a")
    assert rig.converge("a/b") == []  # the kernel had to be given way
    rig.set("a", "cpu_limit", "3c")
    rig.converge("a")
    assert rig.converge("a/b") == [False]
    rig.set("a/b", "cpu_guarantee", "4c")
    rig.converge("a/b")
    assert rig.converge("a") == [False]
    rig.driver.write(rig.group("a"), "cpu", "cpu.shares", "7")
    assert rig.converge("a") == [True]


def test_without_the_controller_only_what_needs_it_is_refused(rig: Rig) -> None:
    rig.controllers = {"a/b": frozenset({"freezer"})}
    rig.make("a")
    rig.make("a/b", cpu_weight="2", cpu_policy="batch")
    assert rig.facet.plan(rig.target("a/b")) == ()
    for name, text in (("cpu_limit", "1c"), ("cpu_guarantee", "1c"), ("cpu_period", "1ms")):
        rig.set("a/b", name, text)
        with pytest.raises(NotSupported, match=f"cannot set {name} of a/b"):
            rig.facet.plan(rig.target("a/b"))
        record = rig.store.get("a/b")
        spec = record.spec.without_value(find_property(name))
        rig.store.put(dataclasses.replace(record, spec=spec), now=0.0)
