"""Processes and paths across containers: locateProcess, convertPath, attaching.

Manual section "Operations".
"""

from porto.api import replies
from porto.api.context import Services, Session
from porto.api.dispatch import handles
from porto.api.handlers.targets import find, resolve
from porto.api.names import SELF
from porto.spec.containers.names import ROOT
from porto.spec.errors import InvalidValue, NotSupported
from porto.wire import rpc_pb2


@handles("locateProcess")
def locate_process(
    services: Services, session: Session, request: rpc_pb2.TLocateProcessRequest
) -> bytes:
    """The container of a process, given by its pid as the client sees it."""
    text = f"cannot locate process {request.pid}"
    pid = services.host_pid(session.caller, request.pid) if request.pid else None
    if pid is None:
        raise InvalidValue(f"{text}: no such process")
    try:
        if request.comm and services.comm_of(pid) != request.comm:
            raise InvalidValue(f"{text}: its name is not {request.comm[:32]!r}")
        full = services.container_of(pid) or ROOT
    except OSError as error:
        raise InvalidValue(f"{text}: no such process") from error
    view = session.caller.view
    name = SELF if full == view.container != ROOT else view.named(full)
    return replies.answer("locateProcess", rpc_pb2.TLocateProcessResponse(name=name))


@handles("convertPath")
def convert_path(
    services: Services, session: Session, request: rpc_pb2.TConvertPathRequest
) -> bytes:
    """A path of one container as another one sees it.

    All containers have the host's root, so only the containers need to exist.
    """
    for name in (request.source, request.destination):
        full = resolve(session, name or SELF)
        if full != ROOT:
            services.store.get(full, "convert a path of")
    return replies.answer("convertPath", rpc_pb2.TConvertPathResponse(path=request.path))


@handles("attachProcess", "AttachThread", writes=True)
def attach(services: Services, session: Session, request: rpc_pb2.TAttachProcessRequest) -> bytes:
    """Moving foreign processes between containers is not built in."""
    record = find(services, session, request.name, "attach a process to")
    raise NotSupported(f"cannot attach process {request.pid} to {record.name}: not built in")
