"""Readers of memory: where they look, and what they say of the tree and of the host."""

import os
from pathlib import Path

import pytest

from porto.kernel.process import processes
from porto.observers.readers import Readers
from porto.spec.config import Config, ContainerConfig
from porto.spec.containers.admission import Admission
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import InvalidProperty, InvalidState, InvalidValue, Unknown
from porto.spec.host import Host as Machine
from tests.unit.observers.hosts import Host

GIB = 1 << 30


@pytest.fixture
def sized(host: Host) -> Host:
    """The host with 4 GiB of RAM."""
    host.store = ContainerStore(None, admission=Admission(Machine(memory=4 * GIB, hugetlb=1 << 21)))
    host.readers = Readers(host.store, host.kernel, host.config, dict)
    return host


def test_usage_is_the_groups(host: Host) -> None:
    record = host.make("a", state=State.RUNNING)
    host.made("a")
    host.fake.memory.use(host.readers._sources.group("a").directories["memory"], anon=12345)
    assert host.get(record, "memory_usage") == "12345"


def test_a_child_shows_its_parents_usage(host: Host) -> None:
    host.make("a", state=State.RUNNING)
    child = host.make("a/b", state=State.RUNNING)
    host.made("a")
    host.made("a/b")
    host.fake.memory.use(host.readers._sources.group("a").directories["memory"], anon=12345)
    assert host.get(child, "memory_usage") == "12345"


@pytest.mark.parametrize("name", ["memory_usage", "anon_usage", "minor_faults"])
def test_a_missing_group_is_an_error_with_a_name(host: Host, name: str) -> None:
    record = host.make("a", state=State.RUNNING)
    with pytest.raises(Unknown, match=f"cannot get {name} of a: No such file"):
        host.get(record, name)


def test_one_file_is_read_for_a_figure(host: Host) -> None:
    record = host.make("a", state=State.RUNNING)
    host.made("a")
    host.fake.log.clear()
    host.get(record, "memory_usage")
    assert [operation for operation, _ in host.fake.log] == ["read"]


def test_figures_have_no_elements_and_no_stopped_value(host: Host) -> None:
    stopped, running = host.make("a"), host.make("b", state=State.RUNNING)
    with pytest.raises(InvalidState, match="memory_usage of a"):
        host.get(stopped, "memory_usage")
    with pytest.raises(InvalidValue, match=r"memory_usage\[x\]"):
        host.get(running, "memory_usage", "x")


def test_totals_of_a_tree(sized: Host) -> None:
    sized.make("a", {"memory_limit": "3G", "memory_guarantee": "1M"}, state=State.META)
    child = sized.make("a/b", {"memory_guarantee": "5M"}, state=State.RUNNING)
    free = sized.make("c")
    parent = sized.store.get("a")
    assert sized.get(child, "memory_limit_total") == str(3 * GIB)
    assert sized.get(free, "memory_limit_total") == str(4 * GIB)
    assert sized.get(parent, "memory_guarantee_total") == str(5 << 20)
    assert sized.get_root("memory_guarantee_total") == str(5 << 20)


def test_the_host_has_its_ram(sized: Host) -> None:
    for name in ("memory_limit", "memory_limit_total", "anon_limit_total"):
        assert sized.get_root(name) == str(4 * GIB)
    assert sized.get_root("hugetlb_limit") == str(1 << 21)
    assert sized.get_root("hugetlb_usage").isdecimal()
    assert sized.get_root("memory_guarantee") == "0"


def test_the_default_of_pressure_is_shown(host: Host) -> None:
    host.config = Config(container=ContainerConfig(pressurize_on_death=True))
    host.readers = Readers(host.store, host.kernel, host.config, dict)
    assert host.get(host.make("a"), "pressurize_on_death") == "true"
    assert host.get(host.make("b", {"pressurize_on_death": "false"}), "pressurize_on_death") == (
        "false"
    )


def test_virtual_memory_is_a_sum() -> None:
    me = os.getpid()
    once, twice = processes.virtual_memory([me]), processes.virtual_memory([me, me, 1 << 30])
    assert once["VmSize"] >= once["VmRSS"] > 0
    assert twice["VmLib"] == 2 * once["VmLib"]
    lines = Path("/proc/self/status").read_text().splitlines()
    assert once.keys() == {line.split(":")[0] for line in lines if line.startswith("Vm")}


def test_virtual_memory_of_nobody(host: Host) -> None:
    record = host.make("a", state=State.META)
    host.made("a")
    assert host.get(record, "virtual_memory") == ""
    with pytest.raises(InvalidProperty, match=r"cannot get virtual_memory\[VmX\] of a"):
        host.get(record, "virtual_memory", "VmX")
