"""An engine that makes every intent true at once, in memory.

`failures` holds the error of the next pass of a container, by name; `hold` stops all
passes until it is set again. `die` is what the kernel would do.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from porto.spec.containers.effective import is_meta
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import ACTIVE, State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import EError, PortoError
from porto.spec.records.record import Run


class FakeEngine:
    def __init__(self, store: ContainerStore, now: float = 1000.0) -> None:
        self.store = store
        self.now = now
        self.failures: dict[str, PortoError] = {}
        self.signals: list[tuple[str, int]] = []
        self.passes: list[str] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def converge(self, records: Iterable[ContainerRecord]) -> None:
        await asyncio.sleep(0)
        for record in list(records):
            await self.hold.wait()
            self.run(record)

    def signal(self, record: ContainerRecord, signo: int) -> None:
        self.signals.append((record.name, signo))

    def run(self, asked: ContainerRecord) -> None:
        """One pass."""
        record = self.store.find_id(asked.id)
        if record is None:
            return
        self.passes.append(record.name)
        intent, status = record.intent, record.status
        failure = self.failures.pop(record.name, None)
        if intent.run is Run.ABSENT:
            if failure is not None:
                raise failure
            self.store.delete(record)
            return
        if intent.run is Run.STOPPED:
            if failure is not None:
                raise failure
            self._put(record, state=State.STOPPED, exit_status=None, oom_killed=False)
            return
        if intent.launch > status.life.launched:
            started = State.META if is_meta(record.spec) else State.RUNNING
            if failure is not None:
                self._put(
                    record,
                    state=State.STOPPED,
                    launched=intent.launch,
                    start_error=failure.text,
                    start_error_code=failure.code,
                )
                raise failure
            self._put(record, state=State.STARTING)
            record = self.store.get(record.name)
            self._put(
                record,
                state=started,
                launched=intent.launch,
                start_error="",
                start_error_code=EError.Success,
                exit_status=None,
            )
            return
        if failure is not None:
            raise failure
        if intent.paused and status.life.state in ACTIVE:
            self._put(record, state=State.PAUSED)
        elif not intent.paused and status.life.state is State.PAUSED:
            self._put(record, state=State.META if is_meta(record.spec) else State.RUNNING)

    def die(self, name: str, status: int = 0, *, oom: bool = False) -> None:
        """The main task ends with this raw wait status."""
        record = self.store.get(name)
        self._put(record, state=State.DEAD, exit_status=status, oom_killed=oom)

    def _put(self, record: ContainerRecord, **changes: Any) -> None:
        self.store.put_status(record, record.status.changed(**changes), now=self.now)
