"""What passes of containers remember from one to the next; nothing that must outlive them.

Read by `decide` like any other fact, written by `reconciler.py` when a pass has ended, and
by the change that begins a wait.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from porto.reconcilers.containers.rivals import Reversals
from porto.reconcilers.ports import Ports
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import SPEC_PROPERTIES, ContainerSpec
from porto.spec.key import Key
from porto.spec.prop import Property


def _by_owner() -> Mapping[str, list[Property]]:
    found: dict[str, list[Property]] = {}
    for prop in SPEC_PROPERTIES:
        found.setdefault(prop.prop.owner, []).append(prop)
    return found


_OWNED = _by_owner()


@dataclass(slots=True)
class Remembered:
    """Of one container.

    generation, spec, before -- of the last pass while it ran, and the spec of the
                       generation before that
    wishes          -- what facets wished for when it was true, by facet
    since           -- CLOCK_MONOTONIC second at which something was first waited for
    reversals       -- repairs of drift, for `rivals.py`
    """

    generation: int = -1
    spec: ContainerSpec | None = None
    before: ContainerSpec | None = None
    wishes: dict[str, Hashable] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    reversals: Reversals = field(default_factory=Reversals)

    def asked(self, record: ContainerRecord, facet: str) -> bool:
        """Whether this generation has another property of a facet than the last one.

        A caller may come to wait when a first pass of his generation has failed already.
        """
        owned = _OWNED.get(facet)
        before = self.before if self.generation == record.generation else self.spec
        if before is None or owned is None:
            return True
        return any(before.value(prop) != record.spec.value(prop) for prop in owned)

    def see(self, record: ContainerRecord) -> None:
        """A pass of this generation has been made."""
        if self.generation != record.generation:
            self.before = self.spec
            self.generation, self.spec = record.generation, record.spec


class Memory:
    """Of all containers, by key; the ended are forgotten."""

    def __init__(self) -> None:
        self._known: dict[Key, Remembered] = {}

    def seen(self, key: Key) -> Remembered:
        """What is remembered of a container, to be read."""
        known = self._known.get(key)
        return Remembered() if known is None else known

    def of(self, key: Key) -> Remembered:
        """What is remembered of a container, to be read and written."""
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Remembered()
        return known

    def forget(self, key: Key) -> None:
        """It is gone, or another life of it has begun or ended."""
        self._known.pop(key, None)


@dataclass(frozen=True, slots=True)
class Await:
    """Remember since when something is waited for."""

    memory: Memory
    key: Key
    what: str
    since: float

    def carry(self, ports: Ports) -> None:
        """In the daemon's memory alone: the next daemon begins anew."""
        self.memory.of(self.key).since[self.what] = self.since
