"""Keeping the live facets true: at the start, after a change, and against drift.

Pure. Used by `life/`. A knob that the kernel refuses is an error of its facet, and hides no
other.
"""

from collections.abc import Iterable, Mapping, Sequence

from porto.reconcilers.containers.memory import Remembered
from porto.reconcilers.containers.target import Planned, Target, Wishing
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.decision import Failure
from porto.spec.errors import PortoError, by_errno


def plan(facets: Iterable[Planned], target: Target) -> tuple[Sequence[Change], Sequence[Failure]]:
    """What differs, facet by facet, and the facets that cannot be planned."""
    changes: list[Change] = []
    refused: list[Failure] = []
    for facet in facets:
        try:
            changes += facet.plan(target)
        except PortoError as error:
            refused.append(Failure(facet.name, error))
        except OSError as error:
            text = f"cannot look at {facet.name} of {target.name}: {error.filename}"
            refused.append(Failure(facet.name, by_errno(error, text)))
    return changes, refused


def asked_for(changes: Iterable[Change]) -> Sequence[Change]:
    """Changes that the container's own life asks for: nobody's drift."""
    return [change.asked_for() for change in changes]


def with_drift(
    wishing: Mapping[str, Wishing],
    remembered: Remembered,
    target: Target,
    changes: Sequence[Change],
) -> Sequence[Change]:
    """The same changes; one that somebody's wish asks for is no drift.

    A change of the container's own properties is a new generation. `wishing` are the facets
    to whom the kin's properties matter, too: a wish that is not the one that was true last.
    """
    record = target.record
    if record.generation != record.status.observed_generation:
        return asked_for(changes)
    wished = {
        facet
        for facet in {change.facet for change in changes} & remembered.wishes.keys()
        if remembered.wishes[facet] != wishing[facet].wish(target)
    }
    return [change.asked_for() if change.facet in wished else change for change in changes]


def settle(wishing: Mapping[str, Wishing], remembered: Remembered, target: Target) -> None:
    """Everything is as it should be: this is what the facets wish for."""
    for name, facet in wishing.items():
        remembered.wishes[name] = facet.wish(target)


def is_clean(world: World, target: Target) -> bool:
    """Whether no live facet would change anything.

    A container whose knobs nobody has written to since they were all looked at needs
    only the facets that the kernel does not tell of.
    """
    notices, record = world.notices, target.record
    chain = world.chain
    if notices.is_quiet(record.key, record.generation):
        return not any(facet.plan(target) for facet in chain.unannounced)
    watched = notices.watch(record.key, target.group)
    if any(facet.plan(target) for facet in chain.live):
        return False
    if watched:
        notices.settle(record.key, record.generation)
    return True
