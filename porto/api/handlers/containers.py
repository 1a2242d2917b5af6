"""The life of containers: create, destroy, list, start, stop, pause, resume, kill.

Each request writes an intent through `spec/containers/operations.py` and, where something has
to happen, waits for the engine. Manual section "Operations"; legality is decided in
`spec/containers/operations.py`, rights in `auth.py`.
"""

from collections.abc import Coroutine
from typing import Any

from porto.api import replies
from porto.api.context import Services, Session
from porto.api.dispatch import Outcome, handles
from porto.api.handlers.effects import carry_out
from porto.api.handlers.targets import find, resolve
from porto.api.masks import ANY
from porto.spec.containers import operations
from porto.spec.containers.names import is_below, parent_name, validate_name
from porto.spec.containers.operations import Credentials
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.errors import ContainerDoesNotExist, InvalidState, InvalidValue
from porto.spec.records.record import Run
from porto.wire import rpc_pb2

SIGNAL_MAX = 64
_LIST_REPLIES_MAX = 64
_LIST_MASK_MAX = 256


@handles("create", writes=True)
def create(services: Services, session: Session, request: rpc_pb2.TContainerCreateRequest) -> bytes:
    """A new stopped container."""
    create_container(services, session, request.name, weak=False)
    return b""


@handles("createWeak", writes=True)
def create_weak(
    services: Services, session: Session, request: rpc_pb2.TContainerCreateRequest
) -> bytes:
    """The same, destroyed when this connection closes."""
    create_container(services, session, request.name, weak=True)
    return b""


def create_container(
    services: Services, session: Session, name: str, *, weak: bool
) -> ContainerRecord:
    """Create for the client, under its credentials."""
    full = resolve(session, name)
    validate_name(full)
    services.authority.check_create(session.caller, full, parent_name(full))
    record = operations.create(
        services.store,
        full,
        actor=session.actor,
        credentials=_credentials(services, session, full),
        now=services.clock(),
        weak=weak,
    )
    if weak:
        session.weak.add(record.id)
    services.counters.add("containers_created")
    return record


def _credentials(services: Services, session: Session, name: str) -> Credentials:
    """The owner is who the client acts as; its own user runs what it puts below itself."""
    caller, users = session.caller, services.users
    task = caller.task if is_below(name, caller.container) else caller.cred
    return Credentials(
        user=users.user_name(task.uid),
        group=users.group_name(task.gid),
        owner_user=users.user_name(caller.cred.uid),
        owner_group=users.group_name(caller.cred.gid),
    )


@handles("destroy", writes=True)
def destroy(
    services: Services, session: Session, request: rpc_pb2.TContainerDestroyRequest
) -> Outcome:
    """End a container and all below it."""
    record = find(services, session, request.name, "destroy")
    changed = operations.destroy(services.store, record, actor=session.actor, now=services.clock())
    # Not taken back on failure: a container that is half gone had better go.
    return carry_out(services, changed)


@handles("list")
def list_names(
    services: Services, session: Session, request: rpc_pb2.TContainerListRequest
) -> bytes:
    """Names that the client sees, in the order of full names."""
    view = session.caller.view
    mask = request.mask if request.HasField("mask") else ANY
    if request.changed_since:
        return _names(
            shown
            for record in services.store.records()
            if int(record.status.change_time) >= request.changed_since
            and (shown := view.shown(record.name)) is not None
            and view.matches(record.name, mask)
        )
    key = (view.namespace, mask)
    known = services.names.replies.get(key)
    if known is None:
        full = services.store.names()
        if mask == ANY and not view.namespace:
            known = _names(full)
        else:
            known = _names(
                shown
                for name in full
                if (shown := view.shown(name)) is not None and view.matches(name, mask)
            )
        if len(mask) <= _LIST_MASK_MAX:
            if len(services.names.replies) >= _LIST_REPLIES_MAX:
                services.names.replies.clear()
            services.names.replies[key] = known
    return known


def _names(names: Any) -> bytes:
    answer = rpc_pb2.TContainerListResponse()
    answer.name.extend(names)
    return replies.answer("list", answer)


@handles("start", writes=True)
def start(services: Services, session: Session, request: rpc_pb2.TContainerStartRequest) -> Outcome:
    """Start a container, stopped ancestors first."""
    record = find(services, session, request.name, "start")
    return begin(services, session, record)


def begin(
    services: Services, session: Session, record: ContainerRecord
) -> Coroutine[Any, Any, bytes]:
    """Start a container that the client controls; refused at once or worth waiting for."""
    before, asked = ask_start(services, session, record)
    return carry_out(
        services,
        asked,
        before=before,
        check=lambda: _check_started(services, asked[-1]),
        undone=lambda current: current.status.life.state in (State.STOPPED, State.STARTING),
    )


def ask_start(
    services: Services, session: Session, record: ContainerRecord
) -> tuple[list[ContainerRecord], list[ContainerRecord]]:
    """Ask for a start that the client may want; the records before and after."""
    before = [record]
    services.authority.check_start(session.caller, record)
    for ancestor in services.store.ancestors(record):
        before.append(ancestor)
        if ancestor.status.life.state is State.STOPPED and ancestor.intent.run is Run.STOPPED:
            services.authority.check_start(session.caller, ancestor)
    asked = operations.start(services.store, record, actor=session.actor, now=services.clock())
    return before, asked


def _check_started(services: Services, asked: ContainerRecord) -> None:
    """Raise when another request has undone the start while it was waited for."""
    current = services.store.find_id(asked.id)
    if current is None:
        raise ContainerDoesNotExist(f"cannot start {asked.name}: it was destroyed meanwhile")
    if current.status.life.state is State.STOPPED and current.intent.launch == asked.intent.launch:
        raise InvalidState(f"cannot start {asked.name}: it was stopped meanwhile")


@handles("stop", writes=True)
def stop(services: Services, session: Session, request: rpc_pb2.TContainerStopRequest) -> Outcome:
    """Stop a container and all below it."""
    record = find(services, session, request.name, "stop")
    milliseconds = (
        request.timeout_ms
        if request.HasField("timeout_ms")
        else services.config.container.stop_timeout_ms
    )
    changed = operations.stop(
        services.store,
        record,
        kill_at=services.monotonic() + milliseconds / 1000 if milliseconds else 0.0,
        actor=session.actor,
        now=services.clock(),
    )
    return carry_out(services, changed) if changed else b""


@handles("kill", writes=True)
def kill(services: Services, session: Session, request: rpc_pb2.TContainerKillRequest) -> bytes:
    """Send a signal to the main task."""
    record = find(services, session, request.name, "kill")
    if not 0 <= request.sig <= SIGNAL_MAX:
        raise InvalidValue(f"cannot kill {record.name} with signal {request.sig}: no such signal")
    operations.check_kill(record)
    services.engine.signal(record, request.sig)
    return b""


@handles("pause", writes=True)
def pause(services: Services, session: Session, request: rpc_pb2.TContainerPauseRequest) -> Outcome:
    """Freeze a container and all below it."""
    record = find(services, session, request.name, "pause")
    changed = operations.pause(services.store, record, actor=session.actor, now=services.clock())
    return carry_out(services, [changed], before=[record])


@handles("resume", writes=True)
def resume(
    services: Services, session: Session, request: rpc_pb2.TContainerResumeRequest
) -> Outcome:
    """Thaw a container and all below it."""
    record = find(services, session, request.name, "resume")
    before = [record, *services.store.descendants(record.name)]
    changed = operations.resume(services.store, record, actor=session.actor, now=services.clock())
    return carry_out(services, changed, before=before)


@handles("Respawn", writes=True)
def respawn(
    services: Services, session: Session, request: rpc_pb2.TContainerRespawnRequest
) -> Outcome:
    """Run the command of a dead container again, in place."""
    record = find(services, session, request.name, "respawn")
    services.authority.check_start(session.caller, record)
    changed = operations.respawn(services.store, record, actor=session.actor, now=services.clock())
    return carry_out(services, [changed], before=[record])
