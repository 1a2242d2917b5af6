"""Which cgroup controllers a container has: the one definition.

A stopped container's set follows from its level, from `controllers` and from the other
properties that were set; at start it is written down in the status and does not change
until the stop. Asked by `observers/sources.py` for readings and by
`reconcilers/containers/controllers.py` for the groups. Manual section "CGROUPS".
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from porto.spec.codecs.controllers import chosen
from porto.spec.containers import cpu_holders
from porto.spec.containers.names import level
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.rules.cgroups import required
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore

CACHED_MAX = 1024

Demand = Callable[[ContainerStore, ContainerRecord], Iterable[str]]
"""Controllers that a container must have for another reason than its own properties."""

DEMANDS: tuple[Demand, ...] = (cpu_holders.demand,)
"""A facet whose rule reaches over containers adds its function here."""


class Offer(Protocol):
    """What of the host's cgroups matters here: a `CgroupDriver`."""

    @property
    def controllers(self) -> frozenset[str]:
        """What this host offers."""

    def default_controllers(self, level: int) -> frozenset[str]:
        """Controllers of a container at this nesting level."""

    def bound(self, controllers: frozenset[str]) -> frozenset[str]:
        """These, those bound to one of them, and those that every container has."""


class ControllerSets:
    """The controllers of the store's containers."""

    def __init__(self, store: ContainerStore, offer: Offer) -> None:
        self._store = store
        self._offer = offer
        self._parsed: dict[str, frozenset[str]] = {}
        self._bound: dict[frozenset[str], frozenset[str]] = {}

    def wanted(self, record: ContainerRecord) -> frozenset[str]:
        """The controllers that a start would enable."""
        default = self._offer.default_controllers(level(record.name))
        words = {*chosen(record.spec.cgroups.controllers, default), *required(record.spec)}
        for demand in DEMANDS:
            words.update(demand(self._store, record))
        asked = self._offer.controllers.intersection(words)
        found = self._bound.get(asked)
        if found is None:
            if len(self._bound) >= CACHED_MAX:
                self._bound.clear()
            found = self._bound[asked] = self._offer.bound(asked)
        return found

    def enabled(self, name: str) -> frozenset[str]:
        """The controllers a container has, or would have if it were started now."""
        record = self._store.find(name)
        if record is None:
            return self._offer.default_controllers(level(name))
        text = record.status.cgroups.controllers
        if not text or record.status.life.state is State.STOPPED:
            return self.wanted(record)
        found = self._parsed.get(text)
        if found is None:
            if len(self._parsed) >= CACHED_MAX:
                self._parsed.clear()
            found = self._parsed[text] = frozenset(text.split(";"))
        return found
