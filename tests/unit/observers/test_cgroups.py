"""controllers, cgroups and raw knobs as they are read, over each kind of host."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.spec.containers.status import State
from porto.spec.errors import InvalidProperty, InvalidState, InvalidValue
from tests.fakes.cgroupfs import COMOUNTED, SPLIT
from tests.unit.observers.hosts import Host

HOSTS = {"v1": SPLIT, "comounted": COMOUNTED, "hybrid": (*SPLIT, "v2"), "v2": ("v2",)}


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path, HOSTS[request.param])
    yield made
    made.fake.close()


def paths(text: str) -> dict[str, str]:
    return dict(pair.split(": ") for pair in text.split("; "))


def test_the_host_has_all(host: Host) -> None:
    shown = host.get_root("controllers").split(";")
    assert set(shown) == host.driver.controllers
    found = paths(host.get_root("cgroups"))
    assert set(found) == host.driver.controllers
    assert set(found.values()) <= set(host.fake.mounts)
    assert host.get_root("controllers", "freezer;pids") == "true"
    assert host.get_root("cgroups", "pids") == found["pids"]
    with pytest.raises(InvalidProperty, match=r"cannot get cgroups\[nonsense\] of /"):
        host.get_root("cgroups", "nonsense")
    with pytest.raises(InvalidValue, match=r"cannot get controllers\[nonsense\] of /"):
        host.get_root("controllers", "nonsense")


def test_the_places_of_a_tree(host: Host) -> None:
    first = host.make("a")
    second = host.make("a/b", {"controllers": "pids: true"})
    for record in (first, second):
        shown = set(host.get(record, "controllers").split(";"))
        found = paths(host.get(record, "cgroups"))
        assert set(found) == host.driver.controllers
        for word, path in found.items():
            assert host.get(record, "cgroups", word) == path
            if word in shown:
                assert path.endswith(record.name)
    mine, parents = (paths(host.get(record, "cgroups")) for record in (second, first))
    assert mine["memory"] == parents["memory"]
    assert mine["pids"] == f"{parents['pids']}/b"
    # Keys are sorted, and only the words of the property are known.
    text = host.get(second, "cgroups")
    assert list(paths(text)) == sorted(paths(text))
    for word in ("io", "cgroup", "Memory", "", "memory;pids"):
        if word not in host.driver.controllers:
            with pytest.raises(InvalidProperty):
                host.get(second, "cgroups", word)


def test_a_started_container_shows_what_it_was_started_with(host: Host) -> None:
    record = host.make("a", {"thread_limit": "5"}, state=State.META, controllers="freezer;memory")
    assert host.get(record, "controllers") == "freezer;memory"
    assert host.get(record, "controllers", "pids") == "false"
    found = paths(host.get(record, "cgroups"))
    assert found["pids"] == paths(host.get_root("cgroups"))["pids"]
    stopped = host.make("b", {"thread_limit": "5", "controllers": "freezer"})
    assert host.get(stopped, "controllers", "pids;freezer") == "true"
    assert host.get(stopped, "controllers", "memory") == "false"


def test_raw_knobs(host: Host) -> None:
    record = host.make("a")
    with pytest.raises(InvalidState, match=r"cannot get pids\.max of a: the container is stopped"):
        host.readers.read_knob(record, "pids.max")
    host.made("a")
    controllers = ";".join(sorted(host.driver.default_controllers(1)))
    record = host.store.put_status(
        record, record.with_status(state=State.META, controllers=controllers).status, now=1.0
    )
    assert host.readers.read_knob(record, "pids.max") == "max\n"
    child = host.make("a/b", state=State.META, controllers="freezer")
    assert host.readers.read_knob(child, "pids.max") == "max\n"
    for name in ("pids.nonsense", "nonsense.max", "pids.", "pids..", "pids.max/x", ".", "x" * 999):
        with pytest.raises(InvalidProperty) as caught:
            host.readers.read_knob(record, name)
        assert len(caught.value.text) < 300
