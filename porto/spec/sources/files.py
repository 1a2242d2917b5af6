"""Reading one source file safely: hostile files are ordinary input.

Called by `sources/directory.py` and `sources/validate.py`. What a source declares
is executed as root, so a file counts only when nobody but root can have written it;
and whatever lies at the path (a pipe, a device, 100 MB of noise), reading it is
bounded in time and memory.
"""

import os
import stat
from dataclasses import dataclass

MAX_BYTES = 1 << 20

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


def owner_matters() -> bool:
    """Whether this process runs as root, so that files of others are refused."""
    return os.geteuid() == 0


class FileRefused(Exception):
    """A file that will not be read; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Rules:
    """What a readable file is.

    max_bytes    -- the largest file that is read
    trusted_uids -- owners whose files count, None for everybody's
    """

    max_bytes: int = MAX_BYTES
    trusted_uids: frozenset[int] | None = None

    @classmethod
    def of_this_process(cls) -> "Rules":
        """Root trusts root's files only; others, who can do no harm, trust all."""
        return cls(trusted_uids=frozenset({0}) if owner_matters() else None)


@dataclass(frozen=True, slots=True)
class FileKey:
    """A file's identity and age: while it is equal, the content is."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> "FileKey":
        """The key of a stat result."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def read_file(path: str, rules: Rules) -> tuple[bytes, FileKey | None]:
    """The content of a regular file, symbolic links followed.

    The key is None when the file changed while it was read. Raises `FileRefused`
    for what must not be read, `FileNotFoundError` when there is nothing, other
    `OSError` for what cannot be read.
    """
    # Looked at before it is opened, because opening a device can have effects; and
    # opened without blocking, because it may have become a pipe in between.
    check_file(os.stat(path), rules)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        before = os.fstat(descriptor)
        check_file(before, rules)
        data = _read_up_to(descriptor, rules.max_bytes + 1)
        if len(data) > rules.max_bytes:
            raise FileRefused(_too_large(len(data), rules))
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    key = FileKey.of(before)
    same = key == FileKey.of(after) and len(data) == before.st_size
    return data, key if same else None


def check_file(found: os.stat_result, rules: Rules) -> None:
    """Raise `FileRefused` unless the stat result is that of a readable file."""
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise FileRefused(f"it is {kind}, not a regular file")
    if found.st_size > rules.max_bytes:
        raise FileRefused(_too_large(found.st_size, rules))
    check_owner(found, rules, "the file")


def check_directory(found: os.stat_result, rules: Rules) -> None:
    """Raise `FileRefused` when others could put files of root's into a directory."""
    # In a sticky directory others can add files, but those are theirs, and they
    # cannot replace root's.
    if found.st_mode & stat.S_ISVTX and found.st_uid in (rules.trusted_uids or ()):
        return
    check_owner(found, rules, "its directory")


def check_owner(found: os.stat_result, rules: Rules, subject: str) -> None:
    """Raise `FileRefused` when somebody untrusted owns or may write `subject`."""
    if rules.trusted_uids is None:
        return
    if found.st_uid not in rules.trusted_uids:
        raise FileRefused(f"{subject} belongs to user {found.st_uid}, not to root")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        mode = stat.S_IMODE(found.st_mode)
        raise FileRefused(f"{subject} is writable by others than root (mode {mode:04o})")


def os_reason(error: OSError) -> str:
    """The system's words for a failed call."""
    return os.strerror(error.errno).lower() if error.errno else str(error)


def _too_large(size: int, rules: Rules) -> str:
    return f"it is larger ({size} bytes) than the limit of {rules.max_bytes} bytes"


def _read_up_to(descriptor: int, limit: int) -> bytes:
    chunks: list[bytes] = []
    left = limit
    while left > 0:
        chunk = os.read(descriptor, min(left, 1 << 18))
        if not chunk:
            break
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)
