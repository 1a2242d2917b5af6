"""Bytes as messages, and texts within them."""

import pytest

from porto.wire import rpc_pb2
from porto.wire.framing import varint
from porto.wire.messages import REPEATED_MAX, check_texts, parse

Request = rpc_pb2.TContainerRequest


def test_a_message_comes_back() -> None:
    message = Request(create=rpc_pb2.TContainerCreateRequest(name="a"))
    assert parse(Request, message.SerializeToString()) == message


def test_a_missing_field_is_the_readers_business() -> None:
    message = parse(Request, b"\x0a\x00")
    assert message.HasField("create")
    assert not message.IsInitialized()


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05a", b"\x0a\x02\x0a\x09"])
def test_garbage_is_no_message(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(Request, data)


def get(*names: bytes) -> Request:
    body = b"".join(b"\x0a" + varint(len(name)) + name for name in names)
    return parse(Request, b"\x7a" + varint(len(body)) + body)


def test_texts_are_utf8_at_every_depth() -> None:
    check_texts(get(b"plain", "späť".encode()))
    with pytest.raises(ValueError, match="name is not valid UTF-8"):
        check_texts(get(b"plain", b"\xff"))
    single = parse(Request, b"\x0a\x03\x0a\x01\xff")
    with pytest.raises(ValueError, match="name is not valid UTF-8"):
        check_texts(single)


def test_texts_that_are_too_many_to_check_are_refused() -> None:
    many = Request(get=rpc_pb2.TContainerGetRequest(name=["a"] * (REPEATED_MAX + 1)))
    with pytest.raises(ValueError, match="more than 200000 texts"):
        check_texts(many)
