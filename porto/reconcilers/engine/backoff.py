"""Delays between retries of one key: exponential, bounded, forgotten on success."""

from dataclasses import dataclass

FIRST_S = 0.1
LAST_S = 30.0
FACTOR = 2.0


@dataclass(slots=True)
class Backoff:
    """The delay state of one key."""

    delay: float = 0.0

    def next(self) -> float:
        """Seconds to wait before the next try; grows with each call."""
        self.delay = min(self.delay * FACTOR, LAST_S) if self.delay else FIRST_S
        return self.delay

    def reset(self) -> None:
        """Start anew after a success."""
        self.delay = 0.0
