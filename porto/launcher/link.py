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


def _send(sock: socket.socket, data: bytes, fds: Sequence[int]) -> None:
    if fds:
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))
        sock.sendmsg((data,), (rights,), _SEND)
    else:
        sock.send(data, _SEND)


def receive(sock: socket.socket, *, wait: bool = False) -> tuple[Message | None, bytes, list[int]]:
    """The next message, its tail and its descriptors, now the caller's; None at end of file.

    BlockingIOError when there is none, ValueError for one that is not understood.
    """
    data, fds = receive_raw(sock, wait=wait)
    if not data:
        return None, b"", fds
    head, _, tail = data.partition(b"\n")
    try:
        message = decode(head)
        if not message:
            raise ValueError("empty")
    except ValueError as error:
        close_all(fds)
        raise ValueError(f"cannot read a message of the link: {error}") from error
    return message, tail, fds


def receive_raw(sock: socket.socket, *, wait: bool = False) -> tuple[bytes, list[int]]:
    """One message as it came, and its descriptors; empty at end of file."""
    flags = socket.MSG_CMSG_CLOEXEC | (0 if wait else socket.MSG_DONTWAIT)
    data, ancillary, _, _ = sock.recvmsg(_BODY + 1, _ANCILLARY, flags)
    fds = array.array("i")
    for level, kind, raw in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(raw[: len(raw) - len(raw) % fds.itemsize])
    passed = list(fds)
    if data == _MARKER and passed:
        data = _read_all(passed.pop())
    return data, passed


def close_all(fds: Sequence[int]) -> None:
    """Close passed descriptors."""
    for fd in fds:
        os.close(fd)


def _read_all(fd: int) -> bytes:
    try:
        size = os.fstat(fd).st_size
        return os.pread(fd, size, 0)
    finally:
        os.close(fd)
