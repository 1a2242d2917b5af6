"""The master's end of the link to one daemon: its messages, and what it is told.

Made by master.py for each daemon that it starts. Messages: link.py.
"""

from __future__ import annotations

import collections
import os
import socket
from collections.abc import Callable, Sequence

from porto.launcher import link
from porto.launcher.poll import Poll

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MESSAGES_PER_TURN = 4


class DaemonLink:
    """Open until the daemon is gone, as far as it can be heard.

    greeted -- the daemon has said hello: it can be told something
    """

    def __init__(
        self,
        sock: socket.socket,
        poll: Poll,
        *,
        obey: Callable[[link.Message, link.Packet], None],
        lost: Callable[[], None],
        log: Callable[[str], None],
    ) -> None:
        """`obey` takes each message, `lost` hears once of an end that `close` did not make."""
        self._sock = sock
        self._poll = poll
        self._obey = obey
        self._lost = lost
        self._log = log
        self._output: collections.deque[tuple[bytes, list[int]]] = collections.deque()
        self._open = True
        self.greeted = False
        poll.watch(sock.fileno(), self._on_ready)

    def close(self) -> None:
        """No more of this daemon."""
        if self._open:
            self._open = False
            self.greeted = False
            self._poll.forget(self._sock.fileno())
            self._sock.close()
            self._drop_output()

    def _on_ready(self) -> None:
        for _ in range(_MESSAGES_PER_TURN):
            if not self.read():
                return

    def read(self) -> bool:
        """Obey one message; whether there may be another."""
        if not self._open:
            return False
        try:
            packet = link.receive(self._sock)
        except BlockingIOError:
            return False
        except ValueError as error:
            self._log(str(error))
            return True
        except OSError:
            packet = None
        if packet is None or packet.message is None:
            self.close()
            self._lost()
            return False
        try:
            self._obey(packet.message, packet)
        except (ValueError, IndexError, TypeError) as error:
            self._log(f"cannot obey {str(packet.message)[:200]}: {error!r}")
        finally:
            packet.close()
        return True

    def tell(self, message: Sequence[Any], fds: Sequence[int] = ()) -> None:
        """Send a message and descriptors, which stay the caller's, after what is not sent yet."""
        if not self._open:
            return
        body = link.encode(message)
        if not self._output:
            try:
                link.send(self._sock, body, fds)
                return
            except BlockingIOError:
                self._poll.watch_output(self._sock.fileno(), self._flush)
            except OSError:
                return  # its end of file follows
        self._output.append((body, [os.dup(fd) for fd in fds]))

    def _flush(self) -> None:
        try:
            while self._output:
                body, fds = self._output[0]
                link.send(self._sock, body, fds)
                link.close_all(fds)
                self._output.popleft()
        except BlockingIOError:
            return
        except OSError:
            self._drop_output()
        self._poll.watch_output(self._sock.fileno(), None)

    def _drop_output(self) -> None:
        for _, fds in self._output:
            link.close_all(fds)
        self._output.clear()
