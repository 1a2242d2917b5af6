"""The protocol byte by byte: frames written by hand, replies taken apart by hand.

No protobuf library takes part on this side. The same frames go to the server over
fakes, in this process, and to a real daemon.
"""

import asyncio
import itertools
import os
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.api.counters import DaemonCounters
from porto.api.server import ApiServer
from porto.kernel.file.journal import Journal
from porto.observers.events import EventLog
from porto.spec.config import Config
from porto.spec.containers.store import ContainerStore
from tests.fakes.engine import FakeEngine
from tests.fakes.foresight import FakeForesight, FakeSources
from tests.fakes.readers import FakeReaders

NUMBERS = itertools.count()
SUCCESS, INVALID_METHOD, EXISTS, MISSING = 0, 2, 3, 4
INVALID_PROPERTY, INVALID_VALUE, INVALID_STATE, PERMISSION = 5, 7, 8, 11


@pytest.fixture(scope="module")
def fakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The socket of a server without a kernel, on a loop in another thread."""
    path = tmp_path_factory.mktemp("raw") / "s"
    loop = asyncio.new_event_loop()
    store = ContainerStore(None)
    server = ApiServer(
        store=store,
        engine=FakeEngine(store),
        readers=FakeReaders(),
        foresight=FakeForesight(),
        sources=FakeSources(),
        history=EventLog(Journal(str(path.with_name("events")))),
        counters=DaemonCounters(),
        config=Config(),
        container_of=lambda pid: None,
        credentials_of=lambda peer: (os.getpid(), 0, 0),
    )
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.serve(sock), loop).result(10)
    yield str(path)
    asyncio.run_coroutine_threadsafe(server.shutdown(1.0), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture(params=["fakes", "daemon"])
def path(request: pytest.FixtureRequest) -> str:
    """The socket to talk to."""
    found = request.getfixturevalue(request.param)
    return found if isinstance(found, str) else str(Path(found.socket))


class Peer:
    """A connection that knows bytes only."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self) -> dict[int, list[int | bytes]]:
        """One reply as {field number: values}."""
        size = shift = 0
        while True:
            byte = self._exactly(1)[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return fields(self._exactly(size))

    def call(self, body: bytes) -> dict[int, list[int | bytes]]:
        self.send(framed(body))
        return self.receive()

    def error(self, body: bytes) -> int | bytes:
        """The error of a call; there is a text exactly when there is an error."""
        reply = self.call(body)
        assert len(reply[1]) == len(reply[2]) == len(reply[1000]) == 1
        assert bool(reply[1][0]) is bool(reply[2][0])
        return reply[1][0]

    def closed(self) -> bool:
        """Whether the server closes without a word."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            assert piece, "closed"
            data += piece
        return data


@pytest.fixture
def peer(path: str) -> Iterator[Peer]:
    peer = Peer(path)
    yield peer
    peer.socket.close()


@pytest.fixture
def name(peer: Peer) -> Iterator[bytes]:
    """A container of this test's own."""
    name = b"raw-%d-%d" % (os.getpid(), next(NUMBERS))
    assert peer.error(field(1, field(1, name))) == SUCCESS
    yield name
    peer.error(field(2, field(1, name)))


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return out + bytes((value,))


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def framed(body: bytes) -> bytes:
    return varint(len(body)) + body


def fields(data: bytes) -> dict[int, list[int | bytes]]:
    found: dict[int, list[int | bytes]] = defaultdict(list)
    place = 0

    def number() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(data):
        key = number()
        if key & 7 == 0:
            found[key >> 3].append(number())
        else:
            assert key & 7 == 2, key
            size = number()
            found[key >> 3].append(data[place : place + size])
            place += size
    return found


def inside(value: int | bytes) -> dict[int, list[int | bytes]]:
    assert isinstance(value, bytes)
    return fields(value)


def test_version(peer: Peer) -> None:
    peer.send(b"\x02\x72\x00")
    reply = peer.receive()
    assert reply[1] == [SUCCESS]
    assert reply[2] == [b""]
    assert set(reply) == {1, 2, 8, 1000}
    assert set(inside(reply[8][0])) == {1, 2}


def test_one_byte_at_a_time(peer: Peer) -> None:
    for byte in b"\x02\x72\x00\x82\x00\x72\x00":
        peer.send(bytes((byte,)))
    for _ in range(2):
        assert peer.receive()[1] == [SUCCESS]


def test_requests_sent_ahead_are_answered_in_order(peer: Peer, name: bytes) -> None:
    state = framed(field(4, field(1, name) + field(2, b"state")))
    missing = framed(field(4, field(1, b"no-such") + field(2, b"state")))
    peer.send(state + missing + b"\x02\x72\x00" + state)
    replies = [peer.receive() for _ in range(4)]
    assert [reply[1][0] for reply in replies] == [SUCCESS, MISSING, SUCCESS, SUCCESS]
    assert inside(replies[3][4][0])[1] == [b"stopped"]


def test_an_empty_frame_and_unknown_methods(peer: Peer) -> None:
    assert peer.error(b"") == INVALID_METHOD
    assert peer.error(field(999, b"")) == INVALID_METHOD
    assert peer.error(field(14, b"") + field(3, b"")) == INVALID_METHOD
    assert peer.error(field(14, b"") + field(999, b"x")) == SUCCESS
    assert peer.error(field(14, field(77, 5))) == SUCCESS


def test_of_several_methods_none_runs(peer: Peer, name: bytes) -> None:
    second = name + b"-x"
    assert peer.error(field(1, field(1, second)) + field(2, field(1, name))) == INVALID_METHOD
    assert peer.error(field(7, field(1, second))) == MISSING
    assert peer.error(field(4, field(1, name) + field(2, b"state"))) == SUCCESS


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x81\x80\x80\x10",  # 32 MiB and one
        b"\xff\xff\xff\xff\x0f",
        b"\x03\xff\xff\xff",
        b"\x03\x0a\x7f\x00",
        b"\x02\x0a\x00",  # create without its name
        b"\x05\x22\x03\x0a\x01a",  # getProperty without a property
    ],
)
def test_garbage_closes_the_connection(path: str, peer: Peer, garbage: bytes) -> None:
    peer.send(garbage)
    assert peer.closed()
    other = Peer(path)
    assert other.error(b"\x72\x00") == SUCCESS
    other.socket.close()


def test_life(peer: Peer, name: bytes) -> None:
    assert peer.error(field(1, field(1, name))) == EXISTS
    assert peer.error(field(5, field(1, name) + field(2, b"private") + field(3, b" x "))) == SUCCESS
    reply = peer.call(field(4, field(1, name) + field(2, b"private")))
    assert inside(reply[4][0])[1] == [b"x"]
    reply = peer.call(field(6, field(1, name) + field(2, b"state")))
    assert inside(reply[5][0])[1] == [b"stopped"]
    assert peer.error(field(9, field(1, name))) == INVALID_STATE
    assert peer.error(field(8, field(1, name) + field(2, 0))) == SUCCESS
    assert peer.error(field(13, field(1, name) + field(2, 9))) == INVALID_STATE
    reply = peer.call(field(3, field(1, name + b"*")))
    assert inside(reply[3][0])[1] == [name]
    assert peer.error(field(2, field(1, name))) == SUCCESS
    assert peer.error(field(2, field(1, name))) == MISSING


@pytest.mark.parametrize(
    "bad", [b"", b"/x", b"a//b", b"a/", b"self", b"a/self", b"a\x01", b"\xff\xfe", b"x" * 129]
)
def test_bad_names(peer: Peer, bad: bytes) -> None:
    assert peer.error(field(1, field(1, bad))) == INVALID_VALUE


def test_bad_properties(peer: Peer, name: bytes) -> None:
    def put(prop: bytes, value: bytes) -> int | bytes:
        return peer.error(field(5, field(1, name) + field(2, prop) + field(3, value)))

    assert put(b"nonsense", b"1") == INVALID_PROPERTY
    assert put(b"env[]", b"1") == INVALID_PROPERTY
    assert put(b"thread_limit", b"12Q") == INVALID_VALUE
    assert put(b"state", b"running") == INVALID_VALUE
    assert put(b"private", b"x" * (1 << 20)) == INVALID_VALUE
    assert peer.error(field(5, field(1, b"/") + field(2, b"private") + field(3, b"x"))) == (
        PERMISSION
    )
    assert peer.error(field(4, field(1, name) + field(2, b"root_pid"))) == INVALID_STATE


def test_combined_get(peer: Peer, name: bytes) -> None:
    names = field(1, name) + field(1, b"no-such-thing") + field(1, b"/")
    reply = peer.call(field(15, names + field(2, b"state") + field(2, b"root_pid")))
    entries = [inside(entry) for entry in inside(reply[10][0])[1]]
    assert [entry[1] for entry in entries] == [[name], [b"no-such-thing"], [b"/"]]
    state, root_pid = [inside(pair) for pair in entries[0][2]]
    assert (state[1], state[4]) == ([b"state"], [b"stopped"])
    assert (root_pid[1], root_pid[2]) == ([b"root_pid"], [INVALID_STATE])
    assert root_pid[3][0]
    assert [inside(pair)[2] for pair in entries[1][2]] == [[MISSING]] * 2
    assert inside(entries[2][2][0])[4] == [b"meta"]


def test_waiting(peer: Peer, name: bytes) -> None:
    reply = peer.call(field(16, field(1, name)))
    answer = inside(reply[11][0])
    assert (answer[1], answer[2]) == ([name], [b"stopped"])
    reply = peer.call(field(16, field(1, name + b"*no") + field(2, 0)))
    answer = inside(reply[11][0])
    assert (reply[1], answer[1], answer[2]) == ([SUCCESS], [b""], [b"timeout"])
    assert peer.error(field(16, b"")) == INVALID_VALUE
    reply = peer.call(field(16, field(1, b"no-such-thing")))
    assert (reply[1], inside(reply[11][0])[1]) == ([MISSING], [b"no-such-thing"])


def test_events(path: str, peer: Peer, name: bytes) -> None:
    listener = Peer(path)
    listener.send(framed(field(19, field(1, name))))
    event, reply = listener.receive(), listener.receive()
    assert set(event) == {1, 2, 19}
    assert inside(event[19][0])[2] == [b"stopped"]
    assert 19 not in reply
    assert 1000 in reply
    peer.error(field(2, field(1, name)))
    assert inside(listener.receive()[19][0])[2] == [b"destroyed"]
    listener.socket.close()


def test_weak(path: str, peer: Peer, name: bytes) -> None:
    weak = name + b"-weak"
    listener = Peer(path)
    assert listener.call(field(19, field(1, weak)))[1] == [SUCCESS]
    creator = Peer(path)
    assert creator.error(field(17, field(1, weak))) == SUCCESS
    assert inside(listener.receive()[19][0])[2] == [b"stopped"]
    creator.socket.close()
    assert inside(listener.receive()[19][0])[2] == [b"destroyed"]
    listener.socket.close()
    assert peer.error(field(2, field(1, weak))) == MISSING
