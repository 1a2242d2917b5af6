"""What passes write down: durable status, and wishes of their own.

The port `Records` of `reconcilers/ports.py`, over the stores of all kinds.
"""

from typing import Any

from porto.observers.clock import Clock
from porto.spec.catalog import Catalog
from porto.spec.key import Key
from porto.spec.records.record import Record


class Recording:
    """Writes records of any kind."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    def note(self, key: Key, **fields: Any) -> None:
        """Change some fields of the *present* status: others may have written meanwhile.

        What is noted already is not written again; an object that is gone has no status.
        """
        store = self._catalog.store(key.kind)
        current = store.find_id(key.id)
        if current is not None:
            now = self._clock.wall()
            store.put_status(current, current.status.changed(**fields), now=now)

    def put(self, record: Record) -> None:
        """Replace the desired state; raises Busy when it has been changed meanwhile."""
        self._catalog.store(record.kind).put(record, now=self._clock.wall())

    def delete(self, key: Key) -> None:
        """The object is gone."""
        store = self._catalog.store(key.kind)
        current = store.find_id(key.id)
        if current is not None:
            store.delete(current)
