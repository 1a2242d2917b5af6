"""Limits and weight of disk input and output.

Live facet; `kernel/cgroup/*/io.py` know the knobs. A limit may name a path, whose disks are
found at each pass: a disk that has vanished is an error that stays, not a limit on another
disk. Manual section "Disk IO"; the disk priority of tasks is set by `scheduler.py`.
"""

import errno
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from porto.kernel.block.disks import Disks, order
from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.io import DiskLimit
from porto.reconcilers.containers.facets.knobs import KnobFacet
from porto.reconcilers.containers.target import Target
from porto.reconcilers.engine.change import Change, Effect
from porto.reconcilers.ports import Ports
from porto.spec.codecs import UintMapValue
from porto.spec.codecs.disks import FS, parse_key
from porto.spec.containers.spec import PROPERTIES
from porto.spec.containers.status import ACTIVE, State
from porto.spec.errors import InvalidValue, NotSupported, by_value

MEMORY = "memory"
COUNTED = "counted disks"
"""Subject of the change that makes the kernel count, which is no knob."""
STARTED = ACTIVE - {State.STARTING}


@dataclass(frozen=True, slots=True)
class WriteLines:
    """Write one knob, a line at a time."""

    group: Group
    controller: str
    name: str
    knob: str
    lines: tuple[str, ...]

    def carry(self, ports: Ports) -> None:
        """Raises InvalidValue for a disk that has gone."""
        for text in self.lines:
            try:
                ports.cgroups.write(self.group, self.controller, self.knob, text)
            except OSError as error:
                if error.errno not in (errno.ENODEV, errno.ENXIO):
                    raise
                raise InvalidValue(
                    f"cannot set {self.knob} of {self.name} to {text!r}: no such disk"
                ) from error


@dataclass(frozen=True, slots=True)
class StartCounting:
    """Have the kernel count the traffic of disks in a group."""

    group: Group
    disks: tuple[str, ...]

    def carry(self, ports: Ports) -> None:
        """Limits none."""
        ports.cgroups.io.start_counting(self.group, self.disks)


class Io(KnobFacet):
    """Keeps the knobs at what the properties say."""

    name = "io"
    controller = "blkio"

    def __init__(self, driver: CgroupDriver, disks: Disks) -> None:
        super().__init__(driver)
        self._disks = disks
        self._counted: frozenset[str] = frozenset()

    def plan(self, target: Target) -> Sequence[Change]:
        """The difference of each knob; at a start, also disks that nobody counts yet."""
        if not target.group.owns(self.controller):
            return super().plan(target)
        changes = [*super().plan(target), *self._plan_fs(target)]
        if target.record.status.life.state not in STARTED:
            changes += self._plan_counting(target)
        return changes

    def want(self, target: Target) -> Mapping[str, str]:
        """The weight, then the limits of each disk."""
        spec = target.record.spec.io
        return {
            **self.driver.io.render_weight(spec.io_policy, spec.io_weight),
            **self.driver.io.render_limits(self._limits(target)),
        }

    def effect(self, target: Target, knob: str, want: str, have: str) -> Effect:
        """A knob is written line by line."""
        lines = tuple(self.driver.io.texts(knob, want, have))
        return WriteLines(target.group, self.controller, target.name, knob, lines)

    def _plan_counting(self, target: Target) -> Sequence[Change]:
        """The disks that are new to us and to the kernel's counters."""
        disks = self._disks.sized()
        new = disks - self._counted
        uncounted = self.driver.io.uncounted(new) if new else new
        self._counted = disks - uncounted
        if not uncounted:
            return ()
        disks_in_order = tuple(sorted(uncounted, key=order))
        effect = StartCounting(target.group, disks_in_order)
        names = " ".join(disks_in_order)
        act = f"count the traffic of {target.name} on {names}"
        return (Change(self.name, COUNTED, names, "", effect, act=act, is_drift=False),)

    def _plan_fs(self, target: Target) -> Sequence[Change]:
        """The limits of file systems, in the memory controller of kernels that have them."""
        spec = target.record.spec.io
        values = [
            _smallest(number for key, number in limits if parse_key(key).target == FS)
            for limits in (spec.io_limit, spec.io_ops_limit)
        ]
        knobs = self.driver.io.render_fs(*values)
        if not target.group.owns(MEMORY):
            knobs = {}
        if any(values) and not knobs:
            raise NotSupported(
                f"cannot set a limit of {FS} of {target.name}: "
                "there is no memory.fs_bps_limit in its cgroup"
            )
        changes = []
        for knob, want in knobs.items():
            if target.is_new:
                text = self.driver.fresh(MEMORY, knob)
            else:
                text = target.look(self.driver.read, target.group, MEMORY, knob)
            have = self.driver.canonical(knob, text)
            if have != want:
                lines = tuple(self.driver.io.texts(knob, want, have))
                effect = WriteLines(target.group, MEMORY, target.name, knob, lines)
                changes.append(Change(self.name, knob, want, have, effect))
        return changes

    def _limits(self, target: Target) -> Mapping[str, DiskLimit]:
        """The limits by disk; of several for one disk the smallest counts."""
        spec = target.record.spec.io
        found: dict[str, list[int]] = {}
        for name, first, limits in (
            ("io_limit", 0, spec.io_limit),
            ("io_ops_limit", 2, spec.io_ops_limit),
        ):
            for text, number in limits:
                key = parse_key(text)
                if key.target == FS:
                    continue
                for disk in self._find(target, name, limits, key.target):
                    fields = found.setdefault(disk, [0, 0, 0, 0])
                    for offset, wanted in enumerate((key.read, key.write)):
                        if wanted:
                            at = first + offset
                            fields[at] = _smallest((fields[at], number))
        return {disk: DiskLimit(*fields) for disk, fields in found.items()}

    def _find(self, target: Target, name: str, limits: UintMapValue, key: str) -> Sequence[str]:
        try:
            return self._disks.find(key)
        except OSError as error:
            shown = PROPERTIES[name].codec.format(limits)
            text = f"cannot set {name} of {target.name} to {shown!r}: {key}"
            raise by_value(error, text) from error


def _smallest(limits: Iterable[int]) -> int:
    """The strictest limit; 0 is none."""
    return min((limit for limit in limits if limit), default=0)
