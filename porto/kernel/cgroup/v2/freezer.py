"""The freezer of v2, part of the core: texts of its knobs.

Called by `driver.py`. Kernel: admin-guide/cgroup-v2.rst, "cgroup.freeze".
"""

from collections.abc import Mapping

FREEZE = "cgroup.freeze"
EVENTS = "cgroup.events"


def render(frozen: bool) -> Mapping[str, str]:
    """The knobs that ask for a freeze or a thaw."""
    return {FREEZE: "1" if frozen else "0"}


def parse_event(events: bytes, key: bytes) -> bool:
    """One flag of the text of ``cgroup.events``; False when it is not there."""
    return key + b" 1\n" in events


def canonical(text: str) -> str:
    """The text without its line end."""
    return text.strip()
