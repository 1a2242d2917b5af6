"""The last operation: Execute or Rest, straight or through the static reaper.

Called by child.py when its list reaches one of these. To the launcher over the status
socket goes, for `launch.Launch`:

    'P' int32          a process that will be the task executes it now; its own pid. The
                       end of file tells that exec succeeded
    'T' int32 + pidfd  the task runs, with us as parent, who will be the reaper
    'R'                the reaper is executed, without a task
    'F' ...            a failure, see `child.run`

man 2 execveat, man 3 posix_spawn.

Runs in: child, in its final namespaces, root and credentials.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Callable, Mapping, Sequence

from porto.kernel import syscalls
from porto.launcher import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    Env = Mapping[bytes, bytes]
    Attempt = Callable[[bytes, list[bytes], Env], int | OSError]

STATUS_FD = 3  # where reaper.c expects the status socket; the master keeps 0..3 occupied
_REAPER_NAME = b"portoinit"
_PID = struct.Struct("=ci")
_SIGPIPE, _SIGXFSZ = 13, 25  # the two that the interpreter ignores
_OF_REAPER = (2, 3, 15, 17)  # SIGINT, SIGQUIT, SIGTERM, SIGCHLD: reaper.c waits for them
_NEXT = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.ENODEV, errno.ETIMEDOUT)


def _execute(op: Sequence[Any], status: socket.socket, reaper: int) -> NoReturn:
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
    _clean(status, reaper, blocked=_OF_REAPER if with_reaper else ())
    if not with_reaper:
        status.send(_PID.pack(b"P", os.getpid()))
    task = _first(paths, args, _spawn if with_reaper else _replace, block)
    if isinstance(task, OSError):
        raise task
    pidfd = os.pidfd_open(task)
    socket.send_fds(status, [_PID.pack(b"T", task)], [pidfd])
    _become(reaper, status, [_REAPER_NAME, b"%d" % task])


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _rest(op: Sequence[Any], status: socket.socket, reaper: int) -> NoReturn:
    _clean(status, reaper, blocked=_OF_REAPER)
    status.send(b"R")
    _become(reaper, status, [_REAPER_NAME])


def _become(reaper: int, status: socket.socket, argv: list[bytes]) -> NoReturn:
    """Execute the reaper, which gets the status socket and nothing else."""
    os.dup2(status.fileno(), STATUS_FD)
    try:
        os.execve(reaper, argv, {})
    except OSError as error:
        error.filename = _REAPER_NAME
        raise


def _clean(status: socket.socket, reaper: int, *, blocked: Sequence[int]) -> None:
    """Leave the program descriptors 0, 1, 2 and default signals.

    What the reaper waits for is blocked early: pid 1 would lose it.

    What was passed for the operations is closed here: with a reaper the task runs while
    we are still there, and may look at /proc/1/fd and, as root, at our memory.
    """
    first = STATUS_FD
    # Kernels before 5.9 lack it; there all ends with the exec that follows.
    with contextlib.suppress(OSError):
        for fd in sorted((status.fileno(), reaper)):
            if first < fd:
                syscalls.close_range(first, fd - 1)
            first = fd + 1
        syscalls.close_range(first, 0x7FFFFFFF)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    syscalls.set_parent_death_signal(0)  # exec would keep it
    syscalls.reset_signal(_SIGPIPE)
    syscalls.reset_signal(_SIGXFSZ)
    syscalls.block_signals(blocked)


def _first(paths: Sequence[bytes], args: list[bytes], attempt: Attempt, env: Env) -> int | OSError:
    """The first path that can be executed; as execvp(3), EACCES is remembered."""
    denied = None
    result: int | OSError = OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    for path in paths:
        result = attempt(path, args, env)
        if not isinstance(result, OSError):
            return result
        if result.errno == errno.ENOEXEC:
            result = attempt(b"/bin/sh", [b"/bin/sh", path, *args[1:]], env)
            break
        if result.errno == errno.EACCES:
            denied = result
        elif result.errno not in _NEXT:
            break
    else:
        result = denied or result
    if isinstance(result, OSError):
        result.filename = args[0]
    return result


def _replace(path: bytes, args: list[bytes], env: Env) -> OSError:
    try:
        os.execve(path, args, env)
    except OSError as error:
        return error


def _spawn(path: bytes, args: list[bytes], env: Env) -> int | OSError:
    """By vfork, so that the task starts before our memory is taken apart."""
    try:
        return os.posix_spawn(path, args, env, setsigmask=())
    except OSError as error:
        return error


def warm_up() -> None:
    """See `child.warm_up`: go the way of `_execute` up to an exec that fails.

    Not through `_spawn`: its child would take pid 2, which is the task's.
    """
    env = {b"PATH": b"/bin", b"HOME": b"/"}
    words.expand(b"true", env)
    words.candidates(b"sh", env)
    syscalls.reset_signal(_SIGPIPE)
    _replace(b"", [b"true"], env)


LAST: dict[str, Callable[[Sequence[Any], socket.socket, int], NoReturn]] = {
    "Execute": _execute,
    "Rest": _rest,
}
