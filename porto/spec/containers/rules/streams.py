"""Rules about kept output: how much of it an ordinary user may ask for.

Merged by `spec/containers/admission.py`. Manual section "Context", stdout_limit.
"""

from collections.abc import Mapping

from porto.spec.containers.rules.proposal import Proposal, SetRule, StartRule
from porto.spec.errors import Permission


def _check_limit(proposal: Proposal) -> None:
    limit = proposal.config.container.stdout_limit_max
    if proposal.value > limit and not proposal.superuser:
        raise Permission(f"{proposal.refusal}: the limit is {limit} bytes")


SET_RULES: Mapping[str, tuple[SetRule, ...]] = {"stdout_limit": (_check_limit,)}

START_RULES: tuple[StartRule, ...] = ()
