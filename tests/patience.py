"""How long tests wait for what must come: longer where the machine is slow.

`PORTO_TEST_SLOWNESS` is the factor (1 where it is not set); tests/vm sets it in its guests.
A wait that ends early costs nothing, so a deadline is for the slowest machine, and this is
the one place that knows of it. Used by tests' own deadlines and by tests/conftest.py for
the limits of whole tests.
"""

import os
import time
from collections.abc import Callable

SLOWNESS = int(os.environ.get("PORTO_TEST_SLOWNESS") or 1)


def patient(seconds: float) -> float:
    """These seconds of a fast machine, on this one."""
    return seconds * SLOWNESS


LIMIT_S = patient(60)


def until(
    check: Callable[[], object], what: str = "it did not come to that", limit_s: float = LIMIT_S
) -> None:
    """Poll a fact that nobody announces; fails with `what` after `limit_s` seconds."""
    deadline = time.monotonic() + limit_s
    while not check():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)
