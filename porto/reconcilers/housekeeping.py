"""The slow tick: output rotation of running containers.

Run by `cli/daemon.py` for as long as the daemon lives. One stat(2) per output file
and tick is the whole cost when nothing grows.
"""

import asyncio
import os

from porto.reconcilers.container import ContainerReconciler
from porto.spec.fields.streams import StreamFields
from porto.spec.record import Record, State
from porto.spec.store import SpecStore

WRITING = frozenset({State.RUNNING, State.STOPPING})
_BLOCK = 512


class Housekeeping:
    """Rotates what has grown."""

    def __init__(self, store: SpecStore, containers: ContainerReconciler) -> None:
        self._store = store
        self._containers = containers
        self._files: dict[int, tuple[StreamFields, tuple[str, ...]]] = {}

    async def run(self, period: float) -> None:
        """Tick every `period` seconds, for ever."""
        while True:
            await asyncio.sleep(period)
            self.tick()

    def tick(self) -> None:
        """Look at the output files of all running containers once."""
        seen = {}
        for record in self._store.records():
            if record.status.state in WRITING:
                seen[record.id] = known = self._known(record)
                limit = known[0].stdout_limit
                if any(_occupied(path) > limit for path in known[1]):
                    self._containers.rotate(record)
        self._files = seen

    def _known(self, record: Record) -> tuple[StreamFields, tuple[str, ...]]:
        """The container's output files; looked up again when its properties change."""
        streams = record.spec.streams
        known = self._files.get(record.id)
        if known is None or known[0] is not streams:
            known = (streams, self._containers.output_files(record))
        return known


def _occupied(path: str) -> int:
    try:
        return os.lstat(path).st_blocks * _BLOCK
    except OSError:
        return 0
