"""What follows from properties and ancestors is one answer for everybody who asks."""

import pytest

from porto.spec.containers import effective
from porto.spec.containers.kind import CONTAINER
from porto.spec.containers.names import level
from porto.spec.containers.record import ContainerRecord
from tests.fakes.starts import record


def line(*specs: dict[str, str]) -> tuple[ContainerRecord, ...]:
    """A container and its ancestors, nearest first, by their properties."""
    names = ["/".join("abcdef"[:depth]) for depth in range(len(specs), 0, -1)]
    return tuple(record(name, **values) for name, values in zip(names, specs, strict=True))


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, ("root", "")),
        ({"owner_user": "alice", "owner_group": "staff"}, ("alice", "staff")),
        ({"owner_user": "alice", "user": "bob"}, ("bob", "")),
        ({"owner_user": "alice", "owner_group": "staff", "group": "g"}, ("alice", "g")),
        ({"owner_user": "alice", "user": "bob", "virt_mode": "os"}, ("root", "root")),
    ],
)
def test_whose_the_task_is(values: dict[str, str], names: tuple[str, str]) -> None:
    assert effective.task_names(record("a", **values).spec) == names


@pytest.mark.parametrize("owner", ["", "root"])
def test_an_owner_who_was_never_set_is_root(owner: str) -> None:
    assert CONTAINER.owner(record("a/b", owner_user=owner)) == "a/"


@pytest.mark.parametrize(
    ("values", "is_meta"),
    [
        ({}, True),
        ({"command": "true"}, False),
        ({"virt_mode": "os"}, False),
    ],
)
def test_who_runs_no_command(values: dict[str, str], is_meta: bool) -> None:
    assert effective.is_meta(record("a", **values).spec) is is_meta


@pytest.mark.parametrize(
    ("lineage", "access"),
    [
        (({},), "true"),
        (({}, {"enable_porto": "isolate"}), "true"),
        (({}, {"enable_porto": "read-isolate"}), "read-only"),
        (({}, {"enable_porto": "false"}), "false"),
        (({"enable_porto": "true"}, {"enable_porto": "false"}), "true"),
        (({}, {}, {"enable_porto": "read-only"}), "read-only"),
    ],
)
def test_access_that_was_not_set_follows_the_parents(
    lineage: tuple[dict[str, str], ...], access: str
) -> None:
    assert effective.enable_porto(line(*lineage)) == access


@pytest.mark.parametrize(
    ("lineage", "reads", "writes"),
    [
        (({},), "", ""),
        (({"porto_namespace": "x"}, {"porto_namespace": "y/"}), "y/x", "y/x"),
        (({"enable_porto": "isolate"}, {"porto_namespace": "y/"}), "a/b/", "a/b/"),
        (({"porto_namespace": "x"}, {"enable_porto": "read-isolate"}), "a/x", "a/x"),
        (({"enable_porto": "child-only"}, {"porto_namespace": "y/"}), "y/", "a/b/"),
    ],
)
def test_where_names_begin(lineage: tuple[dict[str, str], ...], reads: str, writes: str) -> None:
    records = line(*lineage)
    assert effective.namespace(records, effective.READING_ENDS) == reads
    assert effective.namespace(records, effective.WRITING_ENDS) == writes


@pytest.mark.parametrize(
    ("lineage", "path"),
    [
        (({},), "/place/a"),
        (({"virt_mode": "os"},), "/"),
        (({"cwd": "x"}, {"cwd": "y"}, {"cwd": "/z"}), "/z/y/x"),
        (({"cwd": "x"}, {}, {}), "/place/a/b/c"),
        (({}, {"cwd": "/z"}), "/z"),
        (({"virt_mode": "os", "cwd": "/w/"},), "/w"),
    ],
)
def test_the_working_directory(lineage: tuple[dict[str, str], ...], path: str) -> None:
    assert effective.cwd(line(*lineage), "/place") == path


@pytest.mark.parametrize(
    ("name", "values", "limit"),
    [
        ("a", {}, 500),
        ("a/b", {}, None),
        ("a", {"thread_limit": "7"}, 7),
        ("a/b", {"thread_limit": "7"}, 7),
        ("a", {"thread_limit": "0"}, 0),
    ],
)
def test_the_limit_of_threads(name: str, values: dict[str, str], limit: int | None) -> None:
    assert record(name, **values).spec.pids.limit(level(name), 500) == limit


def test_no_default_is_no_limit_of_threads() -> None:
    assert record("a").spec.pids.limit(1, 0) is None


@pytest.mark.parametrize("default", [True, False])
def test_pressure_is_the_configurations_unless_it_is_set(default: bool) -> None:
    assert record("a").spec.pressure.is_asked(default) is default
    for text in ("true", "false"):
        chosen = record("a", pressurize_on_death=text).spec
        assert chosen.pressure.is_asked(default) is (text == "true")
