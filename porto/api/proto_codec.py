"""Between a container's properties and the messages TContainerSpec and TContainerStatus.

Called by `handlers/specs.py`. The fields of both messages are named like properties,
so one registry-driven conversion serves them all; only message types, not
properties, have code of their own. Fields that name no property of ours are refused
on the way in and left out on the way out.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from porto.spec.codecs import CpuPower
from porto.spec.codecs.cpuset import MASK
from porto.spec.codecs.devices import mode_text
from porto.spec.codecs.ulimit import UNLIMITED
from porto.spec.containers.spec import PROPERTIES, find_property
from porto.spec.cpulist import each_cpu, parse_cpus
from porto.spec.errors import EError, InvalidValue
from porto.spec.prop import Property, Rejected
from porto.wire import rpc_pb2

Spec = rpc_pb2.TContainerSpec
Status = rpc_pb2.TContainerStatus

_SPEC_FIELDS: Mapping[str, Any] = Spec.DESCRIPTOR.fields_by_name
_STATUS_FIELDS: Mapping[str, Any] = Status.DESCRIPTOR.fields_by_name
_NOT_PROPERTIES = frozenset({"name", "weak"})
_CREDS = {"task_cred": ("user", "group"), "owner_cred": ("owner_user", "owner_group")}
_DATES = frozenset({"creation_time", "start_time", "death_time", "change_time"})

Assignment = tuple[str, str]
"""A property (with index, perhaps) and the text to set."""


# -- from messages to properties -----------------------------------------------


def changes(spec: Spec, present: Callable[[Property], Any]) -> Iterator[Assignment]:
    """What to set so that every field present in `spec` is true, in field order.

    `present` gives a property's present value, for maps that are merged or replaced.
    Raises InvalidProperty and InvalidValue.
    """
    for field, value in spec.ListFields():
        if field.name in _NOT_PROPERTIES:
            continue
        if field.name in _CREDS:
            yield from _credentials(field.name, value)
            continue
        prop = find_property(field.name)
        if prop.prop.read_only:
            # Reported with the others; who sends back what was listed does not mean it.
            continue
        yield from _changes(spec.name, prop, value, present(prop))


def _credentials(name: str, cred: rpc_pb2.TCred) -> Iterator[Assignment]:
    user, group = _CREDS[name]
    if cred.HasField("user") or cred.HasField("uid"):
        yield user, cred.user or str(cred.uid)
    if cred.HasField("group") or cred.HasField("gid"):
        yield group, cred.group or str(cred.gid)


def _changes(subject: str, prop: Property, value: Any, old: Any) -> Iterator[Assignment]:
    if isinstance(value, str):
        yield prop.name, value
        return
    if isinstance(value, rpc_pb2.TStringMap) and prop.name == "labels":
        # Setting labels merges by itself; those to be replaced are removed one by one.
        wanted = {entry.key: entry.val for entry in value.map}
        if not value.merge:
            wanted = {**{name: "" for name, _ in old}, **wanted}
        for name, text in wanted.items():
            yield f"{prop.name}[{name}]", text
        return
    if isinstance(prop.codec, CpuPower):
        # The message has cores, where a document's number is per cent.
        yield prop.name, f"{value!r}c"
        return
    native = _native(value, old)
    try:
        yield prop.name, prop.codec.format(prop.codec.native(native))
    except Rejected as refusal:
        raise prop.refused(subject, str(native), refusal) from refusal


def _native(value: Any, old: Any) -> Any:
    """A field's value as a codec's `native` takes it."""
    if isinstance(value, rpc_pb2.TStringMap | rpc_pb2.TUintMap):
        items = {entry.key: entry.val for entry in value.map}
        return {**dict(old), **items} if value.merge else items
    if isinstance(value, rpc_pb2.TContainerEnv):
        variables = {item.name: None if item.unset else item.value for item in value.var}
        return {**dict(old), **variables} if value.merge else variables
    if isinstance(value, rpc_pb2.TContainerCommandArgv):
        return list(value.argv)
    if isinstance(value, rpc_pb2.TContainerUlimits):
        limits = {item.type: _ulimit(item) for item in value.ulimit}
        kept = {name: _limit_words(soft, hard) for name, soft, hard in old if value.merge}
        return {**kept, **limits}
    if isinstance(value, rpc_pb2.TContainerControllers):
        return list(value.controller)
    if isinstance(value, rpc_pb2.TContainerCpuSet):
        return _cpu_set(value)
    if isinstance(value, rpc_pb2.TContainerDevices):
        devices = [_device(item) for item in value.device]
        named = {item["device"] for item in devices}
        return [*(item for item in old if value.merge and item.device not in named), *devices]
    if isinstance(value, Message):
        raise InvalidValue(f"cannot set a property from {type(value).__name__}")
    return value


def _cpu_set(value: rpc_pb2.TContainerCpuSet) -> list[Any]:
    if value.policy not in ("", "inherit", MASK):
        return [value.policy, str(value.arg)]
    if value.policy == "inherit":
        return []
    return [MASK, value.list] if value.list else list(value.cpu)


def _ulimit(item: rpc_pb2.TContainerUlimit) -> str:
    if item.unlimited:
        return "unlimited"
    soft = item.soft if item.HasField("soft") else item.hard
    hard = item.hard if item.HasField("hard") else item.soft
    return f"{soft} {hard}"


def _device(item: rpc_pb2.TContainerDevice) -> dict[str, str]:
    return {field.name: value for field, value in item.ListFields()}


def _limit_words(soft: int, hard: int) -> str:
    words = ["unlimited" if limit == UNLIMITED else str(limit) for limit in (soft, hard)]
    return " ".join(words)


# -- from properties to messages -------------------------------------------------


def fill_spec(spec: Spec, prop: Property, value: Any, shown: str) -> None:
    """Put a settable property into its field, if the message has one.

    value -- the property's value
    shown -- its text as getProperty would answer, for texts that are worked out
    """
    field = _SPEC_FIELDS.get(prop.name)
    if field is None:
        return
    if field.message_type is None:
        _set_scalar(spec, field, value, shown)
        return
    if shown and isinstance(getattr(spec, field.name), rpc_pb2.TContainerControllers):
        spec.controllers.controller.extend(prop.codec.parse(shown))
        return
    if not value:
        # An empty command_argv would say that command is empty, too.
        return
    target = getattr(spec, field.name)
    if isinstance(target, rpc_pb2.TStringMap | rpc_pb2.TUintMap):
        for key, item in value:
            target.map.add(key=key, val=item)
    elif isinstance(target, rpc_pb2.TContainerEnv):
        for name, text in value:
            variable = target.var.add(name=name)
            if text is None:
                variable.unset = True
            else:
                variable.value = text
    elif isinstance(target, rpc_pb2.TContainerCommandArgv):
        target.argv.extend(value)
    elif isinstance(target, rpc_pb2.TContainerCpuSet):
        target.policy, argument = value
        if target.policy == MASK:
            _fill_cpus(target, argument)
        elif argument:
            target.arg = int(argument)
    elif isinstance(target, rpc_pb2.TContainerDevices):
        for device in value:
            words = {
                "path": device.name,
                "mode": mode_text(device.mode),
                "user": device.user,
                "group": device.group,
            }
            given = {name: word for name, word in words.items() if word}
            target.device.add(device=device.device, access=device.access, **given)
    elif isinstance(target, rpc_pb2.TContainerUlimits):
        for name, soft, hard in value:
            limit = target.ulimit.add(type=name, unlimited=soft == hard == UNLIMITED)
            if soft != UNLIMITED:
                limit.soft = soft
            if hard != UNLIMITED:
                limit.hard = hard


def fill_status(status: Status, prop: Property, read: Callable[[str | None], str]) -> None:
    """Put a read-only property into its field, if the message has one.

    `read` gives the property's text for an index.
    """
    field = _STATUS_FIELDS.get(prop.name)
    if field is None:
        return
    if field.message_type is None:
        text = read("raw" if prop.name in _DATES else None)
        _set_scalar(status, field, None, text)
        return
    text = read(None)
    target = getattr(status, field.name)
    if isinstance(target, rpc_pb2.TUintMap):
        target.SetInParent()
        for key, value in prop.codec.parse(text):
            target.map.add(key=key, val=value)
    elif isinstance(target, rpc_pb2.TContainerCgroups):
        for key, path in prop.codec.parse(text):
            target.cgroup.add(controller=key, path=path)
    elif isinstance(target, rpc_pb2.TContainerCpuSet):
        _fill_cpus(target, text)


def _fill_cpus(target: rpc_pb2.TContainerCpuSet, text: str) -> None:
    target.list = text
    target.cpu.extend(each_cpu(parse_cpus(text)))
    target.count = len(target.cpu)


def has_spec_field(prop: Property) -> bool:
    """Whether TContainerSpec tells this property."""
    return prop.name in _SPEC_FIELDS


def has_status_field(prop: Property) -> bool:
    """Whether TContainerStatus tells this property."""
    return prop.name in _STATUS_FIELDS


def fill_error(error: rpc_pb2.TError, code: EError, text: str) -> None:
    """An error inside an answer."""
    error.error = int(code)  # type: ignore[assignment]
    error.msg = text


def _set_scalar(message: Message, field: Any, value: Any, shown: str) -> None:
    if field.type == FieldDescriptor.TYPE_STRING:
        # Messages hold UTF-8 only; raw bytes of an output are replaced here.
        text = shown.encode(errors="surrogateescape").decode(errors="replace")
        setattr(message, field.name, text)
        return
    if field.type == FieldDescriptor.TYPE_BOOL:
        setattr(message, field.name, shown == "true")
        return
    try:
        if field.type == FieldDescriptor.TYPE_DOUBLE:
            # Weights, and cores with their letter.
            setattr(message, field.name, float(shown.removesuffix("c")))
            return
        number = value if isinstance(value, int) else int(shown)
        setattr(message, field.name, number)
    except ValueError:
        # An empty text, or a number that the field cannot hold: unset says it best.
        message.ClearField(field.name)


SPEC_PROPERTIES = tuple(p for p in PROPERTIES.values() if p.facet and has_spec_field(p))
COUNTED_PROPERTIES = tuple(p for p in PROPERTIES.values() if not p.facet and has_spec_field(p))
"""Those that the specification tells although no specification holds them."""

STATUS_PROPERTIES = tuple(p for p in PROPERTIES.values() if not p.facet and has_status_field(p))
