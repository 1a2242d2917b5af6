"""The event log: what happened to the objects, kept over restarts of the daemon.

Built by `cli/daemon.py`. The engine adds what passes change and repair,
`record_events.py` what records tell; the API reads and follows. An event that cannot
be kept is counted and dropped: the log never stands in the way of the work.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from porto.kernel.file.journal import Journal
from porto.spec.events import Event, decode, encode

Follower = Callable[[Event], None]
"""Called with each event as it is kept. It must not raise."""


class EventLog:
    """The events of one daemon; used from its event loop only."""

    def __init__(self, journal: Journal, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives the wall clock in seconds."""
        self._journal = journal
        self._clock = clock
        self._followers: list[Follower] = []

    @property
    def last(self) -> int:
        """The serial of the newest event, 0 when there was never one."""
        return self._journal.last

    @property
    def lost(self) -> int:
        """Events that could not be kept since the daemon started."""
        return self._journal.lost

    def add(self, event: Event) -> None:
        """Keep an event; serial and time are the log's to give."""
        now = self._clock()
        serial = self._journal.append(encode(event, now))
        if serial and self._followers:
            event = replace(event, serial=serial, time=now)
            for follower in tuple(self._followers):
                follower(event)

    def read(self, after: int = 0, name: str = "") -> Iterator[Event]:
        """The events past serial `after` as they are now, oldest first.

        Of all objects, or of those of that name, which is found without decoding the rest.
        """
        quoted = f'"{name}"'.encode() if name else b""
        return (
            event
            for serial, line in self._journal.read(after, quoted)
            if (event := decode(serial, line)) is not None and name in ("", event.name)
        )

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Call `follower` with each event from now on; returns the way out."""
        self._followers.append(follower)
        return lambda: self._followers.remove(follower)

    def close(self) -> None:
        """Keep no more."""
        self._journal.close()
