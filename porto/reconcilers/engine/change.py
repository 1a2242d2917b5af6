"""The difference between want and have, as a value, and what becomes of it.

A facet's `plan` makes changes; `portoctl plan` and `diff` print them; `carrier.py` makes
them true. What a change does to the world is its effect: a frozen value with one method,
which only the carrier calls.
"""

from dataclasses import dataclass
from typing import Protocol

from porto.reconcilers.ports import Ports


class Effect(Protocol):
    """Something done through the ports, as a value.

    Idempotent: it may be carried again after a crash, or when part of it was done before.
    """

    def carry(self, ports: Ports) -> None:
        """Do it; raises PortoError, or OSError with the path as filename."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to change.

    facet    -- who planned it: `Prop.owner` of the properties that ask for it
    subject  -- the knob or object, for example ``pids.max``
    want     -- canonical text
    have     -- canonical text of what was observed, "" for an absent object
    effect   -- how it is made
    why      -- what asks for it, when that is not the property of the same name
    act      -- what a failure says cannot be done, as in "start a"; "" for "set SUBJECT of
                NAME to WANT"
    is_drift -- False when the object's own life asks for it, not somebody else's hand
    is_slow  -- making it may take the kernel long: it is a job
    """

    facet: str
    subject: str
    want: str
    have: str
    effect: Effect
    why: str = ""
    act: str = ""
    is_drift: bool = True
    is_slow: bool = False

    def asked_for(self) -> "Change":
        """The same, which the object's own life asks for."""
        return Change(
            self.facet,
            self.subject,
            self.want,
            self.have,
            self.effect,
            self.why,
            self.act,
            is_drift=False,
            is_slow=self.is_slow,
        )
