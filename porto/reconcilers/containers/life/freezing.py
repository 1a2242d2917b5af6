"""Pause and resume: the freezer follows the intent, the states follow the freezer.

Pure. Used by `decide.py`. Manual section "Operations", pause and resume.
"""

from porto.kernel.cgroup.driver import FreezerState
from porto.reconcilers.containers.effects import Freeze, Note, Wish
from porto.reconcilers.containers.life.ending import (
    LIFE,
    SHOWN_AFTER_S,
    awaited,
    note,
    waiting,
)
from porto.reconcilers.containers.target import Target
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.decision import Decision
from porto.reconcilers.engine.result import Again, Done, Stuck
from porto.spec.containers.effective import is_meta
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.errors import Busy, Unknown

POLL_S = 0.005
POLL_MAX_S = 1.0
"""The freezer of v1 tells nobody: it is asked again, less often the longer it takes."""
FREEZER = "freezer"
"""The facet of these changes."""
THAW = "thaw"


class Freezing:
    """The freezer of all containers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self._driver = world.ports.cgroups

    def decide(self, target: Target) -> Decision | None:
        """Make the freezer follow the intent; None when it does, and nothing is frozen."""
        record = target.record
        frozen = target.look(self._driver.self_frozen, target.group)
        if record.intent.paused:
            return self._pause(target, frozen=frozen)
        if frozen:
            return self._thaw(target)
        if record.status.life.state is State.PAUSED and self._paused_above(record) is None:
            if target.look(self._driver.freezer_state, target.group) is not FreezerState.THAWED:
                return self._still_thawing(target)
            return Decision(self._resumed(target), Again(0.0))
        return None

    def _pause(self, target: Target, *, frozen: bool) -> Decision:
        record = target.record
        if not frozen:
            changes = [self._freezer(target, frozen=True), awaited(self._world, target, FREEZER)]
            return Decision(changes, Again(0.0))
        if target.look(self._driver.freezer_state, target.group) is not FreezerState.FROZEN:
            return self._still_freezing(target)
        if record.status.life.state is State.PAUSED:
            return Decision(result=Done())
        shown = tuple(c for c in record.status.conditions if c.kind != "Waiting")
        paused = note(
            target,
            state=State.PAUSED,
            observed_generation=record.generation,
            conditions=shown,
        )
        followers = [
            _state_of(child, State.PAUSED)
            for child in self._store.descendants(record.name)
            if child.status.life.state in (State.RUNNING, State.META)
        ]
        return Decision([paused, *followers], Done())

    def _thaw(self, target: Target) -> Decision:
        record = target.record
        drift = record.status.life.state is not State.PAUSED
        above = self._paused_above(record)
        if above is not None:
            error = Busy(f"cannot resume {record.name}: {above.name} is paused")
            return Decision([self._freezer(target, frozen=False)], Stuck(error))
        thawed = self._freezer(target, frozen=False, is_drift=drift)
        return Decision([thawed, awaited(self._world, target, THAW)], Again(POLL_S))

    def _resumed(self, target: Target) -> list[Change]:
        """The container and those below that were frozen with it."""
        record = target.record
        followers = [
            _state_of(child, active_state(child))
            for child in self._store.descendants(record.name)
            if child.status.life.state is State.PAUSED
            and not child.intent.paused
            and not any(
                above.intent.paused
                for above in self._store.ancestors(child)
                if above.id != record.id
            )
        ]
        return [note(target, state=active_state(record)), *followers]

    def _still_freezing(self, target: Target) -> Decision:
        record = target.record
        since = self._world.remembered(target).since.get(FREEZER)
        if since is None:
            # Somebody else, or an earlier daemon, has asked the kernel.
            return Decision([awaited(self._world, target, FREEZER)], Again(POLL_S))
        timeout = self._world.config.daemon.freezer_wait_timeout_s
        waited = target.mono - since
        if waited < timeout:
            return Decision(self._shown(target, waited, "freeze"), Again(_poll(waited)))
        back = record.with_intent(paused=False)
        wish = Change(FREEZER, "intent", "running", "paused", Wish(back), is_drift=False)
        error = Unknown(f"cannot pause {record.name}: not frozen after {timeout} s")
        return Decision([self._freezer(target, frozen=False), wish], Stuck(error))

    def _still_thawing(self, target: Target) -> Decision:
        """It was asked for; something above may be frozen that is not ours."""
        since = self._world.remembered(target).since.get(THAW)
        if since is None:
            return Decision([awaited(self._world, target, THAW)], Again(POLL_S))
        timeout = self._world.config.daemon.freezer_wait_timeout_s
        waited = target.mono - since
        later = Again(_poll(waited))
        if waited < timeout:
            return Decision(self._shown(target, waited, "thaw"), later)
        text = f"cannot resume {target.name}: still frozen after {timeout} s"
        return Decision([waiting(target, FREEZER, text)], later)

    @staticmethod
    def _shown(target: Target, waited: float, verb: str) -> list[Change]:
        """What takes long is shown."""
        if waited < SHOWN_AFTER_S:
            return []
        return [waiting(target, FREEZER, f"{target.name} waits for its processes to {verb}")]

    @staticmethod
    def _freezer(target: Target, *, frozen: bool, is_drift: bool = False) -> Change:
        words = ("FROZEN", "THAWED")
        want, have = words if frozen else words[::-1]
        effect = Freeze(target.group, frozen)
        act = f"{'pause' if frozen else 'resume'} {target.name}"
        return Change(FREEZER, "freezer.state", want, have, effect, act=act, is_drift=is_drift)

    def _paused_above(self, record: ContainerRecord) -> ContainerRecord | None:
        """The nearest ancestor that shall be paused; one that is being resumed is none."""
        ancestors = self._store.ancestors(record)
        return next((ancestor for ancestor in ancestors if ancestor.intent.paused), None)


def _poll(waited: float) -> float:
    """Seconds until the next look, after so many."""
    return min(max(POLL_S, waited / 4), POLL_MAX_S)


def _state_of(record: ContainerRecord, state: State) -> Change:
    """Descendants are frozen and thawed by the kernel; their state follows."""
    effect = Note(record.key, {"state": state})
    have = record.status.life.state.value
    return Change(LIFE, f"record of {record.name}", state.value, have, effect, is_drift=False)


def thawed(world: World, target: Target) -> list[Change]:
    """What died while it was paused left its groups frozen: nothing could start in them."""
    driver = world.ports.cgroups
    if target.is_new or not target.look(driver.exists, target.group):
        return []
    if not target.look(driver.self_frozen, target.group):
        return []
    effect, act = Freeze(target.group, False), f"thaw {target.name}"
    return [Change(FREEZER, "freezer.state", "THAWED", "FROZEN", effect, act=act, is_drift=False)]


def active_state(record: ContainerRecord) -> State:
    """What a started container is when it is not paused."""
    return State.META if is_meta(record.spec) else State.RUNNING
