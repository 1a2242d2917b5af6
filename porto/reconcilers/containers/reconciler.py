"""One container's pass: compare what its life should be with what it is.

Called by `engine/loop.py` with a container id and nothing else: a pass cannot
branch on what happened, it looks. The states are those of `spec/records/record.py`, the
order of the facets that of `chain.py`, the steps those of `life/`; parents are started
before children and stopped after them. Manual sections "States" and "Operations".
"""

import signal
from collections.abc import Mapping
from dataclasses import dataclass

from porto.kernel.process import processes
from porto.reconcilers.containers.life.dying import Dying
from porto.reconcilers.containers.life.freezing import Freezing
from porto.reconcilers.containers.life.notes import Notes
from porto.reconcilers.containers.life.output import Output
from porto.reconcilers.containers.life.starting import Starting
from porto.reconcilers.containers.life.stopping import Stopping
from porto.reconcilers.containers.life.upkeep import Upkeep
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.result import Again, Done, Result, Stuck
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import SPEC_PROPERTIES, ContainerSpec
from porto.spec.containers.status import ACTIVE, State
from porto.spec.errors import InvalidState, PortoError
from porto.spec.prop import Property
from porto.spec.records.record import Run
from porto.spec.records.status import Condition


def _by_owner() -> Mapping[str, list[Property]]:
    found: dict[str, list[Property]] = {}
    for prop in SPEC_PROPERTIES:
        found.setdefault(prop.prop.owner, []).append(prop)
    return found


_OWNED = _by_owner()


@dataclass(frozen=True, slots=True)
class _Seen:
    """The generation of the last pass, its spec, and the spec of the generation before."""

    generation: int
    spec: ContainerSpec
    before: ContainerSpec | None


class ContainerReconciler:
    """The pass; one instance serves all containers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self._driver = world.driver
        self._notes = Notes(world)
        self._upkeep = Upkeep(world)
        self._output = Output(world)
        self._stopping = Stopping(world, self._notes)
        self._freezing = Freezing(world, self._notes, self._upkeep)
        self._dying = Dying(world, self._notes, self._stopping, self._freezing, self._output)
        self._seen: dict[int, _Seen] = {}
        self._starting = Starting(world, self._notes, self._stopping, self._upkeep)

    @property
    def drift(self) -> dict[str, int]:
        """How often each facet was put back."""
        return self._upkeep.drift

    async def reconcile(self, key: int) -> Result:
        """One pass of container `key`."""
        record = self._store.find_id(key)
        if record is None:
            return Done()
        if record.intent.run is Run.ABSENT:
            return await self._stopping.absent(record)
        if record.intent.run is Run.STOPPED:
            return await self._stopping.stopped(record)
        return await self._started(record)

    def is_settled(self, record: ContainerRecord) -> bool:
        """Whether a pass of a started container would change nothing: the resync's look."""
        status = record.status
        settled = (
            status.life.state in (State.RUNNING, State.META)
            and record.intent.run is Run.RUNNING
            and not record.intent.paused
            and record.intent.launch == status.life.launched
            and record.generation == status.observed_generation
            and not status.conditions
        )
        if not settled:
            return False
        if (
            status.life.process is not None
            and self._world.exits.find(status.life.process) is not None
        ):
            return False
        try:
            target = self._world.target(record)
            quiet = self._world.events.is_quiet(record.id, record.generation)
            if not quiet and self._driver.self_frozen(target.group):
                return False
            return self._upkeep.is_clean(target)
        except (OSError, PortoError):
            return False

    def signal(self, record: ContainerRecord, signo: int) -> None:
        """Send a signal to the main task; raises InvalidState when there is none."""
        process = record.status.life.process
        if (
            process is None
            or not process.task_pid
            or not processes.send_signal(process.task_pid, process.task_start, signo)
        ):
            raise InvalidState(f"cannot kill {record.name}: it has no process")

    def keep_condition(self, record: ContainerRecord, condition: Condition) -> None:
        """Show a condition until the container's next start."""
        self._notes.keep_condition(record, condition)

    def on_change(self, old: ContainerRecord | None, new: ContainerRecord | None) -> None:
        """A start under way is broken off as soon as it is not wanted any more."""
        if new is not None and new.intent.run is not Run.RUNNING:
            self._starting.break_off(new.id)
            self._seen.pop(new.id, None)

    def output_files(self, record: ContainerRecord) -> tuple[str, ...]:
        """Host paths of the files that keep its output."""
        return self._output.files(self._world.target(record))

    def rotate(self, record: ContainerRecord) -> None:
        """Housekeeping of a running container's output."""
        lost = self._output.rotate(self._world.target(record))
        if lost:
            self._notes.update(record, **lost)

    # -- started -----------------------------------------------------------

    async def _started(self, record: ContainerRecord) -> Result:
        state = record.status.life.state
        relaunch = record.intent.launch > record.status.life.launched
        if state in (State.STOPPED, State.STARTING):
            return await self._starting.start(record)
        if state is State.STOPPING:
            # A start asked for during the stop: finish the stop first.
            return await self._end(record)
        if state is State.DEAD:
            if relaunch:
                return await self._starting.start(record)
            return self._dying.dead(record)
        if relaunch:
            return await self._end(record)
        return await self._running(record)

    def _was_asked(self, record: ContainerRecord, facet: str) -> bool:
        """Whether this generation has another property of this facet than the last one.

        A caller may come to wait when a first pass of his generation has failed already.
        """
        seen = self._seen.get(record.id)
        owned = _OWNED.get(facet)
        before = None
        if seen is not None:
            before = seen.before if seen.generation == record.generation else seen.spec
        if before is None or owned is None:
            return True
        return any(before.value(prop) != record.spec.value(prop) for prop in owned)

    def _see(self, record: ContainerRecord) -> None:
        """A pass of this generation has been made."""
        seen = self._seen.get(record.id)
        if seen is None or seen.generation != record.generation:
            before = None if seen is None else seen.spec
            self._seen[record.id] = _Seen(record.generation, record.spec, before)

    async def _end(self, record: ContainerRecord) -> Result:
        return await self._stopping.end(record, kill_at=record.intent.kill_at) or Again(0.0)

    async def _running(self, record: ContainerRecord) -> Result:
        process = record.status.life.process
        exited = self._world.exits.find(process) if process is not None else None
        if exited is not None:
            return await self._dying.die(record, exited.status)
        parent = self._store.parent(record)
        if parent is not None and parent.status.life.state not in ACTIVE:
            return await self._dying.with_parent(record, parent)
        target = self._world.target(record)
        if (
            process is None
            and record.status.life.state is not State.META
            and not self._driver.exists(target.group)
        ):
            return await self._dying.die(record, int(signal.SIGKILL))
        if record.spec.oom.oom_is_fatal and self._dying.ran_out_of_memory(target):
            return await self._dying.by_oom(target)
        result = self._freezing.apply(target)
        if result is not None:
            return result
        self._world.events.arm(record.id, target.group)
        failed = await self._upkeep.apply(target, first=False)
        asked = failed is not None and self._was_asked(record, failed[0])
        self._see(record)
        if failed is not None:
            facet, error = failed
            condition = Condition("Stuck", facet, error.text, error.code)
            known = condition in record.status.conditions
            if known:
                self._notes.update(record, observed_generation=record.generation)
            else:
                self._notes.condition(record, condition)
            if asked or not known:
                return Stuck(error)
            # It stood in the way before: what has been asked for since is not to blame.
            return Done()
        self._notes.update(
            record,
            observed_generation=record.generation,
            conditions=self._notes.lasting(record),
        )
        return Done()
