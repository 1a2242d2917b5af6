"""The steps of a daemon's start: what it changes before it goes about its business.

Nobody has to list them: Python tells of a system call before it is made (sys.addaudithook,
"Audit events table" of its documentation), and those that change something are steps.
"""

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

REMOVING = "os.rmdir"
CHANGING = frozenset(
    {
        "link.send",  # told by inject.py: to the master
        "os.chmod",
        "os.chown",
        "os.kill",
        "os.link",
        "os.mkdir",
        "os.posix_spawn",
        "os.remove",
        "os.rename",
        REMOVING,
        "os.symlink",
        "os.truncate",
        "signal.pthread_kill",
    }
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Steps:
    """An audit hook that tells of each step until the start has come to its end."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self._is_over = False
        self._telling = threading.local()
        self._tried: set[str] = set()

    def end(self) -> None:
        """The daemon has started."""
        self._is_over = True

    def __call__(self, event: str, arguments: Sequence[Any]) -> None:
        """Called before everything that Python tells of; what `told` does itself is none."""
        if self._is_over or getattr(self._telling, "now", False):
            return
        text = step_of(event, arguments)
        if text and text not in self._tried:
            if event == REMOVING:
                self._tried.add(text)  # again and again, until the last process has died
            self._telling.now = True
            try:
                self._told(text)
            finally:
                self._telling.now = False


def step_of(event: str, arguments: Sequence[Any]) -> str:
    """The text of a step, "" for what changes nothing."""
    if event == "open":
        path, _, flags = arguments
        return f"open {path}" if flags & WRITING else ""
    return f"{event} {arguments[0]}" if event in CHANGING else ""
