"""What passes would do with a container: the API's `protocols.Foresight`.

Built by `cli/daemon.py`. Asks the live facets of a started container for their plans and
makes none of them true.
"""

from collections.abc import Iterable, Sequence

from porto.reconcilers.containers.facets.knobs import KnobFacet
from porto.reconcilers.containers.world import World
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import by_errno
from porto.spec.preview import Aspect, KernelChange
from porto.spec.prop import Property
from porto.spec.records.record import Run

_STARTED = (State.RUNNING, State.META, State.PAUSED)


class Foresight:
    """See `api/protocols.py`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def changes(
        self, store: ContainerStore, before: ContainerRecord | None, after: ContainerRecord | None
    ) -> Sequence[KernelChange]:
        """What a pass would put right now."""
        if before is None or before is not after or before.status.life.state not in _STARTED:
            return ()
        found = []
        target = self._world.target(before)
        for facet in self._world.chain.live:
            try:
                found += [
                    KernelChange(item.facet, item.subject, item.want, item.have)
                    for item in facet.plan(target)
                ]
            except OSError as error:
                raise by_errno(error, f"cannot compare {facet.name} of {before.name}") from error
        return found

    def concerned(
        self, store: ContainerStore, before: ContainerRecord | None, after: ContainerRecord | None
    ) -> Iterable[ContainerRecord]:
        """Nobody else: only a change of a record concerns others."""
        return ()

    def aspects(self, record: ContainerRecord, prop: Property) -> Sequence[Aspect]:
        """The knobs of a started container's facet."""
        if record.status.life.state not in _STARTED:
            return ()
        target = self._world.target(record)
        found = []
        for facet in self._world.chain.live:
            if not isinstance(facet, KnobFacet) or facet.name != prop.prop.owner:
                continue
            if not target.group.owns(facet.controller):
                continue
            try:
                for knob, want in facet.want(target).items():
                    found.append(Aspect(facet.name, knob, want, facet.have(target, knob)))
            except OSError as error:
                raise by_errno(error, f"cannot compare {facet.name} of {record.name}") from error
        return found

    def next(self, record: ContainerRecord) -> str:
        """What the record asks for and is not true yet."""
        state, intent = record.status.life.state, record.intent
        if intent.run is Run.ABSENT:
            return "destroy it"
        if intent.run is Run.STOPPED:
            return "" if state is State.STOPPED else "stop it"
        if intent.launch > record.status.life.launched:
            return "start it"
        return ""
