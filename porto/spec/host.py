"""What rules about desired state must know of the machine, as plain data.

Made once by `observers/host.py` at start-up, carried by `spec/admission.py`. Pure data,
so that every rule can be tested for any machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Host:
    """One machine.

    cores        -- configured CPUs, what 100 % of cpu_limit and cpu_guarantee means
    memory       -- bytes of RAM, 0 when nobody has looked
    hugetlb      -- bytes of RAM reserved as huge pages
    unsupported  -- why a property cannot work here, by its name: get and set answer
                    NotSupported with this reason, lists leave it out
    """

    cores: int = 1
    memory: int = 0
    hugetlb: int = 0
    unsupported: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
