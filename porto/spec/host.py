"""What rules about desired state must know of the machine, as plain data.

Made once by `observers/host.py` at start-up, carried by `spec/containers/admission.py`. Pure data,
so that every rule can be tested for any machine.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from porto.spec.device_rules import LookAt

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Host:
    """One machine.

    cores        -- configured CPUs, what 100 % of cpu_limit and cpu_guarantee means
    memory       -- bytes of RAM, 0 when nobody has looked
    hugetlb      -- bytes of RAM reserved as huge pages
    controllers  -- cgroup controllers, in the words of the property; empty when nobody
                    has looked
    device_node  -- the facts of a device node by its path; None when nobody looks
    lacking      -- why a feature of the kernel is not there, by its name; what needs it
                    (`Prop.needs`) does not work here
    find_disks   -- the disks that a key of io_limit means; raises OSError with the reason.
                    None when nobody can look: any key is accepted
    """

    cores: int = 1
    memory: int = 0
    hugetlb: int = 0
    controllers: frozenset[str] = frozenset()
    device_node: LookAt | None = None
    lacking: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    find_disks: Callable[[str], object] | None = None
