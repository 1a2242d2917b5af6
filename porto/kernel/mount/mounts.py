"""Mounts that the daemon itself needs. Called by `cli/daemon.py`.

Kernel: Documentation/filesystems/tmpfs.rst.
"""

import os

from porto.kernel import syscalls


def ensure_tmpfs(path: str, *, size_bytes: int, mode: int, gid: int) -> bool:
    """Make `path` a directory with a tmpfs of its own; whether it was mounted now.

    A mount that is there already is kept, so records survive a daemon's restart.
    """
    os.makedirs(path, mode=0o755, exist_ok=True)
    if os.path.ismount(path):
        return False
    syscalls.mount(
        "tmpfs",
        path,
        "tmpfs",
        syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC,
        f"size={size_bytes},mode={mode:o},uid=0,gid={gid}",
    )
    return True


def is_mount(path: str) -> bool:
    """Whether something is mounted at a path that is ours."""
    return os.path.ismount(path)


def unmount(path: str) -> None:
    """Detach what is mounted at `path`; nothing there is fine."""
    if os.path.ismount(path):
        syscalls.umount2(path, syscalls.MNT_DETACH)
