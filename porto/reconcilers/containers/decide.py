"""What a pass of a container decides: its life, as records and observed facts have it.

Pure: nothing here changes anything; the order of the facets is that of `chain.py`, the steps
are those of `life/`. Parents are started before children and stopped after them. Manual
sections "States" and "Operations".
"""

from porto.reconcilers.containers.life.dying import Dying
from porto.reconcilers.containers.life.running import Running
from porto.reconcilers.containers.life.starting import Starting
from porto.reconcilers.containers.life.step import Step, next_step
from porto.reconcilers.containers.life.stopping import Stopping
from porto.reconcilers.containers.target import Target
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.decision import Decision
from porto.reconcilers.engine.result import Again


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
        match next_step(record):
            case Step.DESTROY:
                return self._stopping.absent(target)
            case Step.STOP:
                return self._stopping.stopped(target)
            case Step.START:
                return self.starting.start(target)
            case Step.MOURN:
                return self._dying.dead(target)
            case Step.END:
                return self._stopping.end(target, kill_at=record.intent.kill_at, then=Again(0.0))
            case Step.KEEP:
                return self._running.decide(target)
