"""The slow tick: output rotation of containers that run, or have run.

Run by `cli/daemon.py` for as long as the daemon lives. A stat(2) per output file now
and then is the whole cost when nothing grows.
"""

import asyncio
from dataclasses import dataclass

from porto.kernel.ports import Files
from porto.reconcilers.containers.reconciler import ContainerReconciler
from porto.spec.containers.fields.streams import StreamFields
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore

WITH_OUTPUT = frozenset({State.RUNNING, State.STOPPING, State.DEAD})
"""A dead one's has been cut at its death, unless that failed."""
SKIP_MAX = 7
"""A silent container that starts to write is noticed after so many ticks."""


@dataclass(slots=True)
class _Output:
    """The output files of one container.

    silent -- ticks since they last grew; skip -- ticks until the next look
    """

    streams: StreamFields
    paths: tuple[str, ...]
    occupied: int = 0
    silent: int = 0
    skip: int = 0

    def is_due(self) -> bool:
        """Whether to look now: a silent container is looked at less and less often."""
        if self.skip:
            self.skip -= 1
            return False
        return True

    def look(self, files: Files) -> bool:
        """Whether a file has outgrown its limit."""
        sizes = [files.occupied(path) for path in self.paths]
        occupied = sum(sizes)
        self.silent = self.silent + 1 if occupied == self.occupied else 0
        self.occupied = occupied
        self.skip = min(self.silent, SKIP_MAX)
        return any(size > self.streams.stdout_limit for size in sizes)


class Housekeeping:
    """Rotates what has grown."""

    def __init__(
        self, store: ContainerStore, containers: ContainerReconciler, files: Files
    ) -> None:
        self._store = store
        self._containers = containers
        self._files = files
        self._output: dict[int, _Output] = {}

    async def run(self, period: float) -> None:
        """Tick every `period` seconds, for ever."""
        while True:
            await asyncio.sleep(period)
            self.tick()

    def tick(self) -> None:
        """Look at the output files of the containers whose turn it is."""
        seen = {}
        for record in self._store.records():
            if record.status.life.state in WITH_OUTPUT:
                seen[record.id] = output = self._known(record)
                if output.is_due() and output.look(self._files):
                    self._containers.rotate(record)
        self._output = seen

    def _known(self, record: ContainerRecord) -> _Output:
        """The container's output files; looked up again when its properties change."""
        streams = record.spec.streams
        known = self._output.get(record.id)
        if known is None or known.streams is not streams:
            known = _Output(streams, self._containers.output_files(record))
        return known
