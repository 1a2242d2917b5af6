"""The event log: what happened to the objects, kept over restarts of the daemon.

Built by `cli/daemon.py`. The engine adds what passes change and repair,
`record_events.py` what records tell; the API reads and follows. Events are written a few
at a time, when the work that made them has had its turn. An event that cannot be kept is
counted and dropped: the log never stands in the way of the work.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from porto.kernel.file.journal import Journal
from porto.spec.events import Event, decode, encode

WRITE_AFTER_S = 0.01
"""Seconds for which an event may be kept in memory only: a kill of the daemon loses these."""

Follower = Callable[[Event], None]
"""Called with each event as it is written. It must not raise."""

Later = Callable[[Callable[[], None]], object]
"""Call this after `WRITE_AFTER_S`."""


class EventLog:
    """The events of one daemon; used from its event loop only."""

    def __init__(
        self,
        journal: Journal,
        clock: Callable[[], float] = time.time,
        later: Later = lambda write: write(),
    ) -> None:
        """`clock` gives the wall clock in seconds."""
        self._journal = journal
        self._clock = clock
        self._later = later
        self._unwritten: list[tuple[Iterable[Event], float]] = []
        self._followers: list[Follower] = []

    @property
    def last(self) -> int:
        """The serial of the newest event, 0 when there was never one."""
        self._write()
        return self._journal.last

    @property
    def lost(self) -> int:
        """Events that could not be kept since the daemon started."""
        self._write()
        return self._journal.lost

    def add(self, event: Event) -> None:
        """Keep an event; serial and time are the log's to give."""
        self.extend((event,))

    def extend(self, events: Iterable[Event]) -> None:
        """Keep the events of something that has happened now; gone through when it is written."""
        self._unwritten.append((events, self._clock()))
        if len(self._unwritten) == 1:
            self._later(self._write)

    def read(self, after: int = 0, name: str = "") -> Iterator[Event]:
        """The events past serial `after` as they are now, oldest first.

        Of all objects, or of those of that name, which is found without decoding the rest.
        """
        self._write()
        quoted = f'"{name}"'.encode() if name else b""
        return (
            event
            for serial, line in self._journal.read(after, quoted)
            if (event := decode(serial, line)) is not None and name in ("", event.name)
        )

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Call `follower` with each event from now on; returns the way out."""
        self._write()
        self._followers.append(follower)
        return lambda: self._followers.remove(follower)

    def close(self) -> None:
        """Keep no more."""
        self._write()
        self._journal.close()

    def _write(self) -> None:
        unwritten, self._unwritten = self._unwritten, []
        events = [(event, now) for happened, now in unwritten for event in happened]
        if not events:
            return
        serials = self._journal.extend([encode(event, now) for event, now in events])
        for serial, (event, now) in zip(serials, events, strict=True):
            if serial and self._followers:
                told = replace(event, serial=serial, time=now)
                for follower in tuple(self._followers):
                    follower(told)
