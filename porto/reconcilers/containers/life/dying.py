"""Death: a main task's exit, a verdict, a dead parent; respawn and aging.

Pure. Used by `decide.py`. Manual section "States".
"""

import signal

from porto.reconcilers.containers import upkeep
from porto.reconcilers.containers.effects import Count, Wish
from porto.reconcilers.containers.life.ending import (
    LIFE,
    died,
    forget_launch,
    kill,
    note,
)
from porto.reconcilers.containers.target import Fields, Target, Verdict
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.decision import Decision
from porto.reconcilers.engine.result import Again, Done
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.records.record import Run

RESPAWN_ORIGIN = "respawn"
AGING_ORIGIN = "aging"
REMOVED = "remove_dead"


class Dying:
    """Brings containers to dead, and looks after the dead."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def verdict(self, target: Target) -> Verdict | None:
        """Why a running container must end now."""
        for witness in self._world.chain.witnesses:
            verdict = witness.verdict(target)
            if verdict is not None:
                return verdict
        return None

    def condemned(self, target: Target, verdict: Verdict) -> Decision:
        """Kill all of it."""
        if verdict.wait:
            return Decision(result=Again(verdict.wait))
        process = target.record.status.life.process
        if process is None or not self._lives(target):
            return self.die(target, int(signal.SIGKILL))
        # Durable before the effect: whoever finds it dead knows why.
        return kill(self._world, target, before=[note(target, **verdict.fields)])

    def with_parent(self, target: Target) -> Decision:
        """The parent is dead or on its way: nothing below it lives on."""
        # Its exit, if it had a process, is on its way: the parent's pass killed it.
        if self._lives(target):
            return kill(self._world, target)
        return self.die(target, int(signal.SIGKILL))

    def _lives(self, target: Target) -> bool:
        process = target.record.status.life.process
        if process is None:
            return False
        alive = self._world.ports.processes.is_alive
        return target.look(alive, process.init_pid, process.init_start)

    def die(self, target: Target, status: int) -> Decision:
        """Nothing of it runs any more; `status` is the main task's wait status."""
        if self._world.is_populated(target):
            return kill(self._world, target)
        record = target.record
        fields = died(self._world, target, status)
        written = note(
            target,
            state=State.DEAD,
            process=None,
            exit_status=status,
            death_time=target.wall,
            death_mono=target.mono,
            observed_generation=record.generation,
            conditions=(),
            **fields,
        )
        exits = forget_launch(record.status.life.process)
        rotation, _ = upkeep.plan((self._world.chain.rotation,), target)
        return Decision(
            rotation,
            Again(0.0),
            closing=[written, *exits, *self._counts(fields)],
            # A death does not wait for a file that cannot be cut: housekeeping tries again.
            failed=lambda failures: Decision(
                result=Again(0.0), closing=[written, *exits, *self._counts(fields)]
            ),
        )

    def _counts(self, fields: Fields) -> list[Change]:
        names = [
            name for witness in self._world.chain.witnesses for name in witness.counted(fields)
        ]
        return [Change(LIFE, name, "one more", "", Count(name), is_drift=False) for name in names]

    def dead(self, target: Target) -> Decision:
        """Timers of a dead container: respawn, then aging; what its groups still need."""
        record = target.record
        changes, refused = upkeep.plan(self._world.chain.dead, target)
        lifecycle = record.spec.lifecycle
        since_death = target.mono - record.status.life.death_mono
        parent = self._store.parent(record)
        may_respawn = (
            lifecycle.respawn
            and record.intent.run is Run.RUNNING
            and (parent is None or parent.status.life.state in (State.RUNNING, State.META))
            and not 0 <= lifecycle.max_respawns <= record.status.life.respawn_count
        )
        if may_respawn:
            left, wishes = lifecycle.respawn_delay / 1e9 - since_death, [self._respawn(record)]
        else:
            left, wishes = lifecycle.aging_time - since_death, self._removal(record)
        if left > 0:
            later = Done(after=left)
            # What cannot be set on a dead container's groups is in nobody's way.
            return Decision(
                changes,
                later,
                refused=refused,
                by_facet=True,
                failed=lambda _: Decision(result=later),
            )
        return Decision(wishes, Again(0.0))

    @staticmethod
    def _respawn(record: ContainerRecord) -> Change:
        wish = record.with_intent(
            run=Run.RUNNING,
            paused=False,
            launch=record.intent.launch + 1,
            kill_at=0.0,
            origin=RESPAWN_ORIGIN,
        )
        return _wish(wish, "respawn")

    def _removal(self, record: ContainerRecord) -> list[Change]:
        """Old age ends a container and what is below it."""
        subtree = [*self._store.descendants(record.name), record]
        wishes = [
            item.with_intent(run=Run.ABSENT, paused=False, kill_at=0.0, origin=AGING_ORIGIN)
            for item in subtree
            if item.intent.run is not Run.ABSENT
        ]
        count = Change(LIFE, REMOVED, "one more", "", Count(REMOVED), is_drift=False)
        return [*(_wish(wish, "aging_time") for wish in wishes), count]


def _wish(record: ContainerRecord, why: str) -> Change:
    effect = Wish(record)
    subject = f"intent of {record.name}"
    return Change(LIFE, subject, record.intent.run.value, "", effect, why, is_drift=False)
