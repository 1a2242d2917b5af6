"""Start-up: compare the stored records with what the launcher and the kernel hold.

Called once by `cli/daemon.py` before the first pass. Nothing is replayed: a record
is brought up to what is found, and the passes do the rest. Manual section "Key
Features", reliable service.
"""

import signal
from collections.abc import Iterable

import structlog

from porto.launcher.ops import Launched
from porto.reconcilers.containers.facets.task import container_of, launch_id, launch_name
from porto.reconcilers.containers.life.ending import stopped_fields
from porto.reconcilers.containers.life.starting import Starting
from porto.reconcilers.containers.world import World
from porto.spec.containers import operations
from porto.spec.containers.operations import Actor
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.errors import EError
from porto.spec.records.record import Run, is_file_origin

log = structlog.get_logger()

RESTART_ORIGIN = "restart"


def take_over(
    world: World, survivors: Iterable[Launched], *, same_boot: bool, same_master: bool
) -> list[Launched]:
    """Bring all records up to date; returns the launches that belong to nobody.

    One whose record could not be read is somebody's.

    same_boot   -- False: the records are of an earlier boot, so nothing of them runs
    same_master -- False: an earlier master died, and what it alone knew is lost
    """
    by_launch = {launched.launch_id: launched for launched in survivors}
    for record in list(world.store.records()):
        if not same_boot:
            _reset(world, record)
        elif not same_master and _may_have_been_launched(world, record):
            _give_up_launch(world, record)
        else:
            _adopt(world, record, by_launch)
    for record in list(world.store.records()):
        current = world.store.find_id(record.id)
        if current is not None and current.spec.lifecycle.weak:
            now = world.ports.clock.wall()
            operations.destroy(world.store, current, actor=Actor(origin=RESTART_ORIGIN), now=now)
    return [launched for launched in by_launch.values() if not _is_unread(world, launched)]


def _is_unread(world: World, launched: Launched) -> bool:
    key = container_of(launched.launch_id)
    return key is not None and key.id in world.store.unread


def _reset(world: World, record: ContainerRecord) -> None:
    """What counts over all lives stays."""
    fields = stopped_fields(world, world.target(record), State.STOPPED)
    world.ports.records.note(record.key, **fields)
    current = world.store.find_id(record.id)
    if current is not None and current.intent.run is Run.RUNNING:
        world.ports.records.put(current.with_intent(run=Run.STOPPED, paused=False))


def _may_have_been_launched(world: World, record: ContainerRecord) -> bool:
    """Whether a start was under way: its groups are made shortly before the launch."""
    life = record.status.life
    return (
        record.intent.run is Run.RUNNING
        and record.is_launch_due
        and life.state in (State.STARTING, State.DEAD)
        and not world.target(record).is_new
    )


def _give_up_launch(world: World, record: ContainerRecord) -> None:
    """Whether the command ran, nobody knows: it must not run twice for one start.

    What runs of it is ended. A file goes on asking for it, a respawn counts it as a life that
    was killed, and a client is told in start_error.
    """
    target = world.target(record)
    log.warning("start cut short", container=record.name, launch=record.intent.launch)
    world.ports.cgroups.kill(target.group)
    if is_file_origin(record.intent.origin):
        return
    if record.status.life.state is State.DEAD:
        fields = {
            **Starting(world).adopted(record, None, target),
            "state": State.DEAD,
            "exit_status": int(signal.SIGKILL),
            "death_time": target.wall,
            "death_mono": target.mono,
        }
        world.ports.records.note(record.key, **fields)
        return
    world.ports.records.note(
        record.key,
        launched=record.intent.launch,
        start_error=f"cannot start {record.name}: portod was killed in the middle of it",
        start_error_code=EError.Unknown,
        **stopped_fields(world, target, State.STOPPED),
    )
    current = world.store.find_id(record.id)
    if current is not None:
        world.ports.records.put(current.with_intent(run=Run.STOPPED, kill_at=0.0))


def _adopt(world: World, record: ContainerRecord, by_launch: dict[str, Launched]) -> None:
    """The launch that the record asks for, or asked for, if the launcher holds it."""
    life = record.status.life
    launched = by_launch.pop(launch_id(record), None)
    older = by_launch.pop(launch_name(record.id, life.launched), None)
    found = launched or older
    process = life.process
    if found is not None and process is None and not record.is_launch_due:
        # The daemon died between the record of the exit and its acknowledgement.
        world.exits.acknowledge(found.launch_id)
        return
    if found is not None:
        world.exits.track(found.launch_id)
    if launched is not None and record.is_launch_due:
        # The daemon died between the launch and its record: the intent was durable, the
        # task runs, so this is what the client asked for.
        log.info("launch adopted", container=record.name, launch=launched.launch_id)
        fields = Starting(world).adopted(record, launched, world.target(record))
        world.ports.records.note(record.key, **fields)
    elif process is not None and found is None:
        is_alive = world.ports.processes.is_alive
        if is_alive(process.init_pid, process.init_start):
            log.info("orphan followed by pidfd", container=record.name, pid=process.init_pid)
            world.exits.watch_foreign(process)
