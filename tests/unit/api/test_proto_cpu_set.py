"""TContainerCpuSet: each form there and back."""

import pytest

from porto.api.proto_codec import changes, fill_spec, fill_status
from porto.spec.containers.spec import PROPERTIES
from porto.spec.errors import InvalidValue
from porto.wire import rpc_pb2

PROP = PROPERTIES["cpu_set"]


def asked(**fields: object) -> list[tuple[str, str]]:
    spec = rpc_pb2.TContainerSpec(name="a", cpu_set=rpc_pb2.TContainerCpuSet(**fields))
    return list(changes(spec, lambda prop: prop.default))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"policy": "inherit"}, ""),
        ({"policy": "set", "list": "0-1,3"}, "0-1,3"),
        ({"policy": "set", "cpu": [3, 1, 0]}, "0-1,3"),
        ({"cpu": [2]}, "2"),
        ({"list": "2"}, "2"),
        ({"policy": "node", "arg": 0}, "node 0"),
        ({"policy": "cores", "arg": 2}, "cores 2"),
        ({"policy": "threads", "arg": 3}, "threads 3"),
        ({"policy": "reserve", "arg": 4}, "reserve 4"),
    ],
)
def test_a_message_sets_what_the_text_sets(fields: dict[str, object], text: str) -> None:
    assert asked(**fields) == [("cpu_set", text)]
    spec = rpc_pb2.TContainerSpec()
    fill_spec(spec, PROP, PROP.codec.parse(text), text)
    assert list(changes(spec, lambda prop: prop.default)) == [("cpu_set", text)]


@pytest.mark.parametrize(
    "fields",
    [
        {"policy": "cores"},
        {"policy": "threads", "arg": 0},
        {"policy": "some", "arg": 1},
        {"policy": "set", "list": "x"},
        {"policy": "jail", "arg": 1},
        {"cpu": [65536]},
    ],
)
def test_a_bad_message_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidValue, match="cpu_set of a"):
        asked(**fields)


def test_the_affinity_is_a_list_and_numbers() -> None:
    status = rpc_pb2.TContainerStatus()
    fill_status(status, PROPERTIES["cpu_set_affinity"], lambda index: "0-2,5")
    assert status.cpu_set_affinity.list == "0-2,5"
    assert list(status.cpu_set_affinity.cpu) == [0, 1, 2, 5]
    assert status.cpu_set_affinity.count == 4
