"""The slow tick: output rotation of running containers.

Run by `cli/daemon.py` for as long as the daemon lives. One stat(2) per output file
and tick is the whole cost when nothing grows.
"""

import asyncio

from porto.reconcilers.container import ContainerReconciler
from porto.spec.record import State
from porto.spec.store import SpecStore

WRITING = frozenset({State.RUNNING, State.STOPPING})


class Housekeeping:
    """Rotates what has grown."""

    def __init__(self, store: SpecStore, containers: ContainerReconciler) -> None:
        self._store = store
        self._containers = containers

    async def run(self, period: float) -> None:
        """Tick every `period` seconds, for ever."""
        while True:
            await asyncio.sleep(period)
            for record in self._store.records():
                if record.status.state in WRITING:
                    self._containers.rotate(record)
