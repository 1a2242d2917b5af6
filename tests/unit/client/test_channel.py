"""Frames on the wire."""

import socket

import pytest

from porto.client.channel import Channel, ConnectionLost
from porto.wire.framing import frame


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    yield channel, theirs
    channel.close()
    theirs.close()


def test_messages_split_and_joined_anywhere(pair) -> None:
    channel, theirs = pair
    messages = [b"", b"a", b"x" * 127, b"y" * 128, b"z" * 5000]
    stream = b"".join(map(frame, messages))
    for at in (1, 2, 3, 130, 131, 132, 260, len(stream) - 1):
        theirs.sendall(stream[:at])
        theirs.sendall(stream[at:])
        assert [channel.receive() for _ in messages] == messages


def test_byte_by_byte(pair) -> None:
    channel, theirs = pair
    for byte in frame(b"h" * 200):
        theirs.sendall(bytes([byte]))
    assert channel.receive() == b"h" * 200


def test_a_closed_connection_is_told_from_an_unread_one(pair) -> None:
    channel, theirs = pair
    channel.send(b"request")
    theirs.close()
    with pytest.raises(ConnectionLost) as caught:
        channel.receive()
    assert caught.value.unread


def test_a_request_that_was_read_may_have_been_acted_upon(pair) -> None:
    channel, theirs = pair
    channel.send(b"request")
    theirs.recv(100)
    theirs.close()
    with pytest.raises(ConnectionLost) as caught:
        channel.receive()
    assert not caught.value.unread


def test_a_count_without_end_is_no_protocol(pair) -> None:
    channel, theirs = pair
    theirs.sendall(b"\xff" * 64)
    with pytest.raises(ConnectionLost, match="no protocol"):
        channel.receive()


def test_time_is_over(pair) -> None:
    channel, _ = pair
    with pytest.raises(TimeoutError):
        channel.receive(0.0)
