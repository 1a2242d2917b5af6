"""Messages between the master and its daemon: JSON arrays over a SOCK_SEQPACKET pair.

Both ends use it: master.py and client.py. One datagram is one message, [kind, ...];
descriptors travel beside it (SCM_RIGHTS). A body that does not fit into a datagram
goes in a memfd, passed as the last descriptor behind a marker. A line feed may end the
array: what follows it is passed on unread (the operations of a launch, encoding.py, which
only the launched child looks at). man 7 unix.

    daemon to master                     master to daemon
    hello VERSION                        launched ID INIT START TASK START VPID
    launch ID FLAGS NS CGROUP TIME       failed ID OP ERRNO SUBJECT
        [PINS] + operations              exited ID PID STATUS
    run (the same; without a program)    pending ID
    ack ID                               finished ID NAMESPACES
    forget ID                            pin ID NAMESPACES
    fetch ID FLAG                        descriptor ID FLAG (and the descriptor, if any)
                                         ready VERSION

PINS is a list of [INDEX, ID, FLAG]: the pinned namespaces that take the places INDEX among
the passed descriptors, in ascending order. NAMESPACES is a list of [FLAG, DEVICE, INODE].
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

VERSION = 3

_BODY = 48 << 10  # fits the default socket buffer several times
_MAX_FDS = 250  # SCM_MAX_FD is 253
_MARKER = b"\0"
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_decode = json.JSONDecoder().decode
_ANCILLARY = socket.CMSG_SPACE((_MAX_FDS + 1) * 4)
_SEND = socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT
_RECEIVE = socket.MSG_CMSG_CLOEXEC | socket.MSG_DONTWAIT


def encode(value: Sequence[Any]) -> bytes:
    """JSON on one line; lone surrogates (undecodable bytes of names) survive."""
    return _encode(value).encode("ascii")


def decode(text: bytes | bytearray) -> Message:
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


def _send(sock: socket.socket, data: bytes, fds: Sequence[int]) -> None:
    if fds:
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))
        sock.sendmsg((data,), (rights,), _SEND)
    else:
        sock.send(data, _SEND)


class Packet:
    """A received message and what came with it, now the receiver's.

    message -- the array; None at end of file
    fds     -- descriptors, not inheritable
    rest    -- what follows the array; valid until the next `receive`
    memory  -- a memfd instead, that holds it from `offset` on
    """

    __slots__ = ("_size", "fds", "memory", "message", "offset", "rest")

    def __init__(self, fds: list[int], memory: int | None) -> None:
        self.message: Message | None = None
        self.fds = fds
        self.memory = memory
        self.offset = 0
        self.rest = memoryview(b"")
        self._size = 0

    def read(self, size: int) -> None:
        """Take the array from the first `size` bytes of the buffer, or from the memfd."""
        text = _buffer
        self._size = size
        end = text.find(b"\n", 0, size)
        if self.memory is None:
            self.rest = memoryview(_buffer)[size if end < 0 else end + 1 : size]
        elif end < 0:
            text = bytearray(os.pread(self.memory, os.fstat(self.memory).st_size, 0))
            end = text.find(b"\n")
            size = len(text)
        self.offset = size if end < 0 else end + 1
        self.message = decode(text[: size if end < 0 else end])
        if not self.message:
            raise ValueError("empty")

    def close(self) -> None:
        """Close the descriptors and wipe the buffer: environments are secrets."""
        close_all(self.fds)
        _buffer[: self._size] = bytes(self._size)
        if self.memory is not None:
            os.close(self.memory)


_buffer = bytearray(_BODY + 1)


def receive(sock: socket.socket) -> Packet:
    """The next message; valid until the next call, then to be closed.

    BlockingIOError when there is none, ValueError for one that is not understood.
    """
    size, ancillary, _, _ = sock.recvmsg_into((_buffer,), _ANCILLARY, _RECEIVE)
    passed: list[int] = []
    for level, kind, raw in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            passed += array.array("i", raw[: len(raw) - len(raw) % 4])
    memory = passed.pop() if size == 1 and _buffer[0] == 0 and passed else None
    packet = Packet(passed, memory)
    if size:
        try:
            if memory is not None:
                size = os.preadv(memory, (_buffer,), 0)
            packet.read(size)
        except (OSError, ValueError) as error:
            packet.close()
            raise ValueError(f"cannot read a message of the link: {error}") from error
    return packet


def close_all(fds: Sequence[int]) -> None:
    """Close passed descriptors."""
    for fd in fds:
        os.close(fd)
