"""Limits and guarantees of memory.

Live facet; `kernel/cgroup/*/memory.py` know the knobs.
"""

from collections.abc import Mapping

from porto.reconcilers.base import Target
from porto.reconcilers.knobs import KnobFacet


class Memory(KnobFacet):
    """Keeps the knobs at what the properties say."""

    name = "memory"
    controller = "memory"

    def want(self, target: Target) -> Mapping[str, str]:
        """The knobs and their texts."""
        return {}
