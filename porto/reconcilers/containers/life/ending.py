"""What every end of a container is made of: kill, take down, write down.

Pure. Used by the other files of this room.
"""

from collections.abc import Sequence

from porto.reconcilers.containers import upkeep
from porto.reconcilers.containers.effects import DropLaunch, ForgetLaunch, Kill, Note
from porto.reconcilers.containers.facets.task import launch_id
from porto.reconcilers.containers.memory import Await
from porto.reconcilers.containers.target import Fields, Target
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.decision import Decision
from porto.reconcilers.engine.result import Again
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import Process, State
from porto.spec.errors import EError
from porto.spec.records.status import Condition

LIFE = "life"
KILL = "kill"
KILL_POLL_S = 1.0
SHOWN_MAX = 5
"""Pids that a message names."""
SHOWN_AFTER_S = 5.0
"""What is waited for longer than that is shown in the status."""


def note(target: Target, **fields: object) -> Change:
    """Write something down."""
    have = target.record.status.life.state.value
    want = str(fields.get("state", have))
    return Change(LIFE, "record", want, have, Note(target.key, fields), is_drift=False)


def awaited(world: World, target: Target, what: str) -> Change:
    """From now on something is waited for."""
    effect = Await(world.memory, target.key, what, target.mono)
    return Change(LIFE, f"wait for {what}", "since now", "", effect, is_drift=False)


def wait(world: World, target: Target, what: str, text: str) -> Decision:
    """Wait for something whose change brings the key back; shown with `text` when it takes long."""
    since = world.remembered(target).since.get(what)
    if since is None:
        return Decision([awaited(world, target, what)], Again(SHOWN_AFTER_S))
    left = since + SHOWN_AFTER_S - target.mono
    if left > 0:
        return Decision(result=Again(left))
    return Decision([waiting(target, LIFE, text)], Again())


def waiting(target: Target, facet: str, text: str) -> Change:
    """Show what is waited for."""
    return condition(target, Condition("Waiting", facet, text, EError.Busy))


def kill(world: World, target: Target, *, before: Sequence[Change] = ()) -> Decision:
    """Kill what lives in its groups; the pass that follows finds them empty.

    What does not end in time is shown.
    """
    since = world.remembered(target).since.get(KILL)
    effect, act = Kill(target.key, target.group), f"end {target.name}"
    change = Change(LIFE, "processes", "none", "alive", effect, act=act, is_drift=False)
    changes = [*before, change]
    if since is None:
        since = target.mono
        changes.append(awaited(world, target, KILL))
    timeout = float(world.config.daemon.cgroup_remove_timeout_s)
    if target.mono - since >= timeout:
        pids = world.ports.cgroups.subtree_processes(target.group)
        shown = " ".join(map(str, pids[:SHOWN_MAX]))
        text = f"cannot end {target.name}: {len(pids)} processes do not die: {shown}"
        changes.append(waiting(target, LIFE, text))
    return Decision(changes, Again(KILL_POLL_S))


def take_down(world: World, target: Target) -> list[Change]:
    """Remove what the facets made; no task is left."""
    made = (change for facet in world.chain.teardown for change in facet.teardown(target))
    return [*upkeep.asked_for(made)]


def drop_launch(world: World, target: Target) -> list[Change]:
    """A launch that was begun and is not wanted, or whose outcome nobody took."""
    name = launch_id(target.record)
    launches = world.ports.launches
    if not launches.in_setup(name) and launches.find(name) is None:
        return []
    effect, act = DropLaunch(name), f"give up the start of {target.name}"
    return [Change(LIFE, f"launch {name}", "dropped", "begun", effect, act=act, is_drift=False)]


def forget_launch(process: Process | None) -> list[Change]:
    """The record does not need the exit of this launch any more."""
    if process is None:
        return []
    name = process.launch_id
    effect = ForgetLaunch(name)
    return [Change(LIFE, f"exit of {name}", "acknowledged", "told", effect, is_drift=False)]


def died(world: World, target: Target, status: int) -> Fields:
    """What the witnesses write down at a death."""
    fields: dict[str, object] = {}
    for witness in world.chain.witnesses:
        fields.update(witness.died(target, status))
    return fields


def ended(world: World, target: Target) -> Fields:
    """What the witnesses write down at a stop."""
    fields: dict[str, object] = {}
    for witness in world.chain.witnesses:
        fields.update(witness.ended(target))
    return fields


def stopped_fields(world: World, target: Target, state: State) -> Fields:
    """The record of a container of which nothing is left, about to be in `state`."""
    return {
        "state": state,
        "process": None,
        "exit_status": None,
        "start_time": 0.0,
        "start_mono": 0.0,
        "death_time": 0.0,
        "death_mono": 0.0,
        "conditions": (),
        **ended(world, target),
    }


def lasting(record: ContainerRecord) -> tuple[Condition, ...]:
    """The conditions that stay until the next start."""
    return tuple(c for c in record.status.conditions if c.kind == "RestartRequired")


def condition(target: Target, shown: Condition, **fields: object) -> Change:
    """Show what stands in the way."""
    return note(target, conditions=(*lasting(target.record), shown), **fields)
