"""Names, namespaces and working directories."""

import pytest

from porto.spec.containers.status import State
from tests.unit.observers.hosts import Host


def test_names_and_numbers(host: Host) -> None:
    first, second, third = host.make("a"), host.make("a/b"), host.make("a/b/c")
    names = [host.get(record, "absolute_name") for record in (first, second, third)]
    assert names == ["/porto/a", "/porto/a/b", "/porto/a/b/c"]
    parents = [host.get(record, "parent") for record in (first, second, third)]
    assert parents == ["/", "/porto/a", "/porto/a/b"]
    assert [host.get(record, "level") for record in (first, third)] == ["1", "3"]
    assert host.get(first, "id") == str(first.id)


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ([{}], "/porto/"),
        ([{"porto_namespace": "web-"}], "/porto/web-"),
        ([{"porto_namespace": "a/"}, {"porto_namespace": "b-"}], "/porto/a/b-"),
        ([{"enable_porto": "isolate"}, {"porto_namespace": "b-"}], "/porto/x/b-"),
        ([{"porto_namespace": "a/"}, {"enable_porto": "read-isolate"}], "/porto/x/x/"),
        ([{"enable_porto": "self-isolate", "porto_namespace": "n-"}], "/porto/x/"),
        ([{"enable_porto": "child-only"}], "/porto/"),
    ],
)
def test_namespaces(host: Host, chain: list[dict[str, str]], expected: str) -> None:
    name = ""
    for values in chain:
        name = f"{name}/x" if name else "x"
        record = host.make(name, values)
    assert host.get(record, "absolute_namespace") == expected


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ([{}], "PLACE/porto/x"),
        ([{}, {}], "PLACE/porto/x/x"),
        ([{"cwd": "/tmp"}], "/tmp"),
        ([{"cwd": "/tmp"}, {}], "/tmp"),
        ([{"cwd": "/tmp"}, {"cwd": "sub"}], "/tmp/sub"),
        ([{"cwd": "/tmp"}, {"cwd": "sub"}, {"cwd": "../deep"}], "/tmp/deep"),
        ([{"cwd": "relative"}], "PLACE/porto/x"),
        ([{"cwd": "/tmp"}, {"cwd": "/"}], "/"),
        ([{"virt_mode": "os"}], "/"),
        ([{"virt_mode": "os", "cwd": "/srv"}], "/srv"),
    ],
)
def test_the_working_directory(host: Host, chain: list[dict[str, str]], expected: str) -> None:
    name = ""
    for values in chain:
        name = f"{name}/x" if name else "x"
        record = host.make(name, values)
    assert host.get(record, "cwd") == expected.replace("PLACE", str(host.place))


def test_counts_of_tasks(host: Host) -> None:
    parent, child = host.make("a", state=State.META), host.make("a/b", state=State.RUNNING)
    for name in ("a", "a/b"):
        host.made(name)
    for name, threads in (("a", 1), ("a/b", 3)):
        group = host.driver.locate(
            name, lambda n: host.driver.default_controllers(n.count("/") + 1)
        )
        host.driver.attach(group, host.fake.spawn(threads=threads))
    assert host.get(parent, "process_count") == "2"
    assert host.get(child, "process_count") == "1"
    assert host.get(parent, "thread_count") == "4"
    assert host.get(child, "thread_count") == "3"


def test_a_dead_container_without_groups_has_no_tasks(host: Host) -> None:
    record = host.make("a", state=State.DEAD)
    assert host.get(record, "process_count") == "0"
    assert host.get(record, "thread_count") == "0"
