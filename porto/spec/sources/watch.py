"""Keeps the stores in step with the watched directories.

Made and run by `cli/daemon.py`; reads through `sources/directory.py` in worker
threads, writes through `sources/apply.py` in the event loop. Events say only that
something changed: each pass looks at everything, cheaply, so that a lost event, a
swapped link or a burst of a thousand files are all the same. A slow resync covers
what the kernel does not tell (network file systems).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import watchfiles

from porto.spec.catalog import Catalog
from porto.spec.sources.apply import Applier, SourcePort
from porto.spec.sources.diagnostics import Diagnostic
from porto.spec.sources.dialect import by_noun
from porto.spec.sources.directory import DirectoryScanner, Snapshot, WatchedDirectory, faults
from porto.spec.sources.dormant import Dormant
from porto.spec.sources.files import Rules
from porto.spec.sources.foresee import Foreseen, Proposal, foresee
from porto.spec.sources.operations import Operations
from porto.spec.sources.watch_set import WatchSet, watch_set

RESYNC_S = 60.0
SETTLE_S = 0.1
READ_CHUNK = 16
# The native watcher's thread wakes up once per step, also when nothing happens.
STEP_MS = 200
DEBOUNCE_MS = 1000

Events = Callable[[WatchSet], AsyncIterator[object]]


async def native_events(watched: WatchSet) -> AsyncIterator[object]:
    """One item for each batch of changes that the kernel tells of (inotify).

    The watches stand before the first item is waited for.
    """
    async for changes in watchfiles.awatch(
        *watched.folders,
        watch_filter=lambda _, path: watched.concerns(path),
        debounce=DEBOUNCE_MS,
        step=STEP_MS,
        rust_timeout=0,
        recursive=False,
        force_polling=False,
        ignore_permission_denied=True,
    ):
        yield changes


class SourceWatcher:
    """All watched directories; one instance per daemon, used from its event loop."""

    def __init__(
        self,
        operations: Sequence[Operations[Any]],
        directories: Sequence[WatchedDirectory],
        *,
        port: SourcePort,
        dormant: Path | None = None,
        rules: Rules | None = None,
        events: Events = native_events,
        resync_s: float = RESYNC_S,
        settle_s: float = SETTLE_S,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """`operations` of each kind that documents may declare.

        `dormant` is a file in the runtime directory, see `sources/dormant.py`.

        `settle_s` is how long a file must be left alone by its writers before it
        counts, and stay away before it counts as removed.
        """
        self._port = port
        self._events = events
        self._resync_s = resync_s
        self._settle_s = settle_s
        self._operations = operations
        self.dialects = by_noun(*(item.dialect for item in operations))
        self._scanners = [
            DirectoryScanner(directory, self.dialects, rules=rules, now_ns=now_ns)
            for directory in directories
        ]
        self._lock = asyncio.Lock()
        self._woken = asyncio.Event()
        for item in operations:
            item.on_done = self._woken.set
        self._dormant = Dormant(dormant)
        self._applier = Applier(operations, port, dormant=self._dormant, wake=self._woken.set)
        self._snapshots: list[Snapshot] = []
        self._watch_fault: Diagnostic | None = None
        self._problems: tuple[Diagnostic, ...] = ()

    async def run(self) -> None:
        """Sync, then watch until cancelled. Closes the watcher at its end.

        Cancel it before the daemon destroys containers on its own account: what is
        destroyed later counts as a user's wish.
        """
        try:
            while True:
                watched = await asyncio.to_thread(watch_set, self._snapshots)
                await self._watch(watched)
        finally:
            self.close()
            for item in self._operations:
                await item.cancel()

    async def sync(self) -> None:
        """One pass over all directories now, half-written files included."""
        await self._pass(0)

    async def idle(self) -> None:
        """Wait until nothing that a file asked for is under way."""
        for item in self._operations:
            await item.idle()

    def problems(self) -> Sequence[Diagnostic]:
        """Everything that is wrong with the sources, as of the last pass."""
        return self._problems

    async def foresee(self, proposal: Proposal, forks: Catalog) -> Foreseen:
        """Write to `forks`, copies of the stores, what other files would change."""
        return await foresee(
            proposal,
            [item.foretold(forks.store(item.dialect.kind.noun)) for item in self._operations],
            snapshots=self._snapshots,
            digests=self._dormant.digests,
            earlier=self._applier.earlier,
        )

    def close(self) -> None:
        """Take no more notice of the store."""
        self._applier.close()

    async def _watch(self, watched: WatchSet) -> None:
        """Pass after pass, until something else is to be watched."""
        events = self._events(watched)
        happened = asyncio.ensure_future(_next(events))
        try:
            # One turn of the loop lets the watches begin, or fail, and the pass after it
            # sees all that happened before they did.
            await asyncio.sleep(0)
            self._watch_fault = None
            while True:
                self._woken.clear()
                if happened.done():
                    self._watch_fault = _watch_fault(happened, watched)
                    if self._watch_fault is None:
                        happened = asyncio.ensure_future(_next(events))
                settled = await self._pass(int(self._settle_s * 1e9))
                if await asyncio.to_thread(watch_set, self._snapshots) != watched:
                    return
                await self._sleep(happened, self._resync_s if settled else self._settle_s)
                if self._watch_fault is not None:
                    return
        finally:
            happened.cancel()
            # Not awaited itself: its cancellation must not hide our own.
            await asyncio.wait({happened})
            if not happened.cancelled():
                happened.exception()
            if hasattr(events, "aclose"):
                await events.aclose()

    async def _sleep(self, happened: asyncio.Future[bool], lasting: float) -> None:
        """Until an event, a wake-up, or for so many seconds."""
        woken = asyncio.ensure_future(self._woken.wait())
        waited: set[asyncio.Future[Any]] = {woken}
        if self._watch_fault is None:
            waited.add(happened)
        try:
            await asyncio.wait(waited, timeout=lasting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()

    async def _pass(self, settle_ns: int) -> bool:
        async with self._lock:
            self._snapshots = [await self._scan(item, settle_ns) for item in self._scanners]
            found = [fault for snapshot in self._snapshots for fault in faults(snapshot)]
            found += await self._applier.apply(self._snapshots)
            if self._watch_fault is not None:
                found.append(self._watch_fault)
            problems = tuple(sorted(set(found)))
            if problems != self._problems:
                self._problems = problems
                self._port.report(problems)
            return all(snapshot.settled for snapshot in self._snapshots)

    async def _scan(self, scanner: DirectoryScanner, settle_ns: int) -> Snapshot:
        look = await asyncio.to_thread(scanner.look, settle_ns=settle_ns)
        # In parts, so that a thousand files do not keep the interpreter from clients.
        for start in range(0, len(look.due), READ_CHUNK):
            part = look.due[start : start + READ_CHUNK]
            await asyncio.to_thread(scanner.read, look, part)
        return scanner.conclude(look)


async def _next(events: AsyncIterator[object]) -> bool:
    """Wait for one batch of events; False when there will be no more."""
    async for _ in events:
        return True
    return False


def _watch_fault(happened: asyncio.Future[bool], watched: WatchSet) -> Diagnostic | None:
    error = happened.exception()
    if error is None and happened.result():
        return None
    first = next(iter(watched.folders), "/")
    reason = f"cannot be watched, only looked at now and then: {error or 'the watch ended'}"
    return Diagnostic(first, 0, "", reason)
