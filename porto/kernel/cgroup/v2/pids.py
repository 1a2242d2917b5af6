"""The pids controller of v2: limit to knob, knob text to canonical text.

Called by `driver.py`. Kernel: admin-guide/cgroup-v2.rst, "PID".
"""

from collections.abc import Mapping

MAX = "pids.max"
CURRENT = "pids.current"
LIMIT_MAX = 4 << 20
"""The kernel's PID_MAX_LIMIT; a larger number is refused (EINVAL), and means no limit."""


def render(limit: int | None) -> Mapping[str, str]:
    """The knobs for a limit of threads; None and 0: no limit."""
    return {MAX: str(limit) if limit and limit <= LIMIT_MAX else "max"}


def canonical(text: str) -> str:
    """The limit as `render` writes it."""
    return text.strip()
