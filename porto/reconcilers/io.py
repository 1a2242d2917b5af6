"""Limits and weight of disk input and output.

Live facet; `kernel/cgroup/*/io.py` know the knobs.
"""

from collections.abc import Mapping

from porto.reconcilers.base import Target
from porto.reconcilers.knobs import KnobFacet


class Io(KnobFacet):
    """Keeps the knobs at what the properties say."""

    name = "io"
    controller = "blkio"

    def want(self, target: Target) -> Mapping[str, str]:
        """The knobs and their texts."""
        return {}
