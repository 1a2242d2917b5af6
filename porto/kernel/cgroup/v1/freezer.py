"""The freezer controller of v1: texts of its knobs.

Called by `driver.py`. Kernel: admin-guide/cgroup-v1/freezer-subsystem.rst.
"""

from collections.abc import Mapping

from porto.kernel.cgroup.driver import FreezerState

STATE = "freezer.state"
SELF = "freezer.self_freezing"

_STATES = {
    b"THAWED": FreezerState.THAWED,
    b"FREEZING": FreezerState.FREEZING,
    b"FROZEN": FreezerState.FROZEN,
}


def render(frozen: bool) -> Mapping[str, str]:
    """The knobs that ask for a freeze or a thaw."""
    return {STATE: "FROZEN" if frozen else "THAWED"}


def parse(state: bytes) -> FreezerState:
    """The effective state, an ancestor's freeze included."""
    return _STATES[state.strip()]


def parse_self(text: bytes) -> bool:
    """Whether the group itself was asked to freeze."""
    return text.strip() == b"1"


def canonical(text: str) -> str:
    """The text without its line end."""
    return text.strip()
