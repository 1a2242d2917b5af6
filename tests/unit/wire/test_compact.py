"""The codec of portoctl against the protobuf runtime."""

import pytest

from porto.wire import rpc_pb2
from porto.wire.compact import decode, encode
from porto.wire.framing import varint
from porto.wire.tables import MESSAGES


def filled(message: object, depth: int = 0) -> object:
    """A message with every field set, down to a depth."""
    for number, field in enumerate(message.DESCRIPTOR.fields, 1):
        target = getattr(message, field.name)
        repeated = hasattr(target, "append") and not isinstance(target, str)
        if field.message_type is not None:
            if depth < 3 or field.is_required:
                filled(target.add() if repeated else target, depth + 1)
                (target[-1] if repeated else target).SetInParent()
            continue
        value = {
            field.CPPTYPE_STRING: f"text {number} é",
            field.CPPTYPE_BOOL: True,
            field.CPPTYPE_ENUM: 11,
            field.CPPTYPE_INT32: -number,
            field.CPPTYPE_INT64: -(1 << 40),
            field.CPPTYPE_UINT32: (1 << 32) - 1,
            field.CPPTYPE_UINT64: (1 << 64) - 1,
            field.CPPTYPE_DOUBLE: 0.25 * number,
        }[field.cpp_type]
        if repeated:
            target.extend([value, value])
        else:
            setattr(message, field.name, value)
    return message


def plain(message: object) -> dict:
    """A protobuf message as the dict that the codec makes of it."""
    out = {}
    for field, value in message.ListFields():
        repeated = hasattr(value, "append") and not isinstance(value, str)
        if field.message_type is not None:
            value = [plain(item) for item in value] if repeated else plain(value)
        elif repeated:
            value = list(value)
        out[field.name] = value
    return out


@pytest.mark.parametrize("name", ["TContainerRequest", "TContainerResponse"])
def test_every_field_is_read_and_written_as_protobuf_does(name: str) -> None:
    message = filled(getattr(rpc_pb2, name)())
    wanted = plain(message)
    assert decode(name, message.SerializeToString()) == wanted
    again = getattr(rpc_pb2, name).FromString(encode(name, wanted))
    assert again == message


def test_an_empty_sub_message_is_present() -> None:
    request = rpc_pb2.TContainerRequest.FromString(encode("TContainerRequest", {"version": {}}))
    assert request.HasField("version")


def test_unknown_fields_are_skipped() -> None:
    data = rpc_pb2.TContainerRequest()
    data.create.name = "a"
    noise = b"\xf8\x3f\x05" + b"\xfa\x3f\x03abc" + b"\xfd\x3f1234" + b"\xf9\x3f12345678"
    assert decode("TContainerRequest", noise + data.SerializeToString()) == {
        "create": {"name": "a"}
    }


def test_bytes_that_are_no_text_survive() -> None:
    data = encode("TContainerGetPropertyResponse", {"value": "\udcff\udc80x"})
    assert b"\xff\x80x" in data
    assert decode("TContainerGetPropertyResponse", data) == {"value": "\udcff\udc80x"}


def test_every_cut_is_noticed() -> None:
    data = encode("TContainerResponse", {"errorMsg": "some text", "timestamp": 1 << 40})
    for end in range(1, len(data)):
        try:
            got = decode("TContainerResponse", data[:end])
        except ValueError:
            continue
        assert got == {"errorMsg": "some text"}, f"cut at {end}"


@pytest.mark.parametrize(
    "data",
    [b"\x08", b"\x12\x05ab", b"\x0b", b"\xff" * 11, b"\x0a\x00", b"\x10\x01"],
)
def test_garbage_raises_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode("TContainerResponse", data)


def test_a_message_nested_without_end_is_refused() -> None:
    MESSAGES["Nest"] = {"nest": (1, "message", False, "Nest")}
    try:
        data = b""
        for _ in range(100):
            data = b"\x0a" + varint(len(data)) + data
        with pytest.raises(ValueError, match="deeply"):
            decode("Nest", data)
    finally:
        del MESSAGES["Nest"]
