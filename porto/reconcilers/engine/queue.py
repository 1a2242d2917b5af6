"""The keyed queue of reconcile requests: dedup, earliest time, highest priority.

One entry per key. Adding a key again keeps the earlier time and the higher
priority. A key that is being worked on is not handed out a second time: it comes
back when its pass is done. Called by `engine/loop.py`; knows nothing of passes.
"""

import heapq
import itertools
from dataclasses import dataclass
from enum import IntEnum


class Priority(IntEnum):
    """Lower runs first."""

    CALLER = 0
    EVENT = 1
    RESYNC = 2


@dataclass(slots=True)
class _Entry:
    due: float
    priority: Priority
    serial: int


class Queue:
    """Keys waiting for a pass. Times are seconds of the caller's clock."""

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}
        self._busy: set[int] = set()
        self._due: list[tuple[float, int, int]] = []
        self._ready: list[tuple[int, int, int]] = []
        self._serial = itertools.count()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, key: int, *, due: float, priority: Priority) -> None:
        """Ask for a pass of `key` at `due` (at once when it lies in the past)."""
        entry = self._entries.get(key)
        if entry is not None:
            if entry.due <= due and entry.priority <= priority:
                return
            due = min(due, entry.due)
            priority = min(priority, entry.priority)
        serial = next(self._serial)
        self._entries[key] = _Entry(due=due, priority=priority, serial=serial)
        heapq.heappush(self._due, (due, serial, key))

    def pop(self, now: float) -> int | None:
        """The next key whose time has come, marked as busy; None when there is none."""
        while self._due and self._due[0][0] <= now:
            _, serial, key = heapq.heappop(self._due)
            entry = self._entries.get(key)
            if entry is not None and entry.serial == serial:
                heapq.heappush(self._ready, (entry.priority, serial, key))
        waiting: list[tuple[int, int, int]] = []
        found: int | None = None
        while self._ready:
            item = heapq.heappop(self._ready)
            _, serial, key = item
            entry = self._entries.get(key)
            if entry is None or entry.serial != serial:
                continue
            if key in self._busy:
                waiting.append(item)
                continue
            del self._entries[key]
            self._busy.add(key)
            found = key
            break
        for item in waiting:
            heapq.heappush(self._ready, item)
        return found

    def done(self, key: int) -> None:
        """The pass of `key` has ended; it may be handed out again."""
        self._busy.discard(key)

    def forget(self, key: int) -> None:
        """Drop a waiting entry."""
        self._entries.pop(key, None)

    def next_due(self) -> float | None:
        """When `pop` may find something that is not ready now; None for never."""
        while self._due:
            due, serial, key = self._due[0]
            entry = self._entries.get(key)
            if entry is not None and entry.serial == serial:
                return due
            heapq.heappop(self._due)
        return None
