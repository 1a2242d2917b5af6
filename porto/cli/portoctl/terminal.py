"""A pseudo terminal between the user's terminal and a container.

Used by `launching` for exec and shell: the container gets the slave end, which the daemon
opens as ``/dev/fd/N`` of ours; `forward` moves bytes until the container has ended. The
user's terminal is in raw mode meanwhile and restored whatever happens. tty_ioctl(4).
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import termios
import tty

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ESCAPE = 0x18  # ^X
_CHUNK = 1 << 16


class Terminal:
    """A pty pair, and the raw mode of the user's terminal."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        self._saved: list[Any] | None = None
        self._escapes = 0
        self._copy_size()

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self.master)
        os.close(self.slave)

    def __enter__(self) -> Terminal:
        self._saved = termios.tcgetattr(0)
        signal.signal(signal.SIGWINCH, lambda *_: self._copy_size())
        # Not TCSAFLUSH, tty's own choice: what has been typed ahead is for the container.
        tty.setraw(0, termios.TCSADRAIN)
        self._copy_size()
        return self

    def __exit__(self, *exc: object) -> None:
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
        if self._saved is not None:
            termios.tcsetattr(0, termios.TCSAFLUSH, self._saved)

    def _copy_size(self) -> None:
        try:
            size = fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8)
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)
        except OSError:
            pass  # a terminal without a size

    def forward(self, ready: int) -> bool:
        """Copy both ways until descriptor `ready` is readable; False when the user left.

        The user leaves with two ^X in a row. What the container wrote before it ended
        is still copied.
        """
        poll = select.poll()
        poll.register(0, select.POLLIN)
        poll.register(self.master, select.POLLIN)
        poll.register(ready, select.POLLIN)
        while True:
            events = dict(poll.poll())
            if self.master in events and not self._copy_output():
                poll.unregister(self.master)
            if ready in events:
                self._drain()
                return True
            if 0 in events:
                data = os.read(0, _CHUNK)
                if not data:
                    poll.unregister(0)
                elif self._left(data):
                    return False
                else:
                    _write(self.master, data)

    def _left(self, data: bytes) -> bool:
        for byte in data:
            self._escapes = self._escapes + 1 if byte == _ESCAPE else 0
            if self._escapes == 2:
                print("<exit portoctl>\r", file=sys.stderr)
                return True
        return False

    def _copy_output(self) -> bool:
        try:
            data = os.read(self.master, _CHUNK)
        except OSError:
            return False  # EIO: nobody holds the other end
        _write(1, data)
        return bool(data)

    def _drain(self) -> None:
        while select.select([self.master], [], [], 0)[0] and self._copy_output():
            pass


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
