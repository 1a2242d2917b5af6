"""The table of readers, settable properties as shown, and raw knobs."""

import errno
import json

import pytest

from porto.observers.readers import COMPUTED, READERS, ROOT_READERS, ROOT_SPEC
from porto.spec.containers.spec import PROPERTIES, SPEC_PROPERTIES
from porto.spec.containers.status import State
from porto.spec.errors import InvalidProperty, InvalidState, InvalidValue, PortoError, Unknown
from porto.spec.records.status import Condition
from tests.unit.observers.hosts import Host

STATUS = {prop.name for prop in PROPERTIES.values() if not prop.facet}
OURS = {"porto_status", "porto_origins"}


def test_every_status_property_has_a_reader() -> None:
    assert READERS.keys() >= STATUS
    assert READERS.keys() <= STATUS | OURS


def test_every_status_property_of_the_host_has_a_reader() -> None:
    settable = {prop.name for prop in SPEC_PROPERTIES}
    assert ROOT_READERS.keys() - settable == READERS.keys()


def test_the_exceptions_are_settable_properties() -> None:
    names = {prop.name for prop in SPEC_PROPERTIES}
    assert COMPUTED.keys() <= names
    assert ROOT_SPEC.keys() <= names


@pytest.mark.parametrize("name", sorted(STATUS))
@pytest.mark.parametrize("state", list(State))
def test_every_status_property_answers_in_every_state(host: Host, name: str, state: State) -> None:
    """A text or an error of ours, never an accident."""
    record = host.make("a", state=state, start_mono=900.0, death_mono=950.0)
    for index in (None, "", "x", "raw", "dead", "0:1", "é\0"):
        try:
            assert isinstance(host.get(record, name, index), str)
        except PortoError as error:
            assert name in str(error)  # noqa: PT017


@pytest.mark.parametrize("name", sorted(PROPERTIES))
def test_every_property_of_the_host_answers(host: Host, name: str) -> None:
    for index in (None, "x"):
        try:
            assert isinstance(host.get_root(name, index), str)
        except PortoError as error:
            assert name in str(error)  # noqa: PT017


@pytest.mark.parametrize("prop", SPEC_PROPERTIES, ids=lambda prop: prop.name)
def test_every_settable_property_shows_its_default(host: Host, prop) -> None:
    record = host.make("a")
    if prop.name not in COMPUTED:
        assert host.get(record, prop.name) == prop.codec.format(prop.default)


def test_an_index_of_a_plain_property_is_refused(host: Host) -> None:
    record = host.make("a")
    with pytest.raises(InvalidValue, match=r"cannot get command\[x\] of a: .*no elements"):
        host.get(record, "command", "x")
    with pytest.raises(InvalidValue, match=r"cannot get state\[x\] of a"):
        host.get(record, "state", "x")


def test_an_element_of_an_indexed_property(host: Host) -> None:
    record = host.make("a", {"labels": "AA.x: 1; AA.y: 2"})
    assert host.get(record, "labels", "AA.y") == "2"
    with pytest.raises(PortoError, match=r"cannot get labels\[AA.z\] of a"):
        host.get(record, "labels", "AA.z")


def test_thread_limit_has_a_default_at_the_first_level(host: Host) -> None:
    assert host.get(host.make("a"), "thread_limit") == "10000"
    assert host.get(host.make("a/b"), "thread_limit") == ""
    assert host.get(host.make("c", {"thread_limit": "10K"}), "thread_limit") == "10240"


@pytest.mark.parametrize(
    ("chain", "shown"),
    [
        ([None], "true"),
        (["none"], "false"),
        (["false", None], "false"),
        (["read-only", None], "read-only"),
        (["read-isolate", None], "read-only"),
        (["isolate", None], "true"),
        (["child-only", None, None], "true"),
        (["read-isolate", None, None], "read-only"),
        (["read-only", "true"], "true"),
    ],
)
def test_enable_porto_follows_the_parent(host: Host, chain: list[str | None], shown: str) -> None:
    name = ""
    for value in chain:
        name = f"{name}/x" if name else "x"
        record = host.make(name, {"enable_porto": value} if value else None)
    assert host.get(record, "enable_porto") == shown


def test_a_raw_knob_is_the_files_text(host: Host) -> None:
    record = host.make("a", state=State.RUNNING)
    host.made("a")
    assert host.readers.read_knob(record, "pids.max") == "max\n"
    assert host.readers.read_knob(record, "freezer.state") == "THAWED\n"


def test_a_raw_knob_of_a_child_is_its_ancestors(host: Host) -> None:
    host.make("a", state=State.META)
    record = host.make("a/b", state=State.RUNNING)
    host.made("a")
    host.made("a/b")
    group = host.driver.locate("a", lambda _: host.driver.default_controllers(1))
    host.driver.write(group, "pids", "pids.max", "33")
    assert host.readers.read_knob(record, "pids.max") == "33\n"


def test_a_stopped_container_has_no_knobs(host: Host) -> None:
    with pytest.raises(InvalidState, match=r"cannot get pids.max of a"):
        host.readers.read_knob(host.make("a"), "pids.max")


@pytest.mark.parametrize(
    "name",
    [
        "pids.nothing",
        "pid.max",
        "nothing.x",
        "pids.../../x",
        "pids./etc/passwd",
        "pids.",
        "pids.a\0",
    ],
)
def test_an_unknown_knob_is_an_unknown_property(host: Host, name: str) -> None:
    record = host.make("a", state=State.RUNNING)
    host.made("a")
    with pytest.raises(InvalidProperty, match="cannot get"):
        host.readers.read_knob(record, name)


def test_a_failing_knob_says_why(host: Host) -> None:
    record = host.make("a", state=State.RUNNING)
    host.made("a")
    host.fake.fail("read", "pids.max", errno.EIO)
    with pytest.raises(Unknown, match=r"cannot get pids\.max of a: Input/output error"):
        host.readers.read_knob(record, "pids.max")


def test_the_controllers_of_the_start_decide(host: Host) -> None:
    host.make("a", state=State.META)
    record = host.make("a/b", state=State.RUNNING, controllers="freezer;pids")
    host.made("a")
    group = host.driver.locate(
        "a/b",
        lambda n: (
            host.driver.default_controllers(1) if n == "a" else frozenset({"freezer", "pids"})
        ),
    )
    host.driver.create(group)
    host.driver.write(group, "pids", "pids.max", "5")
    assert host.readers.read_knob(record, "pids.max") == "5\n"


def test_counters(host: Host) -> None:
    record = host.make("a")
    assert host.get(record, "porto_stat") == "clients: 1; containers: 3"
    assert host.get(record, "porto_stat", "containers") == "3"
    with pytest.raises(InvalidValue, match=r"porto_stat\[x\] of a: no such counter"):
        host.get(record, "porto_stat", "x")


def test_status_and_origins_are_json(host: Host) -> None:
    condition = Condition("Stuck", "pids", "cannot set thread_limit of a to 1: why")
    record = host.make("a", conditions=(condition,))
    status = json.loads(READERS["porto_status"](host.readers._sources, record, None, None))
    assert status["conditions"][0]["facet"] == "pids"
    assert status["wanted"] == "stopped"
    assert READERS["porto_origins"](host.readers._sources, record, None, None) == "{}"


def test_the_host_itself(host: Host) -> None:
    shown = {
        "absolute_name": "/",
        "absolute_namespace": "/porto/",
        "parent": "",
        "id": "1",
        "level": "0",
        "state": "meta",
        "root_pid": "1",
        "isolate": "false",
        "command": "",
        "cwd": "/",
        "porto_namespace": "/porto/",
    }
    assert {name: host.get_root(name) for name in shown} == shown
    assert int(host.get_root("time")) > 0
    assert int(host.get_root("thread_count")) >= int(host.get_root("process_count")) > 0
