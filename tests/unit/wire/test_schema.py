"""rpc.proto against the table of the protocol in tests/data."""

from pathlib import Path

from porto.api import dispatch
from porto.spec.errors import EError
from porto.wire import rpc_pb2

TABLE = Path(__file__).parents[2] / "data" / "wire_messages.tsv"


OURS = ("TPlan", "TObjectPlan", "TDiff", "TExplain", "TExplanation", "TEvents")
"""Beginnings of the names of messages that the original does not have."""

OUR_NUMBERS = 2000
"""The first number of a request or answer of our own, and of a property."""


def messages(container, prefix=""):
    for name, descriptor in container.items():
        yield prefix + name, descriptor
        yield from messages(descriptor.nested_types_by_name, f"{prefix}{name}.")


def rows():
    for line in TABLE.read_text().splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


def label_of(field):
    if field.is_repeated:
        return "*"
    return "R" if field.is_required else "o"


def type_of(field):
    if field.message_type is not None:
        return field.message_type.name
    if field.enum_type is not None:
        return field.enum_type.name
    types = {
        field.TYPE_STRING: "string",
        field.TYPE_BOOL: "bool",
        field.TYPE_DOUBLE: "double",
        field.TYPE_INT32: "int32",
        field.TYPE_INT64: "int64",
        field.TYPE_UINT32: "uint32",
        field.TYPE_UINT64: "uint64",
        field.TYPE_FIXED32: "fixed32",
        field.TYPE_FIXED64: "fixed64",
    }
    return types[field.type]


def default_of(field):
    if not field.has_default_value:
        return "-"
    if field.enum_type is not None:
        return field.enum_type.values_by_number[field.default_value].name
    return str(field.default_value)


def test_every_message_and_field_is_as_in_the_table():
    found = set()
    for name, descriptor in messages(rpc_pb2.DESCRIPTOR.message_types_by_name):
        if name.startswith(OURS):
            continue
        if not descriptor.fields:
            found.add((name, "-", "-", "-", "-", "-"))
        for field in descriptor.fields:
            if field.number >= OUR_NUMBERS:
                message = field.message_type
                assert message.name.startswith(OURS) if message else name == "TContainerSpec"
                continue
            found.add(
                (
                    name,
                    str(field.number),
                    label_of(field),
                    type_of(field),
                    field.name,
                    default_of(field),
                )
            )
    expected = {
        (name, number, label, kind.rpartition(".")[2], field, default)
        for name, number, label, kind, field, default in rows()
    }
    assert found == expected
    assert len({row[0] for row in found}) == 138
    assert sum(row[1] != "-" for row in found) == 691


def test_package_and_syntax():
    assert rpc_pb2.DESCRIPTOR.package == "rpc"
    assert rpc_pb2.TContainerResponse().error == EError.LostError
    assert rpc_pb2.TIncLabelRequest().add == 1


def test_error_codes_are_those_of_the_exceptions():
    wire = {
        value.name: value.number for value in rpc_pb2.DESCRIPTOR.enum_types_by_name["EError"].values
    }
    assert wire == {code.name: int(code) for code in EError}
    assert len(wire) == 41


def test_every_request_has_a_handler():
    fields = {field.name for field in rpc_pb2.TContainerRequest.DESCRIPTOR.fields}
    assert set(dispatch.table()) == fields
    assert len(fields) == 66


def test_read_only_requests():
    reads = {name for name, method in dispatch.table().items() if not method.writes}
    assert reads == {
        "version", "list", "FindLabel", "listVolumes", "listLayers", "listStorage",
        "getlayerprivate", "get", "getData", "getProperty", "dataList", "propertyList",
        "listVolumeProperties", "wait", "AsyncWait", "StopAsyncWait", "convertPath",
        "locateProcess", "GetSystem", "ListContainersBy", "GetVolume", "Plan", "Diff",
        "Explain", "Events",
    }  # fmt: skip
