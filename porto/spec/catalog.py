"""The stores of all kinds together: what the engine, the sources and the reports see."""

from collections.abc import Callable, Iterator
from typing import Any

from porto.spec.key import Key
from porto.spec.kind import Kind
from porto.spec.records.directory import Problem
from porto.spec.records.record import Record
from porto.spec.store import Store, Subscriber


class Catalog:
    """One store a kind, in the order in which kinds are loaded and shown."""

    def __init__(self, *stores: Store[Any]) -> None:
        self._stores = {store.kind.noun: store for store in stores}
        if len(self._stores) != len(stores):
            raise ValueError("two stores of one kind")

    @property
    def kinds(self) -> tuple[Kind[Any], ...]:
        """All kinds."""
        return tuple(store.kind for store in self._stores.values())

    def stores(self) -> tuple[Store[Any], ...]:
        """All stores."""
        return tuple(self._stores.values())

    def store(self, kind: str) -> Store[Any]:
        """The store of the kind with that noun; raises KeyError."""
        return self._stores[kind]

    def find(self, key: Key) -> Record | None:
        """The record of that key."""
        store = self._stores.get(key.kind)
        record: Record | None = None if store is None else store.find_id(key.id)
        return record

    def owner(self, key: Key) -> str:
        """Whose object it is, "" for one that is gone."""
        record = self.find(key)
        return "" if record is None else self._stores[key.kind].kind.owner(record)

    def records(self) -> Iterator[Record]:
        """All records, kind by kind, sorted by name."""
        for store in self._stores.values():
            yield from store.records()

    def subscribe(self, subscriber: Subscriber[Any]) -> Callable[[], None]:
        """Call `subscriber(old, new)` after each change of any kind; returns the way out.

        In order within a kind; a change of one kind that a change of another leads to is
        told before that one's other subscribers hear of it.
        """
        ways_out = [store.subscribe(subscriber) for store in self._stores.values()]

        def leave() -> None:
            for way_out in ways_out:
                way_out()

        return leave

    def load(self) -> list[Problem]:
        """Read all directories into empty stores; returns what was not understood."""
        return [problem for store in self._stores.values() for problem in store.load()]
