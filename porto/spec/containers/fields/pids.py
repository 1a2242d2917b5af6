"""Limits on tasks. Manual section "State"; applied by `facets/pids.py`."""

from typing import Annotated

from porto.spec.codecs import OptionalSize
from porto.spec.prop import Facet, Prop


class PidsFields(Facet):
    """The pids controller."""

    thread_limit: Annotated[
        int | None,
        OptionalSize(),
        Prop(owner="pids", dynamic=True, needs=("pids",), example="1000"),
    ] = None
    """Limit for thread_count, 0 means none; default: 10000 for first-level containers."""

    def limit(self, level: int, default: int) -> int | None:
        """The limit at a nesting level, None for none.

        default -- that of the first level, for whom it was not set; 0: none
        """
        if self.thread_limit is None and level == 1:
            return default or None
        return self.thread_limit
