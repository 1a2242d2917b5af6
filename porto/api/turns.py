"""Whose request is next, when there are more of them than the event loop has time for.

Asked by `conversation.py` before each request. While there is time a request runs at once. What
comes when requests have had their share of the event loop's time waits for the next share, and
in each the parties take turns: a hundred requests of one delay another's by one. Who has had
nothing of the present share does not wait for the next, as long as as much again has not been
used by such.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from porto.api.auth import Caller
from porto.spec.containers.names import ROOT

TURN_S = 0.0005
"""Seconds of requests before everybody else on the event loop has a turn."""

GAP_S = 0.0002
"""After so many seconds without a request, others on the event loop have had their turn."""

Work = Callable[[], None]


class Turns:
    """The requests of all connections."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._waiting: dict[str, deque[Work]] = {}
        self._served: set[str] = set()
        self._is_scheduled = False
        self._began = self._ended = float("-inf")

    def take(self, party: str, work: Work) -> bool:
        """Whether there is time now; if not, `work` is called when it is the party's turn."""
        now = self._monotonic()
        if not self._waiting and now - self._ended >= GAP_S:
            self._begin(now)
        used = now - self._began
        if party not in self._served and party not in self._waiting:
            has_time = used < 2 * TURN_S
        else:
            has_time = not self._waiting and used < TURN_S
        if has_time:
            self._served.add(party)
            return True
        self._waiting.setdefault(party, deque()).append(work)
        self._schedule()
        return False

    def spent(self) -> None:
        """A request that there was time for has run."""
        self._ended = self._monotonic()

    def _begin(self, now: float) -> None:
        self._began = now
        self._served.clear()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            # Not soon: what has been read meanwhile comes first.
            asyncio.get_running_loop().call_later(0, self._next)

    def _next(self) -> None:
        self._is_scheduled = False
        self._begin(self._monotonic())
        while self._waiting:
            party = next(iter(self._waiting))
            self._served.add(party)
            works = self._waiting.pop(party)
            work = works.popleft()
            if works:
                self._waiting[party] = works  # behind all others
            work()
            self.spent()
            if self._ended - self._began >= TURN_S:
                break
        if self._waiting:
            self._schedule()


def party(caller: Caller, asked: Any) -> str:
    """Who takes turns with others: as the engine has it, `Kind.owner` of containers.

    A user; for root the first-level container that he is in, or that he asks about first.
    """
    if caller.cred.uid:
        return str(caller.cred.uid)
    name = caller.container
    if name == ROOT:
        names = getattr(asked, "name", "")
        first = names if isinstance(names, str | bytes) else next(iter(names), "")
        # Bytes are no text: the request will be refused.
        name = first if isinstance(first, str) else ""
    return name.partition("/")[0] + "/"
