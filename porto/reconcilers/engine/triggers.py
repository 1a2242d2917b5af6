"""Everything that makes a pass necessary, turned into keys.

Built by `cli/daemon.py`. Store changes reach all whom they concern. The resync
tick walks the started containers in small slices, so that drift is found without
bursts of work.
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence

from porto.kernel.cgroup.driver import CgroupDriver
from porto.observers.kernel_events import KernelEvents
from porto.observers.strays import Strays
from porto.reconcilers.engine.loop import Engine
from porto.reconcilers.engine.queue import Priority
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import ACTIVE, State
from porto.spec.containers.store import ContainerStore
from porto.spec.records.record import Run
from porto.spec.relations import Relation

SLICES = 10
FULL_LOOK = 60
"""Each so many resyncs the knobs are read although nobody is known to have written."""


class Triggers:
    """Feeds one engine."""

    def __init__(
        self,
        store: ContainerStore,
        engine: Engine,
        is_settled: Callable[[ContainerRecord], bool],
        *,
        driver: CgroupDriver,
        events: KernelEvents,
        strays: Strays,
        relations: Sequence[Relation],
    ) -> None:
        """`is_settled` looks at a started container more cheaply than a pass does.

        `relations` say who is concerned by a change of a record.
        """
        self._store = store
        self._engine = engine
        self._is_settled = is_settled
        self._driver = driver
        self._events = events
        self._strays = strays
        self._relations = relations

    def on_change(self, old: ContainerRecord | None, new: ContainerRecord | None) -> None:
        """A record was created, replaced or deleted."""
        for relation in self._relations:
            for key in relation(old, new):
                self._engine.enqueue(key.id)

    def on_exit(self, launch_id: str) -> None:
        """A main task ended."""
        key = launch_id.partition(":")[0]
        if key.isdigit():
            self._engine.enqueue(int(key))

    def all(self) -> None:
        """Look at everything once: start-up."""
        for record in self._store.records():
            if (
                record.status.life.state is not State.STOPPED
                or record.intent.run is not Run.STOPPED
            ):
                self._engine.enqueue(record.id, priority=Priority.RESYNC)

    async def resync(self, period: float) -> None:
        """Look at each started container once per `period` seconds, for ever."""
        for number in itertools.count(1):
            if number % FULL_LOOK == 0 or not self._driver.intact():
                self._events.unsettle()
            keys = [r.id for r in self._store.records() if r.status.life.state in ACTIVE]
            size = max(1, -(-len(keys) // SLICES))
            slices = [keys[i : i + size] for i in range(0, len(keys), size)] or [[]]
            for part in slices:
                for key in part:
                    record = self._store.find_id(key)
                    if record is not None and not self._is_settled(record):
                        self._engine.enqueue(key, priority=Priority.RESYNC)
                if keys:
                    for key in self._strays.look(1 / len(slices)):
                        self._engine.enqueue(key, priority=Priority.RESYNC)
                await asyncio.sleep(period / len(slices))
