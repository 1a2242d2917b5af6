"""One container's pass: observe, decide, carry, remember.

Called by `engine/loop.py` with a key and nothing else: a pass cannot branch on what
happened, it looks.
"""

import structlog

from porto.reconcilers.containers import upkeep
from porto.reconcilers.containers.decide import Life
from porto.reconcilers.containers.effects import BOOKKEEPING
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.carrier import Carrier
from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.decision import Decision
from porto.reconcilers.engine.result import Again, Done, Result, Retry
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import ENDED, State
from porto.spec.errors import InvalidState, PortoError
from porto.spec.events import Event, What
from porto.spec.key import Key
from porto.spec.records.record import Run
from porto.spec.records.status import Condition

log = structlog.get_logger()


class ContainerReconciler:
    """The pass; one instance serves all containers. `drift` counts repairs by facet."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self.life = Life(world)
        self._carrier = Carrier(world.ports, self._told, self._owner)
        self.drift: dict[str, int] = {}

    def reconcile(self, key: Key) -> Result:
        """One pass.

        Raises OSError for what cannot be looked at, neither there nor absent: nothing is made
        and nothing is ended.
        """
        record = self._store.find_id(key.id)
        if record is None:
            self._world.memory.forget(key)
            return self._carrier.run(key, "", Decision())
        decision = self.life.decide(self._world.target(record))
        result = self._carrier.run(key, record.name, decision)
        self._remember(key, record, result)
        return result

    def _remember(self, key: Key, record: ContainerRecord, result: Result) -> None:
        current = self._store.find_id(key.id)
        if current is None:
            self._world.memory.forget(key)
            return
        ended = current.status.life.state in ENDED
        is_another_life = ended is not (record.status.life.state in ENDED)
        if is_another_life or (ended and not isinstance(result, Again)):  # it waits for nothing
            self._world.memory.forget(key)
        if ended:
            return
        if record.intent.run is Run.RUNNING and current.status.life.state is not State.STARTING:
            remembered = self._world.memory.of(key)
            remembered.see(record)
            if isinstance(result, Done):
                # It waits for nothing.
                remembered.since.clear()
            if isinstance(result, Done) and not current.status.conditions:
                target = self._world.target(current)
                upkeep.settle(self._world.chain.wishing, remembered, target)

    def _owner(self, key: Key) -> str:
        record = self._store.find_id(key.id)
        return "" if record is None else self._store.kind.owner(record)

    def _told(self, key: Key, change: Change) -> None:
        """A change was made."""
        if isinstance(change.effect, BOOKKEEPING):
            return
        record = self._store.find_id(key.id)
        if record is None:
            return
        self._world.ports.history.add(
            Event(
                key.kind,
                record.name,
                What.REPAIR if change.is_drift else What.CHANGE,
                facet=change.facet,
                subject=change.subject,
                want=change.want,
                have=change.have,
                text=change.why,
            )
        )
        if not change.is_drift:
            return
        self.drift[change.facet] = self.drift.get(change.facet, 0) + 1
        reversals = self._world.memory.of(key).reversals
        reversals.count(change, self._world.ports.clock.mono())
        self._world.ports.counters.add("drift_repaired")
        log.warning(
            "drift repaired",
            container=record.name,
            facet=change.facet,
            knob=change.subject,
            want=change.want,
            have=change.have,
        )

    def is_settled(self, record: ContainerRecord) -> bool:
        """Whether a pass of a started container would change nothing: the resync's look."""
        life = record.status.life
        settled = (
            life.state in (State.RUNNING, State.META)
            and record.intent.run is Run.RUNNING
            and not record.intent.paused
            and record.intent.launch == life.launched
            and record.generation == record.status.observed_generation
            and not record.status.conditions
        )
        if not settled:
            return False
        if life.process is not None and self._world.exits.find(life.process) is not None:
            return False
        try:
            target = self._world.target(record)
            quiet = self._world.notices.is_quiet(record.key, record.generation)
            if not quiet and self._world.ports.cgroups.self_frozen(target.group):
                return False
            return upkeep.is_clean(self._world, target)
        except (OSError, PortoError):
            return False

    def signal(self, record: ContainerRecord, signo: int) -> None:
        """Send a signal to the main task; raises InvalidState when there is none."""
        process = record.status.life.process
        send = self._world.ports.processes.send_signal
        if (
            process is None
            or not process.task_pid
            or not send(process.task_pid, process.task_start, signo)
        ):
            raise InvalidState(f"cannot kill {record.name}: it has no process")

    def keep_condition(self, record: ContainerRecord, condition: Condition) -> None:
        """Show a condition until the container's next start."""
        current = self._store.find_id(record.id)
        if current is not None:
            kept = tuple(c for c in current.status.conditions if c.facet != condition.facet)
            self._world.ports.records.note(record.key, conditions=(*kept, condition))

    def output_files(self, record: ContainerRecord) -> tuple[str, ...]:
        """Host paths of the files that keep its output."""
        return tuple(self._world.chain.rotation.kept_files(self._world.target(record)).values())

    def rotate(self, record: ContainerRecord) -> None:
        """Housekeeping of a running container's output."""
        changes, refused = upkeep.plan((self._world.chain.rotation,), self._world.target(record))
        result = self._carrier.run(record.key, record.name, Decision(changes, refused=refused))
        if isinstance(result, Retry):
            log.warning("rotation failed", container=record.name, error=str(result.error))
