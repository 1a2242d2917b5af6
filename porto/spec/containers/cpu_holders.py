"""Which containers have children that hold CPUs of their own.

`demand` is one of the reasons for a controller in `spec/containers/controllers.py`: a
container that is started below such a parent must have a cpuset, to be kept off the CPUs that
are taken.
The index is kept up to date by each change of the store, so that asking costs nothing.
"""

from collections.abc import Iterable
from weakref import WeakKeyDictionary

from porto.spec.codecs.cpuset import EXCLUSIVE
from porto.spec.containers.names import ROOT, parent_name
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import ENDED
from porto.spec.containers.store import ContainerStore

_indexes: "WeakKeyDictionary[ContainerStore, _Holders]" = WeakKeyDictionary()


def demand(store: ContainerStore, record: ContainerRecord) -> Iterable[str]:
    """The cpuset controller, when a started sibling holds CPUs for itself."""
    parent = parent_name(record.name)
    if parent == ROOT:
        return ()  # The first level has the controller anyway.
    index = _indexes.get(store)
    if index is None:
        index = _indexes[store] = _Holders(store)
    holders = index.below.get(parent)
    return ("cpuset",) if holders and holders != {record.name} else ()


class _Holders:
    """Names of started containers with exclusive CPUs, by parent."""

    def __init__(self, store: ContainerStore) -> None:
        self.below: dict[str, set[str]] = {}
        for record in store.records():
            self._change(None, record)
        store.subscribe(self._change)

    def _change(self, old: ContainerRecord | None, new: ContainerRecord | None) -> None:
        before, after = _holds(old), _holds(new)
        if before == after:
            return
        name = (new or old).name  # type: ignore[union-attr]
        parent = parent_name(name)
        if after:
            self.below.setdefault(parent, set()).add(name)
            return
        holders = self.below.get(parent, set())
        holders.discard(name)
        if not holders:
            self.below.pop(parent, None)


def _holds(record: ContainerRecord | None) -> bool:
    return (
        record is not None
        and record.spec.cpuset.cpu_set[0] in EXCLUSIVE
        and record.status.life.state not in ENDED
    )
