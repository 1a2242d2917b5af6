"""What a pass of a container decides: its life, as records and observed facts have it.

Pure: nothing here changes anything; the order of the facets is that of `chain.py`, the steps
are those of `life/`. Parents are started before children and stopped after them. Manual
sections "States" and "Operations".
"""

from porto.reconcilers.containers.life.dying import Dying
from porto.reconcilers.containers.life.running import Running
from porto.reconcilers.containers.life.starting import Starting
from porto.reconcilers.containers.life.stopping import Stopping
from porto.reconcilers.containers.target import Target
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.decision import Decision
from porto.reconcilers.engine.result import Again
from porto.spec.containers.status import State
from porto.spec.records.record import Run


class Life:
    """Decides for all containers."""

    def __init__(self, world: World) -> None:
        self._stopping = Stopping(world)
        self._dying = Dying(world)
        self._running = Running(world, self._dying)
        self.starting = Starting(world)

    def decide(self, target: Target) -> Decision:
        """What brings this container nearer to what is wanted of it."""
        record = target.record
        if record.intent.run is Run.ABSENT:
            return self._stopping.absent(target)
        if record.intent.run is Run.STOPPED:
            return self._stopping.stopped(target)
        state = record.status.life.state
        relaunch = record.is_launch_due
        if state in (State.STOPPED, State.STARTING) or (state is State.DEAD and relaunch):
            return self.starting.start(target)
        if state is State.DEAD:
            return self._dying.dead(target)
        if relaunch or state is State.STOPPING:
            # A start asked for during the stop: the stop is finished first.
            return self._stopping.end(target, kill_at=record.intent.kill_at, then=Again(0.0))
        return self._running.decide(target)
