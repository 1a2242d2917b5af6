"""Weight, guarantee and limit of CPU time.

Live facet; `kernel/cgroup/*/cpu.py` know the knobs.
"""

from collections.abc import Mapping

from porto.reconcilers.base import Target
from porto.reconcilers.knobs import KnobFacet


class Cpu(KnobFacet):
    """Keeps the knobs at what the properties say."""

    name = "cpu"
    controller = "cpu"

    def want(self, target: Target) -> Mapping[str, str]:
        """The knobs and their texts."""
        return {}
