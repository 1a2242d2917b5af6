"""What sources do to the objects of one kind.

Called by `sources/apply.py`. The base class serves a kind whose objects are made,
changed and destroyed each by itself; a kind with a life of its own overrides
(`spec/containers/sources.py`).
"""

import dataclasses
from collections.abc import Callable, Mapping, Set
from typing import Any, Generic

from porto.spec.facets import Spec
from porto.spec.kind import R
from porto.spec.prop import Property
from porto.spec.records.record import Run
from porto.spec.sources.dialect import Dialect
from porto.spec.store import Store


class Operations(Generic[R]):
    """Changes of desired state, and what has to be waited for in between.

    on_done -- called when something in the background has ended: another pass is due
    """

    def __init__(self, dialect: Dialect, store: Store[R], *, now: Callable[[], float]) -> None:
        self.dialect = dialect
        self.store = store
        self.now = now
        self.on_done: Callable[[], None] = lambda: None

    def create(
        self,
        name: str,
        values: Mapping[Property, Any],
        *,
        origins: Mapping[str, str],
        source: str,
        origin: str,
    ) -> R:
        """A new object as a file declares it."""
        self.store.kind.validate_name(name)
        spec = self.store.kind.default_spec
        for prop, value in values.items():
            spec = self.dialect.assign(spec, prop, value)
        return self.store.create(name, spec, now=self.now(), origins=origins, source=source)

    def foretold(self, fork: Store[R]) -> "Operations[R]":
        """The same on a copy of the store, for plans: what takes time has happened at once."""
        return Operations(self.dialect, fork, now=self.now)

    def check_update(self, old: R, spec: Spec) -> None:
        """Raise `PortoError` when the object may not become so."""

    def start(self, record: R, origin: str) -> None:
        """Ask for an object that runs."""
        self.store.put(record.with_intent(run=Run.RUNNING, origin=origin), now=self.now())

    def destroy(self, record: R, doomed: Set[str], origin: str) -> None:
        """Ask for the end of an object; `doomed` are the names of all that shall end."""
        self.store.put(record.with_intent(run=Run.ABSENT, origin=origin), now=self.now())

    def advance(self, record: R, origin: str) -> None:
        """Take the next step for a record with a start mark; raises `PortoError`."""

    def write(self, record: R, **values: Any) -> R:
        """Replace parts of the desired state."""
        return self.store.put(dataclasses.replace(record, **values), now=self.now())

    async def idle(self) -> None:
        """Wait until nothing is under way in the background."""

    async def cancel(self) -> None:
        """Give up what is under way; the next daemon goes on with it."""
