"""The controller of the number of tasks, the same on v1 and v2.

Reached as ``driver.pids``. Kernel: admin-guide/cgroup-v1/pids.rst, admin-guide/cgroup-v2.rst,
"PID".
"""

from collections.abc import Callable, Mapping

MAX = "pids.max"
CURRENT = "pids.current"
LIMIT_MAX = 4 << 20
"""The kernel's PID_MAX_LIMIT; a larger number is refused (EINVAL), and means no limit."""

CANONICAL: Mapping[str, Callable[[str], str]] = {MAX: str.strip}


class Pids:
    """Limits to knobs."""

    def __init__(self, controllers: frozenset[str]) -> None:
        """`controllers` are those that the kernel offers."""
        self._offered = "pids" in controllers

    def unsupported(self) -> Mapping[str, str]:
        """Why a feature is not there, by its name."""
        if self._offered:
            return {}
        return {"pids": "this kernel offers no pids controller"}

    def render(self, limit: int | None) -> Mapping[str, str]:
        """{knob: canonical text} for thread_limit; None or 0 is unlimited."""
        return {MAX: str(limit) if limit and limit <= LIMIT_MAX else "max"}
