"""From the items of the property `devices` to rules about device numbers. Pure.

Called by `spec/containers/rules/devices.py` when a value is set or a container is started, and by
`facets/devices.py` on every pass; what rules are is in `spec/device_rules.py`.
Manual section "Filesystem", devices.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from porto.spec.accounts import Owner, gid_of, owner_of, uid_of
from porto.spec.codecs.devices import PRESET, DeviceItem, DevicesCodec, DevicesValue
from porto.spec.config import ContainerConfig
from porto.spec.containers.effective import owner_names
from porto.spec.containers.record import ContainerRecord
from porto.spec.device_rules import (
    DEFAULTS,
    MKNOD,
    READ,
    WRITE,
    LookAt,
    Node,
    Rule,
    Rules,
    bits,
    covers,
    letters,
    overlay,
)
from porto.spec.errors import DeviceNotFound, InvalidValue, Permission, PortoError, by_errno


@dataclass(frozen=True, slots=True)
class Grant:
    """An item with the host's node it names; `rule` without access takes away."""

    item: DeviceItem
    node: Node
    rule: Rule


def expand(items: DevicesValue, presets: Mapping[str, str], refusal: str) -> list[DeviceItem]:
    """The items, each preset replaced by what it stands for; InvalidValue for an unknown one."""
    found: list[DeviceItem] = []
    for item in items:
        if item.device != PRESET:
            found.append(item)
        elif item.access in presets:
            found += _configured(presets[item.access])
        else:
            raise InvalidValue(f"{refusal}: the configuration has no device preset {item.access}")
    return found


@functools.lru_cache(maxsize=64)
def _configured(text: str) -> DevicesValue:
    """A list of the configuration, whose syntax was checked when it was read."""
    return DevicesCodec().restore(text)


def grant(item: DeviceItem, look_at: LookAt, owner: Owner, refusal: str) -> Grant | None:
    """What an owner's item gives; None for a missing device that is optional.

    Raises DeviceNotFound, InvalidValue and Permission.
    """
    try:
        node = look_at(item.device)
    except (FileNotFoundError, NotADirectoryError):
        if "?" in item.access:
            return None
        raise DeviceNotFound(f"{refusal}: there is no device {item.device}") from None
    except OSError as error:
        raise by_errno(error, f"{refusal}: cannot look at {item.device}") from error
    if node is None:
        raise InvalidValue(f"{refusal}: {item.device} is no device")
    wildcard = "*" in item.access
    access = bits(item.access)
    if access and not wildcard:
        access |= MKNOD
    if access:
        _check_owner(item, node, access, owner, refusal)
    rule = Rule(node.kind, node.major, None if wildcard else node.minor, access)
    return Grant(item, node, rule)


def changes_node(item: DeviceItem, node: Node) -> bool:
    """Whether the container's node is to differ from the host's, but for its name."""
    return (item.mode is not None and item.mode != node.mode) or _changes_owner(item, node)


def _changes_owner(item: DeviceItem, node: Node) -> bool:
    return bool(
        (item.user and uid_of(item.user) != node.uid)
        or (item.group and gid_of(item.group) != node.gid)
    )


def _check_owner(item: DeviceItem, node: Node, access: int, owner: Owner, refusal: str) -> None:
    if owner.uid == 0:
        return
    shift = 6 if owner.uid == node.uid else 3 if node.gid in owner.groups else 0
    have = node.mode >> shift
    if (access & READ and not have & 4) or (access & WRITE and not have & 2):
        raise Permission(
            f"{refusal}: its owner {owner.name} has no {letters(access & ~MKNOD)} access to "
            f"{item.device}"
        )
    privilege = (
        "all minor numbers"
        if "*" in item.access
        else "a wider mode"
        if item.mode is not None and item.mode > node.mode
        else "another owner"
        if _changes_owner(item, node)
        else ""
    )
    if privilege:
        raise Permission(
            f"{refusal}: {privilege} of {item.device} is only for containers owned by root"
        )


# -- containers ----------------------------------------------------------------


def own_items(record: ContainerRecord) -> DevicesValue:
    """What the property of a container says."""
    return record.spec.devices.devices


def base(config: ContainerConfig, look_at: LookAt) -> Rules:
    """What a first-level container has without the property."""
    if not config.extra_devices:
        return DEFAULTS
    added = _rules(_configured(config.extra_devices), config, look_at, owner_of("root", ""))
    return overlay(DEFAULTS, added)


def allowed(lineage: Sequence[ContainerRecord], config: ContainerConfig, look_at: LookAt) -> Rules:
    """The rules of a container; `lineage` is it and its ancestors, nearest first.

    An item that cannot be granted any more (its device has gone, the parent has lost it)
    gives nothing: device numbers are given out again by the kernel.
    """
    rules = base(config, look_at)
    top = True
    for record in reversed(lineage):
        items = own_items(record)
        if items:
            owner = owner_of(*owner_names(record.spec))
            added = _rules(items, config, look_at, owner)
            rules = overlay(rules, (r for r in added if top or covers(rules, r)))
        top = False
    return rules


def _rules(
    items: DevicesValue, config: ContainerConfig, look_at: LookAt, owner: Owner
) -> list[Rule]:
    found = []
    for item in items:
        try:
            for inner in expand((item,), config.device_preset, ""):
                granted = grant(inner, look_at, owner, "")
                if granted is not None:
                    found.append(granted.rule)
        except PortoError:
            continue
    return found
