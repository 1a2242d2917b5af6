"""cpu_set_affinity in every state."""

from pathlib import Path

import pytest

from porto.kernel.host.topology import read_online
from porto.spec.containers.status import State
from porto.spec.errors import InvalidValue
from tests.unit.observers.hosts import Host


@pytest.mark.parametrize("hierarchies", [("freezer", "cpuset"), ("v2",)])
@pytest.mark.parametrize("state", [State.RUNNING, State.META, State.PAUSED, State.DEAD])
def test_a_started_one_shows_what_the_kernel_says(
    tmp_path: Path, hierarchies: tuple[str, ...], state: State
) -> None:
    host = Host(tmp_path, hierarchies)
    record = host.make("a", state=state)
    host.made("a")
    assert host.get(record, "cpu_set_affinity") == "0-1"
    host.driver.write(
        host.driver.locate("a", lambda n: frozenset({"cpuset"})), "cpuset", "cpuset.cpus", "1"
    )
    assert host.get(record, "cpu_set_affinity") == "1"
    child = host.make("a/b", state=state)
    assert host.get(child, "cpu_set_affinity") == "1"
    host.fake.close()


def test_it_is_empty_before_the_start_and_after_the_stop(host: Host) -> None:
    for state in (State.STOPPED, State.STARTING):
        assert host.get(host.make(state.value, state=state), "cpu_set_affinity") == ""


def test_groups_that_are_gone_have_none(host: Host) -> None:
    assert host.get(host.make("a", state=State.DEAD), "cpu_set_affinity") == ""


def test_without_the_controller_all_cpus_are_allowed(tmp_path: Path) -> None:
    host = Host(tmp_path, ("freezer", "pids"))
    record = host.make("a", state=State.RUNNING)
    assert host.get(record, "cpu_set_affinity") == read_online()


def test_the_host_has_the_cpus_that_are_online(host: Host) -> None:
    assert host.get_root("cpu_set_affinity") == read_online()
    assert host.get_root("cpu_set") == ""


def test_it_has_no_elements(host: Host) -> None:
    with pytest.raises(InvalidValue):
        host.get(host.make("a", state=State.RUNNING), "cpu_set_affinity", "0")
