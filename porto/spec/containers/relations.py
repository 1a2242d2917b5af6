"""Which containers need a pass when a container's record changes.

Handed to the engine by `cli/daemon.py`. The tree is known here; what a facet's
properties mean for relatives is declared by the facet.
"""

from collections.abc import Iterable, Iterator

from porto.spec.containers import cpu
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import ACTIVE, State
from porto.spec.containers.store import ContainerStore
from porto.spec.key import Key
from porto.spec.records.record import Run
from porto.spec.relations import Relation


def relations(store: ContainerStore) -> tuple[Relation, ...]:
    """All of them: the tree's, then the facets'."""
    return (itself, tree(store), cpu.relatives(store))


def itself(old: ContainerRecord | None, new: ContainerRecord | None) -> Iterable[Key]:
    """The container, when its life or, being started, its properties shall be different."""
    if old is None or new is None:
        return
    started = new.status.life.state is not State.STOPPED
    if (started and old.generation != new.generation) or old.intent.run != new.intent.run:
        yield new.key


def tree(store: ContainerStore) -> Relation:
    """A child waits for its parent to run, a parent that shall stop for its children to go."""

    def waiting_parent(record: ContainerRecord) -> Iterator[Key]:
        parent = store.parent(record)
        if parent is not None and parent.intent.run is not Run.RUNNING:
            yield parent.key

    def concerned(old: ContainerRecord | None, new: ContainerRecord | None) -> Iterable[Key]:
        if new is None:
            if old is not None:
                yield from waiting_parent(old)
        elif old is not None and old.status.life.state is not new.status.life.state:
            yield from waiting_parent(new)
            for child in store.children(new.name):
                if child.intent.run is Run.RUNNING or child.status.life.state in ACTIVE:
                    yield child.key

    return concerned
