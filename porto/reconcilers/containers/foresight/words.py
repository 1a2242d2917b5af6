"""Changes of passes as users read them: `spec/preview.py`'s `KernelChange`.

Called by `foresight.py`. What our own books say is left out: the record's change shows it.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from porto.launcher.ops import Op
from porto.reconcilers.containers.effects import BOOKKEEPING
from porto.reconcilers.containers.facets.task import LaunchTask
from porto.reconcilers.containers.foresight.steps import clone_step, steps
from porto.reconcilers.containers.life.step import Step, next_step
from porto.reconcilers.containers.target import LaunchPlan, Target
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.change import Change
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import SPEC_PROPERTIES, ContainerSpec
from porto.spec.errors import PortoError
from porto.spec.preview import KernelChange, When
from porto.spec.prop import Property

DRIFT = "somebody has changed it"
AT_LAUNCH = "at launch"
"""Subject of what only a launch makes true."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a launch, with the facet that planned it and its text."""

    facet: str
    op: Op
    text: str

    def replaces(self, other: "Operation") -> bool:
        """Whether it is the same kind of thing."""
        return (self.facet, type(self.op)) == (other.facet, type(other.op))


class Words:
    """Tells of changes; asks the facets again to find out which property wants them."""

    def __init__(self, world: World) -> None:
        self._chain = world.chain

    def told(self, target: Target, change: Change, *, drift: bool = False) -> KernelChange | None:
        """One change; None for what is written in our books alone."""
        if isinstance(change.effect, BOOKKEEPING):
            return None
        why = change.why
        if not why and drift and change.is_drift:
            why = DRIFT
        found: Sequence[str] = ()
        if isinstance(change.effect, LaunchTask):
            clone = clone_step(change.effect.clone_flags)
            done = steps(change.effect.ops, change.effect.sources)
            found = [clone, *done] if clone else done
        return KernelChange(
            facet=change.facet,
            subject="launch" if found else change.subject,
            want=change.want,
            have=change.have,
            why=why or ", ".join(self._asking(target, change)),
            when=moment(target.record),
            steps=tuple(found),
        )

    def _asking(self, target: Target, change: Change) -> list[str]:
        """The set properties without which the change would be another one, or none.

        Those of its facet; others only when it is none of them.
        """
        if not self._wants(target, change):
            return []
        chosen = [prop for prop in SPEC_PROPERTIES if target.record.spec.is_set(prop)]
        mine = [prop for prop in chosen if prop.prop.owner == change.facet]
        others = [prop for prop in chosen if prop not in mine]
        return self._needed(target, change, mine) or self._needed(target, change, others)

    def _needed(self, target: Target, change: Change, props: Sequence[Property]) -> list[str]:
        return [
            prop.name
            for prop in props
            if not self._wants(_with(target, unset(target.record, prop)), change)
        ]

    def _wants(self, target: Target, change: Change) -> bool:
        """Whether the live facets of that name plan this change of a container."""
        try:
            return any(
                item.subject == change.subject and item.want == change.want
                for facet in self._chain.live
                if facet.name == change.facet
                for item in facet.plan(target)
            )
        except (PortoError, OSError):
            return False

    # -- what a launch makes true ------------------------------------------------

    def launch(self, target: Target) -> list[Operation]:
        """The operations of a launch; raises PortoError or OSError."""
        plan = LaunchPlan()
        facets: list[str] = []
        for facet in self._chain.launch:
            facet.prepare(target, plan)
            facets += [facet.name] * (len(plan.ops) - len(facets))
        return [*map(Operation, facets, plan.ops, steps(plan.ops, plan.sources))]

    def relaunch(self, target: Target, before: ContainerRecord) -> list[KernelChange]:
        """What of a running container's new properties only another launch makes true."""
        record = target.record
        late = [
            prop
            for prop in SPEC_PROPERTIES
            if not prop.prop.dynamic and record.spec.value(prop) != before.spec.value(prop)
        ]
        if not late:
            return []
        renewed = dataclasses.replace(before, spec=_merged(late, before, record))
        had, has = self.launch(_with(target, before)), self.launch(_with(target, renewed))
        gone = [item for item in had if item not in has]
        why = ", ".join(prop.name for prop in late)
        found = []
        for item in has:
            if item in had:
                continue
            twin = next((other for other in gone if other.replaces(item)), None)
            if twin is not None:
                gone.remove(twin)
            have = twin.text if twin is not None else ""
            found.append(KernelChange(item.facet, AT_LAUNCH, item.text, have, why, When.RESTART))
        for item in gone:
            found.append(KernelChange(item.facet, AT_LAUNCH, "", item.text, why, When.RESTART))
        return found

    def shaped(self, target: Target, prop: Property) -> list[Operation]:
        """The operations of the launch that would be others without a property."""
        operations = self.launch(target)
        if not target.record.spec.is_set(prop):
            return [item for item in operations if item.facet == prop.prop.owner]
        without = self.launch(_with(target, unset(target.record, prop)))
        return [item for item in operations if item not in without]


def moment(record: ContainerRecord) -> When:
    """At which moment of its life a pass makes changes of this container."""
    match next_step(record):
        case Step.START:
            return When.START
        case Step.MOURN | Step.KEEP:
            return When.LIVE
        case _:
            return When.STOP


def unset(record: ContainerRecord, prop: Property) -> ContainerRecord:
    """The same container without one of its properties."""
    return dataclasses.replace(record, spec=record.spec.without_value(prop))


def _merged(
    props: Sequence[Property], before: ContainerRecord, after: ContainerRecord
) -> ContainerSpec:
    spec = before.spec
    for prop in props:
        if after.spec.is_set(prop):
            spec = spec.with_value(prop, after.spec.value(prop))
        else:
            spec = spec.without_value(prop)
    return spec


def _with(target: Target, record: ContainerRecord) -> Target:
    """Another record in the same place; what was seen is still seen."""
    return dataclasses.replace(target, record=record)
