"""The pids controller of v1: limit to knob, knob text to canonical text.

Called by `driver.py`. Kernel: admin-guide/cgroup-v1/pids.rst.
"""

from collections.abc import Callable, Mapping

from porto.kernel.cgroup.group_files import GroupFiles

MAX = "pids.max"
CURRENT = "pids.current"
LIMIT_MAX = 4 << 20
"""The kernel's PID_MAX_LIMIT; a larger number is refused (EINVAL), and means no limit."""


def canonical(text: str) -> str:
    """The limit as `render` writes it."""
    return text.strip()


CANONICAL: Mapping[str, Callable[[str], str]] = {MAX: canonical}


class PidsV1:
    """See `meaning.pids.Pids`."""

    def __init__(self, files: GroupFiles) -> None:
        self._files = files

    def unsupported(self) -> Mapping[str, str]:
        """thread_limit, without the controller."""
        if "pids" in self._files.controllers:
            return {}
        return {"thread_limit": "this kernel offers no pids controller"}

    def render(self, limit: int | None) -> Mapping[str, str]:
        """The knobs for a limit of threads; None and 0: no limit."""
        return {MAX: str(limit) if limit and limit <= LIMIT_MAX else "max"}
