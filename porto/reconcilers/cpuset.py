"""Which CPUs a container may use, solved for the whole host.

Live facet; `kernel/cgroup/*/cpuset.py` know the knobs.
"""

from collections.abc import Mapping

from porto.reconcilers.base import Target
from porto.reconcilers.knobs import KnobFacet


class Cpuset(KnobFacet):
    """Keeps the knobs at what the properties say."""

    name = "cpuset"
    controller = "cpuset"

    def want(self, target: Target) -> Mapping[str, str]:
        """The knobs and their texts."""
        return {}
