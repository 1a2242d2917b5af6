"""The daemon's log: one line per event, keys after the text.

Called by `cli/daemon.py`. Standard error goes to the log file already (the master
made it so); on SIGUSR1 the file is opened again, for rotation from outside.
Manual section "FILES", /var/log/portod.log.
"""

import logging
import os
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

STDERR = 2
Event = MutableMapping[str, Any]


def setup_log(*, verbose: bool, count: Callable[[str, int], None]) -> None:
    """Configure structlog; `count` is told counters of porto_stat and what to add to them.

    Those are "warnings", "errors" and "fatals" for such events, "log_lines" and "log_bytes"
    for all, "log_lines_lost" and "log_bytes_lost" for what could not be written.
    """

    def counting(_: Any, method: str, event: Event) -> Event:
        if method in ("warning", "warn"):
            count("warnings", 1)
        elif method in ("error", "exception"):
            count("errors", 1)
        elif method == "critical":
            count("fatals", 1)
        return event

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            counting,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            structlog.processors.format_exc_info,
            _line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.DEBUG if verbose else logging.INFO
        ),
        logger_factory=lambda *_: _Lines(count),
        cache_logger_on_first_use=True,
    )


class _Lines:
    """Writes to standard error. Nobody fails because the log cannot be written."""

    def __init__(self, count: Callable[[str, int], None]) -> None:
        self._count = count

    def msg(self, text: str) -> None:
        """Write one event; what of it is lost is counted."""
        data = f"{text}\n".encode("utf-8", "backslashreplace")
        self._count("log_lines", data.count(b"\n"))
        self._count("log_bytes", len(data))
        try:
            rest = data[os.write(STDERR, data) :]
        except OSError:
            rest = data
        if rest:
            self._count("log_lines_lost", rest.count(b"\n"))
            self._count("log_bytes_lost", len(rest))

    debug = info = warning = warn = error = exception = critical = msg


def _line(_: Any, __: str, event: Event) -> str:
    """``DATE TIME portod[PID]: level text key=value ...`` on one line."""
    stamp = event.pop("timestamp")
    level = event.pop("level")
    text = event.pop("event")
    trace = event.pop("exception", "")
    pairs = "".join(f" {key}={_value(value)}" for key, value in event.items())
    tail = f"\n{trace}" if trace else ""
    return f"{stamp} portod[{os.getpid()}]: {level}: {text}{pairs}{tail}"


def _value(value: object) -> str:
    text = str(value)
    if text and all(char.isprintable() and char not in ' "' for char in text):
        return text
    return repr(text)


def reopen_log(path: str) -> None:
    """Send standard output and error to the file that now has this name."""
    descriptor = os.open(
        path,
        os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW,
        0o644,
    )
    try:
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
    finally:
        os.close(descriptor)
