"""The controller of CPUs and memory nodes: one meaning over `v1/cpuset.py` and `v2/cpuset.py`.

Reached as ``driver.cpuset``. Lists are in the kernel's format, ``0-3,5``, see cpuset(7).
"""

from collections.abc import Mapping
from typing import Protocol

from porto.kernel.cgroup.group import Group

CPUS = "cpuset.cpus"
MEMS = "cpuset.mems"


class Cpuset(Protocol):
    """Limits to knobs, knobs to readings.

    nested -- the kernel refuses a group CPUs that its parent group lacks, and a parent
              less than its children have: the order of writing matters
    """

    nested: bool

    def unsupported(self) -> Mapping[str, str]:
        """Why a feature is not there, by its name."""

    def render(self, cpus: str) -> Mapping[str, str]:
        """{knob: canonical text} for these CPUs and all memory nodes of the host."""

    def shown(self, knob: str, text: str) -> str:
        """Canonical text of a knob; where an empty list means no limit, the host's."""

    def forget(self) -> None:
        """CPUs or memory nodes have come or gone: read again what was read once."""

    def allowed(self) -> str:
        """The CPUs that the root group has, which may be fewer than are online."""

    def configured(self, group: Group) -> str:
        """The CPUs that the group was given; empty when it was given none of its own."""

    def effective(self, group: Group) -> str:
        """The CPUs that its tasks may use; an ancestor's without the controller."""
