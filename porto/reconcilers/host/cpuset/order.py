"""Writing CPU sets in an order that the kernel takes.

Where groups are nested strictly (v1) a child cannot have what its parent lacks, nor a
parent less than its children: first everything is widened, parents first, then narrowed,
children first. Called by `facets/cpuset.py` for one container: its ancestors are widened, its
subtree gets what it shall have. Kernel: admin-guide/cgroup-v1/cpusets.rst, 1.4.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from porto.kernel.cgroup.group import Group
from porto.reconcilers.containers.target import Target
from porto.reconcilers.host.cpuset.host import Allocation
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.cpulist import format_cpus, parse_cpus

CONTROLLER = "cpuset"


@dataclass(slots=True)
class _Knob:
    """One group's knob; sets are numbers as in `spec/cpulist.py`."""

    group: Group
    have: int
    want: int


class OrderedWriter:
    """Writes knobs that are lists of CPUs or of memory nodes."""

    def __init__(self, allocation: Allocation, want: Callable[[str], Mapping[str, str]]) -> None:
        """`want` gives the knobs of a container; the dead have groups too."""
        self._allocation = allocation
        self._driver = allocation.driver
        self._want = want

    def write(self, target: Target, knob: str) -> None:
        """Make one knob of a container, and of its subtree, what it shall be."""
        above = list(self._knobs(reversed(target.lineage), knob))
        subtree = reversed(self._allocation.store.descendants(target.name))
        below = list(self._knobs((target.record, *subtree), knob))
        for item in (*above, *below):
            self._put(item, item.have | item.want, knob)
        for item in reversed(below):
            self._put(item, item.want, knob)

    def _knobs(
        self, records: Iterator[ContainerRecord] | tuple[ContainerRecord, ...], knob: str
    ) -> Iterator[_Knob]:
        """Those with a cpuset of their own, in the given order."""
        for record in records:
            if record.status.life.state is State.STOPPED:
                continue
            group = self._allocation.locate(record.name)
            if not group.owns(CONTROLLER):
                continue
            try:
                have = _number(self._driver.read(group, CONTROLLER, knob))
            except FileNotFoundError:
                continue
            yield _Knob(group, have, _number(self._want(record.name)[knob]))

    def _put(self, item: _Knob, value: int, knob: str) -> None:
        if value != item.have:
            self._driver.write(item.group, CONTROLLER, knob, format_cpus(value))
            item.have = value


def _number(text: str) -> int:
    return parse_cpus(text.strip())
