"""A store, a directory and an engine that needs no kernel, for tests of the sources."""

import asyncio
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from porto.spec.containers import operations
from porto.spec.containers.effective import is_meta
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.sources import ContainerOperations
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import PortoError
from porto.spec.records.record import Run
from porto.spec.records.status import Condition
from porto.spec.sources.diagnostics import Diagnostic
from porto.spec.sources.directory import WatchedDirectory
from porto.spec.sources.watch import SourceWatcher

API = Actor()


class Engine:
    """Makes every intent true when `settle` is called, as the reconcilers would.

    launched -- names, in the order in which they were launched
    holding  -- stops last until it is cleared
    """

    def __init__(self, store: ContainerStore) -> None:
        self.store = store
        self.launched: list[str] = []
        self.conditions: list[tuple[str, Condition]] = []
        self.reports: list[tuple[Diagnostic, ...]] = []
        self.holding: asyncio.Event | None = None
        self.error: PortoError | None = None
        self.waited: list[list[str]] = []

    async def converge(self, records: Iterable[ContainerRecord]) -> None:
        self.waited.append([record.name for record in records])
        if self.holding is not None:
            self.stopping()
            await self.holding.wait()
        if self.error is not None:
            raise self.error
        self.settle()

    def condition(self, record: ContainerRecord, condition: Condition) -> None:
        self.conditions.append((record.name, condition))

    def report(self, problems: Sequence[Diagnostic]) -> None:
        self.reports.append(tuple(problems))

    def stopping(self) -> None:
        for record in list(self.store.records()):
            if record.intent.run is Run.STOPPED and record.status.life.state is not State.STOPPED:
                self._state(record, State.STOPPING)

    def settle(self) -> None:
        for record in reversed(list(self.store.records())):
            if record.intent.run is Run.ABSENT:
                self.store.delete(record)
            elif record.intent.run is Run.STOPPED and record.status.life.state is not State.STOPPED:
                self._state(record, State.STOPPED)
        for record in list(self.store.records()):
            if (
                record.intent.run is Run.RUNNING
                and record.status.life.launched < record.intent.launch
            ):
                self.launched.append(record.name)
                state = State.META if is_meta(record.spec) else State.RUNNING
                status = record.status.changed(state=state, launched=record.intent.launch)
                self.store.put_status(record, status, now=2.0)

    def die(self, name: str) -> None:
        self._state(self.store.get(name), State.DEAD)

    def _state(self, record: ContainerRecord, state: State) -> None:
        self.store.put_status(record, record.status.changed(state=state), now=2.0)


class Rig:
    """One or more watched directories below `root`, in step with a store in memory."""

    def __init__(self, root: Path, *directories: WatchedDirectory, ledger: Path | None = None):
        self.root = root
        self.store = ContainerStore(None)
        self.engine = Engine(self.store)
        self.directories = directories or (WatchedDirectory(path=str(root / "specs")),)
        for directory in self.directories:
            os.makedirs(directory.path, 0o755, exist_ok=True)
        self.ledger = ledger
        self.watcher = self.new_watcher()

    def new_watcher(self, **options: object) -> SourceWatcher:
        return SourceWatcher(
            [ContainerOperations(self.store, self.engine, now=lambda: 1.0)],
            self.directories,
            port=self.engine,
            dormant=self.ledger,
            **options,  # type: ignore[arg-type]
        )

    def restart_daemon(self) -> None:
        self.watcher.close()
        self.watcher = self.new_watcher()

    def path(self, name: str) -> str:
        return str(self.root / "specs" / name)

    def write(self, name: str, text: str) -> str:
        path = Path(self.path(name))
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        temporary = path.with_name(".new")
        temporary.write_text(text)
        temporary.chmod(0o644)
        os.replace(temporary, path)
        return str(path)

    def remove(self, name: str) -> None:
        os.unlink(self.path(name))

    def sync(self) -> list[str]:
        """A pass, and all that follows from it; returns the problems."""

        async def body() -> None:
            await self.watcher.sync()
            self.engine.settle()
            await self.watcher.idle()
            self.engine.settle()

        asyncio.run(body())
        return self.problems()

    def problems(self) -> list[str]:
        return [str(problem).replace(f"{self.root}/", "") for problem in self.watcher.problems()]

    def names(self) -> list[str]:
        return list(self.store.names())

    def record(self, name: str) -> ContainerRecord:
        return self.store.get(name)

    def state(self, name: str) -> str:
        return str(self.record(name).status.life.state)

    def value(self, name: str, prop: str) -> object:
        record = self.record(name)
        return record.spec.value(operations.find_property(prop))

    def origin(self, name: str, prop: str) -> str:
        return self.record(name).origins.get(prop, "").replace(f"{self.root}/", "")

    def api_create(self, name: str, **values: str) -> None:
        operations.create(self.store, name, actor=API, credentials=Credentials(), now=1.0)
        for key, text in values.items():
            self.api_set(name, key, text)

    def api_set(self, name: str, key: str, text: str) -> None:
        operations.set_property(self.store, self.record(name), key, text, actor=API, now=1.0)

    def api_start(self, name: str) -> None:
        operations.start(self.store, self.record(name), actor=API, now=1.0)
        self.engine.settle()

    def api_stop(self, name: str) -> None:
        operations.stop(self.store, self.record(name), kill_at=0, actor=API, now=1.0)
        self.engine.settle()

    def api_destroy(self, name: str) -> None:
        operations.destroy(self.store, self.record(name), actor=API, now=1.0)
        self.engine.settle()
