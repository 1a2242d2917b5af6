"""One container's pass: compare what its life should be with what it is.

Called by `engine/loop.py` with a container id and nothing else: a pass cannot
branch on what happened, it looks. The states are those of `spec/record.py`, the
order of the facets that of `chain.py`; parents are started before children and
stopped after them. Manual sections "States" and "Operations".
"""

import asyncio
import dataclasses
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from porto.kernel import processes
from porto.kernel.cgroup.driver import CgroupDriver, FreezerState
from porto.observers.clock import Clock
from porto.observers.exits import Exits
from porto.observers.population import wait_empty
from porto.reconcilers import task
from porto.reconcilers.base import Target
from porto.reconcilers.chain import Chain
from porto.reconcilers.controllers import Controllers
from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.result import Again, Done, Result, Retry, Stuck
from porto.spec import operations
from porto.spec.config import Config
from porto.spec.errors import Busy, EError, InvalidState, PortoError, Unknown, by_errno
from porto.spec.operations import Actor
from porto.spec.record import ACTIVE, Condition, Process, Record, Run, State
from porto.spec.store import SpecStore

RESPAWN_ORIGIN = "respawn"
AGING_ORIGIN = "aging"
FREEZER_POLL_S = 0.005
KILL_POLL_S = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class World:
    """What a pass may look at and act through."""

    store: SpecStore
    driver: CgroupDriver
    controllers: Controllers
    chain: Chain
    launcher: task.Launcher
    exits: Exits
    clock: Clock
    config: Config
    count: Callable[[str, int], None]


class _NotWanted(Exception):
    """The intent changed while the launch was under way."""


class ContainerReconciler:
    """The pass; one instance serves all containers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self._driver = world.driver
        self._asked_to_end: dict[str, float] = {}
        self._freezing_since: dict[int, float] = {}
        self._launching: dict[int, asyncio.Task[Any]] = {}
        self.drift: dict[str, int] = {}

    async def reconcile(self, key: int) -> Result:
        """One pass of container `key`."""
        record = self._store.find_id(key)
        if record is None:
            return Done()
        if record.intent.run is Run.ABSENT:
            return await self._absent(record)
        if record.intent.run is Run.STOPPED:
            return await self._stopped(record)
        return await self._started(record)

    def is_settled(self, record: Record) -> bool:
        """Whether a pass of a started container would change nothing: the resync's look."""
        status = record.status
        settled = (
            status.state in (State.RUNNING, State.META)
            and record.intent.run is Run.RUNNING
            and not record.intent.paused
            and record.intent.launch == status.launched
            and record.generation == status.observed_generation
            and not status.conditions
        )
        if not settled:
            return False
        if status.process is not None and self._world.exits.find(status.process) is not None:
            return False
        try:
            target = self.target(record)
            if self._driver.self_frozen(target.group):
                return False
            return not any(facet.plan(target) for facet in self._world.chain.live)
        except (OSError, PortoError):
            return False

    def target(self, record: Record) -> Target:
        """The container as its facets see it."""
        return Target(
            record=record,
            lineage=tuple(self._store.ancestors(record)),
            group=self._world.controllers.group(record.name),
        )

    def signal(self, record: Record, signo: int) -> None:
        """Send a signal to the main task; raises InvalidState when there is none."""
        process = record.status.process
        if (
            process is None
            or not process.task_pid
            or not processes.send_signal(process.task_pid, process.task_start, signo)
        ):
            raise InvalidState(f"cannot kill {record.name}: it has no process")

    def keep_condition(self, record: Record, condition: Condition) -> None:
        """Show a condition until the container's next start."""
        current = self._store.find_id(record.id)
        if current is not None:
            kept = tuple(c for c in current.status.conditions if c.facet != condition.facet)
            self._update(record, conditions=(*kept, condition))

    def on_change(self, old: Record | None, new: Record | None) -> None:
        """A start under way is broken off as soon as it is not wanted any more."""
        if new is not None and new.intent.run is not Run.RUNNING:
            launching = self._launching.pop(new.id, None)
            if launching is not None:
                launching.cancel()

    # -- towards absent and stopped ----------------------------------------

    async def _absent(self, record: Record) -> Result:
        if self._store.has_children(record.name):
            return Again()
        if record.status.state is not State.STOPPED:
            result = await self._end(record, kill_at=0.0, forget=True)
            if result is not None:
                return result
        self._store.delete(self._store.get(record.name))
        return Done()

    async def _stopped(self, record: Record) -> Result:
        if record.status.state is State.STOPPED:
            return Done()
        for child in self._store.children(record.name):
            if child.status.state is not State.STOPPED:
                return Again()
        return await self._end(record, kill_at=record.intent.kill_at) or Done()

    async def _end(self, record: Record, *, kill_at: float, forget: bool = False) -> Result | None:
        """Bring a started container to stopped; None when it is there.

        With `forget` the record is about to be deleted, so its status is left.
        """
        target = self.target(record)
        result = self._ask_to_end(target, kill_at)
        if result is not None:
            return result
        if not await self._kill(target):
            return Again(KILL_POLL_S)
        try:
            for facet in self._world.chain.teardown:
                facet.teardown(target)
        except OSError as error:
            return Retry(by_errno(error, f"cannot stop {record.name}: {error.filename}"))
        if not forget:
            current = self._store.find_id(record.id)
            again = current is not None and current.intent.run is Run.RUNNING
            self._update(
                record,
                state=State.STARTING if again else State.STOPPED,
                process=None,
                exit_status=None,
                oom_killed=False,
                controllers="",
                start_time=0.0,
                start_mono=0.0,
                death_time=0.0,
                death_mono=0.0,
                stdout_offset=0,
                stderr_offset=0,
                conditions=(),
            )
        # Only now: an exit is kept until the record does not need it any more.
        if record.status.process is not None:
            self._forget_launch(record.status.process)
        return None

    def _ask_to_end(self, target: Target, kill_at: float) -> Result | None:
        """The polite signal; None when it is time for SIGKILL."""
        record = target.record
        process = record.status.process
        if process is None or not process.task_pid or record.status.state is State.DEAD:
            return None
        if self._world.exits.find(process) is not None:
            return None
        left = kill_at - self._world.clock.mono()
        if left <= 0 or self._driver.freezer_state(target.group) is not FreezerState.THAWED:
            return None
        if process.launch_id not in self._asked_to_end:
            signo = _end_signal(record, process)
            if signo is None or not processes.send_signal(
                process.task_pid, process.task_start, signo
            ):
                return None
            self._asked_to_end[process.launch_id] = kill_at
            self._update(record, state=State.STOPPING)
        return Again(left)

    async def _kill(self, target: Target) -> bool:
        """SIGKILL everything in the subtree; whether it is empty now."""
        timeout = float(self._world.config.daemon.cgroup_remove_timeout_s)
        if not self._driver.kill(target.group):
            return True
        return await wait_empty(self._driver, target.group, timeout)

    # -- towards started -----------------------------------------------------

    async def _started(self, record: Record) -> Result:
        state = record.status.state
        relaunch = record.intent.launch > record.status.launched
        if state in (State.STOPPED, State.STARTING):
            return await self._start(record)
        if state is State.STOPPING:
            # A start asked for during the stop: finish the stop first.
            return await self._end(record, kill_at=record.intent.kill_at) or Again(0.0)
        if state is State.DEAD:
            return await self._start(record) if relaunch else self._dead(record)
        if relaunch:
            return await self._end(record, kill_at=record.intent.kill_at) or Again(0.0)
        return await self._running(record)

    async def _start(self, record: Record) -> Result:
        parent = self._store.parent(record)
        if parent is not None and parent.status.state not in (State.RUNNING, State.META):
            return self._wait_for_parent(record, parent)
        from_dead = record.status.state is State.DEAD
        if from_dead:
            target = self.target(record)
            if not await self._kill(target):
                return Again(KILL_POLL_S)
            controllers = record.status.controllers
        else:
            controllers = ";".join(sorted(self._world.controllers.wanted(record)))
        target = self.target(record)
        wall, mono = self._world.clock.wall(), self._world.clock.mono()
        launch_number = record.intent.launch
        try:
            self._store.admission.check_start(self._store, record)
            failed = self._apply_live(target, first=True)
            if failed is not None:
                raise failed[1]
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
        self._update(
            record,
            state=State.META if task.is_meta(target) else State.RUNNING,
            launched=launch_number,
            controllers=controllers,
            process=process,
            exit_status=None,
            oom_killed=False,
            oom_before=self._driver.oom_kills(target.group) if from_dead else 0,
            start_time=wall,
            start_mono=mono,
            death_time=0.0,
            death_mono=0.0,
            start_error="",
            start_error_code=EError.Success,
            respawn_count=record.status.respawn_count + respawned,
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

    def _wait_for_parent(self, record: Record, parent: Record) -> Result:
        if parent.intent.run is Run.RUNNING and parent.status.state is not State.PAUSED:
            dying = parent.status.state is State.DEAD and (
                parent.intent.launch <= parent.status.launched
            )
            if not dying:
                return Again()
        error = InvalidState(
            f"cannot start {record.name}: its parent {parent.name} is {parent.status.state}"
        )
        return self._given_up(record, error)

    async def _start_failed(self, record: Record, target: Target, error: PortoError) -> Result:
        self._world.count("containers_failed_start", 1)
        await self._kill(target)
        for facet in self._world.chain.teardown:
            try:
                facet.teardown(target)
            except OSError as leftover:
                log.warning("teardown failed", container=record.name, error=str(leftover))
        self._update(
            record,
            state=State.STOPPED,
            process=None,
            controllers="",
            launched=record.intent.launch,
            start_error=error.text,
            start_error_code=error.code,
        )
        return self._given_up(record, error)

    def _given_up(self, record: Record, error: PortoError) -> Result:
        """An imperative start is taken back; a file's is tried again."""
        current = self._store.find_id(record.id)
        if current is None:
            return Done()
        if current.intent.origin.startswith("file:") or current.intent.origin.startswith(
            operations.ENFORCED_PREFIX
        ):
            self._condition(record, Condition("Retrying", "task", error.text, error.code))
            return Retry(error)
        if current.intent == record.intent and current.intent.run is Run.RUNNING:
            self._store.put(
                current.with_intent(run=Run.STOPPED, kill_at=0.0), now=self._world.clock.wall()
            )
        return Stuck(error)

    # -- started --------------------------------------------------------------

    async def _running(self, record: Record) -> Result:
        process = record.status.process
        exited = self._world.exits.find(process) if process is not None else None
        if exited is not None:
            return await self._die(record, exited.status)
        parent = self._store.parent(record)
        if parent is not None and parent.status.state not in ACTIVE:
            # Its exit, if it had a process, is on its way: the parent's pass killed it.
            if process is not None and processes.is_alive(process.init_pid, process.init_start):
                await self._kill(self.target(record))
                return Again(KILL_POLL_S)
            return await self._die(record, int(signal.SIGKILL))
        if (
            process is None
            and record.status.state is not State.META
            and not self._driver.exists(self.target(record).group)
        ):
            return await self._die(record, int(signal.SIGKILL))
        target = self.target(record)
        result = self._freezer(target)
        if result is not None:
            return result
        failed = self._apply_live(target, first=False)
        if failed is not None:
            facet, error = failed
            self._condition(record, Condition("Stuck", facet, error.text, error.code))
            return Stuck(error)
        self._update(record, observed_generation=record.generation, conditions=self._notes(record))
        return Done()

    async def _die(self, record: Record, status: int) -> Result:
        target = self.target(record)
        if not await self._kill(target):
            return Again(KILL_POLL_S)
        lost = self._rotate(target)
        process = record.status.process
        oom = status == signal.SIGKILL and (
            self._driver.oom_kills(target.group) > record.status.oom_before
        )
        self._world.count("containers_oom", int(oom))
        self._update(
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
            self._forget_launch(process)
        self._freezing_since.pop(record.id, None)
        current = self._store.find_id(record.id)
        return self._dead(current) if current is not None else Done()

    def _dead(self, record: Record) -> Result:
        """Timers of a dead container: respawn, then aging."""
        clock = self._world.clock
        lifecycle = record.spec.lifecycle
        since_death = clock.mono() - record.status.death_mono
        parent = self._store.parent(record)
        may_respawn = (
            lifecycle.respawn
            and record.intent.run is Run.RUNNING
            and (parent is None or parent.status.state in (State.RUNNING, State.META))
            and not 0 <= lifecycle.max_respawns <= record.status.respawn_count
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

    # -- facets -----------------------------------------------------------------

    def _apply_live(self, target: Target, *, first: bool) -> tuple[str, PortoError] | None:
        """Make the live facets true; the first that fails, with its error.

        The others are still made true: one refused knob must not hide the rest.
        """
        record = target.record
        drift = not first and record.generation == record.status.observed_generation
        failed: tuple[str, PortoError] | None = None
        for facet in self._world.chain.live:
            subject = facet.name
            try:
                for change in facet.plan(target):
                    subject = f"{change.subject} of {record.name} to {change.want}"
                    facet.apply(target, change)
                    if drift:
                        self._count_drift(record, change)
            except PortoError as error:
                failed = failed or (facet.name, error)
            except OSError as error:
                failed = failed or (facet.name, by_errno(error, f"cannot set {subject}"))
        return failed

    def _count_drift(self, record: Record, change: Change) -> None:
        self.drift[change.facet] = self.drift.get(change.facet, 0) + 1
        self._world.count("drift_repaired", 1)
        log.warning(
            "drift repaired",
            container=record.name,
            facet=change.facet,
            knob=change.subject,
            want=change.want,
            have=change.have,
        )

    def _freezer(self, target: Target) -> Result | None:
        """Make the freezer follow the intent; None when it does."""
        record = target.record
        want = record.intent.paused
        frozen = self._driver.self_frozen(target.group)
        if want:
            if not frozen:
                self._driver.freeze(target.group)
            if self._driver.freezer_state(target.group) is not FreezerState.FROZEN:
                return self._still_freezing(target)
            self._freezing_since.pop(record.id, None)
            if record.status.state is not State.PAUSED:
                self._update(record, state=State.PAUSED, observed_generation=record.generation)
                self._follow_freezer(record)
            return Done()
        if frozen:
            self._driver.thaw(target.group)
            if self._driver.freezer_state(target.group) is not FreezerState.THAWED:
                parent = self._store.parent(record)
                if parent is not None and parent.status.state is State.PAUSED:
                    return Stuck(Busy(f"cannot resume {record.name}: {parent.name} is paused"))
                return Again(FREEZER_POLL_S)
            if record.status.state is not State.PAUSED:
                self._count_drift(record, Change("freezer", "freezer.state", "THAWED", "FROZEN"))
        if record.status.state is State.PAUSED and not self._paused_from_above(record):
            self._update(record, state=self._active_state(record))
            self._follow_freezer(record)
            return Again(0.0)
        return None

    def _still_freezing(self, target: Target) -> Result:
        record = target.record
        now = self._world.clock.mono()
        since = self._freezing_since.setdefault(record.id, now)
        timeout = self._world.config.daemon.freezer_wait_timeout_s
        if now - since < timeout:
            return Again(FREEZER_POLL_S)
        del self._freezing_since[record.id]
        self._driver.thaw(target.group)
        self._store.put(record.with_intent(paused=False), now=self._world.clock.wall())
        return Stuck(Unknown(f"cannot pause {record.name}: not frozen after {timeout} s"))

    def _paused_from_above(self, record: Record) -> bool:
        return any(ancestor.intent.paused for ancestor in self._store.ancestors(record))

    def _follow_freezer(self, record: Record) -> None:
        """Descendants are frozen and thawed by the kernel; their state follows."""
        current = self._store.find_id(record.id)
        paused = current is not None and current.status.state is State.PAUSED
        for child in self._store.descendants(record.name):
            if paused and child.status.state in (State.RUNNING, State.META):
                self._update(child, state=State.PAUSED)
            elif (
                not paused
                and child.status.state is State.PAUSED
                and not child.intent.paused
                and not self._paused_from_above(child)
            ):
                self._update(child, state=self._active_state(child))

    def _active_state(self, record: Record) -> State:
        meta = record.is_meta and record.spec.process.virt_mode != "os"
        return State.META if meta else State.RUNNING

    # -- output --------------------------------------------------------------------

    def output_files(self, record: Record) -> tuple[str, ...]:
        """Host paths of the files that keep its output."""
        return tuple(self._world.chain.rotation.kept_files(self.target(record)).values())

    def rotate(self, record: Record) -> None:
        """Housekeeping of a running container's output."""
        lost = self._rotate(self.target(record))
        if lost:
            self._update(record, **lost)

    def _rotate(self, target: Target) -> dict[str, int]:
        try:
            lost = self._world.chain.rotation.rotate(target)
        except OSError as error:
            self._world.count("log_rotate_errors", 1)
            log.warning("rotation failed", container=target.name, error=str(error))
            return {}
        status = target.record.status
        changes = {}
        for name, amount in lost.items():
            self._world.count("log_rotate_bytes", amount)
            changes[f"{name}_offset"] = getattr(status, f"{name}_offset") + amount
        return changes

    # -- status --------------------------------------------------------------------

    def _notes(self, record: Record) -> tuple[Condition, ...]:
        return tuple(c for c in record.status.conditions if c.kind == "RestartRequired")

    def _condition(self, record: Record, condition: Condition) -> None:
        self._update(record, conditions=(*self._notes(record), condition))

    def _forget_launch(self, process: Process) -> None:
        self._asked_to_end.pop(process.launch_id, None)
        self._world.exits.acknowledge(process.launch_id)

    def _update(self, record: Record, **changes: object) -> None:
        """Change some fields of the *present* status: others may have written meanwhile."""
        current = self._store.find_id(record.id)
        if current is None:
            return
        old = current.status
        if all(getattr(old, name) == value for name, value in changes.items()):
            return
        now = self._world.clock.wall()
        status = dataclasses.replace(old, change_time=now, **changes)  # type: ignore[arg-type]
        self._store.put_status(current, status, now=now)


def _end_signal(record: Record, process: Process) -> int | None:
    """The signal that politely asks the main task to end; None when it has none."""
    if record.spec.process.virt_mode != "os":
        return signal.SIGTERM
    for signo in (signal.SIGPWR, signal.SIGTERM):
        if processes.handles_signal(process.task_pid, signo):
            return signo
    return None
