"""A client of the wire protocol with next to no cost of its own.

Frames are written by hand and replies are taken apart only as far as needed, so that a
latency row shows the daemon and not a client library. Field numbers: rpc.proto.
"""

import socket
from collections.abc import Iterator, Sequence

RPC_TIMEOUT_S = 300.0
CHUNK = 1 << 20

CREATE, DESTROY, LIST, GET_PROPERTY, SET_PROPERTY = 1, 2, 3, 4, 5
START, STOP, PROPERTY_LIST, DATA_LIST, VERSION, GET, WAIT = 7, 8, 11, 12, 14, 15, 16
REPLY_LIST, REPLY_GET_PROPERTY, REPLY_PROPERTY_LIST, REPLY_GET, REPLY_WAIT = 3, 4, 6, 10, 11
ERROR, ERROR_TEXT = 1, 2


class Refused(Exception):
    """The daemon answered with an error: its code and text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"error {code}: {text}")
        self.code = code


def varint(value: int) -> bytes:
    """Base-128 form of an unsigned number."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, value: bytes | str | int) -> bytes:
    """One field of a message: a varint, or anything with a length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def request(method: int, *fields: tuple[int, bytes | str | int]) -> bytes:
    """A whole frame that calls one method."""
    message = field(method, b"".join(field(number, value) for number, value in fields))
    return varint(len(message)) + message


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """(value, position behind it)."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message: (number, varint or bytes)."""
    at = 0
    while at < len(message):
        tag, at = read_varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = read_varint(message, at)
            yield tag >> 3, value
        elif kind == 2:
            size, at = read_varint(message, at)
            yield tag >> 3, message[at : at + size]
            at += size
        else:
            raise ValueError(f"unexpected wire type {kind}")


def texts(message: bytes, number: int) -> list[str]:
    """All values of one field as text."""
    return [v.decode() for n, v in fields(message) if n == number and isinstance(v, bytes)]


def part(message: bytes, number: int) -> bytes:
    """The first sub-message with that number, empty when there is none."""
    for found, value in fields(message):
        if found == number and isinstance(value, bytes):
            return value
    return b""


class Client:
    """One connection, one request at a time."""

    def __init__(self, path: str, timeout_s: float = RPC_TIMEOUT_S) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout_s)
        self.socket.connect(path)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; weak containers go with it."""
        self.socket.close()

    def exchange(self, frame: bytes) -> bytes:
        """Send a frame, return the whole reply frame behind its length."""
        self.socket.sendall(frame)
        data = self.socket.recv(CHUNK)
        while True:
            try:
                size, start = read_varint(data, 0)
                break
            except IndexError:
                data += self._more()
        if len(data) - start < size:
            parts, missing = [data], size - (len(data) - start)
            while missing > 0:
                parts.append(self._more())
                missing -= len(parts[-1])
            data = b"".join(parts)
        return data[start:]

    def _more(self) -> bytes:
        data = self.socket.recv(CHUNK)
        if not data:
            raise ConnectionError("portod closed the connection")
        return data

    def call(self, frame: bytes) -> bytes:
        """As `exchange`, but an error reply raises `Refused`."""
        reply = self.exchange(frame)
        code, text = 0, ""
        for number, value in fields(reply):
            if number == ERROR and isinstance(value, int):
                code = value
            elif number == ERROR_TEXT and isinstance(value, bytes):
                text = value.decode(errors="replace")
        if code:
            raise Refused(code, text)
        return reply

    # --- the requests that rows use ---

    def create(self, name: str) -> None:
        """A stopped container."""
        self.call(request(CREATE, (1, name)))

    def destroy(self, name: str) -> None:
        """The container and its children."""
        self.call(request(DESTROY, (1, name)))

    def set(self, name: str, **values: str) -> None:
        """One setProperty a value."""
        for key, value in values.items():
            self.call(request(SET_PROPERTY, (1, name), (2, key), (3, value)))

    def start(self, name: str) -> None:
        """Start and wait until it is started."""
        self.call(request(START, (1, name)))

    def wait(self, name: str) -> str:
        """Wait for the container's end, for ever; the name that ended."""
        reply = self.call(request(WAIT, (1, name)))
        return "".join(texts(part(reply, REPLY_WAIT), 1))

    def property(self, name: str, key: str) -> str:
        """One value."""
        reply = self.call(request(GET_PROPERTY, (1, name), (2, key)))
        return "".join(texts(part(reply, REPLY_GET_PROPERTY), 1))

    def names(self) -> list[str]:
        """All names."""
        return texts(part(self.call(request(LIST)), REPLY_LIST), 1)

    def version(self) -> None:
        """The cheapest request: is anybody there."""
        self.call(request(VERSION))

    def properties(self) -> list[str]:
        """Names of all properties."""
        reply = part(self.call(request(PROPERTY_LIST)), REPLY_PROPERTY_LIST)
        return [texts(row, 1)[0] for n, row in fields(reply) if isinstance(row, bytes)]

    def get(self, names: Sequence[str], keys: Sequence[str]) -> dict[str, dict[str, str]]:
        """Values by name and property; a value that cannot be read is left out."""
        reply = part(self.call(get_request(names, keys)), REPLY_GET)
        found: dict[str, dict[str, str]] = {}
        for _, entry in fields(reply):
            assert isinstance(entry, bytes)
            values = found.setdefault(texts(entry, 1)[0], {})
            for number, row in fields(entry):
                if number == 2 and isinstance(row, bytes):
                    value = texts(row, 4)
                    if value:
                        values[texts(row, 1)[0]] = value[0]
        return found


def get_request(names: Sequence[str], keys: Sequence[str]) -> bytes:
    """The frame of one get over many names and properties."""
    return request(GET, *((1, name) for name in names), *((2, key) for key in keys))
