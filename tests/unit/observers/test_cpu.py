"""Readings of CPU time, totals and bounds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from porto.observers.readers import Readers
from porto.spec.containers.admission import Admission
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import InvalidState, InvalidValue, NotSupported, PortoError
from porto.spec.host import Host as Machine
from tests.fakes.cgroupfs import COMOUNTED
from tests.unit.observers.hosts import Host

RUNNING = {"state": State.RUNNING}


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Hosts with other hierarchies."""
    made: list[Host] = []

    def make(hierarchies: tuple[str, ...]) -> Host:
        root = tmp_path / "another"
        root.mkdir()
        made.append(Host(root, hierarchies))
        return made[-1]

    yield make
    for host in made:
        host.fake.close()


def write(host: Host, name: str, knob: str, text: str) -> None:
    group = host.driver.locate(name, lambda n: host.driver.controllers)
    Path(group.directories[knob.partition(".")[0]], knob).write_text(text)


@pytest.mark.parametrize("kind", ["split", "comounted"])
def test_counters_of_v1(host: Host, make_host: Callable[..., Host], kind: str) -> None:
    if kind == "comounted":
        host = make_host(COMOUNTED)
    record = host.make("a", **RUNNING)
    host.made("a")
    write(host, "a", "cpuacct.usage", "123456789\n")
    write(host, "a", "cpuacct.stat", "user 1\nsystem 3\n")
    write(host, "a", "cpu.stat", "throttled_time 55\nburst_time 6\n")
    shown = [host.get(record, f"cpu_{n}") for n in ("usage", "usage_system", "throttled")]
    assert shown == ["123456789", "30000000", "55"]
    assert host.get(record, "cpu_burst_usage") == "6"


def test_counters_of_v2(make_host: Callable[..., Host]) -> None:
    host = make_host(("v2",))
    record = host.make("a", **RUNNING)
    host.made("a")
    group = host.driver.locate("a", lambda n: host.driver.controllers)
    text = "usage_usec 7\nuser_usec 4\nsystem_usec 3\nthrottled_usec 2\n"
    Path(group.directories["cpu"], "cpu.stat").write_text(text)
    shown = [host.get(record, f"cpu_{n}") for n in ("usage", "usage_system", "throttled")]
    assert shown == ["7000", "3000", "2000"]


def test_usage_is_one_file(host: Host) -> None:
    record = host.make("a", **RUNNING)
    host.made("a")
    host.fake.log.clear()
    host.get(record, "cpu_usage")
    assert [operation for operation, _ in host.fake.log] == ["read"]


def test_counters_of_the_host(host: Host) -> None:
    for name in ("cpu_usage", "cpu_usage_system", "cpu_throttled"):
        assert host.get_root(name) == "0"


def test_what_the_kernel_does_not_count_is_said(host: Host) -> None:
    store = ContainerStore(None, admission=Admission(Machine(lacking=host.driver.unsupported())))
    host.readers = Readers(store, host.kernel, host.config, dict)
    record = host.make("a", **RUNNING)
    host.made("a")
    for name in ("cpu_wait", "cpu_unconstrained_wait"):
        with pytest.raises(NotSupported, match=f"cannot get {name} of a: cpuacct.wait is"):
            host.get(record, name)
        with pytest.raises(NotSupported, match=f"cannot get {name} of /"):
            host.get_root(name)


def test_a_group_that_is_gone_is_an_error_of_ours(host: Host) -> None:
    record = host.make("a", **RUNNING)
    with pytest.raises(PortoError, match="cannot get cpu_usage of a"):
        host.get(record, "cpu_usage")


@pytest.mark.parametrize("name", ["cpu_usage", "cpu_usage_system", "cpu_throttled"])
def test_a_stopped_container_has_no_counters(host: Host, name: str) -> None:
    with pytest.raises(InvalidState):
        host.get(host.make("a"), name)
    with pytest.raises(InvalidValue, match="no elements"):
        host.get(host.make("b", **RUNNING), name, "x")


def test_policy_and_period_show_the_inherited(host: Host) -> None:
    host.make("a", {"cpu_policy": "idle", "cpu_period": "5ms"})
    child = host.make("a/b")
    assert (host.get(child, "cpu_policy"), host.get(child, "cpu_period")) == ("idle", "5000000")
    alone = host.make("c")
    assert (host.get(alone, "cpu_policy"), host.get(alone, "cpu_period")) == ("normal", "100000000")
    assert host.get_root("cpu_period") == "100000000"
    assert host.get_root("cpu_policy") == "normal"


def test_bounds(host: Host) -> None:
    host.make("a", {"cpu_limit": "2c", "cpu_guarantee": "1c"})
    child = host.make("a/b", {"cpu_limit": "3c", "cpu_guarantee": "0.5c"})
    assert (host.get(child, "cpu_limit_bound"), host.get(child, "cpu_guarantee_bound")) == (
        "2c",
        "1c",
    )
    alone = host.make("c")
    assert (host.get(alone, "cpu_limit_bound"), host.get(alone, "cpu_guarantee_bound")) == ("", "")


def test_totals(host: Host) -> None:
    cores = Machine().cores
    top = host.make("a", {"cpu_limit": "5c", "cpu_guarantee": "1c"}, state=State.META)
    host.make("a/b", {"cpu_limit": "2c", "cpu_guarantee": "2c", "command": "x"}, **RUNNING)
    host.make("a/b/below", {"cpu_limit": "1c", "command": "x"}, **RUNNING)
    open_ended = host.make("a/c", {"command": "x", "cpu_guarantee": "1.5c"}, **RUNNING)
    host.make("a/d", {"cpu_limit": "1c", "cpu_guarantee": "9c", "command": "x"})
    assert host.get(top, "cpu_limit_total") == f"{2 + cores}c"
    assert host.get(open_ended, "cpu_limit_total") == f"{cores}c"
    assert host.get(top, "cpu_guarantee_total") == "3.5c"
    assert host.get_root("cpu_limit_total") == f"{2 + cores}c"
    assert host.get_root("cpu_guarantee_total") == "3.5c"
    narrow = host.make("z", {"cpu_limit": "1c"}, state=State.META)
    host.make("z/a", {"command": "x"}, **RUNNING)
    host.make("z/b", {"command": "x"}, **RUNNING)
    assert host.get(narrow, "cpu_limit_total") == "1c"
    stopped = host.make("s", {"cpu_limit": "1c"})
    assert (host.get(stopped, "cpu_limit_total"), host.get(stopped, "cpu_guarantee_total")) == (
        "",
        "",
    )


def test_an_init_is_a_process(host: Host) -> None:
    system = host.make("s", {"virt_mode": "os"}, **RUNNING)
    assert host.get(system, "cpu_limit_total") == f"{host.readers._sources.host.cores}c"


def test_the_limit_of_the_host_is_its_cores(host: Host) -> None:
    assert host.get_root("cpu_limit") == host.get_root("cpu_limit_bound") == "1c"
    assert host.get_root("cpu_guarantee") == "0c"
    assert host.get_root("cpu_guarantee_bound") == ""
