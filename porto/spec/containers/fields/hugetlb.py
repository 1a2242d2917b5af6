"""Huge pages. Manual section "Memory".

Applied by `facets/hugetlb.py`, read by `observers/hugetlb.py`.
"""

from typing import Annotated

from porto.spec.codecs import Int, Size
from porto.spec.containers.fields.reading import reading
from porto.spec.prop import Facet, Prop


class HugetlbFields(Facet):
    """Desired state."""

    hugetlb_limit: Annotated[
        int, Size(), Prop(owner="hugetlb", dynamic=True, needs=("hugetlb",), example="64M")
    ] = 0
    """Limit for hugetlb_usage in bytes of 2M pages, default: 0 (unlimited).

    With a limit, huge pages of 1G are forbidden. Less than the current usage is refused.
    """


class HugetlbReadings(Facet):
    """What is observed."""

    hugetlb_usage: Annotated[
        int, Int(), reading("hugetlb", needs=("hugetlb",), example="2097152", runtime=True)
    ] = 0
    """Current hugetlb memory usage in bytes."""
