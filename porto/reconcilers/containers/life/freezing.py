"""Pause and resume: the freezer follows the intent, the states follow the freezer.

Used by `reconciler.py`. Manual section "Operations", pause and resume.
"""

from porto.kernel.cgroup.driver import FreezerState
from porto.reconcilers.containers.base import Target
from porto.reconcilers.containers.life.notes import Notes
from porto.reconcilers.containers.life.upkeep import Upkeep
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.result import Again, Done, Result, Stuck
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.errors import Busy, Unknown

POLL_S = 0.005


class Freezing:
    """The freezer of all containers."""

    def __init__(self, world: World, notes: Notes, upkeep: Upkeep) -> None:
        self._world = world
        self._store = world.store
        self._driver = world.driver
        self._notes = notes
        self._upkeep = upkeep
        self._since: dict[int, float] = {}

    def apply(self, target: Target) -> Result | None:
        """Make the freezer follow the intent; None when it does."""
        record = target.record
        want = record.intent.paused
        frozen = self._driver.self_frozen(target.group)
        if want:
            if not frozen:
                self._driver.freeze(target.group)
            if self._driver.freezer_state(target.group) is not FreezerState.FROZEN:
                return self._still_freezing(target)
            self._since.pop(record.id, None)
            if record.status.life.state is not State.PAUSED:
                self._notes.update(
                    record, state=State.PAUSED, observed_generation=record.generation
                )
                self._follow(record)
            return Done()
        if frozen:
            self._driver.thaw(target.group)
            if self._driver.freezer_state(target.group) is not FreezerState.THAWED:
                parent = self._store.parent(record)
                if parent is not None and parent.status.life.state is State.PAUSED:
                    return Stuck(Busy(f"cannot resume {record.name}: {parent.name} is paused"))
                return Again(POLL_S)
            if record.status.life.state is not State.PAUSED:
                change = Change("freezer", "freezer.state", "THAWED", "FROZEN")
                self._upkeep.count_drift(record, change)
        if record.status.life.state is State.PAUSED and not self._paused_from_above(record):
            self._notes.update(record, state=active_state(record))
            self._follow(record)
            return Again(0.0)
        return None

    def forget(self, record: ContainerRecord) -> None:
        """The container runs no more."""
        self._since.pop(record.id, None)

    def _still_freezing(self, target: Target) -> Result:
        record = target.record
        now = self._world.clock.mono()
        since = self._since.setdefault(record.id, now)
        timeout = self._world.config.daemon.freezer_wait_timeout_s
        if now - since < timeout:
            return Again(POLL_S)
        del self._since[record.id]
        self._driver.thaw(target.group)
        self._store.put(record.with_intent(paused=False), now=self._world.clock.wall())
        return Stuck(Unknown(f"cannot pause {record.name}: not frozen after {timeout} s"))

    def _paused_from_above(self, record: ContainerRecord) -> bool:
        return any(ancestor.intent.paused for ancestor in self._store.ancestors(record))

    def _follow(self, record: ContainerRecord) -> None:
        """Descendants are frozen and thawed by the kernel; their state follows."""
        current = self._store.find_id(record.id)
        paused = current is not None and current.status.life.state is State.PAUSED
        for child in self._store.descendants(record.name):
            if paused and child.status.life.state in (State.RUNNING, State.META):
                self._notes.update(child, state=State.PAUSED)
            elif (
                not paused
                and child.status.life.state is State.PAUSED
                and not child.intent.paused
                and not self._paused_from_above(child)
            ):
                self._notes.update(child, state=active_state(child))


def active_state(record: ContainerRecord) -> State:
    """What a started container is when it is not paused."""
    meta = record.spec.process.is_meta and record.spec.process.virt_mode != "os"
    return State.META if meta else State.RUNNING
