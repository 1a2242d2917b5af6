"""The daemon's composition root: the one place where objects are built and joined.

Run by the master (`launcher/daemon.py`, which says how) with the listening socket
and the link to the launcher as inherited descriptors. May die at any instruction:
whatever it was doing is found again in the store and in the kernel.
"""

import gc

if __name__ == "__main__":
    # What is imported and taken over is no garbage; `tune_collector` turns it on.
    gc.disable()

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from porto.api.auth import Caller
from porto.api.config import LoadedConfig, read_config
from porto.api.counters import DaemonCounters
from porto.api.server import ApiServer
from porto.cli.log import reopen_log, setup_log
from porto.cli.preparation import prepare, tune_collector
from porto.cli.report import Report
from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.probe import probe
from porto.kernel.file.journal import Journal
from porto.kernel.file.notes import Notes
from porto.kernel.mount.mounts import unmount
from porto.kernel.process import processes
from porto.kernel.running import running_kernel
from porto.launcher.client import LauncherClient
from porto.observers.clock import Clock
from porto.observers.events import WRITE_AFTER_S, EventLog
from porto.observers.exits import Exits
from porto.observers.host import look
from porto.observers.kernel_events import KernelEvents
from porto.observers.launches import Launches
from porto.observers.population import Vacancies
from porto.observers.readers import Readers
from porto.observers.record_events import record_events
from porto.reconcilers.containers.assembly import Containers, assemble
from porto.reconcilers.containers.controllers import Controllers
from porto.reconcilers.containers.facets.task import container_of
from porto.reconcilers.containers.housekeeping import Housekeeping
from porto.reconcilers.containers.leftovers import remove_leftovers, sweep
from porto.reconcilers.containers.reconciler import ContainerReconciler
from porto.reconcilers.containers.takeover import take_over
from porto.reconcilers.engine.jobs import Jobs
from porto.reconcilers.engine.jobs_programs import CgroupPrograms
from porto.reconcilers.engine.loop import Engine
from porto.reconcilers.engine.queue import Priority
from porto.reconcilers.engine.recording import Recording
from porto.reconcilers.engine.triggers import Triggers
from porto.reconcilers.host.removals import Removals
from porto.reconcilers.ports import Ports
from porto.spec.catalog import Catalog
from porto.spec.config import Config
from porto.spec.containers import operations
from porto.spec.containers.admission import Admission
from porto.spec.containers.kind import CONTAINER
from porto.spec.containers.names import ROOT
from porto.spec.containers.operations import Actor
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.sources import ContainerOperations
from porto.spec.containers.store import ContainerStore
from porto.spec.key import Key
from porto.spec.records.status import Condition
from porto.spec.sources.diagnostics import Diagnostic
from porto.spec.sources.directory import WatchedDirectory
from porto.spec.sources.watch import SourceWatcher
from porto.version import REVISION, VERSION

BOOT_FILE = "boot"
MASTER_FILE = "master"
DISCARD_ORIGIN = "portod stop"

log = structlog.get_logger()


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="portod", allow_abbrev=False)
    parser.add_argument("--listen-fd", type=int, required=True)
    parser.add_argument("--link-fd", type=int, required=True)
    parser.add_argument("--master-start", type=float, default=0.0)
    parser.add_argument("--spawned", type=int, default=1)
    parser.add_argument("--config", action="append")
    parser.add_argument("--stdlog", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("--discard", action="store_true")
    return parser.parse_args(words)


@dataclass(slots=True)
class _EnginePort:
    """The engine as the API and the sources see it."""

    engine: Engine
    containers: ContainerReconciler

    def converge(self, records: Iterable[ContainerRecord]) -> Coroutine[Any, Any, None]:
        return self.engine.converge(records)

    def signal(self, record: ContainerRecord, signo: int) -> None:
        self.containers.signal(record, signo)

    def condition(self, record: ContainerRecord, condition: Condition) -> None:
        self.containers.keep_condition(record, condition)

    def report(self, problems: Sequence[Diagnostic]) -> None:
        for problem in problems:
            log.warning("source refused", problem=str(problem))


@dataclass(slots=True, kw_only=True)
class _Parts:
    """What `_assemble` made."""

    counters: DaemonCounters
    history: EventLog
    driver: CgroupDriver
    store: ContainerStore
    exits: Exits
    launcher: LauncherClient
    vacancies: Vacancies
    containers: Containers
    engine: Engine
    triggers: Triggers
    jobs: Jobs[Key]
    removals: Removals
    port: _EnginePort
    sources: SourceWatcher
    server: ApiServer


class Daemon:
    """Everything that lives as long as the daemon."""

    def __init__(self, loaded: LoadedConfig, arguments: argparse.Namespace) -> None:
        self._loaded = loaded
        self._config = loaded.config
        self._arguments = arguments
        self._clock = Clock()
        self._started = self._clock.mono()
        self._ending: asyncio.Future[int]
        self._tasks: list[asyncio.Task[Any]] = []

    async def run(self) -> None:
        """Serve until told to end by a signal, or by the loss of the master."""
        loop = asyncio.get_running_loop()
        self._ending = loop.create_future()
        for signo in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(signo, self._end, int(signo))
        counters = DaemonCounters(Path(self._config.paths.runtime) / "portod.stat")
        loop.add_signal_handler(signal.SIGUSR1, self._reopen_log, counters)
        verbose = self._arguments.verbose or self._config.log.verbose
        setup_log(verbose=verbose, count=counters.add)
        # The master has opened it for us.
        counters.add("log_open")
        try:
            await self._serve(counters)
        except Exception:
            log.critical("the daemon ends", exc_info=True)
            raise SystemExit(1) from None

    async def _serve(self, counters: DaemonCounters) -> None:
        """From the first look at the kernel to the last reply."""
        parts = self._assemble(counters)
        await self._take_over(parts)
        await parts.server.serve(socket.socket(fileno=self._arguments.listen_fd))
        log.info("serving", containers=len(parts.store), cgroups=parts.driver.version)
        tune_collector()
        work = self._config.paths.work
        parts.removals.resume(work)
        await remove_leftovers(
            parts.store,
            parts.driver,
            work,
            files=parts.containers.world.ports.files,
            remove=parts.removals.remove,
        )
        self._start(parts.sources.run())
        self._start(parts.triggers.resync(float(self._config.daemon.resync_s)))
        self._start(parts.containers.allocation.watch())
        if self._config.daemon.log_rotate_ms:
            housekeeping = Housekeeping(
                parts.store, parts.containers.reconciler, parts.containers.world.ports.files
            )
            self._start(housekeeping.run(self._config.daemon.log_rotate_ms / 1000))
        await self._shut_down(parts, await self._ending)

    def _assemble(self, counters: DaemonCounters) -> _Parts:
        """Build and join all objects; nothing is started yet."""
        config, paths = self._config, self._config.paths
        for problem in self._loaded.problems:
            log.error("configuration not read", problem=str(problem))
        if self._loaded.ignored:
            log.warning("configuration without effect", keys=" ".join(self._loaded.ignored))
        kernel = running_kernel(probe(paths.cgroup))
        driver = kernel.cgroups
        store = ContainerStore(
            CONTAINER.directory(config),
            max_total=CONTAINER.max_total(config),
            record_max_bytes=CONTAINER.record_max_bytes(config),
            admission=Admission(look(kernel), config),
        )
        loop = asyncio.get_running_loop()
        history = EventLog(
            Journal(str(Path(paths.runtime) / "porto" / "events")),
            later=lambda write: loop.call_later(WRITE_AFTER_S, write),
        )
        catalog = Catalog(store)
        set_aside = catalog.load()
        store.subscribe(lambda old, new: history.extend(record_events(old, new)))
        for unread in set_aside:
            counters.add("restore_failed")
            log.error("record not loaded", file=unread.path, reason=unread.reason)
        engine = Engine(catalog, lambda key: passes[key.kind](key), self._clock)

        def on_launch(launch_id: str) -> None:
            key = container_of(launch_id)
            if key is not None:
                engine.enqueue(key, priority=Priority.CALLER)

        exits = Exits(on_launch, kernel.processes)
        launcher = LauncherClient(
            socket.socket(fileno=self._arguments.link_fd),
            on_exit=exits.tell,
            on_lost=lambda: self._end(0),
        )
        exits.attach(launcher)
        jobs: Jobs[Key] = Jobs(
            CgroupPrograms(kernel, Notes(str(Path(paths.runtime) / "porto" / "jobs"))),
            on_end=engine.enqueue,
        )
        removals = Removals(jobs, kernel.files)
        notices = KernelEvents(kernel, self._clock, engine.enqueue)
        vacancies = Vacancies(driver, engine.enqueue)
        ports = Ports(
            **kernel.ports(),
            launches=Launches(launcher, track=exits.track, on_outcome=on_launch),
            exits=exits,
            notices=notices,
            vacancies=vacancies,
            records=Recording(catalog, self._clock),
            removals=removals,
            jobs=jobs,
            counters=counters,
            history=history,
            clock=self._clock,
        )
        containers = assemble(
            config,
            ports,
            store,
            exits=exits,
            notices=notices,
            enqueue=engine.enqueue,
            launcher=os.getppid(),
        )
        passes = {CONTAINER.noun: containers.reconciler.reconcile}
        watches = {CONTAINER.noun: containers.watch}
        triggers = Triggers(catalog, engine.enqueue, watches)
        port = _EnginePort(engine, containers.reconciler)
        sources = SourceWatcher(
            [
                ContainerOperations(
                    store, port, stop_timeout_s=config.container.stop_timeout_ms / 1000
                )
            ],
            watched_directories(config),
            port=port,
            dormant=Path(paths.runtime) / "porto" / "sources",
        )
        report = Report(
            version=VERSION,
            catalog=catalog,
            clock=self._clock,
            started=self._started,
            drift=containers.reconciler.drift,
            set_aside=set_aside,
            source_problems=sources.problems,
        )
        server = ApiServer(
            store=store,
            engine=port,
            readers=Readers(
                store, kernel, config, counters.snapshot, self._clock, status=report.status
            ),
            foresight=containers.foresight,
            sources=sources,
            history=history,
            counters=counters,
            config=config,
            container_of=driver.container_of,
            host_pid=lambda caller, pid: _host_pid(
                driver, containers.world.controllers, caller, pid
            ),
            version=VERSION,
            revision=REVISION,
        )
        self._gauges(counters, exits, engine)
        return _Parts(
            counters=counters,
            history=history,
            driver=driver,
            store=store,
            exits=exits,
            launcher=launcher,
            vacancies=vacancies,
            containers=containers,
            engine=engine,
            triggers=triggers,
            jobs=jobs,
            removals=removals,
            port=port,
            sources=sources,
            server=server,
        )

    async def _take_over(self, parts: _Parts) -> None:
        """Join what runs already; from here on every change becomes a pass."""
        notes = Notes(self._config.paths.store)
        boot, master = processes.boot_id(), f"{self._arguments.master_start}"
        known_boot, known_master = notes.find(BOOT_FILE), notes.find(MASTER_FILE)
        survivors = await parts.launcher.connect()
        for job in await parts.jobs.recover():
            log.warning("job was cut short", job=job)
        world = parts.containers.world
        world.ports.launches.resume()
        found = take_over(
            world,
            survivors,
            same_boot=known_boot in (None, boot),
            same_master=known_master == master,
        )
        for launched in found:
            log.warning("unknown launch", launch=launched.launch_id, pid=launched.init_pid)
            processes.send_signal(launched.init_pid, launched.init_start, signal.SIGKILL)
            parts.launcher.forget(launched.launch_id)
        # Only now: a takeover that is cut short is none.
        if known_boot != boot:
            notes.put(BOOT_FILE, boot)
        if known_master != master:
            notes.put(MASTER_FILE, master)
        world.notices.start()
        parts.store.subscribe(parts.triggers.on_change)
        parts.triggers.all()
        if self._arguments.discard:
            await self._discard(parts)

    async def _shut_down(self, parts: _Parts, signo: int) -> None:
        log.info("ending", signal=signo)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        grace = self._config.daemon.portod_shutdown_timeout if signo else 0
        await parts.server.shutdown(float(grace))
        if signo == signal.SIGINT:
            await self._discard(parts)
            await parts.jobs.close()
            await sweep(parts.driver, lambda name: False)
            with contextlib.suppress(OSError):
                unmount(self._config.paths.store)
        parts.engine.close()
        parts.vacancies.close()
        await parts.jobs.close()
        parts.exits.close()
        parts.containers.world.notices.close()
        parts.launcher.close()
        parts.history.close()
        parts.counters.close()

    async def _discard(self, parts: _Parts) -> None:
        """Destroy every container: `portod stop` and `portod --discard`."""
        changed: list[ContainerRecord] = []
        now = self._clock.wall()
        for record in parts.store.children(ROOT):
            if record.intent.paused:
                record = parts.store.put(record.with_intent(paused=False), now=now)
            changed += operations.destroy(
                parts.store, record, actor=Actor(origin=DISCARD_ORIGIN), now=now
            )
        await parts.port.converge(changed)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(_report_death)
        self._tasks.append(task)

    def _end(self, signo: int) -> None:
        if not self._ending.done():
            self._ending.set_result(signo)

    def _reopen_log(self, counters: DaemonCounters) -> None:
        if not self._arguments.stdlog:
            reopen_log(self._config.paths.log)
            counters.add("log_open")

    def _gauges(self, counters: DaemonCounters, exits: Exits, engine: Engine) -> None:
        counters.add("spawned")
        counters.gauge("porto_uptime", lambda: int(self._clock.mono() - self._started))
        counters.gauge(
            "master_uptime",
            lambda: max(0, int(self._clock.wall() - self._arguments.master_start)),
        )
        counters.gauge("queued_statuses", lambda: len(exits))
        counters.gauge("queued_events", lambda: engine.queued)


def watched_directories(config: Config) -> list[WatchedDirectory]:
    """The directory of .CT files, then the configured spec directories."""
    cap = config.daemon.removal_max_percent
    return [
        WatchedDirectory(path=config.paths.containers, recursive=False, removal_max_percent=cap),
        *(
            WatchedDirectory(
                path=item.path,
                enforce=item.enforce,
                restart=item.restart,
                removal_max_percent=(
                    cap if item.removal_max_percent is None else item.removal_max_percent
                ),
            )
            for item in config.spec_dir
        ),
    ]


def _host_pid(
    driver: CgroupDriver, controllers: Controllers, caller: Caller, pid: int
) -> int | None:
    """A pid as the client sees it, as ours; it can see no further than its subtree's top."""
    if caller.container == ROOT:
        return pid
    top = caller.container.partition("/")[0]
    among = driver.subtree_processes(controllers.group(top))
    return processes.find_pid(caller.pid, pid, among)


def _report_death(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("background task ended", exc_info=task.exception())


def main(words: Sequence[str] | None = None) -> int:
    """Run the daemon; the exit status."""
    arguments = _arguments(sys.argv[1:] if words is None else words)
    loaded = read_config(arguments.config)
    try:
        prepare(loaded.config)
    except OSError as error:
        print(f"portod: cannot prepare {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    asyncio.run(Daemon(loaded, arguments).run())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
