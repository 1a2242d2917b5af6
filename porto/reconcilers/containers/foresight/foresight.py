"""What passes would do with containers, and why: the API's `protocols.Foresight`.

Built by `assembly.py`. Asks what the passes ask (`decide.py`, the facets) and carries nothing.
"""

from collections.abc import Callable, Iterator, Sequence

from porto.reconcilers.containers.decide import Life
from porto.reconcilers.containers.foresight.course import Course, Outcome
from porto.reconcilers.containers.foresight.words import AT_LAUNCH, Words
from porto.reconcilers.containers.target import Target
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.decision import Decision
from porto.reconcilers.engine.result import Again, Done, Retry, Stuck
from porto.spec.containers.outlook import Turn
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import STARTED, State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import PortoError, by_errno
from porto.spec.preview import Aspect, Foretold, KernelChange
from porto.spec.prop import Property
from porto.spec.records.record import Run


class Foresight:
    """See `api/protocols.py`."""

    def __init__(self, world: World, imagine: Callable[[ContainerStore], Course]) -> None:
        """`imagine` gives a course of events over a copy of the store."""
        self._world = world
        self._imagine = imagine
        self._life = Life(world)
        self._words = Words(world)

    def now(self, record: ContainerRecord) -> Foretold:
        """What the next pass would do: pending, or drift."""
        try:
            target = self._world.target(record)
            decision = self._decide(target)
            changes = self._changes(target, decision)
        except PortoError as error:
            return Foretold(record.name, error=error.text)
        return Foretold(record.name, changes, _error(decision))

    def passes(self, fork: ContainerStore, turns: Sequence[Turn]) -> Iterator[Foretold | None]:
        """Run ahead; None after each pass, then what becomes of each container."""
        relaunches = {turn.name: self._relaunch(turn) for turn in turns}
        course = self._imagine(fork)
        for _ in course.run(turns):
            yield None
        words = Words(course.world)
        for outcome in course.outcomes.values():
            yield _foretold(words, outcome, relaunches.get(outcome.name, []))

    def aspects(self, record: ContainerRecord, prop: Property) -> Sequence[Aspect]:
        """All that its facet keeps true, then the operations of the launch that it shapes."""
        owner = prop.prop.owner
        target = self._world.target(record)
        found = []
        try:
            if record.status.life.state in STARTED:
                for facet in self._world.chain.live:
                    if facet.name == owner:
                        found += [
                            Aspect(owner, item.subject, item.want, item.have)
                            for item in facet.show(target)
                        ]
            for operation in self._words.shaped(target, prop):
                found.append(Aspect(operation.facet, AT_LAUNCH, operation.text, ""))
        except OSError as error:
            raise by_errno(error, f"cannot look at {owner} of {record.name}") from error
        return found

    def next(self, record: ContainerRecord) -> str:
        """What the next pass would do, in words."""
        try:
            target = self._world.target(record)
            decision = self._decide(target)
            changes = self._changes(target, decision)
        except PortoError as error:
            return f"try again: {error.text}"
        return _next(record, decision, changes)

    def _decide(self, target: Target) -> Decision:
        try:
            return self._life.decide(target)
        except OSError as error:
            text = f"cannot look at {target.name}: {error.filename}"
            raise by_errno(error, text) from error

    def _changes(self, target: Target, decision: Decision) -> tuple[KernelChange, ...]:
        told = (
            self._words.told(target, change, drift=True)
            for change in (*decision.changes, *decision.closing)
        )
        return tuple(change for change in told if change is not None)

    def _relaunch(self, turn: Turn) -> Sequence[KernelChange]:
        """What a running container keeps until it is started again."""
        before, after = turn.before, turn.after
        if before is None or after is None or before.status.life.state not in STARTED:
            return ()
        if after.intent.run is not Run.RUNNING or after.intent.launch != before.intent.launch:
            return ()
        try:
            return self._words.relaunch(self._world.target(after), before)
        except (PortoError, OSError):
            # Its next start would tell; what it does now is not less true.
            return ()


def _foretold(words: Words, outcome: Outcome, relaunch: Sequence[KernelChange]) -> Foretold:
    told = (words.told(target, change) for target, change in outcome.steps)
    changes = tuple(change for change in told if change is not None)
    error = outcome.error.text if outcome.error is not None else ""
    return Foretold(outcome.name, (*changes, *relaunch), error, outcome.cause)


def _error(decision: Decision) -> str:
    if decision.refused:
        return decision.refused[0].error.text
    if isinstance(decision.result, Retry | Stuck):
        return decision.result.error.text
    return ""


def _next(record: ContainerRecord, decision: Decision, changes: Sequence[KernelChange]) -> str:
    """One sentence."""
    state, intent, result = record.status.life.state, record.intent, decision.result
    if intent.run is Run.ABSENT:
        return "destroy it" if changes or decision.closing else "destroy it after its children"
    if intent.run is Run.STOPPED and state is not State.STOPPED:
        if changes:
            return "stop it"
        if state is State.STOPPING and isinstance(result, Again) and result.after is not None:
            return "kill it, if it has not ended in time"
        return "stop it after its children"
    if record.is_launch_due and intent.run is Run.RUNNING:
        if not changes and isinstance(result, Again):
            return "start it, when what it waits for has happened"
        return "start it" if state in (State.STOPPED, State.STARTING) else "start it again"
    if state is State.DEAD and isinstance(result, Done) and result.after is not None:
        lifecycle = record.spec.lifecycle
        verb = "start it again" if lifecycle.respawn else "destroy it"
        return f"{verb} in {_duration(result.after)}"
    drift = [change.subject for change in changes]
    return f"set {', '.join(drift)}" if drift else ""


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
