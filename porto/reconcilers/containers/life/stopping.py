"""Towards stopped and absent: ask, kill, take down, write it down.

Used by `reconciler.py` and by the other files of this room. Children first. Manual section
"Operations", stop and destroy.
"""

import signal

from porto.kernel.cgroup.driver import FreezerState
from porto.kernel.process import processes
from porto.observers.population import wait_empty
from porto.reconcilers.containers.base import Target
from porto.reconcilers.containers.life.notes import Notes
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.result import Again, Done, Result, Retry
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import Process, State
from porto.spec.errors import by_errno
from porto.spec.records.record import Run

KILL_POLL_S = 1.0


class Stopping:
    """Ends containers."""

    def __init__(self, world: World, notes: Notes) -> None:
        self._world = world
        self._store = world.store
        self._notes = notes
        self._asked: dict[str, float] = {}

    async def absent(self, record: ContainerRecord) -> Result:
        """A container that is being destroyed."""
        if self._store.has_children(record.name):
            return Again()
        if record.status.life.state is not State.STOPPED:
            result = await self.end(record, kill_at=0.0, forget=True)
            if result is not None:
                return result
        current = self._store.get(record.name)
        self._bequeath(current)
        self._store.delete(current)
        return Done()

    async def stopped(self, record: ContainerRecord) -> Result:
        """A container that shall be stopped."""
        if record.status.life.state is State.STOPPED:
            return Done()
        for child in self._store.children(record.name):
            if child.status.life.state is not State.STOPPED:
                return Again()
        return await self.end(record, kill_at=record.intent.kill_at) or Done()

    async def end(
        self, record: ContainerRecord, *, kill_at: float, forget: bool = False
    ) -> Result | None:
        """Bring a started container to stopped; None when it is there.

        With `forget` the record is about to be deleted, so only what outlives it is noted.
        """
        target = self._world.target(record)
        result = self._ask(target, kill_at)
        if result is not None:
            return result
        if not await self.kill(target):
            return Again(KILL_POLL_S)
        oom_kills = record.status.oom.oom_kills_before + self._oom_kills(target)
        try:
            self.take_down(target)
        except OSError as error:
            return Retry(by_errno(error, f"cannot stop {record.name}: {error.filename}"))
        if not forget:
            current = self._store.find_id(record.id)
            again = current is not None and current.intent.run is Run.RUNNING
            self._notes.update(
                record,
                state=State.STARTING if again else State.STOPPED,
                process=None,
                exit_status=None,
                oom_killed=False,
                oom_kills_before=oom_kills,
                controllers="",
                start_time=0.0,
                start_mono=0.0,
                death_time=0.0,
                death_mono=0.0,
                stdout_offset=0,
                stderr_offset=0,
                conditions=(),
            )
        elif oom_kills != record.status.oom.oom_kills_before:
            self._notes.update(record, oom_kills_before=oom_kills)
        # Only now: an exit is kept until the record does not need it any more.
        if record.status.life.process is not None:
            self.forget_launch(record.status.life.process)
        return None

    async def kill(self, target: Target) -> bool:
        """SIGKILL everything in the subtree; whether it is empty now."""
        timeout = float(self._world.config.daemon.cgroup_remove_timeout_s)
        if not self._world.driver.kill(target.group):
            return True
        return await wait_empty(self._world.driver, target.group, timeout)

    def take_down(self, target: Target) -> None:
        """Remove what the facets made; no task is left."""
        self._world.events.forget(target.record.id)
        for facet in self._world.chain.teardown:
            facet.teardown(target)

    def forget_launch(self, process: Process) -> None:
        """The record does not need the exit of this launch any more."""
        self._asked.pop(process.launch_id, None)
        self._world.exits.acknowledge(process.launch_id)

    def _ask(self, target: Target, kill_at: float) -> Result | None:
        """The polite signal; None when it is time for SIGKILL."""
        record = target.record
        process = record.status.life.process
        if process is None or not process.task_pid or record.status.life.state is State.DEAD:
            return None
        if self._world.exits.find(process) is not None:
            return None
        left = kill_at - self._world.clock.mono()
        if left <= 0:
            return None
        if self._world.driver.freezer_state(target.group) is not FreezerState.THAWED:
            return None
        if process.launch_id not in self._asked:
            signo = _end_signal(record, process)
            if signo is None or not processes.send_signal(
                process.task_pid, process.task_start, signo
            ):
                return None
            self._asked[process.launch_id] = kill_at
            self._notes.update(record, state=State.STOPPING)
        return Again(left)

    def _oom_kills(self, target: Target) -> int:
        return self._world.driver.oom.kills(target.group) if target.group.owns("memory") else 0

    def _bequeath(self, record: ContainerRecord) -> None:
        """What oom_kills_total of the parent counts must not shrink."""
        parent = self._store.parent(record)
        if parent is not None and record.status.oom.oom_kills_before:
            total = parent.status.oom.oom_kills_before + record.status.oom.oom_kills_before
            self._notes.update(parent, oom_kills_before=total)


def _end_signal(record: ContainerRecord, process: Process) -> int | None:
    """The signal that politely asks the main task to end; None when it has none."""
    if record.spec.process.virt_mode != "os":
        return signal.SIGTERM
    for signo in (signal.SIGPWR, signal.SIGTERM):
        if processes.handles_signal(process.task_pid, signo):
            return signo
    return None
