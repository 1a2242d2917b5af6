"""The directory of stored records: one file each, replaced atomically.

Called by `spec/store.py`. A record that cannot be read is set aside as
``<id>.bad`` and reported; it never stops the others from loading. A newer
release's record is reported and stays where it is, for that release. Manual
section "FILES", /run/porto/kvs.
"""

import contextlib
import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from porto.spec.kind import Kind, R
from porto.spec.records.file import NewerVersion, RecordCodec

READ_MAX_BYTES = 64 << 20
RESERVE_MAX_BYTES = 1 << 20
RESERVE_PART = 8
"""The reserve is this part of the file system, at most `RESERVE_MAX_BYTES`."""

_TEMPORARY = ".tmp"


@dataclass(frozen=True, slots=True)
class Problem:
    """A stored record that was not loaded, or not all of it."""

    path: str
    reason: str


class RecordDirectory(Generic[R]):
    """Reads and writes the records of one kind; knows nothing of their relations.

    reserved_ids -- files that stayed in place unread: their ids are taken
    """

    def __init__(self, kind: Kind[R], path: Path, codec: RecordCodec[R], *, durable: bool) -> None:
        """`durable` adds fsyncs to each change."""
        self._kind = kind
        self._codec = codec
        self._path = path
        self._durable = durable
        self.reserved_ids: set[int] = set()

    def write(self, record_id: int, data: bytes, *, reserve: bool = False) -> None:
        """Give a record's file the content `data`, or leave it and raise OSError.

        A part of the space can be used with `reserve` only, for what must be written
        when nobody may add anything any more.
        """
        path = f"{self._path}/{record_id}"
        if not reserve:
            self._spare(path, len(data))
        temporary = path + _TEMPORARY
        try:
            self._write_whole(temporary, data)
            os.rename(temporary, path)
        except OSError:
            # A full tmpfs needs the space back at once.
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        self._sync()

    def unlink(self, record_id: int) -> None:
        """Remove a record's file, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{self._path}/{record_id}")
        self._sync()

    def read_all(self) -> tuple[list[R], list[Problem]]:
        """All records in no particular order; removes what a crash left half written."""
        loaded: list[R] = []
        problems: list[Problem] = []
        for entry in sorted(self._path.iterdir()):
            if entry.suffix == _TEMPORARY:
                with contextlib.suppress(OSError):
                    entry.unlink()
            elif entry.name.isascii() and entry.name.isdecimal():
                record = self._read(entry, problems)
                if record is not None:
                    loaded.append(record)
        return loaded, problems

    def set_aside(self, name: str, reason: str) -> Problem:
        """Rename a file so that it is never read again, nor lost."""
        path = self._path / name
        kept = path.with_name(f"{name}.bad")
        number = 1
        while kept.exists():
            kept = path.with_name(f"{name}.bad.{number}")
            number += 1
        try:
            path.rename(kept)
        except OSError as error:
            self._reserve(name)
            return Problem(str(path), f"{reason}; cannot set it aside: {error.strerror}")
        return Problem(str(kept), reason)

    def _read(self, path: Path, problems: list[Problem]) -> R | None:
        skipped: list[str] = []
        try:
            record = self._codec.decode(_read_file(path), skipped)
            known = self._kind.first_id <= record.id <= self._kind.max_id
            if path.name != str(record.id) or not known:
                raise ValueError(f"holds id {record.id}")
        except NewerVersion as error:
            self._reserve(path.name)
            problems.append(Problem(str(path), f"{error}; left as it is"))
            return None
        except (ValueError, OSError) as error:
            problems.append(self.set_aside(path.name, str(error)))
            return None
        if skipped:
            names = ", ".join(skipped)
            problems.append(Problem(str(path), f"unknown, and left out: {names}"))
        return record

    def _reserve(self, name: str) -> None:
        if len(name) <= len(str(self._kind.max_id)):
            self.reserved_ids.add(int(name))

    def _spare(self, path: str, size: int) -> None:
        """Raise ENOSPC when writing `size` bytes would touch the reserve."""
        found = os.statvfs(self._path)
        reserve = min(RESERVE_MAX_BYTES, found.f_blocks * found.f_frsize // RESERVE_PART)
        if found.f_bavail * found.f_frsize < reserve + size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    def _write_whole(self, path: str, data: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o640)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            if self._durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _sync(self) -> None:
        if not self._durable:
            return
        descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read_file(path: Path) -> bytes:
    """A regular file's content; nothing at `path` can block or fill the memory."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("not a regular file")
        if found.st_size > READ_MAX_BYTES:
            raise ValueError(f"larger than {READ_MAX_BYTES} bytes")
        return file.read()
