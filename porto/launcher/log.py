"""Lines of the master in portod's log file; the daemon appends to the same file.

stdlib `logging` would add a megabyte to a process whose size every launch pays for.
"""

import contextlib
import os
import time


class Log:
    """Appends whole lines to standard error, which is the log file once `reopen` ran."""

    def __init__(self, path: str | None) -> None:
        """None keeps standard error and output where they are."""
        self._path = path

    def reopen(self) -> None:
        """Put the file behind 1 and 2, again after it was renamed away."""
        if self._path is None:
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NOCTTY
        try:
            fd = os.open(self._path, flags, 0o644)
        except OSError as error:
            self(f"cannot open log {self._path}: {error.strerror}")
            return
        os.dup2(fd, 1)
        os.dup2(fd, 2)
        os.close(fd)

    def __call__(self, text: str) -> None:
        """Write one line; a full disk is no reason to fail."""
        now = time.time()
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        millis = int(now % 1 * 1000)
        line = f"{stamp},{millis:03d} portod-master[{os.getpid()}]: {text}\n"
        with contextlib.suppress(OSError):
            os.write(2, line.encode("utf-8", "backslashreplace"))
