"""hugetlb_limit: how many huge pages the container may use.

Live facet; `kernel/cgroup/*/hugetlb.py` know the knobs.
"""

from collections.abc import Mapping

from porto.reconcilers.containers.base import Target
from porto.reconcilers.containers.facets.knobs import KnobFacet
from porto.reconcilers.engine.change import Change
from porto.spec.errors import InvalidValue


class Hugetlb(KnobFacet):
    """Keeps the knobs at what the properties say."""

    name = "hugetlb"
    controller = "hugetlb"

    def want(self, target: Target) -> Mapping[str, str]:
        """The knobs and their texts."""
        return self.driver.hugetlb.render(target.record.spec.memory.hugetlb_limit)

    def apply(self, target: Target, change: Change) -> None:
        """Write one knob; raises InvalidValue for a limit below what is used.

        The kernel would take it, and refuse every further page until some are given back.
        """
        limit = target.record.spec.memory.hugetlb_limit
        usage = self.driver.hugetlb.usage(target.group) if limit else 0
        if usage > limit:
            raise InvalidValue(
                f"cannot set hugetlb_limit of {target.name} to {limit}: {usage} bytes are used"
            )
        super().apply(target, change)
