"""Ports for tests: the kernel's modules, or what a test puts in their places.

`apply` makes planned changes as the carrier does. `kernel_ports` fills in nothing for what a
test does not name, so that whatever is missed is an AttributeError that names it.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any

from porto.kernel.ports import Kernel
from porto.kernel.running import running_kernel
from porto.observers.clock import Clock
from porto.reconcilers.containers.target import Live, Target
from porto.reconcilers.engine.carrier import carry
from porto.reconcilers.engine.change import Change
from porto.reconcilers.ports import Ports
from porto.spec.events import Event

OF_MEMORY = ("launches", "exits", "notices", "vacancies", "records", "removals", "jobs")


class Told:
    """The events of passes."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(self, event: Event) -> None:
        self.events.append(event)


class Counts:
    """The daemon's counters."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, name: str, amount: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + amount


def make_kernel(cgroups: Any, **given: Any) -> Kernel:
    """The kernel over these cgroups, but for what is given."""
    return dataclasses.replace(running_kernel(cgroups), **given)


def make_ports(cgroups: Any, **given: Any) -> Ports:
    """Ports over these cgroups; the other ports are the kernel's, those of memory None."""
    ports: dict[str, Any] = {
        **running_kernel(cgroups).ports(),
        "counters": Counts(),
        "history": Told(),
        "clock": Clock(),
        **dict.fromkeys(OF_MEMORY),
        **given,
    }
    return Ports(**ports)


def apply(ports: Ports, changes: Iterable[Change]) -> None:
    """Make changes in their order."""
    for change in changes:
        carry(change, ports)


def settle(ports: Ports, facet: Live, target: Target) -> list[Change]:
    """Plan and make; a second plan of the same container is empty."""
    changes = list(facet.plan(target))
    apply(ports, changes)
    assert list(facet.plan(again(target))) == []
    return changes


def again(target: Target) -> Target:
    """The same container in the next pass: nothing is seen yet."""
    return Target(target.record, target.lineage, target.group, mono=target.mono, wall=target.wall)
