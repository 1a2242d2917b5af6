"""posix_spawn(3) that lets other threads run meanwhile, which that of `os` does not.

Called by `programs.py` in a thread. The caller is suspended until the child has executed
its program: a fraction of a millisecond, but on a busy host as long as the child waits for
a processor, and the interpreter lock would be held all that time.
"""

import ctypes
import os
import signal
import struct
from collections.abc import Iterable, Mapping, Sequence

_SETSIGDEF, _SETSIGMASK, _SETSID = 0x04, 0x08, 0x80
_ROOM = 1024
"""Bytes for one of the C library's opaque objects, the largest of which has 336."""
_SIGSET_BYTES = 128

_libc = ctypes.CDLL(None)
_short, _int, _pointer = ctypes.c_short, ctypes.c_int, ctypes.c_void_p
_libc.posix_spawnattr_setflags.argtypes = (_pointer, _short)
_libc.posix_spawn_file_actions_adddup2.argtypes = (_pointer, _int, _int)


def spawn_session(
    path: str,
    words: Sequence[str],
    environment: Mapping[str, str],
    *,
    descriptors: Mapping[int, int],
    defaults: Iterable[int],
) -> int:
    """Execute a program in a session of its own, no signal blocked; its pid.

    descriptors -- which of ours it finds where, in the order in which they are put there
    defaults    -- signals with their default action

    Raises OSError when it cannot be executed.
    """
    actions, attributes = (ctypes.create_string_buffer(_ROOM) for _ in range(2))
    _check(_libc.posix_spawn_file_actions_init(actions), path)
    try:
        _check(_libc.posix_spawnattr_init(attributes), path)
        try:
            for at, ours in descriptors.items():
                _check(_libc.posix_spawn_file_actions_adddup2(actions, ours, at), path)
            _libc.posix_spawnattr_setsigmask(attributes, _sigset(()))
            _libc.posix_spawnattr_setsigdefault(attributes, _sigset(defaults))
            _libc.posix_spawnattr_setflags(attributes, _SETSIGDEF | _SETSIGMASK | _SETSID)
            pid = ctypes.c_int()
            texts = [f"{name}={value}" for name, value in environment.items()]
            _check(
                _libc.posix_spawn(
                    ctypes.byref(pid),
                    os.fsencode(path),
                    actions,
                    attributes,
                    _strings(words),
                    _strings(texts),
                ),
                path,
            )
            return pid.value
        finally:
            _libc.posix_spawnattr_destroy(attributes)
    finally:
        _libc.posix_spawn_file_actions_destroy(actions)


def _check(code: int, subject: str) -> None:
    if code:
        raise OSError(code, os.strerror(code), subject)


def _strings(texts: Sequence[str]) -> "ctypes.Array[ctypes.c_char_p]":
    raw = [os.fsencode(text) for text in texts]
    if any(b"\0" in text for text in raw):
        # ctypes would cut the text at the NUL.
        raise ValueError("embedded null byte")
    return (ctypes.c_char_p * (len(raw) + 1))(*raw)


def _sigset(signals: Iterable[int]) -> "ctypes.Array[ctypes.c_char]":
    mask = sum(1 << (signal.Signals(signo) - 1) for signo in set(signals))
    return ctypes.create_string_buffer(struct.pack("Q", mask), _SIGSET_BYTES)
