"""Jobs that wait for their turn: owners take turns, and none has more than his share.

Called by `jobs.py`; knows nothing of what runs.
"""

from collections import Counter, OrderedDict, deque
from typing import Generic, TypeVar

from porto.reconcilers.engine.jobs_values import Bounds

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Who has the fewest running comes first, then round robin; each owner's in their order."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._waiting: OrderedDict[str, deque[T]] = OrderedDict()
        self._running: Counter[str] = Counter()

    def add(self, owner: str, item: T) -> None:
        """Wait for a turn."""
        self._waiting.setdefault(owner, deque()).append(item)

    def remove(self, owner: str, item: T) -> None:
        """Wait no longer."""
        self._waiting[owner].remove(item)
        self._drop_empty(owner)

    def next(self) -> T | None:
        """Who starts now, counted as running until `done`; None when nobody may."""
        if self._running.total() >= self._bounds.in_all:
            return None
        # Of those with the fewest at work, who has waited longest since his last turn.
        owner = min(self._waiting, key=self._running.__getitem__, default=None)
        if owner is None or self._running[owner] >= self._bounds.per_owner:
            return None
        item = self._waiting[owner].popleft()
        self._waiting.move_to_end(owner)
        self._drop_empty(owner)
        self._running[owner] += 1
        return item

    def done(self, owner: str) -> None:
        """One of this owner runs no more."""
        self._running[owner] -= 1
        if not self._running[owner]:
            del self._running[owner]

    def _drop_empty(self, owner: str) -> None:
        if not self._waiting[owner]:
            del self._waiting[owner]
