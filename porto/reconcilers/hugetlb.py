"""The limit of huge pages.

Live facet; `kernel/cgroup/*/hugetlb.py` know the knobs.
"""

from collections.abc import Mapping

from porto.reconcilers.base import Target
from porto.reconcilers.knobs import KnobFacet


class Hugetlb(KnobFacet):
    """Keeps the knobs at what the properties say."""

    name = "hugetlb"
    controller = "hugetlb"

    def want(self, target: Target) -> Mapping[str, str]:
        """The knobs and their texts."""
        return {}
