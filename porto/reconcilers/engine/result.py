"""How a pass ends: one of four outcomes, decided in one place (`engine/loop.py`).

A result never says "again, please" without saying when or what it waits for.
"""

from dataclasses import dataclass

from porto.spec.errors import PortoError


@dataclass(frozen=True, slots=True)
class Done:
    """Desired and observed state agree.

    `after` asks for a look in so many seconds all the same: a timer of the container
    itself (aging, respawn).
    """

    after: float | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """Under way: look again when something of this container changes.

    At the latest `after` seconds from now; None: only on a change.
    """

    after: float | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Failed for a reason that may pass; the queue backs off and tries again."""

    error: PortoError


@dataclass(frozen=True, slots=True)
class Stuck:
    """Cannot be made true as asked; stays so until something changes."""

    error: PortoError


Result = Done | Again | Retry | Stuck
