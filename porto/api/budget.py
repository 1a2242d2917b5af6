"""The memory that unfinished large frames of all clients may take together.

Anybody may connect and announce a frame of the maximal size, so such frames need a
permit. A client that holds one without finishing its frame while others wait is
dropped after `PATIENCE_S`. Used by `clients.py` and `conversation.py`.
"""

import asyncio
from typing import Protocol

SMALL_FRAME = 64 << 10
PATIENCE_S = 30.0


class Receiver(Protocol):
    """A conversation, as the budget sees it."""

    def permit_granted(self) -> None:
        """Go on receiving."""

    def drop(self, reason: str) -> None:
        """Close at once."""


class ReceiveBudget:
    """Permits for frames above `SMALL_FRAME`, first come first served."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._held: dict[Receiver, tuple[int, float]] = {}
        self._waiting: dict[Receiver, int] = {}
        self._used = 0
        self._timer: asyncio.TimerHandle | None = None

    def request(self, receiver: Receiver, size: int) -> bool:
        """Whether `receiver` may go on with a frame of `size`; if not, it is told later."""
        if size <= SMALL_FRAME or receiver in self._held:
            return True
        if not self._waiting and self._grant(receiver, size):
            return True
        self._waiting.setdefault(receiver, size)
        self._watch()
        return False

    def release(self, receiver: Receiver) -> None:
        """The frame is complete, or the connection is gone."""
        self._waiting.pop(receiver, None)
        held = self._held.pop(receiver, None)
        if held is None:
            return
        self._used -= held[0]
        for other, size in list(self._waiting.items()):
            if not self._grant(other, size):
                break
            del self._waiting[other]
            other.permit_granted()

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _grant(self, receiver: Receiver, size: int) -> bool:
        if self._held and self._used + size > self._total:
            return False
        self._held[receiver] = (size, asyncio.get_running_loop().time())
        self._used += size
        return True

    def _watch(self) -> None:
        if self._timer is None and self._held:
            oldest = min(since for _, since in self._held.values())
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(oldest + PATIENCE_S, self._expire)

    def _expire(self) -> None:
        self._timer = None
        if not self._waiting:
            return
        limit = asyncio.get_running_loop().time() - PATIENCE_S
        for receiver, (_, since) in list(self._held.items()):
            if since <= limit:
                receiver.drop("a large frame was not finished while others waited")
                self.release(receiver)
        if self._waiting:
            self._watch()
