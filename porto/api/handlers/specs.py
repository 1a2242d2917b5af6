"""Containers by specification: CreateFromSpec and UpdateFromSpec.

The messages are converted by `porto/api/proto_codec.py`; rights, rules and effects
are those of the requests with texts. ListContainersBy is in `listing.py`.
"""

from collections.abc import Coroutine
from typing import Any

from porto.api import proto_codec
from porto.api.context import Services, Session
from porto.api.dispatch import Outcome, handles
from porto.api.handlers.containers import begin, create_container
from porto.api.handlers.effects import carry_out
from porto.api.handlers.properties import is_inert, write
from porto.api.handlers.targets import find
from porto.spec.containers import operations
from porto.spec.containers.operations import Actor
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import find_property
from porto.spec.errors import NotSupported, PortoError
from porto.spec.prop import Property, split_index
from porto.spec.undo import take_back
from porto.wire import rpc_pb2


@handles("CreateFromSpec", writes=True)
def create_from_spec(
    services: Services, session: Session, request: rpc_pb2.TCreateFromSpecRequest
) -> Outcome:
    """Create with all properties, start if wanted; on any failure nothing stays."""
    spec = request.container
    if request.volumes:
        raise NotSupported(f"cannot create {spec.name} with volumes: volumes are not built in")
    record = create_container(services, session, spec.name, weak=spec.weak)
    try:
        record, _ = _write_all(services, session, record, spec)
        started = begin(services, session, record) if request.start else None
    except PortoError as error:
        return _undone(services, record, error)
    return b"" if started is None else _started(services, record, started)


async def _started(
    services: Services, record: ContainerRecord, started: Coroutine[Any, Any, bytes]
) -> bytes:
    try:
        return await started
    except Exception as error:
        return await _undone(services, record, error)


async def _undone(services: Services, record: ContainerRecord, error: Exception) -> bytes:
    """Destroy what was created, then raise the error."""
    current = services.store.find_id(record.id)
    if current is not None:
        gone = operations.destroy(services.store, current, actor=Actor(), now=services.clock())
        await services.engine.converge(gone)
    raise error


@handles("UpdateFromSpec", writes=True)
def update_from_spec(
    services: Services, session: Session, request: rpc_pb2.TUpdateFromSpecRequest
) -> Outcome:
    """Set every property that is present; all or none."""
    spec = request.container
    old = find(services, session, spec.name, "update")
    try:
        new, inert = _write_all(services, session, old, spec)
    except PortoError:
        if services.store.find_id(old.id) is not old:
            take_back(services.store, old, now=services.clock())
        raise
    return b"" if inert else carry_out(services, [new], before=[old])


def _write_all(
    services: Services, session: Session, record: ContainerRecord, spec: rpc_pb2.TContainerSpec
) -> tuple[ContainerRecord, bool]:
    """Write all fields; the last record, and whether there is nothing to wait for."""
    before, inert = record, True

    def present(prop: Property) -> Any:
        return before.spec.value(prop) if prop.facet else prop.default

    wanted = list(proto_codec.changes(spec, present))
    if spec.HasField("weak") and spec.weak != record.spec.lifecycle.weak:
        wanted.append(("weak", "true" if spec.weak else "false"))
    for name, text in wanted:
        record = write(services, session, record, name, text)
        inert = inert and is_inert(record, find_property(split_index(name)[0]))
    return record, inert
