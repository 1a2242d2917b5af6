"""Messages of the link: round trips, descriptors, and what is not understood."""

import os
import socket
from collections.abc import Iterator

import pytest

from porto.launcher import link

Pair = tuple[socket.socket, socket.socket]


def rest(packet: link.Packet) -> bytes:
    """What follows the array, wherever it is."""
    if packet.memory is None:
        return bytes(packet.rest)
    return os.pread(packet.memory, 1 << 30, packet.offset)


@pytest.fixture
def pair() -> Iterator[Pair]:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with left, right:
        yield left, right


@pytest.mark.parametrize(
    "message",
    [
        ["ready"],
        ["failed", "a/b:1", "Mount", 2, "путь"],
        ["launched", "x", 1, None, True, [["nested", {"a": 1.5}]]],
        ["bytes", os.fsdecode(b"\xff\xfe\n")],
    ],
)
def test_a_message_arrives_as_it_was(pair: Pair, message: list[object]) -> None:
    link.send(pair[0], link.encode(message))
    packet = link.receive(pair[1])
    assert (packet.message, rest(packet), packet.fds) == (message, b"", [])


@pytest.mark.parametrize("size", [0, 1000, 100_000, 3_000_000])
def test_what_follows_arrives_unread(pair: Pair, size: int) -> None:
    tail = b"\n{" * (size // 2)
    link.send(pair[0], link.encode(["launch"]) + b"\n" + tail)
    packet = link.receive(pair[1])
    assert (packet.message, packet.fds) == (["launch"], [])
    assert rest(packet) == tail
    packet.close()


@pytest.mark.parametrize("size", [10, 100_000])
def test_descriptors_arrive_in_order_and_are_not_inherited(pair: Pair, size: int) -> None:
    files = [os.memfd_create(f"n{number}") for number in range(5)]
    for number, fd in enumerate(files):
        os.write(fd, b"%d" % number)
    before = set(os.listdir("/proc/self/fd"))
    link.send(pair[0], link.encode(["a", "x" * size]), files)
    packet = link.receive(pair[1])
    assert packet.message == ["a", "x" * size]
    assert [os.pread(fd, 9, 0) for fd in packet.fds] == [b"0", b"1", b"2", b"3", b"4"]
    assert not any(os.get_inheritable(fd) for fd in packet.fds)
    packet.close()
    assert set(os.listdir("/proc/self/fd")) == before  # no memfd is left
    link.close_all(files)


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_closed_packet_leaves_nothing(pair: Pair, size: int) -> None:
    body = link.encode(["launch", 1]) + b"\n" + b"s" * size
    with open("/dev/null", "rb") as file:
        link.send(pair[0], body, [file.fileno()])
    before = set(os.listdir("/proc/self/fd"))
    link.receive(pair[1]).close()
    assert set(os.listdir("/proc/self/fd")) == before
    # What follows the array is a container's secret.
    assert b"s" * 10 not in bytes(link._buffer)


def test_nothing_there_and_nobody_there(pair: Pair) -> None:
    with pytest.raises(BlockingIOError):
        link.receive(pair[1])
    pair[0].close()
    packet = link.receive(pair[1])
    assert (packet.message, packet.fds) == (None, [])
    packet.close()
    with pytest.raises(OSError, match="Broken pipe"):
        link.send(pair[1], b'["a"]')


def test_a_full_socket_blocks_nobody(pair: Pair) -> None:
    body = link.encode(["x" * 10_000])

    def fill() -> None:
        for _ in range(10_000):
            link.send(pair[0], body)

    with pytest.raises(BlockingIOError):
        fill()


@pytest.mark.parametrize("data", [b"{}", b"1", b"[]", b"no", b"\xff", b"\0", b'["a"', b"\n[1]"])
def test_what_is_no_message_is_refused_and_its_descriptors_closed(pair: Pair, data: bytes) -> None:
    before = set(os.listdir("/proc/self/fd"))
    with open("/dev/null", "rb") as file:
        if data == b"\0":
            pair[0].send(data)  # the marker of a big body, without the body
        else:
            socket.send_fds(pair[0], [data], [file.fileno()])
    with pytest.raises(ValueError, match="cannot read a message of the link"):
        link.receive(pair[1])
    assert set(os.listdir("/proc/self/fd")) == before


def test_too_many_descriptors_are_an_error_of_the_caller(pair: Pair) -> None:
    with pytest.raises(ValueError, match="cannot pass 300 descriptors: more than 250"):
        link.send(pair[0], b"[1]", [0] * 300)
