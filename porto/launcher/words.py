"""Command text to argument words, and the places where its program may be.

Called by child.py in the launched child, after credentials are dropped, with the
container's environment; the words go to exec. wordexp(3) of the C library does the
work, so quoting, variables, `~` and globs are the shell's. Manual: property command.
"""

import ctypes
import errno
import os
from collections.abc import Mapping

_DEFAULT_PATH = b"/bin:/usr/bin"  # what execvp(3) takes when PATH is not set
_WRDE_NOCMD, _WRDE_UNDEF = 4, 32
_CAUSES = {
    1: "no memory",
    2: "bad character",
    3: "undefined variable",
    4: "command substitution",
    5: "syntax",
}


class _Words(ctypes.Structure):
    _fields_ = (
        ("count", ctypes.c_size_t),
        ("words", ctypes.POINTER(ctypes.c_char_p)),
        ("offset", ctypes.c_size_t),
    )


_libc = ctypes.CDLL(None)
_wordexp = _libc.wordexp
# Words of these bytes mean themselves, whatever the environment says.
_PLAIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:,=@% \t"


def set_environment(env: Mapping[bytes, bytes]) -> None:
    """Replace the C library's environment.

    Runs in: child. `os.environ` does not follow; nothing after this reads it.
    Raises ValueError for a name that cannot be one.
    """
    _libc.clearenv()
    for name, value in env.items():
        os.putenv(name, value)


def expand(command: bytes, env: Mapping[bytes, bytes]) -> list[bytes]:
    """The words of a command, by wordexp(3) in this environment.

    Runs in: child, with the task's credentials: `~user` and globs read its files.
    Raises OSError(EINVAL) whose filename names the command and the cause.
    """
    if not command.translate(None, _PLAIN) and command.strip(b" \t"):
        # What wordexp would say, without the cost of going there.
        return command.split()
    if b"\0" in command:
        raise _refused(command, "bad character")
    set_environment(env)
    found = _Words()
    code = _wordexp(ctypes.c_char_p(command), ctypes.byref(found), _WRDE_NOCMD | _WRDE_UNDEF)
    if code:
        raise _refused(command, _CAUSES.get(code, f"wordexp error {code}"))
    words: list[bytes] = found.words[: found.count]
    if not words:
        raise _refused(command, "empty")
    return words


def _refused(command: bytes, cause: str) -> OSError:
    text = command.decode("utf-8", "surrogateescape")
    return OSError(errno.EINVAL, cause, f"command '{text}': {cause}")


def candidates(program: bytes, env: Mapping[bytes, bytes]) -> list[bytes]:
    """Paths to try for a program, in PATH order; files that do not exist are left out.

    Runs in: child, in its final root and working directory. Raises OSError(ENOENT)
    naming the program when nothing is left.
    """
    if b"/" in program:
        return [program]
    path = env.get(b"PATH", _DEFAULT_PATH)
    found = []
    for directory in path.split(b":") if program else ():
        candidate = directory + b"/" + program if directory else program
        try:
            os.stat(candidate)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError):
            pass  # exec says why
        found.append(candidate)
    if not found:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), program)
    return found
