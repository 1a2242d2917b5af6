"""What a pass has decided: ordered changes, and how it then ends.

Made by the `decide` of a kind from records and observed facts, without an effect;
carried by `carrier.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.result import Result
from porto.spec.errors import PortoError


@dataclass(frozen=True, slots=True)
class Failure:
    """A change that could not be made, or a facet that cannot be planned.

    subject -- of the change; "" for a plan
    """

    facet: str
    error: PortoError
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """One pass.

    changes  -- in the order in which they are made
    result   -- how the pass ends when all of them were made
    closing  -- what is made only then: what is written down
    refused  -- facets that could not be planned
    by_facet -- a failure keeps only the rest of its own facet from being made
    failed   -- what is decided after a failure; None: the pass is tried again
    pending  -- what is decided while a slow change is being made; None: its end is waited for
    """

    changes: Sequence[Change] = ()
    result: Result | None = None
    closing: Sequence[Change] = ()
    refused: Sequence[Failure] = ()
    by_facet: bool = False
    failed: "Callable[[Sequence[Failure]], Decision] | None" = None
    pending: "Decision | None" = None
