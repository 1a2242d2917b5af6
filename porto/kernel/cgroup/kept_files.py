"""Descriptors of statistics files that somebody polls.

Called by `knobs.py`. Opening a knob costs the kernel several times what reading it does,
and monitoring reads the same ones for ever. A descriptor of a removed group's file reads
ENODEV, also when a new group has its name; it keeps the group's memory, so it is closed with the
directory.
"""

import os
import resource
import time
from collections.abc import Callable

MOST = 4096
IDLE_S = 60.0
"""A directory that nobody has read from for so long makes room."""


class _Directory:
    __slots__ = ("files", "used")

    def __init__(self) -> None:
        self.files: dict[str, int] = {}
        self.used = True


class KeptFiles:
    """At most `most` open files, by directory; none above half of the process's limit."""

    def __init__(self, most: int = MOST, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._monotonic = monotonic
        self._directories: dict[str, _Directory] = {}
        self._count = 0
        self._swept = monotonic()

    def __del__(self) -> None:
        for directory in tuple(self._directories):
            self.close(directory)

    def __len__(self) -> int:
        return self._count

    def find(self, directory: str, file: str) -> int | None:
        """The descriptor of a file; it stays ours."""
        kept = self._directories.get(directory)
        if kept is None:
            return None
        kept.used = True
        return kept.files.get(file)

    def keep(self, directory: str, file: str, descriptor: int) -> bool:
        """Whether the descriptor is ours from now on."""
        now = self._monotonic()
        if now - self._swept >= IDLE_S:
            self._swept = now
            self._sweep()
        if self._count >= self._most or descriptor >= _limit() // 2:
            return False
        kept = self._directories.get(directory)
        if kept is None:
            kept = self._directories[directory] = _Directory()
        kept.files[file] = descriptor
        self._count += 1
        return True

    def close(self, directory: str) -> None:
        """Close what is kept of a directory."""
        kept = self._directories.pop(directory, None)
        if kept is not None:
            self._count -= len(kept.files)
            for descriptor in kept.files.values():
                os.close(descriptor)

    def _sweep(self) -> None:
        for directory, kept in tuple(self._directories.items()):
            if kept.used:
                kept.used = False
            else:
                self.close(directory)


def _limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 1 << 20
