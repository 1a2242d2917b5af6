"""A started container: does it still live, is it as it should be.

Pure. Used by `decide.py`. Manual section "States".
"""

import signal
from collections.abc import Sequence

from porto.reconcilers.containers import upkeep
from porto.reconcilers.containers.facets.tree import MakeGroup
from porto.reconcilers.containers.life.dying import Dying
from porto.reconcilers.containers.life.ending import condition, lasting, note, wait
from porto.reconcilers.containers.life.freezing import Freezing
from porto.reconcilers.containers.rivals import truce
from porto.reconcilers.containers.target import Target
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.decision import Decision, Failure
from porto.reconcilers.engine.result import Again, Done, Stuck
from porto.spec.containers.status import ACTIVE, State
from porto.spec.records.status import Condition


class Running:
    """Keeps started containers true."""

    def __init__(self, world: World, dying: Dying) -> None:
        self._world = world
        self._store = world.store
        self._dying = dying
        self._freezing = Freezing(world)

    def decide(self, target: Target) -> Decision:
        """Death first, then the freezer, then the facets."""
        return self._ended(target) or self._freezing.decide(target) or self._kept(target)

    def _ended(self, target: Target) -> Decision | None:
        record, world = target.record, self._world
        process = record.status.life.process
        exited = None if process is None else target.look(world.exits.find, process)
        if exited is not None:
            return self._dying.die(target, exited.status)
        parent = self._store.parent(record)
        if parent is not None and parent.status.life.state not in ACTIVE:
            return self._dying.with_parent(target)
        if (
            process is None
            and record.status.life.state is not State.META
            and not target.look(world.ports.cgroups.exists, target.group)
        ):
            return self._dying.die(target, int(signal.SIGKILL))
        verdict = self._dying.verdict(target)
        return None if verdict is None else self._dying.condemned(target, verdict)

    def _kept(self, target: Target) -> Decision:
        record, remembered = target.record, self._world.remembered(target)
        changes, refused = upkeep.plan(self._world.chain.live, target)
        changes = upkeep.with_drift(self._world.chain.wishing, remembered, target, changes)
        kept = truce(target.name, remembered.reversals, changes, target.mono)
        shown = (*lasting(record), *kept.conditions)
        slow = next((change for change in kept.changes if change.is_slow), None)
        seen = note(target, observed_generation=record.generation, conditions=shown)
        return Decision(
            kept.changes,
            Done(kept.wait),
            closing=[seen],
            refused=refused,
            by_facet=True,
            failed=lambda failures: self._failed(target, failures, kept.changes),
            pending=None if slow is None else self._slow(target, slow),
        )

    def _slow(self, target: Target, change: Change) -> Decision:
        text = f"{target.name} waits until {change.subject} is {change.want}"
        return wait(self._world, target, change.subject, text)

    def _failed(
        self, target: Target, failures: Sequence[Failure], changes: Sequence[Change]
    ) -> Decision:
        """What could not be looked at may be there now: the groups have just been made again."""
        made = {change.facet for change in changes if isinstance(change.effect, MakeGroup)}
        if made and made.isdisjoint(failure.facet for failure in failures):
            return Decision(result=Again(0.0))
        return self._stuck(target, failures)

    def _stuck(self, target: Target, failures: Sequence[Failure]) -> Decision:
        """The first failure of what was asked for is shown and answered, else the first of all."""
        record, remembered = target.record, self._world.remembered(target)
        asked = [f for f in failures if remembered.asked(record, f.facet)]
        failure = [*asked, *failures][0]
        error = failure.error
        shown = Condition("Stuck", failure.facet, error.text, error.code)
        if shown in record.status.conditions:
            written = note(target, observed_generation=record.generation)
            if not asked:
                # It stood in the way before: what has been asked for since is not to blame.
                return Decision([written], Done())
        else:
            written = condition(target, shown)
        return Decision([written], Stuck(error))
