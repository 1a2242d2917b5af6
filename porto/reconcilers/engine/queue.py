"""The keyed queue of reconcile requests: dedup, earliest time, highest priority, fair.

One entry per key. Adding a key again keeps the earlier time and the higher priority. Of
what is due, callers' keys come first, and among keys of one priority the owners take turns,
so that one owner's hundred keys delay another's by one. Called by `engine/loop.py`; knows
nothing of passes.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from porto.spec.key import Key


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


class _Turns:
    """Keys of one priority, by owner; the owners take turns."""

    def __init__(self) -> None:
        self._of: dict[str, deque[tuple[int, Key]]] = {}

    def add(self, owner: str, serial: int, key: Key) -> None:
        self._of.setdefault(owner, deque()).append((serial, key))

    def pop(self) -> tuple[int, Key] | None:
        """The next one of the owner whose turn it is."""
        for owner in self._of:
            waiting = self._of.pop(owner)
            found = waiting.popleft()
            if waiting:
                self._of[owner] = waiting  # behind all others
            return found
        return None


class Queue:
    """Keys waiting for a pass. Times are seconds of the caller's clock."""

    def __init__(self, owner: Callable[[Key], str] = lambda key: "") -> None:
        """`owner` tells who a key's object belongs to."""
        self._owner = owner
        self._entries: dict[Key, _Entry] = {}
        self._due: list[tuple[float, int, Key]] = []
        self._ready = {priority: _Turns() for priority in Priority}
        self._serial = itertools.count()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, key: Key, *, due: float, priority: Priority) -> None:
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

    def pop(self, now: float) -> Key | None:
        """The next key whose time has come; None when there is none."""
        while self._due and self._due[0][0] <= now:
            _, serial, key = heapq.heappop(self._due)
            entry = self._entries.get(key)
            if entry is not None and entry.serial == serial:
                self._ready[entry.priority].add(self._owner(key), serial, key)
        for turns in self._ready.values():
            while (found := turns.pop()) is not None:
                serial, key = found
                entry = self._entries.get(key)
                if entry is not None and entry.serial == serial:
                    del self._entries[key]
                    return key
        return None

    def forget(self, key: Key) -> None:
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
