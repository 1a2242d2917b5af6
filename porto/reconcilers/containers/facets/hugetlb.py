"""hugetlb_limit: how many huge pages the container may use.

Live facet; `kernel/cgroup/*/hugetlb.py` know the knobs.
"""

from collections.abc import Mapping, Sequence

from porto.reconcilers.containers.facets.knobs import KnobFacet
from porto.reconcilers.containers.target import Target
from porto.reconcilers.engine.change import Change
from porto.spec.errors import InvalidValue


class Hugetlb(KnobFacet):
    """Keeps the knobs at what the properties say."""

    name = "hugetlb"
    controller = "hugetlb"

    def want(self, target: Target) -> Mapping[str, str]:
        """The knobs and their texts."""
        return self.driver.hugetlb.render(target.record.spec.hugetlb.hugetlb_limit)

    def compare(self, target: Target, wanted: Mapping[str, str]) -> Sequence[Change]:
        """The knobs that differ; raises InvalidValue for a limit below what is used.

        The kernel would take it, and refuse every further page until some are given back.
        """
        changes = super().compare(target, wanted)
        limit = target.record.spec.hugetlb.hugetlb_limit
        if not changes or not limit or target.is_new:
            return changes
        usage = target.look(self.driver.hugetlb.usage, target.group)
        if usage > limit:
            raise InvalidValue(
                f"cannot set hugetlb_limit of {target.name} to {limit}: {usage} bytes are used"
            )
        return changes
