"""Rules about CPU power: limits against the parent's, policies the kernel has not.

Merged by `spec/containers/admission.py`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from porto.spec.codecs import CpuPower
from porto.spec.config import Config
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.rules.proposal import Proposal, SetRule, StartRule
from porto.spec.errors import InvalidValue, NotSupported
from porto.spec.host import Host

if TYPE_CHECKING:
    from porto.spec.containers.store import ContainerStore

ISO = "cpu.iso"
"""The feature that one value of cpu_policy needs."""


def _check_limit(proposal: Proposal) -> None:
    """Only the superuser may promise a child more than its parent has.

    The nearest ancestor whose limit was set decides; one that was set to 0 has no limit.
    The kernel holds the child to its ancestors' limits in any case.
    """
    if proposal.superuser:
        return
    parts = proposal.name.split("/")
    for end in range(len(parts) - 1, 0, -1):
        ancestor = proposal.store.find("/".join(parts[:end]))
        if ancestor is None or "cpu_limit" not in ancestor.spec.cpu.model_fields_set:
            continue
        limit = ancestor.spec.cpu.cpu_limit
        if 0 < limit < proposal.value:
            raise InvalidValue(
                f"{proposal.refusal}: above the {CpuPower().format(limit)} of {ancestor.name}"
            )
        return


def _check_policy(proposal: Proposal) -> None:
    reason = proposal.host.lacking.get(ISO)
    if proposal.value == "iso" and reason is not None:
        raise NotSupported(f"{proposal.refusal}: {reason}")


def _check_start(
    store: "ContainerStore", host: Host, config: Config, record: ContainerRecord
) -> None:
    """A policy that was written under another kernel."""
    reason = host.lacking.get(ISO)
    if record.spec.cpu.cpu_policy == "iso" and reason is not None:
        raise NotSupported(f"cannot start {record.name}: cpu_policy iso: {reason}")


SET_RULES: Mapping[str, tuple[SetRule, ...]] = {
    "cpu_limit": (_check_limit,),
    "cpu_policy": (_check_policy,),
}

START_RULES: tuple[StartRule, ...] = (_check_start,)
