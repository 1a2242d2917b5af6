"""Towards started: parents first, cgroups and knobs, then the launch.

Pure. Used by `decide.py`. A whole start is planned before its first effect; a pass sends the
launch and ends, and the outcome brings the key back. A start that fails leaves nothing behind
and is taken back, or tried again when a file asks for it. Manual section "Operations", start.
"""

from collections.abc import Sequence

from porto.launcher.ops import Launched, LaunchFailed
from porto.reconcilers.containers import upkeep
from porto.reconcilers.containers.effects import Count, TakeLaunch, Wish
from porto.reconcilers.containers.facets import task
from porto.reconcilers.containers.life.dying import RESPAWN_ORIGIN
from porto.reconcilers.containers.life.ending import (
    LIFE,
    SHOWN_AFTER_S,
    awaited,
    condition,
    drop_launch,
    kill,
    note,
    stopped_fields,
    take_down,
    wait,
)
from porto.reconcilers.containers.life.freezing import active_state, thawed
from porto.reconcilers.containers.target import Fields, LaunchPlan, Target
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.decision import Decision, Failure
from porto.reconcilers.engine.result import Again, Done, Retry, Stuck
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.errors import Busy, EError, InvalidState, PortoError, by_errno
from porto.spec.records.record import Run, is_file_origin
from porto.spec.records.status import Condition

STARTED = "containers_started"
FAILED = "containers_failed_start"
TIMEOUTS = "start_timeouts"
LAUNCH = "launch"


class Starting:
    """Starts containers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def start(self, target: Target) -> Decision:
        """A stopped container, or a dead one that is started again in place."""
        launches, name = self._world.ports.launches, task.launch_id(target.record)
        if launches.in_setup(name):
            text = f"{target.name} waits for its launch, which is still being set up"
            return wait(self._world, target, LAUNCH, text)
        outcome = launches.find(name)
        if isinstance(outcome, Launched):
            return self._launched(target, outcome)
        if isinstance(outcome, LaunchFailed):
            late = (TIMEOUTS,) if outcome.op == "timeout" else ()
            return self._failed(target, self._explained(target, outcome), *late)
        parent = self._store.parent(target.record)
        if parent is not None and parent.status.life.state not in (State.RUNNING, State.META):
            return self._wait_for_parent(target, parent)
        if target.record.status.life.state is State.DEAD and self._world.is_populated(target):
            return kill(self._world, target)
        if self._store.unread and self._world.is_populated(target):
            text = "what runs in its cgroup may be of a record that was not read"
            return Decision(result=Retry(Busy(f"cannot start {target.name}: {text}")))
        return self._begin(target)

    # -- begun -----------------------------------------------------------------

    def _begin(self, target: Target) -> Decision:
        record = target.record
        try:
            self._store.admission.check_start(self._store, record)
            thaw = thawed(self._world, target)
            changes, refused = upkeep.plan(self._world.chain.live, target)
            if refused:
                return self._failed(target, refused[0].error)
            plan = LaunchPlan()
            for facet in self._world.chain.launch:
                facet.prepare(target, plan)
        except PortoError as error:
            return self._failed(target, error)
        except OSError as error:
            text = f"cannot start {record.name}: {error.filename}"
            return self._failed(target, by_errno(error, text))
        ready = upkeep.asked_for([*thaw, *changes, *plan.before])

        def failed(failures: Sequence[Failure]) -> Decision:
            return self._failed(target, failures[0].error)

        if not task.needs_process(target):
            return Decision(
                ready,
                Done(),
                closing=self._started(target, None),
                failed=failed,
            )
        effect = task.launch_effect(
            target, plan, timeout=self._world.config.container.start_timeout_ms / 1000
        )
        subject, act = f"launch {effect.launch_id}", f"start {target.name}"
        launch = Change(LIFE, subject, "running", "", effect, act=act, is_drift=False)
        since = awaited(self._world, target, LAUNCH)
        return Decision([*ready, since, launch], Again(SHOWN_AFTER_S), failed=failed)

    def _launched(self, target: Target, launched: Launched) -> Decision:
        exited = target.look(self._world.exits.find, task.as_process(launched))
        return Decision(
            result=Done() if exited is None else Again(0.0),
            closing=self._started(target, launched),
        )

    def _started(self, target: Target, launched: Launched | None) -> list[Change]:
        written = note(target, **self.adopted(target.record, launched, target))
        count = Change(LIFE, STARTED, "one more", "", Count(STARTED), is_drift=False)
        if launched is None:
            return [written, count]
        taken = TakeLaunch(launched.launch_id)
        return [written, count, Change(LIFE, "launch", "taken", "told", taken, is_drift=False)]

    def adopted(self, record: ContainerRecord, launched: Launched | None, target: Target) -> Fields:
        """What a launch changes in the record, whoever writes it down."""
        life = record.status.life
        dead = life.state is State.DEAD
        respawned = dead and record.intent.origin == RESPAWN_ORIGIN
        controllers = record.status.cgroups.controllers if dead else ""
        return {
            "state": active_state(record),
            "launched": record.intent.launch,
            "controllers": controllers or ";".join(sorted(self._world.controllers.wanted(record))),
            "process": None if launched is None else task.as_process(launched),
            "exit_status": None,
            "oom_killed": False,
            "start_time": target.wall,
            "start_mono": target.mono,
            "death_time": 0.0,
            "death_mono": 0.0,
            "start_error": "",
            "start_error_code": EError.Success,
            "respawn_count": life.respawn_count + respawned,
            "observed_generation": record.generation,
            "conditions": (),
        }

    # -- not begun, or failed -----------------------------------------------------

    def _wait_for_parent(self, target: Target, parent: ContainerRecord) -> Decision:
        record = target.record
        life = parent.status.life
        if parent.intent.run is Run.RUNNING and life.state is not State.PAUSED:
            dying = life.state is State.DEAD and not parent.is_launch_due
            if not dying:
                text = f"{record.name} waits for its parent {parent.name}, which is {life.state}"
                return wait(self._world, target, "parent", text)
        error = InvalidState(
            f"cannot start {record.name}: its parent {parent.name} is {life.state}"
        )
        return self._taken_back(target, error, ())

    def _explained(self, target: Target, failure: LaunchFailed) -> PortoError:
        for facet in self._world.chain.explaining:
            error = facet.explain(target, failure)
            if error is not None:
                return error
        return task.launch_error(target, failure)

    def _failed(self, target: Target, error: PortoError, *counted: str) -> Decision:
        """Take down what there is, write down why, and count it; as `counted`, too."""
        record = target.record
        dropped = drop_launch(self._world, target)
        made = not target.is_new or target.look(self._world.ports.cgroups.exists, target.group)
        if made and self._world.is_populated(target):
            # The outcome of the launch is still there for the pass that finds it empty.
            return kill(self._world, target)
        written = note(
            target,
            launched=record.intent.launch,
            start_error=error.text,
            start_error_code=error.code,
            **stopped_fields(self._world, target, State.STOPPED),
        )
        counts = [
            Change(LIFE, name, "one more", "", Count(name), is_drift=False)
            for name in (FAILED, *counted)
        ]
        removed = [*dropped, *take_down(self._world, target)] if made else dropped
        return self._taken_back(target, error, [*removed, written, *counts])

    def _taken_back(self, target: Target, error: PortoError, changes: Sequence[Change]) -> Decision:
        """An imperative start is taken back; a file's is tried again."""
        record = target.record
        if is_file_origin(record.intent.origin):
            shown = condition(target, Condition("Retrying", "task", error.text, error.code))
            return Decision([*changes, shown], Retry(error))
        back = record.with_intent(run=Run.STOPPED, kill_at=0.0)
        wish = Change(LIFE, "intent", "stopped", "running", Wish(back), is_drift=False)
        return Decision([*changes, wish], Stuck(error))
