"""Keeping the live facets true: at the start, after a change, and against drift.

Used by `starting.py` and `reconciler.py`. A repaired knob is one event in the log and one
count; a knob that the kernel refuses is an error of its facet, and hides no other.
"""

import asyncio

import structlog

from porto.reconcilers.containers.base import Target
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.change import Change
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import PortoError, by_errno

log = structlog.get_logger()


class Upkeep:
    """The live facets of all containers; `drift` counts repairs by facet."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.drift: dict[str, int] = {}

    async def apply(self, target: Target, *, first: bool) -> tuple[str, PortoError] | None:
        """Make the live facets true; the first that fails, with its error.

        The others are still made true: one refused knob must not hide the rest.
        """
        record = target.record
        drift = not first and record.generation == record.status.observed_generation
        failed: tuple[str, PortoError] | None = None
        for facet in self._world.chain.live:
            subject = facet.name
            try:
                for change in facet.plan(target):
                    subject = f"{change.subject} of {record.name} to {change.want}"
                    if change.is_slow:
                        await asyncio.to_thread(facet.apply, target, change)
                    else:
                        facet.apply(target, change)
                    if drift and change.is_drift:
                        self.count_drift(record, change)
            except PortoError as error:
                failed = failed or (facet.name, error)
            except OSError as error:
                failed = failed or (facet.name, by_errno(error, f"cannot set {subject}"))
        return failed

    def is_clean(self, target: Target) -> bool:
        """Whether no live facet would change anything.

        A container whose knobs nobody has written to since they were all looked at needs
        only the facets that the kernel does not tell of.
        """
        events, record = self._world.events, target.record
        chain = self._world.chain
        if events.is_quiet(record.id, record.generation):
            return not any(facet.plan(target) for facet in chain.unannounced)
        watched = events.watch(record.id, target.group)
        if any(facet.plan(target) for facet in chain.live):
            return False
        if watched:
            events.settle(record.id, record.generation)
        return True

    def count_drift(self, record: ContainerRecord, change: Change) -> None:
        """Somebody else changed a knob, which was put back."""
        self.drift[change.facet] = self.drift.get(change.facet, 0) + 1
        self._world.count("drift_repaired", 1)
        log.warning(
            "drift repaired",
            container=record.name,
            facet=change.facet,
            knob=change.subject,
            want=change.want,
            have=change.have,
        )
