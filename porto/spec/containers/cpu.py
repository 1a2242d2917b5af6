"""What CPU properties a container has from its ancestors, and what it needs for its children.

Called by the reconcilers and the observers, so that both agree. Pure. `lineage` is the
container's spec and those of its ancestors, nearest first. Powers are ns per second.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from porto.spec.containers.fields.cpu import POLICIES
from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import ContainerSpec
from porto.spec.containers.status import ACTIVE
from porto.spec.key import Key
from porto.spec.relations import Relation

if TYPE_CHECKING:
    from porto.spec.containers.store import ContainerStore


def policy(lineage: Iterable[ContainerSpec]) -> str:
    """The scheduling policy: the nearest that was set."""
    for spec in lineage:
        if "cpu_policy" in spec.cpu.model_fields_set:
            return spec.cpu.cpu_policy
    return POLICIES[0]


def has_policy(lineage: Iterable[ContainerSpec]) -> bool:
    """Whether the container or an ancestor was given a policy."""
    return any("cpu_policy" in spec.cpu.model_fields_set for spec in lineage)


def period(lineage: Iterable[ContainerSpec], default: int) -> int:
    """Nanoseconds of the accounting period: the nearest that was set."""
    for spec in lineage:
        if "cpu_period" in spec.cpu.model_fields_set:
            return spec.cpu.cpu_period
    return default


def limit_bound(lineage: Iterable[ContainerSpec]) -> int:
    """The smallest limit, 0 when there is none."""
    return min((spec.cpu.cpu_limit for spec in lineage if spec.cpu.cpu_limit), default=0)


def guarantee_bound(lineage: Iterable[ContainerSpec]) -> int:
    """The largest guarantee."""
    return max((spec.cpu.cpu_guarantee for spec in lineage), default=0)


def guarantee_total(store: "ContainerStore", record: ContainerRecord) -> int:
    """Its own guarantee, or that of its running children together if that is more."""
    return max(record.spec.cpu.cpu_guarantee, children_guarantee(store, record.name))


def children_guarantee(store: "ContainerStore", name: str) -> int:
    """What the running children of a container, or of `ROOT`, need together."""
    if name != ROOT and not store.has_children(name):
        return 0
    return sum(
        guarantee_total(store, child)
        for child in store.children(name)
        if child.status.life.state in ACTIVE
    )


def relatives(store: "ContainerStore") -> Relation:
    """CPU policy, period and limit reach down to the children, guarantees up."""

    def concerned(old: ContainerRecord | None, new: ContainerRecord | None) -> Iterable[Key]:
        if old is None or new is None:
            return
        before, after = old.spec.cpu, new.spec.cpu
        changed = before is not after and (
            before != after or before.model_fields_set != after.model_fields_set
        )
        came_or_went = (old.status.life.state in ACTIVE) is not (new.status.life.state in ACTIVE)
        found: list[ContainerRecord] = []
        if (changed or came_or_went) and (before.cpu_guarantee or after.cpu_guarantee):
            found += store.ancestors(new)
        if changed:
            found += reversed(store.descendants(new.name))
        for relative in found:
            if relative.status.life.state in ACTIVE:
                yield relative.key

    return concerned
