"""Messages between the master and its daemon: JSON arrays over a SOCK_SEQPACKET pair.

Both ends use it: master.py and client.py. One datagram is one message, [kind, ...];
descriptors travel beside it (SCM_RIGHTS). A body that does not fit into a datagram
goes in a memfd, passed as the last descriptor behind a marker. A line feed may end the
array: what follows it, the tail, is passed on unread (the operations of a launch, which
only the launched child looks at). man 7 unix.

    daemon to master                     master to daemon
    hello VERSION                        launched ID INIT START TASK START VPID
    launch ID FLAGS NS CGROUP TIME + ops failed ID OP ERRNO SUBJECT
    ack ID                               exited ID PID STATUS
    forget ID                            pending ID
                                         ready
"""

from __future__ import annotations

import array
import json
import os
import socket
from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Message = list[Any]

VERSION = 1


_BODY = 48 << 10  # fits the default socket buffer several times
_MAX_FDS = 250  # SCM_MAX_FD is 253
_MARKER = b"\0"
_LINE_FEED = 10
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_decode = json.JSONDecoder().decode
_ANCILLARY = socket.CMSG_SPACE((_MAX_FDS + 1) * 4)
_SEND = socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT


def encode(value: Sequence[Any]) -> bytes:
    """JSON on one line; lone surrogates (undecodable bytes of names) survive."""
    return _encode(value).encode("ascii")


def decode(text: bytes) -> Message:
    """What `encode` made; ValueError for anything but an array."""
    value = _decode(text.decode("ascii"))
    if not isinstance(value, list):
        raise ValueError("not an array")
    return value


def send(sock: socket.socket, body: bytes, fds: Sequence[int] = ()) -> None:
    """Send one message whole; BlockingIOError when the socket buffer is full.

    The descriptors stay open here.
    """
    if len(fds) > _MAX_FDS:
        raise ValueError(f"cannot pass {len(fds)} descriptors: more than {_MAX_FDS}")
    if len(body) <= _BODY:
        _send(sock, body, fds)
        return
    memory = os.memfd_create("porto-link", os.MFD_CLOEXEC)
    try:
        rest = memoryview(body)
        while rest:
            rest = rest[os.write(memory, rest) :]
        _send(sock, _MARKER, (*fds, memory))
    finally:
        os.close(memory)


def _send(sock: socket.socket, data: bytes | memoryview, fds: Sequence[int]) -> None:
    if fds:
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))
        sock.sendmsg((data,), (rights,), _SEND)
    else:
        sock.send(data, _SEND)


class Packet:
    """A received message and what came with it, now the receiver's.

    message -- the array; None at end of file
    fds     -- descriptors, not inheritable
    """

    __slots__ = ("_big", "_view", "fds", "message")

    def __init__(
        self, message: Message | None, view: memoryview, fds: list[int], big: int | None
    ) -> None:
        self.message = message
        self.fds = fds
        self._view = view
        self._big = big

    def tail(self) -> bytes:
        """What follows the array; for the last receiver, once."""
        return self._body().partition(b"\n")[2]

    def head(self) -> bytes:
        """The array's text; a big tail is not even read."""
        for end, byte in enumerate(self._view):
            if byte == _LINE_FEED:
                return bytes(self._view[:end])
        return self._body()

    def _body(self) -> bytes:
        if self._big is None:
            return bytes(self._view)
        return os.pread(self._big, os.fstat(self._big).st_size, 0)

    def pass_on(self, sock: socket.socket) -> None:
        """Send it, with its descriptors, to another process."""
        if self._big is None:
            _send(sock, self._view, self.fds)
        else:
            _send(sock, _MARKER, (*self.fds, self._big))

    def close(self) -> None:
        """Close the descriptors and wipe the buffer.

        The master's memory is copied into every launched child: it must not show one
        container the environment of another.
        """
        close_all(self.fds)
        if self._big is not None:
            os.close(self._big)
        self._view[:] = bytes(len(self._view))


_buffer = memoryview(bytearray(_BODY + 1))


def receive(sock: socket.socket, *, wait: bool = False) -> Packet:
    """The next message; valid until the next call, then to be closed.

    BlockingIOError when there is none, ValueError for one that is not understood.
    """
    flags = socket.MSG_CMSG_CLOEXEC | (0 if wait else socket.MSG_DONTWAIT)
    size, ancillary, _, _ = sock.recvmsg_into((_buffer,), _ANCILLARY, flags)
    fds = array.array("i")
    for level, kind, raw in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(raw[: len(raw) - len(raw) % fds.itemsize])
    passed = list(fds)
    big = passed.pop() if _buffer[:size] == _MARKER and passed else None
    if big is not None:
        size = os.preadv(big, (_buffer,), 0)
    packet = Packet(None, _buffer[:size], passed, big)
    if size:
        try:
            packet.message = decode(packet.head())
            if not packet.message:
                raise ValueError("empty")
        except ValueError as error:
            packet.close()
            raise ValueError(f"cannot read a message of the link: {error}") from error
    return packet


def close_all(fds: Sequence[int]) -> None:
    """Close passed descriptors."""
    for fd in fds:
        os.close(fd)
