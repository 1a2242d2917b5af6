"""The only time source of the daemon; virtual in tests."""

import time


class Clock:
    """Wall and monotonic time, in seconds."""

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def mono(self) -> float:
        """CLOCK_MONOTONIC: comparable between processes until the next boot."""
        return time.monotonic()
