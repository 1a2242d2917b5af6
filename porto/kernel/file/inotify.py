"""inotify(7), which the standard library lacks: told of writes to watched directories' files.

Called by `observers/kernel_events.py`. Works on cgroupfs too: a write to a knob by
anybody is IN_MODIFY of that name, a change of an events file that the kernel makes
(v2, kernfs_notify) as well, and a removed group is IN_IGNORED.
"""

import ctypes
import os
import struct
from dataclasses import dataclass

IN_MODIFY = 0x0000_0002
IN_DELETE_SELF = 0x0000_0400
IN_Q_OVERFLOW = 0x0000_4000
IN_IGNORED = 0x0000_8000
IN_ONLYDIR = 0x0100_0000

_EVENT = struct.Struct("iIII")
_BUFFER = 64 << 10

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Event:
    """One event: the watch descriptor, what happened, the file's name within the directory."""

    watch: int
    mask: int
    name: bytes


class Inotify:
    """One inotify instance, close-on-exec and non-blocking."""

    def __init__(self) -> None:
        """Raises OSError (EMFILE) when the user has too many instances."""
        self._fd = _libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._fd < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), "inotify")

    def fileno(self) -> int:
        """Readable when there are events."""
        return int(self._fd)

    def add(self, path: str, mask: int) -> int:
        """Watch a path; returns the watch descriptor, the same for the same inode.

        Raises OSError (ENOSPC) when the user has too many watches.
        """
        watch: int = _libc.inotify_add_watch(self._fd, os.fsencode(path), mask)
        if watch < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), path)
        return watch

    def remove(self, watch: int) -> None:
        """Stop watching; one that the kernel removed already is fine."""
        _libc.inotify_rm_watch(self._fd, watch)

    def read(self) -> list[Event]:
        """The waiting events, as many as fit into one read."""
        try:
            data = os.read(self._fd, _BUFFER)
        except BlockingIOError:
            return []
        events = []
        place = 0
        while place < len(data):
            watch, mask, _, size = _EVENT.unpack_from(data, place)
            place += _EVENT.size
            events.append(Event(watch, mask, data[place : place + size].rstrip(b"\0")))
            place += size
        return events

    def close(self) -> None:
        """Close it; all watches end."""
        os.close(self._fd)
