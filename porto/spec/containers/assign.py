"""What setting one property does to a spec; no store, no states.

Called by `spec/containers/operations.py` and by the sources.
"""

import shlex
from typing import Any

from porto.spec.containers.spec import ContainerSpec, find_property, resolve_property
from porto.spec.errors import InvalidValue
from porto.spec.prop import Property


def parse_property(spec: ContainerSpec, subject: str, name: str, text: str) -> tuple[Property, Any]:
    """The property and its new whole value for ``name = text`` or ``name[i] = text``."""
    prop, index = resolve_property(name)
    if prop.prop.read_only:
        raise InvalidValue(f"cannot set {prop.name} of {subject}: it is read-only")
    text = text.strip(" \t\n")
    old = spec.value(prop) if prop.facet else prop.default
    if index is None:
        return prop, prop.parse_update(subject, old, text)
    return prop, prop.parse_index(subject, old, index, text)


def with_property(spec: ContainerSpec, prop: Property, value: Any) -> ContainerSpec:
    """`spec` with one property set, and what follows from it."""
    spec = spec.with_value(prop, value)
    if prop.name == "command":
        return spec.without_value(find_property("command_argv"))
    if prop.name == "command_argv":
        return spec.with_value(find_property("command"), shlex.join(value))
    return spec


def creator_credential(prop: Property, name: str, text: str) -> Any:
    """A creator's user or group: a name that was looked up already, or a number.

    A number without an entry in the system's databases counts too.
    """
    if not text.isdecimal():
        return prop.codec.restore(text)
    try:
        return prop.parse(name, text)
    except InvalidValue:
        return prop.codec.restore(text)
