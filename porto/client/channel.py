"""One connection to the daemon's socket: whole frames out, whole frames in.

Used by the Python library (`rpc.py`) and by portoctl (`cli/portoctl/remote.py`).
Standard library and `wire/framing.py` only, no knowledge of messages.
"""

from __future__ import annotations

import errno
import socket
from time import monotonic

from porto.wire.framing import FrameSplitter, frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    # `typing` alone would cost portoctl as much as starting Python does.
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Deadline: TypeAlias = float | None
    """A point of `time.monotonic`, or None for never."""

_READ_BYTES = 1 << 18
_FRAME_MAX = 1 << 64
"""The daemon is believed: what it announces is taken."""


class ConnectionLost(OSError):
    """The daemon closed the connection.

    unread -- the daemon cannot have acted on the request: it closed the connection
              before it had read all of it
    """

    def __init__(self, text: str, *, unread: bool = False) -> None:
        super().__init__(text)
        self.unread = unread


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
        self._splitter = FrameSplitter(_FRAME_MAX)

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
            message = self._splitter.next()
            if message is not None:
                return message
            if self._splitter.hopeless:
                raise ConnectionLost("the daemon sent no protocol message")
            self._fill(deadline)

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
        self._splitter.feed(data)
