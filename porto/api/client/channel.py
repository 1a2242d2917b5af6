"""One connection to the daemon's socket: whole frames out, whole frames in.

Used by the Python library (`rpc`) and by portoctl (`cli/portoctl/session`). A frame is
an unsigned base-128 varint count and that many bytes of one message; nothing else is
on the wire. Standard library only, no knowledge of messages.
"""

from __future__ import annotations

import errno
import socket
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    # `typing` alone would cost portoctl as much as starting Python does.
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Deadline: TypeAlias = float | None
    """A point of `time.monotonic`, or None for never."""

_READ_BYTES = 1 << 18


class ConnectionLost(OSError):
    """The daemon closed the connection.

    unread -- the daemon cannot have acted on the request: it closed the connection
              before it had read all of it
    """

    def __init__(self, text: str, *, unread: bool = False) -> None:
        super().__init__(text)
        self.unread = unread


def encode_varint(value: int) -> bytes:
    """A number of 0 or more in base-128, low part first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def frame(payload: bytes) -> bytes:
    """A message as it goes on the wire."""
    return encode_varint(len(payload)) + payload


def _left(deadline: Deadline) -> float | None:
    if deadline is None:
        return None
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left


class Channel:
    """A connected stream socket; not safe for several threads."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._buffer = bytearray()

    @classmethod
    def open(
        cls,
        path: str,
        deadline: Deadline = None,
        *,
        constructor: Callable[..., Any] = socket.socket,
    ) -> Channel:
        """Connect to the socket at `path`; OSError when nobody listens there."""
        sock = constructor(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(_left(deadline))
            sock.connect(path)
        except BaseException:
            sock.close()
            raise
        return cls(sock)

    def fileno(self) -> int:
        """The descriptor, for poll(2)."""
        number: int = self._sock.fileno()
        return number

    def close(self) -> None:
        """Hang up; the daemon then destroys the weak containers made here."""
        self._sock.close()

    def send(self, payload: bytes, deadline: Deadline = None) -> None:
        """Send one message. If this raises, the daemon has not got all of it."""
        self._sock.settimeout(_left(deadline))
        self._sock.sendall(frame(payload))

    def receive(self, deadline: Deadline = None) -> bytes:
        """The next message; TimeoutError, or ConnectionLost when there is none."""
        while True:
            message = self._take()
            if message is not None:
                return message
            self._fill(deadline)

    def _take(self) -> bytes | None:
        buffer = self._buffer
        count = shift = start = 0
        for byte in buffer:
            start += 1
            count |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 63:
                raise ConnectionLost("the daemon sent no protocol message")
        else:
            return None
        if len(buffer) < start + count:
            return None
        message = bytes(memoryview(buffer)[start : start + count])
        del buffer[: start + count]
        return message

    def _fill(self, deadline: Deadline) -> None:
        self._sock.settimeout(_left(deadline))
        try:
            data = self._sock.recv(_READ_BYTES)
        except OSError as error:
            if error.errno != errno.ECONNRESET:
                raise
            # A unix socket answers ECONNRESET exactly when its peer went away with
            # bytes of ours unread. One request is under way at a time, so it was not
            # read to its end and cannot have been acted upon.
            raise ConnectionLost("the daemon hung up unread", unread=True) from error
        if not data:
            raise ConnectionLost("the daemon closed the connection")
        self._buffer += data
