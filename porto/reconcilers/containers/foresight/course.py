"""The passes that would follow a change of records, decided one after the other, none carried.

Made by `foresight.py` for a copy of the store. Each pass is decided by `decide.py` as always; what
it notes goes into the copy, what it does to a life is imagined (`imagined.py`), and who has
to look then is told by the relations of the kind, as in the engine. So a whole restart, a
subtree that stops, and what a container's start means for its neighbours are seen. A start is
taken to succeed, and a process that is asked to end to do so.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from porto.reconcilers.containers.decide import Life
from porto.reconcilers.containers.effects import (
    Delete,
    Freeze,
    Kill,
    Note,
    Signal,
    Wish,
)
from porto.reconcilers.containers.facets.cpuset import Admit
from porto.reconcilers.containers.facets.task import LaunchTask
from porto.reconcilers.containers.facets.tree import MakeGroup, RemoveGroup
from porto.reconcilers.containers.foresight.imagined import Imagination
from porto.reconcilers.containers.memory import Await
from porto.reconcilers.containers.target import Target
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.carrier import carry
from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.decision import Decision
from porto.reconcilers.engine.result import Again, Retry, Stuck
from porto.spec.containers.outlook import Turn
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.relations import relations
from porto.spec.errors import PortoError, by_errno
from porto.spec.key import Key

PASSES_MAX = 12
"""Of one container: a restart that waits for its children takes seven."""


@dataclass(slots=True)
class Outcome:
    """What becomes of one container.

    cause   -- name of the container whose change has led to its first pass
    steps   -- its changes in their order, each with the container as the pass saw it
    error   -- what would stand in the way
    """

    name: str
    cause: str
    steps: list[tuple[Target, Change]] = field(default_factory=list)
    error: PortoError | None = None
    passes: int = 0
    made: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, target: Target, change: Change) -> None:
        """One more change; what an earlier pass has made, it finds so."""
        about = (change.facet, change.subject)
        earlier = self.made.get(about)
        if earlier == change.want:
            return
        if earlier is not None:
            change = dataclasses.replace(change, have=earlier)
        self.made[about] = change.want
        self.steps.append((target, change))


class Course:
    """One course of events; used once."""

    def __init__(
        self,
        world: Callable[[Callable[[Key], None]], World],
        imagined: Imagination,
    ) -> None:
        """`world` is built over the copy; it is given the way to ask for a pass."""
        self._imagined = imagined
        self._queue: dict[Key, None] = {}
        self._cause = ""
        self.outcomes: dict[Key, Outcome] = {}
        self.world = world(self._enqueue)
        self._store = self.world.store
        self._life = Life(self.world)
        self._relations = relations(self._store)
        self._store.subscribe(self._changed)

    def run(self, turns: Sequence[Turn]) -> Iterator[None]:
        """Pass by pass, until nothing moves any more."""
        for turn in turns:
            self._cause = turn.name
            for record in (turn.before, turn.after):
                if record is not None:
                    self._enqueue(record.key)
            self._changed(turn.before, turn.after)
        while self._queue:
            key = next(iter(self._queue))
            del self._queue[key]
            self._cause = self.outcomes[key].cause
            self._pass(key, self.outcomes[key])
            yield

    def _enqueue(self, key: Key) -> None:
        record = self._store.find_id(key.id)
        if record is None:
            return
        outcome = self.outcomes.get(key)
        if outcome is None:
            outcome = self.outcomes[key] = Outcome(record.name, self._cause)
        if outcome.passes < PASSES_MAX:
            self._queue.setdefault(key)

    def _changed(self, old: ContainerRecord | None, new: ContainerRecord | None) -> None:
        for relation in self._relations:
            for key in relation(old, new):
                self._enqueue(key)

    def _pass(self, key: Key, outcome: Outcome) -> None:
        record = self._store.find_id(key.id)
        if record is None:
            return
        outcome.passes += 1
        try:
            target = self.target(record)
            decision = self._life.decide(target)
            self._imagine(target, decision, outcome)
        except PortoError as error:
            outcome.error = error
        except OSError as error:
            outcome.error = by_errno(error, f"cannot look at {record.name}: {error.filename}")

    def target(self, record: ContainerRecord) -> Target:
        """A container as a pass would see it."""
        target = self.world.target(record)
        if record.key in self._imagined.made:
            return dataclasses.replace(target, is_new=True)
        return target

    def _imagine(self, target: Target, decision: Decision, outcome: Outcome) -> None:
        result = decision.result
        # What is waited for comes, or nobody knows: that one waits changes nothing.
        changes = [
            change
            for change in (*decision.changes, *decision.closing)
            if not isinstance(change.effect, Await)
        ]
        moved = bool(outcome.steps)
        for change in changes:
            # What follows a failure takes back what has not been done.
            if outcome.error is None and not isinstance(result, Retry | Stuck):
                outcome.add(target, change)
            self._come_true(target, change, outcome)
        if outcome.steps and not moved:
            # In the order in which they are first changed: children are stopped before parents.
            self.outcomes[target.key] = self.outcomes.pop(target.key)
        if decision.refused:
            outcome.error = decision.refused[0].error
        elif isinstance(result, Retry | Stuck):
            outcome.error = result.error
        elif isinstance(result, Again) and changes:
            self._enqueue(target.key)

    def _come_true(self, target: Target, change: Change, outcome: Outcome) -> None:
        """What the next passes have to find."""
        imagined, key, name = self._imagined, target.key, target.name
        match change.effect:
            case Note() | Wish() | Delete() | Admit():
                # Of the copy of the store and of the allocation: nothing else is written.
                carry(change, self.world.ports)
            case MakeGroup() if target.is_new:
                imagined.made.add(key)
            case LaunchTask():
                imagined.launched.add(change.effect.launch_id)
                imagined.ended.discard(key)
                imagined.emptied.pop(name, None)
            case Kill() | Signal():
                imagined.ended.add(key)
                imagined.emptied[name] = target.group
            case Freeze():
                imagined.frozen[name] = change.effect.frozen
            case RemoveGroup():
                imagined.made.discard(key)
                imagined.absent.add(name)
                imagined.frozen.pop(name, None)
                outcome.made.clear()
