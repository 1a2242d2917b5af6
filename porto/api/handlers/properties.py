"""Properties as text: getProperty, getData, setProperty, and the lists of properties.

Writing goes through `spec/containers/operations.py`; on a container that is not stopped the
reply waits for the engine, and a change that it cannot make true is put back.
Manual section "Properties".
"""

from porto.api import replies, variables
from porto.api.context import Services, Session
from porto.api.dispatch import Outcome, handles
from porto.api.handlers.effects import carry_out
from porto.api.handlers.targets import find, resolve
from porto.spec.containers import operations
from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import PROPERTIES, find_property
from porto.spec.containers.status import State
from porto.spec.errors import InvalidProperty, InvalidValue
from porto.spec.prop import Property, split_index
from porto.spec.records.record import Run
from porto.wire import rpc_pb2

_INERT_OWNERS = frozenset({"notes", "access"})
"""Owners of properties that nothing in the kernel depends on: no pass to wait for."""

_LEGACY = {
    "cpu.smart": "cpu_policy",
    "memory.limit_in_bytes": "memory_limit",
    "memory.low_limit_in_bytes": "memory_guarantee",
    "memory.recharge_on_pgfault": "recharge_on_pgfault",
}
_LEGACY_VALUES = {
    "cpu.smart": ("normal", "rt"),
    "memory.recharge_on_pgfault": ("false", "true"),
}


@handles("getProperty")
def get_property(
    services: Services, session: Session, request: rpc_pb2.TContainerGetPropertyRequest
) -> bytes:
    """One value as text."""
    text = _read(services, session, request.name, request.property, request.real)
    return replies.value_answer("getProperty", text)


@handles("getData")
def get_data(
    services: Services, session: Session, request: rpc_pb2.TContainerGetDataRequest
) -> bytes:
    """The same under another name."""
    text = _read(services, session, request.name, request.data, request.real)
    return replies.value_answer("getData", text)


def _read(services: Services, session: Session, name: str, variable: str, real: bool) -> str:
    full = resolve(session, name)
    parsed = variables.parse(variable)
    viewer = session.caller.viewer
    if full == ROOT:
        return parsed.read_root(services, viewer)
    record = services.store.get(full, "get a property of")
    return parsed.read(services, record, viewer, real=real)


@handles("setProperty", writes=True)
def set_property(
    services: Services, session: Session, request: rpc_pb2.TContainerSetPropertyRequest
) -> Outcome:
    """Write one property."""
    record = find(services, session, request.name, "set a property of")
    name, value = modern(request.property, request.value.strip(" \t\n"))
    return apply(services, session, record, name, value)


def apply(
    services: Services, session: Session, record: ContainerRecord, name: str, text: str
) -> Outcome:
    """Write one property of a container that the client controls; make it true."""
    new = write(services, session, record, name, text)
    prop = find_property(split_index(name)[0])
    if is_inert(new, prop):
        return b""
    return carry_out(services, [new], before=[record])


def write(
    services: Services, session: Session, record: ContainerRecord, name: str, text: str
) -> ContainerRecord:
    """Check the client's rights to this value, then write it; returns the new record."""
    base, index = split_index(name)
    if "." in base:
        raise InvalidProperty(f"cannot set {_shown(name)} of {record.name}: no such property")
    prop = find_property(base)
    if index is not None and not prop.indexed:
        raise InvalidValue(
            f"cannot set {_shortened(name)} of {record.name} to {_shown(text)}: "
            f"{base} has no elements"
        )
    check_rights(services, session, record, prop, name, text)
    return operations.set_property(
        services.store,
        record,
        name,
        text,
        actor=session.actor,
        now=services.clock(),
    )


def check_rights(
    services: Services,
    session: Session,
    record: ContainerRecord,
    prop: Property,
    name: str,
    text: str,
) -> None:
    """Raise when the value of an access property is more than the client may give."""
    if prop.name not in ("owner_user", "owner_group", "enable_porto"):
        return
    _, value = operations.parse_property(record.spec, record.name, name, text)
    authority, caller = services.authority, session.caller
    if prop.name == "owner_user":
        authority.check_owner_user(caller, record, value)
    elif prop.name == "owner_group":
        authority.check_owner_group(caller, record, value)
    else:
        authority.check_enable_porto(caller, record, value)


def is_inert(record: ContainerRecord, prop: Property) -> bool:
    """Whether nothing has to happen for the property to be true."""
    idle = record.status.life.state is State.STOPPED and record.intent.run is Run.STOPPED
    return idle or prop.prop.owner in _INERT_OWNERS


def modern(name: str, value: str) -> tuple[str, str]:
    """The present spelling of a property and value."""
    if name in _LEGACY:
        if name in _LEGACY_VALUES:
            off, on = _LEGACY_VALUES[name]
            value = off if value == "0" else on
        return _LEGACY[name], value
    if "[" not in name and variables.is_label(name):
        return f"labels[{name}]", value
    return name, value


def _shown(text: str) -> str:
    return repr(_shortened(text))


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:80] + "..."


@handles("propertyList")
def property_list(
    services: Services, session: Session, request: rpc_pb2.TContainerPropertyListRequest
) -> bytes:
    """All visible properties."""
    answer = rpc_pb2.TContainerPropertyListResponse()
    unsupported = services.store.admission.unsupported
    for prop in PROPERTIES.values():
        if prop.prop.hidden or prop.name in unsupported:
            continue
        mark = " (ro)" if prop.prop.read_only else " (dynamic)" if prop.prop.dynamic else ""
        answer.list.add(
            name=prop.name,
            desc=prop.help + mark,
            read_only=prop.prop.read_only,
            dynamic=prop.prop.dynamic,
        )
    return replies.answer("propertyList", answer)


@handles("dataList")
def data_list(
    services: Services, session: Session, request: rpc_pb2.TContainerDataListRequest
) -> bytes:
    """The visible properties that cannot be set."""
    answer = rpc_pb2.TContainerDataListResponse()
    unsupported = services.store.admission.unsupported
    for prop in PROPERTIES.values():
        if prop.prop.read_only and not prop.prop.hidden and prop.name not in unsupported:
            answer.list.add(name=prop.name, desc=prop.help)
    return replies.answer("dataList", answer)
