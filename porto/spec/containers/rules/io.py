"""Rules about disk IO: limits are for disks that exist.

Merged by `spec/containers/admission.py`. The disks are found again at each pass, by
`facets/io.py`: one that was there may vanish.
"""

from collections.abc import Mapping

from porto.spec.codecs.disks import FS, parse_key
from porto.spec.containers.rules.proposal import Proposal, SetRule, StartRule
from porto.spec.errors import InvalidValue, NotSupported

OF_FILESYSTEMS = "io.fs"
"""The feature that the key ``fs`` needs."""


def _check_keys(proposal: Proposal) -> None:
    for text, _ in proposal.value:
        target = parse_key(text).target
        if target == FS:
            reason = proposal.host.lacking.get(OF_FILESYSTEMS)
            if reason is not None:
                raise NotSupported(f"{proposal.refusal}: {reason}")
        elif proposal.host.find_disks is not None:
            try:
                proposal.host.find_disks(target)
            except OSError as error:
                raise InvalidValue(f"{proposal.refusal}: {target}: {error.strerror}") from error


SET_RULES: Mapping[str, tuple[SetRule, ...]] = {
    "io_limit": (_check_keys,),
    "io_ops_limit": (_check_keys,),
}

START_RULES: tuple[StartRule, ...] = ()
