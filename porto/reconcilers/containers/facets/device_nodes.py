"""Launch operations that fill a /dev of the container's own with nodes. Pure.

Called by `devices.py`. Only permitted devices get a node; /dev/console is /dev/null.
Manual section "Filesystem", devices and root.
"""

import os.path
import stat

from porto.launcher.ops import MakeDirectory, MakeNode, Op
from porto.spec.accounts import gid_of, owner_of, uid_of
from porto.spec.config import ContainerConfig
from porto.spec.containers import device_access
from porto.spec.containers.device_access import Grant
from porto.spec.containers.record import ContainerRecord
from porto.spec.device_rules import LookAt, Rules
from porto.spec.errors import Busy, InvalidValue

_DIRECTORY_MODE = 0o755
_KINDS = {"c": stat.S_IFCHR, "b": stat.S_IFBLK}
_NULL = (1, 3)
_DEFAULTS = {
    "/dev/null": (_NULL, 0o666),
    "/dev/zero": ((1, 5), 0o666),
    "/dev/full": ((1, 7), 0o666),
    "/dev/random": ((1, 8), 0o666),
    "/dev/urandom": ((1, 9), 0o666),
    "/dev/tty": ((5, 0), 0o666),
    "/dev/console": (_NULL, 0o600),
}


def node_operations(
    record: ContainerRecord,
    *,
    config: ContainerConfig,
    look_at: LookAt,
    rules: Rules,
    root: str = "",
) -> list[Op]:
    """Nodes of the devices that `rules` permit and the container's items name.

    root -- prefix of the paths, while the container's root is not yet entered

    Raises what `device_access.grant` does, Busy for two devices under one name, and
    InvalidValue for a node outside /dev.
    """
    refusal = f"cannot start {record.name}: devices"
    nodes: dict[str, MakeNode] = {}
    for path, ((major, minor), mode) in _DEFAULTS.items():
        if _has(rules, major, minor):
            nodes[path] = MakeNode(root + path, stat.S_IFCHR | mode, major, minor, 0, 0)
    access = record.spec.access
    owner = owner_of(access.owner_user, access.owner_group)
    items = device_access.own_items(record)
    for item in device_access.expand(items, config.device_preset, refusal):
        granted = device_access.grant(item, look_at, owner, refusal)
        if granted is None or not granted.rule.access:
            continue
        path = item.name or item.device
        if not path.startswith("/dev/"):
            raise InvalidValue(f"{refusal}: node {path} is not inside /dev, give it a name there")
        made = _node(root + path, granted)
        there = nodes.get(path)
        if there is not None and _device(there) != _device(made):
            raise Busy(f"{refusal}: {item.device} cannot be {path}, which is another device")
        nodes[path] = made
    return [*_directories(nodes, root), *nodes.values()]


def _has(rules: Rules, major: int, minor: int) -> bool:
    return any(
        rule.kind == "c" and rule.major in (None, major) and rule.minor in (None, minor)
        for rule in rules
    )


def _node(path: str, granted: Grant) -> MakeNode:
    item, node = granted.item, granted.node
    mode = node.mode if item.mode is None else item.mode
    uid = uid_of(item.user) if item.user else node.uid
    gid = gid_of(item.group) if item.group else node.gid
    return MakeNode(path, _KINDS[node.kind] | mode, node.major, node.minor, uid, gid)


def _device(node: MakeNode) -> tuple[int, int, int]:
    return stat.S_IFMT(node.mode), node.major, node.minor


def _directories(nodes: dict[str, MakeNode], root: str) -> list[Op]:
    """The directories between /dev and the nodes, parents first."""
    found: dict[str, None] = {}
    for path in nodes:
        above = os.path.dirname(path)
        chain = []
        while above != "/dev":
            chain.append(above)
            above = os.path.dirname(above)
        found.update(dict.fromkeys(reversed(chain)))
    return [MakeDirectory(root + path, _DIRECTORY_MODE, 0, 0) for path in found]
