"""A bounded file of numbered lines that a killed writer leaves readable.

Written and read by `observers/events.py`. Two segments, PATH and PATH.old: a full one
replaces the old one. A line is its number, a blank, the body, a line feed; one write(2) takes
whole lines, which are never synced: what the kernel has taken survives the daemon, not the
host. A line that was cut short is no line; the next writer removes it. Numbers only grow, over
segments and writers. Man 2 write, 2 rename.
"""

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress

SEGMENT_MAX = 1 << 20
LINE_MAX = 32 << 10

_OPEN = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_MODE = 0o600
_NUMBER_SHOWN = 21
"""Bytes in which a number and its blank are found: those of 64 bits."""


class Journal:
    """The one writer of a journal; reads it, too.

    lost -- lines that could not be kept (no such directory, a full file system, a body too long)
    """

    def __init__(self, path: str, *, segment_max: int = SEGMENT_MAX) -> None:
        """Goes on after the last number of the file at `path`, which need not exist."""
        self._path = path
        self._old = path + ".old"
        self._segment_max = segment_max
        self._descriptor = -1
        self._size = 0
        self._last = 0
        self.lost = 0
        with suppress(OSError):
            self._open()

    @property
    def last(self) -> int:
        """The number of the newest line, 0 when there was never one."""
        return self._last

    def append(self, body: bytes) -> int:
        """Keep a line; returns its number, 0 when it is lost. `body` has no line feed."""
        line = b"%d %b\n" % (self._last + 1, body)
        size = len(line)
        try:
            if size > LINE_MAX:
                raise OSError("a line too long")
            if self._descriptor < 0:
                self._open()
            if self._size + size > self._segment_max and self._size:
                self._rotate()
            written = os.write(self._descriptor, line)
            if written != size:
                os.ftruncate(self._descriptor, self._size)
                raise OSError("a line cut short")
        except OSError:
            self.lost += 1
            return 0
        self._size += size
        self._last += 1
        return self._last

    def extend(self, bodies: Sequence[bytes]) -> Sequence[int]:
        """Keep several lines, in one write where they fit; the number of each, 0 for a lost one."""
        lines = [b"%d %b\n" % (number, body) for number, body in enumerate(bodies, self._last + 1)]
        data = b"".join(lines)
        fits = self._size + len(data) <= self._segment_max
        if self._descriptor < 0 or not fits or max(map(len, lines), default=0) > LINE_MAX:
            return [self.append(body) for body in bodies]
        try:
            written = os.write(self._descriptor, data)
            if written != len(data):
                os.ftruncate(self._descriptor, self._size)
        except OSError:
            written = 0
        if written != len(data):
            return [self.append(body) for body in bodies]
        self._size += written
        first, self._last = self._last + 1, self._last + len(lines)
        return range(first, self._last + 1)

    def read(self, after: int = 0, holding: bytes = b"") -> Iterator[tuple[int, bytes]]:
        """The lines after number `after` as they are now, oldest first: (number, body).

        Only those that hold these bytes; finding them costs next to nothing.
        """
        if after >= self._last:
            return iter(())
        present = _read(self._path)
        first = _number(present[:_NUMBER_SHOWN])
        past = b"" if 0 < first <= after + 1 else _read(self._old)
        return (line for data in (past, present) for line in _lines(data, after, holding))

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> None:
        self._descriptor = os.open(self._path, _OPEN, _MODE)
        self._size, last = _mend(self._descriptor)
        self._last = last or _last_number(_read(self._old))

    def _rotate(self) -> None:
        # Missing: an earlier rotation renamed it, and could not make a new one.
        with suppress(FileNotFoundError):
            os.rename(self._path, self._old)
        fresh = os.open(self._path, _OPEN, _MODE)
        os.close(self._descriptor)
        self._descriptor, self._size = fresh, 0


def _mend(descriptor: int) -> tuple[int, int]:
    """Remove a line that was cut short; the file's size then, and its last number."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - 2 * LINE_MAX)
    tail = os.pread(descriptor, 2 * LINE_MAX, start)
    whole = _whole(tail)
    if len(whole) != len(tail):
        os.ftruncate(descriptor, start + len(whole))
    return start + len(whole), _last_number(whole)


def _read(path: str) -> bytes:
    """A segment's whole lines; nothing of one that is missing or cannot be read."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb") as file:
            return _whole(file.read())
    except OSError:
        return b""


def _whole(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]


def _last_number(lines: bytes) -> int:
    return next((number for line in reversed(lines.split(b"\n")) if (number := _number(line))), 0)


def _lines(data: bytes, after: int, holding: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines with a number greater than `after`; the numbers in `data` grow."""
    # Every byte counts as its line's number, so this is where the first such line begins.
    position = bisect_right(range(len(data)), after, key=lambda at: _number_at(data, at))
    while (found := data.find(holding, position)) >= 0 and found < len(data):
        start = data.rfind(b"\n", position, found) + 1 or position
        end = data.find(b"\n", found)
        position = end + 1
        number = _number(data[start:end])
        if number > after:
            yield number, data[start:end].partition(b" ")[2]


def _number_at(data: bytes, at: int) -> int:
    start = data.rfind(b"\n", 0, at) + 1
    return _number(data[start : start + _NUMBER_SHOWN])


def _number(line: bytes) -> int:
    """The number of a line, 0 for what is none of ours."""
    digits, blank, _ = line[:_NUMBER_SHOWN].partition(b" ")
    return int(digits) if blank and digits.isdigit() else 0
