"""Admission of CPU properties, and what containers have from and for each other."""

import pytest

from porto.spec.config import Config
from porto.spec.containers import cpu, operations
from porto.spec.containers.admission import Admission
from porto.spec.containers.names import ROOT
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import ContainerSpec
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import InvalidState, InvalidValue, NotSupported, PortoError
from porto.spec.host import Host
from porto.spec.records.record import Run

CORE = 10**9
SUPERUSER = Actor()
USER = Actor(superuser=False)
NO_ISO = {"cpu.iso": "the kernel has no SCHED_ISO"}


class Rig:
    def __init__(self, lacking: dict[str, str] | None = None) -> None:
        self.admission = Admission(Host(cores=4, lacking=lacking or {}), Config())
        self.store = ContainerStore(None, admission=self.admission)

    def make(self, name: str, state: State = State.STOPPED, **values: str) -> ContainerRecord:
        record = operations.create(
            self.store, name, actor=SUPERUSER, credentials=Credentials(), now=0.0
        )
        for key, text in values.items():
            record = self.set(name, key, text)
        return self.store.put_status(record, record.with_status(state=state).status, now=0.0)

    def set(self, name: str, key: str, text: str, actor: Actor = SUPERUSER) -> ContainerRecord:
        record = self.store.get(name)
        return operations.set_property(self.store, record, key, text, actor=actor, now=0.0)

    def lineage(self, name: str) -> list[ContainerSpec]:
        record = self.store.get(name)
        return [record.spec, *(above.spec for above in self.store.ancestors(record))]


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize("state", [State.STOPPED, State.RUNNING, State.META])
def test_a_user_gives_no_child_more_than_its_parent_has(rig: Rig, state: State) -> None:
    rig.make("a", cpu_limit="1c")
    rig.make("a/b", state, cpu_limit="0.5c")
    with pytest.raises(InvalidValue, match=r"cpu_limit of a/b to '1\.5c': above the 1c of a"):
        rig.set("a/b", "cpu_limit", "1.5c", USER)
    assert rig.store.get("a/b").spec.cpu.cpu_limit == CORE // 2
    rig.set("a/b", "cpu_limit", "1c", USER)
    rig.set("a/b", "cpu_limit", "0", USER)


def test_the_superuser_may(rig: Rig) -> None:
    rig.make("a", cpu_limit="1c")
    rig.make("a/b")
    assert rig.set("a/b", "cpu_limit", "2c").spec.cpu.cpu_limit == 2 * CORE


def test_a_parent_without_a_limit_leaves_it_to_the_grandparent(rig: Rig) -> None:
    rig.make("a", cpu_limit="1c")
    rig.make("a/b")
    rig.make("a/b/c")
    with pytest.raises(InvalidValue, match="above the 1c of a"):
        rig.set("a/b/c", "cpu_limit", "2c", USER)


def test_an_explicit_zero_blocks_nothing(rig: Rig) -> None:
    rig.make("a", cpu_limit="1c")
    rig.make("a/b", cpu_limit="0")
    rig.make("a/b/c")
    rig.set("a/b/c", "cpu_limit", "2c", USER)


def test_a_guarantee_above_limit_and_machine_is_taken(rig: Rig) -> None:
    rig.make("a", cpu_limit="1c", cpu_guarantee="101", cpu_weight="100")


def test_iso_needs_a_kernel_that_has_it() -> None:
    assert Rig().make("a", cpu_policy="iso").spec.cpu.cpu_policy == "iso"
    rig = Rig(NO_ISO)
    record = rig.make("a", cpu_policy="batch")
    with pytest.raises(NotSupported, match="cpu_policy of a to 'iso': the kernel has no"):
        rig.set("a", "cpu_policy", "iso")
    assert rig.store.get("a") == record


def test_iso_of_another_kernel_does_not_start() -> None:
    rig = Rig()
    record = rig.make("a", cpu_policy="iso")
    rig.admission.check_start(rig.store, record)
    with pytest.raises(NotSupported, match="cannot start a"):
        Admission(Host(lacking=NO_ISO)).check_start(rig.store, record)


@pytest.mark.parametrize(
    "name", ["cpu_weight", "cpu_guarantee", "cpu_limit", "cpu_period", "cpu_policy"]
)
def test_nothing_is_set_on_the_dead_or_by_index(rig: Rig, name: str) -> None:
    record = rig.make("a", State.DEAD)
    rig.store.put(record.with_intent(run=Run.RUNNING), now=0.0)
    with pytest.raises(InvalidState):
        rig.set("a", name, "1c")
    rig.make("b")
    with pytest.raises(PortoError, match="has no elements"):
        rig.set("b", f"{name}[x]", "1")


def test_policy_and_period_are_the_nearest_that_were_set(rig: Rig) -> None:
    rig.make("a", cpu_policy="batch", cpu_period="10ms")
    rig.make("a/b")
    rig.make("a/b/c", cpu_policy="normal", cpu_period="20ms")
    rig.make("a/b/c/d")
    found = [(cpu.policy(rig.lineage(n)), cpu.period(rig.lineage(n), 7)) for n in rig.store.names()]
    assert found == [("batch", 10**7)] * 2 + [("normal", 2 * 10**7)] * 2
    rig.make("z")
    assert (cpu.policy(rig.lineage("z")), cpu.period(rig.lineage("z"), 7)) == ("normal", 7)
    assert not cpu.has_policy(rig.lineage("z"))
    assert cpu.has_policy(rig.lineage("a/b"))


def test_bounds_are_of_the_whole_lineage(rig: Rig) -> None:
    rig.make("a", cpu_limit="2c", cpu_guarantee="1c")
    rig.make("a/b", cpu_limit="3c")
    rig.make("a/b/c", cpu_guarantee="0.5c")
    assert cpu.limit_bound(rig.lineage("a/b/c")) == 2 * CORE
    assert cpu.guarantee_bound(rig.lineage("a/b/c")) == CORE
    rig.make("z")
    assert cpu.limit_bound(rig.lineage("z")) == cpu.guarantee_bound(rig.lineage("z")) == 0


def test_a_guarantee_covers_the_running_children(rig: Rig) -> None:
    top = rig.make("a", State.META, cpu_guarantee="1c")
    rig.make("a/b", State.RUNNING, cpu_guarantee="0.75c")
    rig.make("a/c", State.META)
    rig.make("a/c/d", State.PAUSED, cpu_guarantee="0.5c")
    rig.make("a/e", State.DEAD, cpu_guarantee="4c")
    rig.make("a/f", State.STOPPED, cpu_guarantee="4c")
    assert cpu.guarantee_total(rig.store, top) == 5 * CORE // 4
    assert cpu.children_guarantee(rig.store, ROOT) == 5 * CORE // 4
