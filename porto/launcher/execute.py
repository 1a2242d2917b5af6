"""The last operation: Execute or Rest, straight or through the static reaper.

Called by child.py when its list reaches one of these. What goes to the launcher over
the status socket is described in reaper.c; `launch.py` reads it. man 2 execveat.

Runs in: child, in its final namespaces, root and credentials.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
from collections.abc import Callable, Mapping, Sequence

from porto.kernel import syscalls
from porto.launcher import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

STATUS_FD = 3  # where reaper.c expects the status socket; the master keeps 0..3 occupied
_REAPER_NAME = b"portoinit"
_PID = struct.Struct("=ci")
_SIGPIPE, _SIGXFSZ = 13, 25  # the two that the interpreter ignores
_NEXT = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.ENODEV, errno.ETIMEDOUT)


def _execute(op: Sequence[Any], status: int, reaper: int) -> NoReturn:
    _, command, argv, env, with_reaper = op
    block = {_encode(name): _encode(value) for name, value in env}
    if any(not name or b"=" in name or b"\0" in name + block[name] for name in block):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), "environment")
    if command is None:
        args = [_encode(word) for word in argv]
        if not args or any(b"\0" in word for word in args):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), f"argv {argv!r}")
    else:
        args = words.expand(_encode(command), block)
    paths = words.candidates(args[0], block)
    _clean(status)
    if with_reaper:
        _become(reaper, [_REAPER_NAME, b"%d" % len(paths), *paths, *args], block, args[0])
    os.write(status, _PID.pack(b"P", os.getpid()))
    raise _try_each(paths, args, block)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _rest(op: Sequence[Any], status: int, reaper: int) -> NoReturn:
    _clean(status)
    os.write(status, b"R")
    _become(reaper, [_REAPER_NAME], {}, _REAPER_NAME)


def _become(reaper: int, argv: list[bytes], env: Mapping[bytes, bytes], subject: bytes) -> NoReturn:
    try:
        os.execve(reaper, argv, env)
    except OSError as error:
        error.filename = subject
        raise


def _clean(status: int) -> None:
    """Leave the program descriptors 0, 1, 2 and default signals; status survives one exec."""
    os.dup2(status, STATUS_FD)
    # An old kernel lacks it; every descriptor is made close-on-exec anyway.
    with contextlib.suppress(OSError):
        syscalls.close_range(STATUS_FD + 1, 0x7FFFFFFF, syscalls.CLOSE_RANGE_CLOEXEC)
    syscalls.set_parent_death_signal(0)  # exec would keep it
    syscalls.reset_signal(_SIGPIPE)
    syscalls.reset_signal(_SIGXFSZ)
    syscalls.unblock_signals()


def _try_each(paths: Sequence[bytes], args: list[bytes], env: Mapping[bytes, bytes]) -> OSError:
    """execve(2) of the first path that can be; as execvp(3), EACCES is remembered."""
    os.set_inheritable(STATUS_FD, False)
    denied = None
    error = OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    for path in paths:
        error = _try(path, args, env)
        if error.errno == errno.ENOEXEC:
            error = _try(b"/bin/sh", [b"/bin/sh", path, *args[1:]], env)
            break
        if error.errno == errno.EACCES:
            denied = error
        elif error.errno not in _NEXT:
            break
    else:
        error = denied or error
    error.filename = args[0]
    return error


def _try(path: bytes, args: list[bytes], env: Mapping[bytes, bytes]) -> OSError:
    try:
        os.execve(path, args, env)
    except OSError as error:
        return error


def warm_up() -> None:
    """See `child.warm_up`: go the way of `_execute` up to an exec that fails."""
    env = {b"PATH": b"/bin", b"HOME": b"/"}
    words.expand(b"true", env)
    words.candidates(b"sh", env)
    syscalls.reset_signal(_SIGPIPE)
    _try(b"", [b"true"], env)


LAST: dict[str, Callable[[Sequence[Any], int, int], NoReturn]] = {
    "Execute": _execute,
    "Rest": _rest,
}
