"""From one master program to the next, within one process: state across exec.

Called by master.py on SIGHUP. The process keeps its pid, its children and the
descriptors named in the state, which lies as JSON in a memfd. First the program behind
RUNTIME/portod is asked for the command line of its own launcher and proves that it
understands this state; if it cannot, the present program executes itself.
"""

from __future__ import annotations

import json
import os
import signal

from porto.launcher.settings import Settings, master_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 3

_READABLE = (2, VERSION)
"""A master of version 2 pins no namespaces."""

ASKER = "PORTO_HANDOVER"
"""Names the environment variable that tells the asked program the asker's version."""

_LIMIT = 1 << 20


def save(state: dict[str, Any]) -> int:
    """Put the state into a memfd that survives exec; returns the descriptor."""
    fd = os.memfd_create("porto-handover", 0)
    rest = memoryview(json.dumps({"version": VERSION, **state}).encode())
    while rest:
        rest = rest[os.write(fd, rest) :]
    os.set_inheritable(fd, True)
    return fd


def load(fd: int) -> dict[str, Any]:
    """Read the state and close the descriptor. Raises ValueError for an unknown version."""
    with open(fd, "rb") as file:
        file.seek(0)
        state = json.loads(file.read())
    if not isinstance(state, dict) or state.get("version") not in _READABLE:
        raise ValueError("cannot take over: the former master's state is of another version")
    return state


def understands(version: str) -> bool:
    """Whether `load` reads the state of a master that says this of itself."""
    return version in map(str, _READABLE)


class Successor:
    """The question to the new program: which command line replaces this master?"""

    def __init__(self, settings: Settings) -> None:
        """Starts the program behind RUNTIME/portod. Raises OSError."""
        target = os.path.realpath(settings.link, strict=True)
        words = [target, *settings.successor]
        env = {**os.environ, ASKER: str(VERSION)}
        if not os.access(target, os.X_OK):
            # A source checkout, whose portod is a module and no script.
            words = [settings.daemon[0], "-P", *words]
            env["PYTHONPATH"] = os.path.abspath(f"{target}/../../..")
        self._answer = os.memfd_create("porto-successor", os.MFD_CLOEXEC)
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, self._answer, 1),
        ]
        try:
            self.pid = os.posix_spawn(
                words[0],
                words,
                env,
                file_actions=actions,
                setsigmask=(),
                setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
            )
        except OSError:
            os.close(self._answer)
            raise

    def answer(self, status: int) -> list[str]:
        """The command line, once the program ended with this wait status.

        Raises ValueError when it failed or said something else.
        """
        try:
            if status != 0:
                raise ValueError(f"wait status {status:#x}")
            words = json.loads(os.pread(self._answer, _LIMIT, 0))
            if not words or not all(isinstance(word, str) for word in words):
                raise ValueError("not a command line")
            return list(words)
        finally:
            os.close(self._answer)

    def kill(self) -> None:
        """It takes too long."""
        os.kill(self.pid, signal.SIGKILL)


def execute(words: list[str], settings: Settings, fd: int) -> OSError:
    """Become the next master, or this one again; returns, with the error, if neither goes."""
    error = OSError()
    for command in (words, master_command(settings)):
        if command:
            try:
                os.execv(command[0], [*command, f"--handover={fd}"])
            except OSError as failure:
                error = failure
    return error
