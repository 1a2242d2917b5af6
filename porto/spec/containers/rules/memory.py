"""Rules about memory: smallest limits, overcommitted guarantees.

Merged by `spec/containers/admission.py`. Manual section "Memory", memory_guarantee. What depends on
the present usage is answered by `facets/memory.py` and `facets/hugetlb.py`,
which can see it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from porto.spec.config import Config
from porto.spec.containers.guarantees import Guarantee, children_total, own_guarantee
from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.rules.proposal import Proposal, SetRule, StartRule
from porto.spec.containers.status import State
from porto.spec.errors import GuaranteeNotAvailable, InvalidValue
from porto.spec.host import Host

if TYPE_CHECKING:
    from porto.spec.containers.store import ContainerStore


def _check_minimum(proposal: Proposal) -> None:
    minimum = proposal.config.container.min_memory_limit
    if 0 < proposal.value < minimum:
        raise InvalidValue(f"{proposal.refusal}: the smallest limit is {minimum} bytes")


def _check_guarantee(proposal: Proposal) -> None:
    """Lowering is always allowed, and what no machine of this size can give never.

    Beyond that only started containers count, against what started ones hold.
    """
    value, record = proposal.value, proposal.record
    # The spec of a file's new version holds the value already.
    before = proposal.spec if record is None else record.spec
    if value <= before.memory.memory_guarantee:
        return
    room = _room(proposal.host, proposal.config)
    if room is None:
        return
    if record is not None and record.status.life.state is not State.STOPPED:

        def own(item: ContainerRecord) -> int:
            return value if item.id == record.id else own_guarantee(item)

        _check_total(proposal.refusal, proposal.store, room, own)
    elif value > room:
        raise GuaranteeNotAvailable(f"{proposal.refusal}: {_left(room)}")


def _check_start(
    store: "ContainerStore", host: Host, config: Config, record: ContainerRecord
) -> None:
    """Whether the guarantee can be given now; none at all takes nothing from anybody.

    Of two containers that are being started, the one that asked first counts for the
    other: neither may be refused because of both.
    """
    guarantee = record.spec.memory.memory_guarantee
    room = _room(host, config)
    if not guarantee or room is None:
        return
    turn = (record.status.change_time, record.id)

    def own(item: ContainerRecord) -> int:
        if item.id == record.id:
            return guarantee
        later = (item.status.change_time, item.id) > turn
        if later and item.status.life.state is State.STARTING:
            return 0
        return own_guarantee(item)

    text = f"cannot start {record.name}: its memory_guarantee of {guarantee} cannot be given"
    _check_total(text, store, room, own)


def _check_total(refusal: str, store: "ContainerStore", room: int, own: Guarantee) -> None:
    total = children_total(store, ROOT, own)
    if total > room:
        raise GuaranteeNotAvailable(
            f"{refusal}: {_left(room - children_total(store, ROOT))}, "
            f"all guarantees together would be {total}"
        )


def _room(host: Host, config: Config) -> int | None:
    """Bytes that may be guaranteed on this host; None when nobody has looked at it.

    Huge pages are taken from the same RAM.
    """
    if not host.memory:
        return None
    return host.memory - host.hugetlb - config.daemon.memory_guarantee_reserve


def _left(number: int) -> str:
    return (
        f"only {number} bytes are left to guarantee"
        if number > 0
        else (f"nothing is left to guarantee ({number} bytes)")
    )


SET_RULES: Mapping[str, tuple[SetRule, ...]] = {
    "memory_limit": (_check_minimum,),
    "anon_limit": (_check_minimum,),
    "dirty_limit": (_check_minimum,),
    "memory_guarantee": (_check_guarantee,),
}

START_RULES: tuple[StartRule, ...] = (_check_start,)
