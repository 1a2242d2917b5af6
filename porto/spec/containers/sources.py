"""What files do to containers: the operations that clients use, and restarts."""

import time
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

from porto.spec.containers import operations
from porto.spec.containers.documents import DIALECT
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.restarts import STOP_TIMEOUT_S, Convergence, Restarts, start_below
from porto.spec.containers.spec import ContainerSpec
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import InvalidState
from porto.spec.facets import Spec
from porto.spec.prop import Property
from porto.spec.records.record import Run
from porto.spec.sources.claims import START_MARK
from porto.spec.sources.operations import Operations
from porto.spec.store import Store

SHOWN_MAX = 5
"""Names that a message gives."""


class ContainerOperations(Operations[ContainerRecord]):
    """Containers as sources see them."""

    def __init__(
        self,
        store: ContainerStore,
        port: Convergence,
        *,
        stop_timeout_s: float = STOP_TIMEOUT_S,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(DIALECT, store, now=now)
        self._containers = store
        self._restarts = Restarts(store, port, stop_timeout_s=stop_timeout_s, now=now)
        self._restarts.on_done = lambda: self.on_done()

    def create(
        self,
        name: str,
        values: Mapping[Property, Any],
        *,
        origins: Mapping[str, str],
        source: str,
        origin: str,
    ) -> ContainerRecord:
        """See `Operations`."""
        return operations.create(
            self._containers,
            name,
            actor=Actor(origin=origin),
            credentials=Credentials(),
            now=self.now(),
            source=source,
            values=values,
            origins=origins,
        )

    def foretold(self, fork: Store[ContainerRecord]) -> Operations[ContainerRecord]:
        """See `Operations`: a restart is a new launch."""
        assert isinstance(fork, ContainerStore)
        return _Foretold(fork, _NoEngine(), now=self.now)

    def check_update(self, old: ContainerRecord, spec: Spec) -> None:
        """See `Operations`."""
        assert isinstance(spec, ContainerSpec)
        self._containers.admission.check_update(self._containers, old, spec)

    def start(self, record: ContainerRecord, origin: str) -> None:
        """See `Operations`."""
        self._restarts.start(record, Actor(origin=origin))

    def destroy(self, record: ContainerRecord, doomed: Set[str], origin: str) -> None:
        """Its subtree goes with it, unless something of somebody else lives there."""
        staying = sorted(
            inner.name
            for inner in self._containers.descendants(record.name)
            if inner.name not in doomed
            and not inner.spec.lifecycle.weak
            and inner.intent.run is not Run.ABSENT
        )
        if staying:
            more = f" and {len(staying) - SHOWN_MAX} more" if len(staying) > SHOWN_MAX else ""
            raise InvalidState(
                f"cannot destroy {record.name}, which this file declares no more: "
                f"{', '.join(staying[:SHOWN_MAX])}{more} in it "
                f"{'are' if len(staying) > 1 else 'is'} not of this file"
            )
        operations.destroy(self._containers, record, actor=Actor(origin=origin), now=self.now())

    def advance(self, record: ContainerRecord, origin: str) -> None:
        """See `Operations`."""
        self._restarts.advance(record, origin)

    async def idle(self) -> None:
        """See `Operations`."""
        await self._restarts.idle()

    async def cancel(self) -> None:
        """See `Operations`."""
        await self._restarts.cancel()


class _NoEngine:
    async def converge(self, records: Iterable[ContainerRecord]) -> None:
        """Nothing is waited for in a plan."""


class _Foretold(ContainerOperations):
    """On a copy of the store: restarts as they will have ended."""

    def start(self, record: ContainerRecord, origin: str) -> None:
        start_below(self._containers, record, actor=Actor(origin=origin), now=self.now())

    def advance(self, record: ContainerRecord, origin: str) -> None:
        origins = {key: value for key, value in record.origins.items() if key != START_MARK}
        record = self.write(record, origins=origins)
        if record.intent.run is Run.STOPPED:
            self.start(record, origin)
            return
        for item in [record, *reversed(self._containers.descendants(record.name))]:
            if item.intent.run is Run.RUNNING:
                again = item.with_intent(launch=item.intent.launch + 1, origin=origin)
                self._containers.put(again, now=self.now())
