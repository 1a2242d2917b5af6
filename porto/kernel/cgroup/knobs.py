"""Reading and writing below the cgroup mounts: the only file input and output of the drivers.

`Knobs` works on the kernel; tests put a temporary tree in its place. Every error
carries the full path as filename. Nothing here creates a file: a misspelt knob is
ENOENT. The last component is never followed as a symbolic link; cgroupfs has none.
"""

import contextlib
import os
import threading
from collections.abc import Iterator

from porto.kernel.cgroup.kept_files import KeptFiles

MARK = "trusted.porto"
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_WRITE = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_CHUNK = 65536
_SHORT = 2048
"""Half a page: a read that is shorter has met the end."""
READ_MAX = 16 << 20
_SETTING = 0o600
"""Mode of what root can both read and write."""


class _Memory(threading.local):
    """What one thread remembers: slow writes have threads of their own."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] | None = None
        self.kept = KeptFiles()


class Knobs:
    """Directories and files of cgroupfs."""

    def __init__(self) -> None:
        self._memory = _Memory()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Within the block a file is read once: its readers see one moment.

        What is read so is read again before long, and stays open for it.
        """
        memory = self._memory
        outer, memory.held = memory.held, {}
        try:
            yield
        finally:
            memory.held = outer

    def read(self, path: str) -> bytes:
        """The whole content, at most `READ_MAX` bytes."""
        held = self._memory.held
        if held is None:
            return self._read(path)
        data = held.get(path)
        if data is None:
            data = held[path] = self._poll(path)
        return data

    def _poll(self, path: str) -> bytes:
        directory, _, file = path.rpartition("/")
        descriptor = self._memory.kept.find(directory, file)
        if descriptor is not None:
            try:
                return _content(descriptor)
            except OSError:
                # ENODEV: the group is gone; there may be another one of its name.
                self._memory.kept.close(directory)
        return self._read(path, keep=(directory, file))

    def _read(self, path: str, keep: tuple[str, str] | None = None) -> bytes:
        descriptor = os.open(path, _READ)
        try:
            data = _content(descriptor)
            if keep is not None and self._memory.kept.keep(*keep, descriptor):
                descriptor = -1
            return data
        except OSError as error:
            error.filename = path
            raise
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def write(self, path: str, text: str) -> None:
        """Write in one call, as every knob wants it."""
        descriptor = os.open(path, _WRITE)
        try:
            # The kernel never sees an empty write; a blank line is an empty value.
            os.write(descriptor, text.encode() or b"\n")
        except OSError as error:
            error.filename = path
            raise
        finally:
            os.close(descriptor)

    def mkdir(self, path: str) -> None:
        """Make one directory."""
        os.mkdir(path, 0o755)

    def mark(self, path: str) -> None:
        """Sign a directory as made by us, where the file system keeps attributes."""
        with contextlib.suppress(OSError):
            os.setxattr(path, MARK, b"1")

    def is_marked(self, path: str) -> bool:
        """Whether it was signed."""
        try:
            return os.getxattr(path, MARK) == b"1"
        except OSError:
            return False

    def rmdir(self, path: str) -> None:
        """Remove one directory without children and tasks."""
        self._memory.kept.close(path)
        os.rmdir(path)

    def is_directory(self, path: str) -> bool:
        """Whether it exists; a knob's file is not asked for."""
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def settings(self, path: str) -> list[str]:
        """Names of the files in a directory that can be both read and written."""
        with os.scandir(path) as entries:
            return [
                entry.name
                for entry in entries
                if entry.is_file() and entry.stat().st_mode & _SETTING == _SETTING
            ]

    def subdirectories(self, path: str) -> list[str]:
        """Names of the child groups, sorted; none when the group is gone."""
        try:
            # Two links and no more: no children. Spares listing a dozen knobs.
            if os.lstat(path).st_nlink == 2:
                return []
            with os.scandir(path) as entries:
                return sorted(e.name for e in entries if e.is_dir(follow_symlinks=False))
        except FileNotFoundError:
            return []


def _content(descriptor: int) -> bytes:
    data = os.pread(descriptor, _CHUNK, 0)
    # A seq_file ends a read early when the next line does not fit into its page;
    # otherwise only an empty read is the end.
    if len(data) < _SHORT:
        return data
    parts = [data]
    size = len(data)
    while size < READ_MAX and (data := os.pread(descriptor, _CHUNK, size)):
        parts.append(data)
        size += len(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)[:READ_MAX]


def parse_pids(data: bytes) -> list[int]:
    """Process ids of a ``cgroup.procs`` or ``tasks`` file.

    0 stands for a process that this pid namespace cannot see, and is left out.
    """
    return [pid for pid in map(int, data.split()) if pid]
