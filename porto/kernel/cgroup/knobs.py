"""Reading and writing below the cgroup mounts: the only file input and output of the drivers.

`Knobs` works on the kernel; tests put a temporary tree in its place. Every error
carries the full path as filename. Nothing here creates a file: a misspelt knob is
ENOENT. The last component is never followed as a symbolic link; cgroupfs has none.
"""

import contextlib
import os
from collections.abc import Iterator

MARK = "trusted.porto"
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_WRITE = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_CHUNK = 65536
_SHORT = 2048
"""Half a page: a read that is shorter has met the end."""
READ_MAX = 16 << 20


class Knobs:
    """Directories and files of cgroupfs."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] | None = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Within the block a file is read once: its readers see one moment."""
        outer, self._held = self._held, {}
        try:
            yield
        finally:
            self._held = outer

    def read(self, path: str) -> bytes:
        """The whole content, at most `READ_MAX` bytes."""
        held = self._held
        if held is None:
            return self._read(path)
        data = held.get(path)
        if data is None:
            data = held[path] = self._read(path)
        return data

    def _read(self, path: str) -> bytes:
        descriptor = os.open(path, _READ)
        try:
            data = os.read(descriptor, _CHUNK)
            # A seq_file ends a read early when the next line does not fit into its page;
            # otherwise only an empty read is the end.
            if len(data) < _SHORT:
                return data
            parts = [data]
            size = len(data)
            while size < READ_MAX and (data := os.read(descriptor, _CHUNK)):
                parts.append(data)
                size += len(data)
            return parts[0] if len(parts) == 1 else b"".join(parts)[:READ_MAX]
        except OSError as error:
            error.filename = path
            raise
        finally:
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
        os.rmdir(path)

    def is_directory(self, path: str) -> bool:
        """Whether it exists; a knob's file is not asked for."""
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

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


def parse_pids(data: bytes) -> list[int]:
    """Process ids of a ``cgroup.procs`` or ``tasks`` file.

    0 stands for a process that this pid namespace cannot see, and is left out.
    """
    return [pid for pid in map(int, data.split()) if pid]
