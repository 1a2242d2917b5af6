"""Sums and minima of memory properties over the tree of containers.

Pure functions of the store, called by `rules/memory.py`, `observers/memory.py` and
`facets/memory.py`, so that what is admitted, shown and written is one figure.
Manual section "Memory", memory_limit_total and memory_guarantee_total.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State

if TYPE_CHECKING:
    from porto.spec.containers.store import ContainerStore

Guarantee = Callable[[ContainerRecord], int]
"""The guarantee with which one container counts, sub-containers aside."""


def own_guarantee(record: ContainerRecord) -> int:
    """What a container was promised, unless it is stopped: then it needs nothing."""
    if record.status.life.state is State.STOPPED:
        return 0
    return record.spec.memory.memory_guarantee


def children_total(store: "ContainerStore", name: str, own: Guarantee = own_guarantee) -> int:
    """Sum of the totals of the direct children of a container, or of `ROOT`."""
    if name != ROOT and not store.has_children(name):
        return 0
    return sum(guarantee_total(store, child, own) for child in store.children(name))


def guarantee_total(
    store: "ContainerStore", record: ContainerRecord, own: Guarantee = own_guarantee
) -> int:
    """The larger of a container's own guarantee and the sum of its children's totals."""
    return max(own(record), children_total(store, record.name, own))


def limit_total(
    store: "ContainerStore",
    record: ContainerRecord,
    ceiling: int,
    limit: Callable[[ContainerRecord], int],
) -> int:
    """The smallest limit of a container and its ancestors, at most `ceiling`; 0 is none."""
    numbers = [limit(item) for item in (record, *store.ancestors(record))]
    return min((number for number in (*numbers, ceiling) if number), default=0)
