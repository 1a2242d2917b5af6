"""Towards started: parents first, cgroups and knobs, then the launch.

Used by `reconciler.py`. A start that fails leaves nothing behind and is taken back, or
tried again when a file asks for it. Manual section "Operations", start.
"""

import asyncio
import dataclasses
from typing import Any

import structlog

from porto.reconcilers.containers.base import Target
from porto.reconcilers.containers.facets import task
from porto.reconcilers.containers.life.dying import RESPAWN_ORIGIN
from porto.reconcilers.containers.life.notes import Notes
from porto.reconcilers.containers.life.stopping import KILL_POLL_S, Stopping
from porto.reconcilers.containers.life.upkeep import Upkeep
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.result import Again, Done, Result, Retry, Stuck
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import Process, State
from porto.spec.errors import EError, InvalidState, PortoError, by_errno
from porto.spec.records.record import Run, is_file_origin
from porto.spec.records.status import Condition

log = structlog.get_logger()


class _NotWanted(Exception):
    """The intent changed while the launch was under way."""


class Starting:
    """Starts containers."""

    def __init__(self, world: World, notes: Notes, stopping: Stopping, upkeep: Upkeep) -> None:
        self._world = world
        self._store = world.store
        self._driver = world.driver
        self._notes = notes
        self._stopping = stopping
        self._upkeep = upkeep
        self._launching: dict[int, asyncio.Task[Any]] = {}

    def break_off(self, record_id: int) -> None:
        """A start that may be under way is not wanted any more."""
        launching = self._launching.pop(record_id, None)
        if launching is not None:
            launching.cancel()

    async def start(self, record: ContainerRecord) -> Result:
        """One try; a stopped container, or a dead one that is started again in place."""
        parent = self._store.parent(record)
        if parent is not None and parent.status.life.state not in (State.RUNNING, State.META):
            return self._wait_for_parent(record, parent)
        from_dead = record.status.life.state is State.DEAD
        if from_dead:
            target = self._world.target(record)
            if not await self._stopping.kill(target):
                return Again(KILL_POLL_S)
            controllers = record.status.cgroups.controllers
        else:
            controllers = ";".join(sorted(self._world.controllers.wanted(record)))
        target = self._world.target(record)
        self._world.events.forget(record.id)
        # Asked before the task lives: what happens to it afterwards counts.
        oom_before = self._driver.oom.count(target.group) if from_dead else 0
        wall, mono = self._world.clock.wall(), self._world.clock.mono()
        launch_number = record.intent.launch
        try:
            self._store.admission.check_start(self._store, record)
            target = dataclasses.replace(target, is_new=self._driver.is_new(target.group))
            failed = await self._upkeep.apply(target, first=True)
            if failed is not None:
                raise failed[1]
            self._world.events.arm(record.id, target.group)
            process = await self._launch(target)
        except _NotWanted:
            return Again(0.0)
        except PortoError as error:
            return await self._start_failed(record, target, error)
        except OSError as error:
            return await self._start_failed(
                record, target, by_errno(error, f"cannot start {record.name}: {error.filename}")
            )
        if process is not None:
            self._world.exits.track(process.launch_id)
        respawned = from_dead and record.intent.origin == RESPAWN_ORIGIN
        self._notes.update(
            record,
            state=State.META if task.is_meta(target) else State.RUNNING,
            launched=launch_number,
            controllers=controllers,
            process=process,
            exit_status=None,
            oom_killed=False,
            oom_before=oom_before,
            start_time=wall,
            start_mono=mono,
            death_time=0.0,
            death_mono=0.0,
            start_error="",
            start_error_code=EError.Success,
            respawn_count=record.status.life.respawn_count + respawned,
            observed_generation=record.generation,
            conditions=(),
        )
        self._world.count("containers_started", 1)
        if process is not None and self._world.exits.find(process) is not None:
            return Again(0.0)
        return Done()

    async def _launch(self, target: Target) -> Process | None:
        """Start the process; raises `_NotWanted` when the start was broken off."""
        key = target.record.id
        current = asyncio.current_task()
        assert current is not None
        self._launching[key] = current
        try:
            return await task.launch(
                target,
                self._world.chain.launch,
                self._world.launcher,
                timeout=self._world.config.container.start_timeout_ms / 1000,
            )
        except asyncio.CancelledError:
            if key in self._launching:
                raise
            current.uncancel()
            raise _NotWanted from None
        finally:
            self._launching.pop(key, None)

    def _wait_for_parent(self, record: ContainerRecord, parent: ContainerRecord) -> Result:
        if parent.intent.run is Run.RUNNING and parent.status.life.state is not State.PAUSED:
            dying = parent.status.life.state is State.DEAD and (
                parent.intent.launch <= parent.status.life.launched
            )
            if not dying:
                return Again()
        error = InvalidState(
            f"cannot start {record.name}: its parent {parent.name} is {parent.status.life.state}"
        )
        return self._given_up(record, error)

    async def _start_failed(
        self, record: ContainerRecord, target: Target, error: PortoError
    ) -> Result:
        self._world.count("containers_failed_start", 1)
        await self._stopping.kill(target)
        try:
            self._stopping.take_down(target)
        except OSError as leftover:
            log.warning("teardown failed", container=record.name, error=str(leftover))
        self._notes.update(
            record,
            state=State.STOPPED,
            process=None,
            controllers="",
            launched=record.intent.launch,
            start_error=error.text,
            start_error_code=error.code,
        )
        return self._given_up(record, error)

    def _given_up(self, record: ContainerRecord, error: PortoError) -> Result:
        """An imperative start is taken back; a file's is tried again."""
        current = self._store.find_id(record.id)
        if current is None:
            return Done()
        if is_file_origin(current.intent.origin):
            self._notes.condition(record, Condition("Retrying", "task", error.text, error.code))
            return Retry(error)
        if current.intent == record.intent and current.intent.run is Run.RUNNING:
            self._store.put(
                current.with_intent(run=Run.STOPPED, kill_at=0.0), now=self._world.clock.wall()
            )
        return Stuck(error)
