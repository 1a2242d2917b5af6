"""The difference between want and have, as a value.

Made by a facet's `plan`, printed by dry runs, applied by the same facet's
`apply`, counted as drift when nothing but the kernel had changed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to change.

    facet    -- who planned it and will apply it
    subject  -- the knob or object, for example ``pids.max``
    want     -- canonical text
    have     -- canonical text of what was observed, "" for an absent object
    is_slow  -- making it may take the kernel long: it is done beside the event loop
    is_drift -- False when the container's own life asks for it, not somebody else's hand
    """

    facet: str
    subject: str
    want: str
    have: str
    is_drift: bool = True
    is_slow: bool = False
