"""Death: a main task's exit, running out of memory, a dead parent; respawn and aging.

Used by `reconciler.py`. Manual sections "States" and "Memory", oom_is_fatal.
"""

import signal

import structlog

from porto.kernel.process import processes
from porto.reconcilers.containers.base import Target
from porto.reconcilers.containers.life.freezing import Freezing
from porto.reconcilers.containers.life.notes import Notes
from porto.reconcilers.containers.life.output import Output
from porto.reconcilers.containers.life.stopping import KILL_POLL_S, Stopping
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.result import Again, Done, Result
from porto.spec.containers import operations
from porto.spec.containers.operations import Actor
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.errors import PortoError
from porto.spec.records.record import Run

RESPAWN_ORIGIN = "respawn"
AGING_ORIGIN = "aging"
COUNT_S = 0.5
COUNT_POLL_S = 0.02
"""Between its notice and its kill the kernel needs microseconds; a slow machine more."""

log = structlog.get_logger()


class Dying:
    """Brings containers to dead, and looks after the dead."""

    def __init__(
        self, world: World, notes: Notes, stopping: Stopping, freezing: Freezing, output: Output
    ) -> None:
        self._world = world
        self._store = world.store
        self._notes = notes
        self._stopping = stopping
        self._freezing = freezing
        self._output = output

    def ran_out_of_memory(self, target: Target) -> bool:
        """Whether the OOM killer struck in this container since its main task was started."""
        told = self._world.events.is_out_of_memory(target.record.id)
        return told or self._was_counted(target)

    async def by_oom(self, target: Target) -> Result:
        """Kill all of it: oom_is_fatal."""
        record = target.record
        if not record.status.oom.oom_killed and not self._was_counted(target):
            # v1 tells before it kills: given a moment, the victim is counted.
            left = self._world.events.oom_time(record.id) + COUNT_S - self._world.clock.mono()
            if left > 0:
                return Again(min(left, COUNT_POLL_S))
        # Durable before the effect: whoever finds it dead knows why.
        self._notes.update(record, oom_killed=True)
        process = record.status.life.process
        if process is not None and processes.is_alive(process.init_pid, process.init_start):
            await self._stopping.kill(target)
            if self._world.exits.find(process) is None:
                # Its exit is on its way, and makes a pass of its own.
                return Again(KILL_POLL_S)
        current = self._store.find_id(record.id)
        return await self.die(current, int(signal.SIGKILL)) if current is not None else Done()

    def _was_counted(self, target: Target) -> bool:
        counted = self._world.driver.oom.count(target.group)
        return counted > target.record.status.oom.oom_before

    def _killed_by_oom(self, target: Target) -> bool:
        """Whether a main task that died of SIGKILL died of that.

        Without a memory cgroup of its own it is charged to an ancestor, which is told.
        """
        for record in (target.record, *target.lineage):
            above = self._world.target(record)
            if above.group.owns("memory"):
                return self.ran_out_of_memory(above)
        return False

    async def with_parent(self, record: ContainerRecord, parent: ContainerRecord) -> Result:
        """The parent is dead or on its way: nothing below it lives on."""
        process = record.status.life.process
        if parent.status.oom.oom_killed:
            self._notes.update(record, oom_killed=True)
        # Its exit, if it had a process, is on its way: the parent's pass killed it.
        if process is not None and processes.is_alive(process.init_pid, process.init_start):
            await self._stopping.kill(self._world.target(record))
            return Again(KILL_POLL_S)
        return await self.die(record, int(signal.SIGKILL))

    async def die(self, record: ContainerRecord, status: int) -> Result:
        """Nothing of it runs any more; `status` is the main task's wait status."""
        target = self._world.target(record)
        if not await self._stopping.kill(target):
            return Again(KILL_POLL_S)
        lost = self._output.rotate(target)
        process = record.status.life.process
        present = self._store.find_id(record.id) or record
        oom = present.status.oom.oom_killed or (
            status == signal.SIGKILL and self._killed_by_oom(target)
        )
        self._world.count("containers_oom", int(oom))
        self._notes.update(
            record,
            state=State.DEAD,
            process=None,
            exit_status=status,
            oom_killed=oom,
            death_time=self._world.clock.wall(),
            death_mono=self._world.clock.mono(),
            observed_generation=record.generation,
            conditions=(),
            **lost,
        )
        if process is not None:
            self._stopping.forget_launch(process)
        self._freezing.forget(record)
        current = self._store.find_id(record.id)
        return self.dead(current) if current is not None else Done()

    def dead(self, record: ContainerRecord) -> Result:
        """Timers of a dead container: respawn, then aging."""
        self._keep(record)
        clock = self._world.clock
        lifecycle = record.spec.lifecycle
        since_death = clock.mono() - record.status.life.death_mono
        parent = self._store.parent(record)
        may_respawn = (
            lifecycle.respawn
            and record.intent.run is Run.RUNNING
            and (parent is None or parent.status.life.state in (State.RUNNING, State.META))
            and not 0 <= lifecycle.max_respawns <= record.status.life.respawn_count
        )
        if may_respawn:
            left = lifecycle.respawn_delay / 1e9 - since_death
            if left > 0:
                return Done(after=left)
            operations.respawn(
                self._store, record, actor=Actor(origin=RESPAWN_ORIGIN), now=clock.wall()
            )
            return Again(0.0)
        left = lifecycle.aging_time - since_death
        if left > 0:
            return Done(after=left)
        self._world.count("remove_dead", 1)
        operations.destroy(self._store, record, actor=Actor(origin=AGING_ORIGIN), now=clock.wall())
        return Again(0.0)

    def _keep(self, record: ContainerRecord) -> None:
        """What a facet wants of the groups of a dead container."""
        target = self._world.target(record)
        for facet in self._world.chain.dead:
            try:
                for change in facet.plan(target):
                    facet.apply(target, change)
            except (OSError, PortoError) as error:
                log.warning("not set", container=record.name, facet=facet.name, error=str(error))
