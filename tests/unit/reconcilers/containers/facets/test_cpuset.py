"""What the facet of CPU sets plans, refuses and wishes, over fake cgroups with CPUs 0-1.

A change is written down as ``SUBJECT: HAVE -> WANT EFFECT``, "-" for what is absent, with
``drift`` where it is that. Who gets which CPUs is asked of the allocation's own tests.
"""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from porto.kernel.host.topology import Topology
from porto.reconcilers.containers.controllers import Controllers
from porto.reconcilers.containers.effects import WriteKnob
from porto.reconcilers.containers.facets.cpuset import Admit, Cpuset, LookAgain, WriteInOrder
from porto.reconcilers.containers.target import Target
from porto.reconcilers.engine.change import Change
from porto.reconcilers.host.cpuset.host import Allocation
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.cpulist import format_cpus
from porto.spec.errors import NotSupported, ResourceNotAvailable
from porto.spec.key import Key
from tests.fakes.cpus import machine
from tests.fakes.hosts import FakeHost
from tests.fakes.ports import apply, make_ports

HOSTS = {"v1": ("freezer", "cpuset"), "v2": ("v2",)}
PERIOD_S = 5.0
ALL_CPUS = 0b11


class Cpus:
    """The CPUs of the machine as a test sets them."""

    def __init__(self) -> None:
        self.topology = machine(2)

    def read_online(self, devices: str = "") -> str:
        return format_cpus(self.topology.online)

    def read_topology(self, devices: str = "") -> Topology:
        return self.topology


class Rig:
    """Containers with groups of their own, an allocation and its facet."""

    def __init__(self, host: FakeHost) -> None:
        self.driver, self.store = host.driver, ContainerStore(None)
        self.controllers = Controllers(self.store, self.driver)
        self.cpus, self.now = Cpus(), 100.0
        self.moved: list[Key] = []
        self.allocation = Allocation(
            self.store,
            self.driver,
            locate=self.controllers.group,
            moved=self.moved.append,
            cpus=self.cpus,
            clock=lambda: self.now,
            period_s=PERIOD_S,
        )
        self.facet = Cpuset(self.allocation)
        self.ports = make_ports(self.driver)

    def put(self, name: str, state: State = State.RUNNING, **values: str) -> ContainerRecord:
        """A container; its group, with lists like the host's, unless it only starts."""
        spec = DEFAULT_SPEC
        for key, text in values.items():
            prop = find_property(key)
            spec = spec.with_value(prop, prop.parse(name, text))
        record = self.store.create(name, spec, now=0.0, origins={})
        status = record.status.changed(state=state)
        if state is not State.STARTING:
            words = ";".join(sorted(self.controllers.wanted(record)))
            status = status.changed(controllers=words)
        record = self.store.put_status(record, status, now=0.0)
        if state is not State.STARTING:
            self.driver.create(self.controllers.group(name))
        return record

    def set(self, name: str, key: str, text: str) -> None:
        record, prop = self.store.get(name), find_property(key)
        spec = record.spec.with_value(prop, prop.parse(name, text))
        self.store.put(dataclasses.replace(record, spec=spec), now=1.0)

    def write(self, name: str, text: str) -> None:
        """As somebody else."""
        self.driver.write(self.controllers.group(name), "cpuset", "cpuset.cpus", text)

    def cpus_of(self, name: str) -> str:
        return self.driver.cpuset.effective(self.controllers.group(name))

    def target(self, name: str) -> Target:
        record = self.store.get(name)
        group = self.controllers.group(name)
        lineage = tuple(self.store.ancestors(record))
        return Target(record, lineage, group, is_new=self.driver.is_new(group))

    def plan(self, name: str) -> list[Change]:
        changes = list(self.facet.plan(self.target(name)))
        assert {change.facet for change in changes} <= {"cpuset"}
        return changes

    def told(self, name: str) -> list[str]:
        return [told(change) for change in self.plan(name)]

    def settle(self, name: str) -> None:
        apply(self.ports, self.plan(name))
        assert self.told(name) == []


def told(change: Change) -> str:
    have = "-" if change.have == "" else change.have
    words = f"{change.subject}: {have} -> {change.want}"
    return f"{words} {type(change.effect).__name__}{' drift' if change.is_drift else ''}"


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[tuple[str, ...]], Rig]]:
    hosts = []

    def made(hierarchies: tuple[str, ...]) -> Rig:
        hosts.append(FakeHost(tmp_path, hierarchies))
        return Rig(hosts[-1])

    yield made
    for host in hosts:
        host.close()


@pytest.fixture(params=HOSTS)
def rig(request: pytest.FixtureRequest, make: Callable[[tuple[str, ...]], Rig]) -> Rig:
    return make(HOSTS[request.param])


def writes(rig: Rig) -> str:
    """The effect that writes a knob there."""
    return "WriteInOrder" if rig.driver.cpuset.nested else "WriteKnob"


# -- admission -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "cpus"), [("", "0-1"), ("1", "1"), ("0-1", "0-1"), ("threads 1", "0")]
)
def test_a_start_is_let_in_before_its_knobs_are_written(rig: Rig, wish: str, cpus: str) -> None:
    rig.put("a", State.STARTING, **({"cpu_set": wish} if wish else {}))
    nested = rig.driver.cpuset.nested
    knobs = {
        "cpuset.cpus": ("" if nested else "0-1", cpus),
        "cpuset.mems": ("" if nested else "0", "0"),
    }
    assert rig.told("a") == [
        f"CPUs of the host: - -> {cpus} Admit",
        *(
            f"{knob}: {have or '-'} -> {want} {writes(rig)} drift"
            for knob, (have, want) in knobs.items()
            if have != want
        ),
    ]


def test_what_is_let_in_is_what_was_asked_for(rig: Rig) -> None:
    record = rig.put("a", State.STARTING, cpu_set="1")
    admit = rig.plan("a")[0].effect
    assert admit == Admit(rig.allocation, record, True)
    apply(rig.ports, rig.plan("a")[:1])
    assert rig.allocation.has_admitted(record, confined=True)
    assert rig.allocation.affinity("a") == 0b10


def test_one_that_runs_as_it_asks_needs_nothing(rig: Rig) -> None:
    rig.put("a")
    assert rig.told("a") == []


def test_one_that_asks_for_something_else_is_let_in_anew(rig: Rig) -> None:
    rig.put("a")
    assert rig.told("a") == []
    rig.set("a", "cpu_set", "0")
    assert rig.told("a") == [
        "CPUs of the host: - -> 0 Admit",
        f"cpuset.cpus: 0-1 -> 0 {writes(rig)} drift",
    ]
    rig.settle("a")
    assert rig.cpus_of("a") == "0"


def test_whose_cpus_are_taken_gets_a_pass(rig: Rig) -> None:
    neighbour = rig.put("n")
    rig.settle("n")
    rig.put("a")
    rig.settle("a")
    rig.set("a", "cpu_set", "threads 1")
    apply(rig.ports, rig.plan("a")[:1])
    assert rig.moved == [neighbour.key]
    assert rig.told("n") == [f"cpuset.cpus: 0-1 -> 1 {writes(rig)} drift"]


def test_a_list_that_somebody_wrote_is_written_again(rig: Rig) -> None:
    rig.put("a")
    rig.settle("a")
    rig.write("a", "1")
    assert rig.told("a") == [f"cpuset.cpus: 1 -> 0-1 {writes(rig)} drift"]
    rig.settle("a")
    assert rig.cpus_of("a") == "0-1"


# -- refusals --------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.STARTING, State.RUNNING])
def test_what_the_host_cannot_give_is_refused(rig: Rig, state: State) -> None:
    rig.put("a", state, cpu_set="threads 3")
    with pytest.raises(ResourceNotAvailable) as caught:
        rig.plan("a")
    text = "cannot set cpu_set of a to 'threads 3': the host has 2 CPUs vacant, not 3"
    assert caught.value.text == text


def test_a_container_without_a_cpuset_of_its_own_is_let_in_only(rig: Rig) -> None:
    rig.put("a")
    rig.settle("a")
    record = rig.put("a/b")
    (change,) = rig.plan("a/b")
    assert told(change) == "CPUs of the host: - -> 0-1 Admit"
    assert change.effect == Admit(rig.allocation, record, False)
    apply(rig.ports, [change])
    assert rig.allocation.has_admitted(record, confined=False)
    assert rig.told("a/b") == []
    assert rig.facet.show(rig.target("a/b")) == ()


def test_it_cannot_have_cpus_of_its_own(rig: Rig) -> None:
    rig.put("a")
    rig.put("a/b")
    rig.set("a/b", "cpu_set", "0")
    with pytest.raises(NotSupported) as caught:
        rig.plan("a/b")
    assert caught.value.text == "cannot set cpu_set of a/b to 0: it has no cpuset controller"


def test_a_host_without_the_controller(make: Callable[[tuple[str, ...]], Rig]) -> None:
    rig = make(("freezer", "memory"))
    rig.put("a")
    assert rig.told("a") == []
    assert rig.facet.wish(rig.target("a")) is None
    rig.set("a", "cpu_set", "0")
    with pytest.raises(NotSupported) as caught:
        rig.plan("a")
    assert caught.value.text == "cannot set cpu_set of a to 0: it has no cpuset controller"
    assert not rig.allocation.has_admitted(rig.store.get("a"), confined=False)


# -- CPUs that come and go ---------------------------------------------------------


def outdated(rig: Rig) -> None:
    rig.put("n")
    rig.settle("n")
    rig.now += PERIOD_S
    rig.cpus.topology = machine(2, offline=[1])


def test_a_list_that_the_kernel_changed_asks_for_a_look_instead(rig: Rig) -> None:
    outdated(rig)
    rig.write("n", "0")
    (change,) = rig.plan("n")
    assert told(change) == "CPUs of the host: as before -> as now LookAgain"
    assert change.effect == LookAgain(rig.allocation)
    apply(rig.ports, [change])
    assert rig.moved == [rig.store.get("n").key]
    assert not rig.allocation.is_outdated()


def test_a_list_that_is_right_asks_for_no_look(rig: Rig) -> None:
    outdated(rig)
    assert rig.told("n") == []


def test_a_start_looks_and_gets_its_lists_all_the_same(rig: Rig) -> None:
    outdated(rig)
    rig.put("a", State.STARTING, cpu_set="0")
    mems = [f"cpuset.mems: - -> 0 {writes(rig)} drift"] if rig.driver.cpuset.nested else []
    have = "-" if rig.driver.cpuset.nested else "0-1"
    assert rig.told("a") == [
        "CPUs of the host: - -> 0 Admit",
        "CPUs of the host: as before -> as now LookAgain",
        f"cpuset.cpus: {have} -> 0 {writes(rig)} drift",
        *mems,
    ]


def test_a_look_that_is_not_due_is_not_asked_for(rig: Rig) -> None:
    outdated(rig)
    rig.now -= 1
    rig.write("n", "0")
    assert rig.told("n") == [f"cpuset.cpus: 0 -> 0-1 {writes(rig)} drift"]


# -- wishes and writing --------------------------------------------------------------


def test_the_wish_is_the_cpus_of_the_allocation(rig: Rig) -> None:
    rig.put("a")
    rig.put("a/b")
    rig.settle("a")
    assert rig.facet.wish(rig.target("a")) == ALL_CPUS
    assert rig.facet.wish(rig.target("a/b")) is None
    rig.set("a", "cpu_set", "1")
    rig.settle("a")
    assert rig.facet.wish(rig.target("a")) == 0b10
    assert rig.facet.want(rig.target("a")) == {"cpuset.cpus": "1", "cpuset.mems": "0"}


def test_where_lists_are_nested_relatives_are_written_along(
    make: Callable[[tuple[str, ...]], Rig],
) -> None:
    rig = make(HOSTS["v1"])
    rig.put("a")
    rig.put("a/b", controllers="cpuset")
    for name in ("a", "a/b"):
        rig.settle(name)
    rig.set("a", "cpu_set", "1")
    target = rig.target("a")
    admit, write = rig.facet.plan(target)
    assert isinstance(write.effect, WriteInOrder)
    assert (write.effect.target, write.effect.knob) == (target, "cpuset.cpus")
    apply(rig.ports, [admit, write])
    assert (rig.cpus_of("a"), rig.cpus_of("a/b")) == ("1", "1")


def test_where_they_are_not_a_knob_is_written_alone(
    make: Callable[[tuple[str, ...]], Rig],
) -> None:
    rig = make(HOSTS["v2"])
    rig.put("a")
    rig.settle("a")
    rig.write("a", "1")
    (write,) = rig.plan("a")
    group = rig.controllers.group("a")
    assert write.effect == WriteKnob(group, "cpuset", "cpuset.cpus", "0-1")
