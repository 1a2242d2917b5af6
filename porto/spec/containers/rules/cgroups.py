"""Rules about controllers: which may be switched off, and which this host has.

Merged by `spec/containers/admission.py`. Manual section "CGROUPS".
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from porto.spec.codecs.controllers import WORDS, ControllersValue, chosen, ordered
from porto.spec.config import Config
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.rules.proposal import Proposal, SetRule, StartRule
from porto.spec.containers.spec import SPEC_PROPERTIES, ContainerSpec
from porto.spec.errors import InvalidValue, NotSupported
from porto.spec.host import Host

if TYPE_CHECKING:
    from porto.spec.containers.store import ContainerStore

ALWAYS = "freezer"
"""Porto manages containers by it."""

_NEEDING: Mapping[str, Mapping[str, frozenset[str]]] = {
    facet: {
        prop.name: frozenset(prop.prop.needs).intersection(WORDS)
        for prop in SPEC_PROPERTIES
        if prop.facet == facet and prop.prop.needs
    }
    for facet in {prop.facet for prop in SPEC_PROPERTIES if prop.prop.needs}
}
"""Controllers by property, by facet: most facets of most containers are empty."""


def required(spec: ContainerSpec) -> Mapping[str, str]:
    """Why each controller that cannot be switched off is needed: a property, or "porto"."""
    reasons = {ALWAYS: "porto"}
    for facet, needing in _NEEDING.items():
        given = getattr(spec, facet).model_fields_set
        if given:
            for name, words in needing.items():
                if name in given:
                    for word in words:
                        reasons.setdefault(word, name)
    return reasons


def check_choice(proposal: Proposal) -> None:
    """A whole set, or changes to the default."""
    value: ControllersValue = proposal.value
    reasons = required(proposal.spec)
    needed = frozenset(reasons)
    if proposal.host.controllers:
        needed &= proposal.host.controllers
    # An empty value is a set of none: only changes have a default to start from.
    dropped = sorted(needed - chosen(value, needed if value else ()))
    if dropped:
        raise InvalidValue(
            f"{proposal.refusal}: {', '.join(f'{w} is required by {reasons[w]}' for w in dropped)}"
        )
    lacking = _lacking(value, proposal.host)
    if lacking:
        raise NotSupported(f"{proposal.refusal}: this host has no controller {', '.join(lacking)}")


def check_host(
    store: "ContainerStore", host: Host, config: Config, record: ContainerRecord
) -> None:
    """A host that has lost a controller since it was asked for."""
    lacking = _lacking(record.spec.cgroups.controllers, host)
    if lacking:
        raise NotSupported(
            f"cannot start {record.name}: this host has no controller {', '.join(lacking)}, "
            "which its controllers name"
        )


def _lacking(value: ControllersValue, host: Host) -> tuple[str, ...]:
    """What is asked for and not there, when the host has been looked at."""
    return ordered(chosen(value, ()) - host.controllers) if host.controllers else ()


SET_RULES: Mapping[str, tuple[SetRule, ...]] = {"controllers": (check_choice,)}

START_RULES: tuple[StartRule, ...] = (check_host,)
