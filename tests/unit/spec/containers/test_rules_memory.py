"""Admission of memory properties: smallest limits, overcommitted guarantees."""

import pytest

from porto.spec.config import Config
from porto.spec.containers import operations
from porto.spec.containers.admission import Admission
from porto.spec.containers.guarantees import children_total, guarantee_total, limit_total
from porto.spec.containers.names import ROOT
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import InvalidValue, PortoError, ResourceNotAvailable
from porto.spec.host import Host

GIB = 1 << 30
ACTOR = Actor()


class Rig:
    """A store on a machine of 10 GiB, of which 1 GiB are huge pages and 2 are reserved."""

    def __init__(self) -> None:
        self.admission = Admission(Host(memory=10 * GIB, hugetlb=GIB), Config())
        self.store = ContainerStore(None, admission=self.admission)
        self.now = 0.0

    def make(self, name: str, state: State = State.STOPPED, **values: str) -> ContainerRecord:
        record = operations.create(
            self.store, name, actor=ACTOR, credentials=Credentials(), now=self.now
        )
        for key, text in values.items():
            record = self.set(name, key, text)
        if state is not State.STOPPED:
            record = self.become(name, state)
        return record

    def set(self, name: str, key: str, text: str) -> ContainerRecord:
        record = self.store.get(name)
        return operations.set_property(self.store, record, key, text, actor=ACTOR, now=self.now)

    def become(self, name: str, state: State) -> ContainerRecord:
        self.now += 1
        record = self.store.get(name)
        return self.store.put_status(record, record.with_status(state=state).status, now=self.now)

    def start(self, name: str) -> None:
        self.admission.check_start(self.store, self.become(name, State.STARTING))


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize("name", ["memory_limit", "anon_limit", "dirty_limit"])
@pytest.mark.parametrize("state", [State.STOPPED, State.RUNNING])
def test_a_limit_has_a_minimum(rig: Rig, name: str, state: State) -> None:
    rig.make("a", state, **{name: "1M"})
    for text in ("1", "1048575", "0.99M"):
        with pytest.raises(InvalidValue, match=f"cannot set {name} of a to .* 1048576 bytes"):
            rig.set("a", name, text)
    assert rig.store.get("a").spec.value(find_property(name)) == 1 << 20
    assert rig.set("a", name, "0").spec.value(find_property(name)) == 0


def test_a_guarantee_has_no_minimum(rig: Rig) -> None:
    assert rig.make("a", memory_guarantee="1").spec.memory.memory_guarantee == 1


@pytest.mark.parametrize(
    "text", ["-1", "NaN", "inf", "1e30", "12Q", "1 2", "", "G", "0x", "99999999999999999999"]
)
@pytest.mark.parametrize(
    "name",
    ["memory_limit", "memory_guarantee", "anon_limit", "dirty_limit", "hugetlb_limit"],
)
def test_what_is_no_size_is_refused(rig: Rig, name: str, text: str) -> None:
    rig.make("a", **{name: "2M"})
    with pytest.raises(InvalidValue, match=f"cannot set {name} of a to"):
        rig.set("a", name, text)
    assert rig.store.get("a").spec.value(find_property(name)) == 2 << 20


@pytest.mark.parametrize("name", ["anon_only", "recharge_on_pgfault", "pressurize_on_death"])
def test_what_is_no_truth_is_refused(rig: Rig, name: str) -> None:
    rig.make("a")
    with pytest.raises(PortoError, match=f"cannot set {name} of a to 'yes'"):
        rig.set("a", name, "yes")


def test_what_never_fits_is_refused_in_any_state(rig: Rig) -> None:
    rig.make("a", memory_guarantee="7G")
    with pytest.raises(ResourceNotAvailable, match=f"only {7 * GIB} bytes are left"):
        rig.set("a", "memory_guarantee", str(7 * GIB + 1))
    assert rig.store.get("a").spec.memory.memory_guarantee == 7 * GIB


def test_stopped_containers_do_not_count(rig: Rig) -> None:
    rig.make("a", memory_guarantee="7G")
    rig.make("b", memory_guarantee="7G")
    rig.start("a")
    with pytest.raises(ResourceNotAvailable, match=r"cannot start b: .*nothing is left"):
        rig.start("b")
    rig.become("a", State.DEAD)
    with pytest.raises(ResourceNotAvailable, match="cannot start b"):
        rig.start("b")
    rig.become("a", State.STOPPED)
    rig.start("b")


def test_a_live_raise_is_checked_and_lowering_is_not(rig: Rig) -> None:
    rig.make("a", State.RUNNING, memory_guarantee="4G")
    rig.make("b", State.RUNNING, memory_guarantee="3G")
    with pytest.raises(ResourceNotAvailable, match=r"only|nothing"):
        rig.set("b", "memory_guarantee", str(3 * GIB + 1))
    rig.admission.host = Host(memory=5 * GIB)
    assert rig.set("b", "memory_guarantee", "2G").spec.memory.memory_guarantee == 2 * GIB


def test_a_files_new_version_is_checked_too(rig: Rig) -> None:
    old = rig.make("a", State.RUNNING, memory_guarantee="4G")
    prop = find_property("memory_guarantee")
    rig.admission.check_update(rig.store, old, old.spec.with_value(prop, 7 * GIB))
    with pytest.raises(ResourceNotAvailable, match=r"a to .*bytes are left"):
        rig.admission.check_update(rig.store, old, old.spec.with_value(prop, 7 * GIB + 1))


def test_a_parent_and_its_children_count_once(rig: Rig) -> None:
    rig.make("a", State.META, memory_guarantee="5G")
    rig.make("a/b", State.RUNNING, memory_guarantee="3G")
    rig.make("a/c", State.RUNNING, memory_guarantee="4G")
    assert guarantee_total(rig.store, rig.store.get("a")) == 7 * GIB
    assert children_total(rig.store, ROOT) == 7 * GIB
    with pytest.raises(ResourceNotAvailable):
        rig.set("a/c", "memory_guarantee", str(4 * GIB + 1))
    rig.become("a/b", State.STOPPED)
    assert guarantee_total(rig.store, rig.store.get("a")) == 5 * GIB
    rig.set("a/c", "memory_guarantee", "7G")
    assert guarantee_total(rig.store, rig.store.get("a/c")) == 7 * GIB


def test_of_two_starts_the_first_wins(rig: Rig) -> None:
    rig.make("a", memory_guarantee="5G")
    rig.make("b", memory_guarantee="5G")
    first = rig.become("b", State.STARTING)
    later = rig.become("a", State.STARTING)
    rig.admission.check_start(rig.store, first)
    with pytest.raises(ResourceNotAvailable, match="cannot start a"):
        rig.admission.check_start(rig.store, later)


def test_no_guarantee_starts_on_a_full_host(rig: Rig) -> None:
    rig.make("a", State.RUNNING, memory_guarantee="7G")
    rig.make("b")
    rig.admission.host = Host(memory=3 * GIB)
    rig.start("b")


def test_a_machine_that_nobody_looked_at_refuses_nothing(rig: Rig) -> None:
    rig.admission.host = Host()
    rig.make("a", memory_guarantee="1000G")
    rig.start("a")


def test_the_smallest_limit_on_the_way_up_counts(rig: Rig) -> None:
    rig.make("a", memory_limit="2G")
    rig.make("a/b", memory_limit="3G")
    rig.make("a/b/c")
    rig.make("d")

    def total(name: str, ceiling: int = 10 * GIB) -> int:
        record = rig.store.get(name)
        return limit_total(rig.store, record, ceiling, lambda r: r.spec.memory.memory_limit)

    assert [total(n) for n in ("a", "a/b", "a/b/c", "d")] == [2 * GIB, 2 * GIB, 2 * GIB, 10 * GIB]
    assert total("a", GIB) == GIB
    assert total("d", 0) == 0
