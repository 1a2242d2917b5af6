"""The containers in the store, and the tree that their names make."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from porto.spec.containers.admission import Admission
from porto.spec.containers.kind import CONTAINER
from porto.spec.containers.names import ROOT, parent_name
from porto.spec.containers.record import ContainerRecord
from porto.spec.store import RECORD_MAX_BYTES, Store

MAX_TOTAL_DEFAULT = 3000


class ContainerStore(Store[ContainerRecord]):
    """All containers.

    admission -- the rules that writers ask
    """

    def __init__(
        self,
        directory: Path | None,
        *,
        max_total: int = MAX_TOTAL_DEFAULT,
        durable: bool = False,
        record_max_bytes: int = RECORD_MAX_BYTES,
        admission: Admission | None = None,
    ) -> None:
        """See `Store`; without `admission` the rules of a machine that nobody has looked at."""
        super().__init__(
            CONTAINER,
            directory,
            max_total=max_total,
            durable=durable,
            record_max_bytes=record_max_bytes,
        )
        self.admission = admission or Admission()
        self._children: dict[str, set[str]] = {}

    def fork(self) -> Self:
        """See `Store`."""
        twin = super().fork()
        twin._children = {name: set(children) for name, children in self._children.items()}
        return twin

    def parent(self, record: ContainerRecord) -> ContainerRecord | None:
        """The parent's record; None for a first-level container."""
        return self._by_name.get(parent_name(record.name))

    def ancestors(self, record: ContainerRecord) -> Iterator[ContainerRecord]:
        """Records of the ancestors, nearest first."""
        parent = self.parent(record)
        while parent is not None:
            yield parent
            parent = self.parent(parent)

    def children(self, name: str) -> list[ContainerRecord]:
        """Records of the direct children of `name` (or of `ROOT`), sorted."""
        return [self._by_name[child] for child in sorted(self._children.get(name, ()))]

    def has_children(self, name: str) -> bool:
        """Whether `name` has any child."""
        return name in self._children

    def descendants(self, name: str) -> list[ContainerRecord]:
        """Records of the whole subtree below `name`, children before parents."""
        found: list[ContainerRecord] = []
        for child in sorted(self._children.get(name, ())):
            found += self.descendants(child)
            found.append(self._by_name[child])
        return found

    def _missing_parent(self, name: str) -> str:
        parent = parent_name(name)
        return "" if parent == ROOT or parent in self._by_name else parent

    def _entered(self, record: ContainerRecord) -> None:
        self._children.setdefault(parent_name(record.name), set()).add(record.name)

    def _leaving(self, record: ContainerRecord) -> None:
        if self._children.get(record.name):
            raise AssertionError(f"{record.name} still has children")

    def _left(self, record: ContainerRecord) -> None:
        siblings = self._children[parent_name(record.name)]
        siblings.discard(record.name)
        if not siblings:
            del self._children[parent_name(record.name)]
