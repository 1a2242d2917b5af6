"""Rules about devices: what an owner may be given.

Merged by `spec/containers/admission.py`. Manual section "Filesystem", devices.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from porto.spec import device_rules
from porto.spec.accounts import owner_of
from porto.spec.codecs import DevicesValue
from porto.spec.config import Config
from porto.spec.containers import device_access
from porto.spec.containers.device_access import Grant
from porto.spec.containers.effective import owner_names
from porto.spec.containers.names import parent_name
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.rules.proposal import Proposal, SetRule, StartRule
from porto.spec.containers.spec import ContainerSpec
from porto.spec.containers.status import State
from porto.spec.device_rules import Rules
from porto.spec.errors import InvalidValue, Permission
from porto.spec.host import Host

if TYPE_CHECKING:
    from porto.spec.containers.store import ContainerStore


def _check_items(
    items: DevicesValue,
    spec: ContainerSpec,
    lineage: Sequence[ContainerRecord],
    *,
    host: Host,
    config: Config,
    refusal: str,
) -> list[Grant]:
    """What the items give; `lineage` are the ancestors, nearest first. Raises PortoError."""
    look_at = host.device_node
    expanded = device_access.expand(items, config.container.device_preset, refusal)
    if look_at is None:
        return []
    owner = owner_of(*owner_names(spec))
    found = (device_access.grant(item, look_at, owner, refusal) for item in expanded)
    grants = [granted for granted in found if granted is not None]
    if lineage:
        above = device_access.allowed(lineage, config.container, look_at)
        _check_parent(grants, above, lineage[0].name, refusal)
    return grants


def _check_parent(grants: Sequence[Grant], above: Rules, parent: str, refusal: str) -> None:
    for granted in grants:
        if granted.rule.access and not device_rules.covers(above, granted.rule):
            raise Permission(
                f"{refusal}: the parent {parent} may not use {granted.item.device} so "
                f"({granted.rule})"
            )


def _check_nodes(grants: Sequence[Grant], refusal: str) -> None:
    """Refuse what would need a node where none can be made."""
    for granted in grants:
        if granted.rule.access and _wants_node(granted):
            raise InvalidValue(
                f"{refusal}: {granted.item.device} can have another name, mode or owner only "
                "in a container with a /dev of its own"
            )


def _wants_node(granted: Grant) -> bool:
    item = granted.item
    return item.name not in ("", item.device) or device_access.changes_node(item, granted.node)


def check_set(proposal: Proposal) -> None:
    """The devices exist, and the owner and the parent have them."""
    parent = proposal.store.find(parent_name(proposal.name))
    lineage = [] if parent is None else [parent, *proposal.store.ancestors(parent)]
    grants = _check_items(
        proposal.value,
        proposal.spec,
        lineage,
        host=proposal.host,
        config=proposal.config,
        refusal=proposal.refusal,
    )
    started = proposal.record is not None and proposal.record.status.life.state is not State.STOPPED
    if started:
        _check_nodes(grants, proposal.refusal)


def check_start(
    store: "ContainerStore", host: Host, config: Config, record: ContainerRecord
) -> None:
    """The same again: the host, the owner and the parent may have changed since."""
    items = device_access.own_items(record)
    if not items:
        return
    refusal = f"cannot start {record.name}: devices"
    grants = _check_items(
        items,
        record.spec,
        list(store.ancestors(record)),
        host=host,
        config=config,
        refusal=refusal,
    )
    _check_nodes(grants, refusal)


SET_RULES: Mapping[str, tuple[SetRule, ...]] = {"devices": (check_set,)}

START_RULES: tuple[StartRule, ...] = (check_start,)
