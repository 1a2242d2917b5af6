"""Disk IO in the messages TContainerSpec and TContainerStatus."""

import pytest

from porto.api import proto_codec
from porto.spec.containers.spec import find_property
from porto.spec.errors import InvalidValue
from porto.wire import rpc_pb2


def filled(name: str, text: str) -> rpc_pb2.TContainerSpec:
    prop = find_property(name)
    value = prop.parse("a", text)
    spec = rpc_pb2.TContainerSpec()
    proto_codec.fill_spec(spec, prop, value, prop.codec.format(value))
    return spec


def test_maps_numbers_and_words_are_told() -> None:
    entries = filled("io_limit", "sda r: 1K; /: 5").io_limit.map
    assert [(entry.key, entry.val) for entry in entries] == [("/", 5), ("sda r", 1024)]
    assert [entry.key for entry in filled("io_ops_limit", "7").io_ops_limit.map] == ["fs"]
    assert filled("io_weight", "2.5").io_weight == 2.5
    assert filled("io_policy", "").io_policy == "none"


def test_readings_are_told() -> None:
    status = rpc_pb2.TContainerStatus()
    proto_codec.fill_status(status, find_property("io_read"), lambda index: "hw: 3; sda: 3")
    assert [(entry.key, entry.val) for entry in status.io_read.map] == [("hw", 3), ("sda", 3)]


def test_the_message_is_read_back() -> None:
    spec = rpc_pb2.TContainerSpec(name="a", io_weight=2.5, io_policy="batch")
    spec.io_limit.map.add(key="sda  w", val=9)
    spec.io_limit.merge = True
    changes = proto_codec.changes(spec, lambda prop: (("/", 5),) if prop.name == "io_limit" else ())
    assert dict(changes) == {
        "io_policy": "batch",
        "io_weight": "2.5",
        "io_limit": "/: 5; sda w: 9",
    }


def test_a_weight_that_is_no_number_is_refused() -> None:
    spec = rpc_pb2.TContainerSpec(name="a", io_weight=float("nan"))
    with pytest.raises(InvalidValue, match="io_weight of a"):
        list(proto_codec.changes(spec, lambda prop: ()))
