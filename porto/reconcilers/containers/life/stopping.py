"""Towards stopped and absent: ask, kill, take down, write it down.

Pure. Used by `decide.py`. Children first. Manual section "Operations", stop and destroy.
"""

import signal
from collections.abc import Sequence

from porto.kernel.cgroup.driver import FreezerState
from porto.reconcilers.containers.effects import Delete, Note, Signal
from porto.reconcilers.containers.life.ending import (
    KILL_POLL_S,
    LIFE,
    drop_launch,
    ended,
    forget_launch,
    kill,
    lasting,
    note,
    stopped_fields,
    take_down,
    wait,
)
from porto.reconcilers.containers.target import Target
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.decision import Decision
from porto.reconcilers.engine.result import Again, Done, Result
from porto.spec.containers.effective import is_os
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import Process, State
from porto.spec.records.record import Run


class Stopping:
    """Ends containers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def absent(self, target: Target) -> Decision:
        """A container that is being destroyed."""
        record = target.record
        for child in self._store.children(record.name):
            return self._wait_for(target, child)
        changes: Sequence[Change] = ()
        if record.status.life.state is not State.STOPPED:
            ending = self._end(target, kill_at=0.0)
            if isinstance(ending, Decision):
                return ending
            changes = ending
        gone = Change(LIFE, "record", "absent", "present", Delete(target.key), is_drift=False)
        exits = forget_launch(record.status.life.process)
        return Decision([*changes, *self._bequeath(target)], Done(), closing=[gone, *exits])

    def stopped(self, target: Target) -> Decision:
        """A container that shall be stopped."""
        record = target.record
        if record.status.life.state is State.STOPPED:
            # Nothing stands in the way of what is not wanted any more.
            left = lasting(record)
            stale = record.status.conditions != left
            return Decision([note(target, conditions=left)] if stale else (), Done())
        for child in self._store.children(record.name):
            if child.status.life.state is not State.STOPPED:
                return self._wait_for(target, child)
        return self.end(target, kill_at=record.intent.kill_at, then=Done())

    def _wait_for(self, target: Target, child: ContainerRecord) -> Decision:
        text = f"{target.name} waits for its child {child.name}, which is {child.status.life.state}"
        return wait(self._world, target, "children", text)

    def end(self, target: Target, *, kill_at: float, then: Result) -> Decision:
        """Bring a started container to stopped."""
        ending = self._end(target, kill_at=kill_at)
        if isinstance(ending, Decision):
            return ending
        record = target.record
        state = State.STARTING if record.intent.run is Run.RUNNING else State.STOPPED
        written = note(target, **stopped_fields(self._world, target, state))
        # Only then: an exit is kept until the record does not need it any more.
        exits = forget_launch(record.status.life.process)
        return Decision(ending, then, closing=[written, *exits])

    def _end(self, target: Target, *, kill_at: float) -> Decision | Sequence[Change]:
        """What must happen first, or the removal of what the facets made."""
        asking = self._ask(target, kill_at)
        if asking is not None:
            return asking
        dropped = drop_launch(self._world, target)
        if self._world.is_populated(target):
            return kill(self._world, target, before=dropped)
        return [*dropped, *take_down(self._world, target)]

    def _ask(self, target: Target, kill_at: float) -> Decision | None:
        """The polite signal; None when it is time for SIGKILL."""
        record, world = target.record, self._world
        process = record.status.life.process
        if process is None or not process.task_pid or record.status.life.state is State.DEAD:
            return None
        if target.look(world.exits.find, process) is not None:
            return None
        left = kill_at - target.mono
        if left <= 0:
            return None
        try:
            frozen = target.look(world.ports.cgroups.freezer_state, target.group)
        except FileNotFoundError:
            return None  # a daemon that died had removed the groups already
        if frozen is not FreezerState.THAWED:
            return None
        changes: list[Change] = []
        if record.status.life.state is not State.STOPPING:
            signo = self._end_signal(target, process)
            if signo is None:
                return None
            effect = Signal(process.task_pid, process.task_start, signo)
            name = signal.Signals(signo).name
            subject, act = f"pid {process.task_pid}", f"send {name} to {target.name}"
            changes = [
                Change(LIFE, subject, name, "running", effect, act=act, is_drift=False),
                note(target, state=State.STOPPING),
            ]
        # Its exit brings the key back; one that nobody tells is found by looking.
        return Decision(changes, Again(min(left, KILL_POLL_S)))

    def _end_signal(self, target: Target, process: Process) -> int | None:
        """The signal that politely asks the main task to end; None when it has none."""
        if not is_os(target.record.spec):
            return signal.SIGTERM
        handles = self._world.ports.processes.handles_signal
        for signo in (signal.SIGPWR, signal.SIGTERM):
            if target.look(handles, process.task_pid, signo):
                return signo
        return None

    def _bequeath(self, target: Target) -> list[Change]:
        """What the parent keeps of a container that is destroyed."""
        if not target.lineage:
            return []
        parent = target.lineage[0]
        # What this life adds is noted nowhere else: the record goes.
        fields = dict(ended(self._world, target)) if self._is_started(target) else {}
        record = target.record.with_status(**fields)
        kept: dict[str, object] = {}
        for witness in self._world.chain.witnesses:
            kept.update(witness.bequeathed(record, parent))
        if not kept:
            return []
        effect = Note(parent.key, kept)
        return [
            Change(LIFE, f"record of {parent.name}", "with its counts", "", effect, is_drift=False)
        ]

    @staticmethod
    def _is_started(target: Target) -> bool:
        return target.record.status.life.state is not State.STOPPED
