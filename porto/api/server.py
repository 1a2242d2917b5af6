"""The API server: accepts clients, keeps their limits, owns what they share.

Built by `cli/daemon.py`, which hands in the listening socket that the master keeps.
Limits: manual section "FILES", keys daemon.max_clients, max_clients_in_container,
client_idle_timeout and max_msg_len.
"""

import asyncio
import select
import socket
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import structlog

from porto.api import dispatch, peers
from porto.api.accounts import Accounts
from porto.api.auth import Authority, Caller
from porto.api.budget import ReceiveBudget
from porto.api.connection import Connection
from porto.api.context import NameIndex, Services, Session
from porto.api.ports import Counters, Engine, Readers
from porto.api.switches import Switches
from porto.api.waits import Waits
from porto.spec.config import Config
from porto.spec.containers import operations
from porto.spec.containers.names import ROOT
from porto.spec.containers.operations import Actor
from porto.spec.errors import PortoError
from porto.spec.records.record import Record, Run
from porto.spec.store import SpecStore

log = structlog.get_logger()

SUPERUSER_EXTRA = 100
BUFFER_BYTES = 256 << 10
FRAMES_AT_ONCE = 4
"""How many frames of the maximal size may be half received at a time."""

REPLIES_AT_ONCE = 8
"""Unread replies may take this many maximal frames before somebody is dropped."""

HANGUP_CHECK_S = 5.0
RETRY_S = 1.0
RETRY_MAX_S = 60.0


class ApiServer:
    """All connections of the daemon."""

    def __init__(
        self,
        *,
        store: SpecStore,
        engine: Engine,
        readers: Readers,
        counters: Counters,
        config: Config,
        container_of: Callable[[int], str | None],
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        accounts: Accounts | None = None,
        start_of: Callable[[int], int] = peers.start_of,
        credentials_of: Callable[[socket.socket], tuple[int, int, int]] = peers.credentials_of,
        host_pid: Callable[[Caller, int], int | None] | None = None,
        version: str = "",
        revision: str = "",
    ) -> None:
        """See `context.Services` for the functions; they have working defaults."""
        accounts = accounts or Accounts()
        self.methods = dispatch.table()
        self.buffer = memoryview(bytearray(BUFFER_BYTES))
        self.switches = Switches(verbose=config.log.verbose, debug=config.log.debug)
        self.services = Services(
            store=store,
            engine=engine,
            readers=readers,
            counters=counters,
            config=config,
            authority=Authority(store, accounts, container_of, start_of),
            accounts=accounts,
            waits=Waits(store, clock),
            names=NameIndex(store),
            switches=self.switches,
            clock=clock,
            monotonic=monotonic,
            container_of=container_of,
            host_pid=host_pid or _same_on_host,
            comm_of=peers.comm_of,
            background=self._background,
            version=version,
            revision=revision,
        )
        self.budget: ReceiveBudget
        self._credentials_of = credentials_of
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._in_container: dict[str, int] = {}
        self._unsent: dict[Connection, int] = {}
        self._unsent_sum = 0
        self._deaf: set[Connection] = set()
        self._hangups: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.stopping = False
        """Whether no more requests are begun."""

    async def serve(self, sock: socket.socket) -> None:
        """Accept clients on a bound unix socket; returns as soon as it listens.

        The socket stays the caller's: its path is not removed, but this descriptor
        is closed at shutdown.
        """
        loop = asyncio.get_running_loop()
        self.budget = ReceiveBudget(FRAMES_AT_ONCE * self._max_msg_len, loop)
        sock.setblocking(False)
        self._server = await loop.create_server(
            lambda: Connection(self), sock=sock, backlog=self.services.config.daemon.max_clients
        )

    async def shutdown(self, grace: float) -> None:
        """Stop: no new clients or requests; running ones have `grace` seconds.

        Waits are cut off, their clients ask the next daemon again. Weak containers
        are left to whoever starts next.
        """
        if self.stopping:
            return
        self.stopping = True
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.stop_reading()
        pending = self._tasks - {connection.waiting for connection in self._connections}
        if pending and grace > 0:
            await asyncio.wait(pending, timeout=grace)
        for connection in list(self._connections):
            connection.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # Let the transports report the loss and send what fits into the sockets.
        await asyncio.sleep(0)
        for connection in list(self._connections):
            connection.drop("shutdown")
        await asyncio.sleep(0)
        self.services.waits.close()
        self.services.names.close()
        if self._server is not None:
            self.budget.close()
        if self._hangups is not None:
            self._hangups.cancel()

    @property
    def clients(self) -> int:
        """Number of connections."""
        return len(self._connections)

    @property
    def gauges(self) -> Mapping[str, Callable[[], int]]:
        """What the server knows of porto_stat, for `counters.DaemonCounters.gauge`."""
        return {
            "clients": lambda: len(self._connections),
            "requests_queued": lambda: sum(item.busy for item in self._connections),
            "containers": lambda: len(self.services.store),
            "running": lambda: self.services.waits.running,
        }

    # -- what connections call -----------------------------------------------

    def admit(self, connection: Connection, peer: socket.socket) -> Caller | None:
        """The identified client, or None when it is not served."""
        try:
            caller = self.services.authority.identify(*self._credentials_of(peer))
        except (PortoError, OSError) as error:
            log.info("client refused", reason=str(error))
            self.services.counters.add("clients_refused")
            return None
        if self.stopping or not self._make_room(caller):
            self.services.counters.add("clients_refused")
            return None
        connection.active_at = self.services.monotonic()
        self._connections.add(connection)
        count = self._in_container.get(caller.container, 0)
        self._in_container[caller.container] = count + 1
        self.services.counters.add("clients_connected")
        return caller

    def forget(self, connection: Connection) -> None:
        """A connection is gone: everything it had goes with it."""
        self.sent(connection)
        self._deaf.discard(connection)
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        self.budget.release(connection)
        session = connection.session
        assert session is not None
        session.closed = True
        container = session.caller.container
        self._in_container[container] -= 1
        if not self._in_container[container]:
            del self._in_container[container]
        if session.subscription is not None:
            self.services.waits.remove(session.subscription)
        if session.subscription_end is not None:
            session.subscription_end.cancel()
        if session.weak and not self.stopping:
            self._background(self._destroy_weak(session))

    def started(self, task: "asyncio.Task[None]") -> None:
        """Keep a request's task until it ends."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def unsent(self, connection: Connection) -> None:
        """Something did not fit into the socket: drop the worst client when too much did not."""
        size = connection.unsent
        self._unsent_sum += size - self._unsent.get(connection, 0)
        self._unsent[connection] = size
        limit = REPLIES_AT_ONCE * self._max_msg_len
        if self._unsent_sum <= limit:
            return
        # Some have been read in part since they were noted.
        self._unsent = {item: item.unsent for item in self._unsent}
        self._unsent_sum = sum(self._unsent.values())
        while self._unsent_sum > limit:
            worst = max(self._unsent, key=lambda item: self._unsent[item])
            # The loss is reported later, and until then others may ask.
            self.sent(worst)
            worst.drop("replies are not read")

    def sent(self, connection: Connection) -> None:
        """Nothing of the client's is unsent any more."""
        self._unsent_sum -= self._unsent.pop(connection, 0)

    def watch(self, connection: Connection) -> None:
        """Look now and then whether a client that is not read from is gone."""
        if not connection.deaf:
            self._deaf.discard(connection)
            return
        self._deaf.add(connection)
        if self._hangups is None:
            loop = asyncio.get_running_loop()
            self._hangups = loop.call_later(HANGUP_CHECK_S, self._find_hangups)

    # -- internals -------------------------------------------------------------

    @property
    def _max_msg_len(self) -> int:
        return self.services.config.daemon.max_msg_len

    def _make_room(self, caller: Caller) -> bool:
        limits = self.services.config.daemon
        extra = SUPERUSER_EXTRA if caller.superuser else 0
        if self._in_container.get(caller.container, 0) >= limits.max_clients_in_container + extra:
            inside = {c for c in self._connections if _container(c) == caller.container}
            if not self._kick_idle(inside):
                log.info("client refused", container=caller.container, reason="too many clients")
                return False
        full = len(self._connections) >= limits.max_clients + extra
        if full and not self._kick_idle(self._connections):
            log.info("client refused", reason="too many clients")
            return False
        return True

    def _kick_idle(self, among: set[Connection]) -> bool:
        idle = [connection for connection in among if not connection.busy]
        if not idle:
            return False
        victim = min(idle, key=lambda connection: connection.active_at)
        silent = self.services.monotonic() - victim.active_at
        if silent <= self.services.config.daemon.client_idle_timeout:
            return False
        victim.drop("idle longest, its place is needed")
        self.forget(victim)
        return True

    def _find_hangups(self) -> None:
        self._hangups = None
        poll = select.poll()
        by_descriptor = {}
        for connection in self._deaf:
            descriptor = connection.fileno()
            if descriptor >= 0:
                by_descriptor[descriptor] = connection
                poll.register(descriptor, select.POLLRDHUP)
        for descriptor, _ in poll.poll(0) if by_descriptor else ():
            by_descriptor[descriptor].drop("the client is gone")
        if self._deaf:
            loop = asyncio.get_running_loop()
            self._hangups = loop.call_later(HANGUP_CHECK_S, self._find_hangups)

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        self.started(asyncio.get_running_loop().create_task(_logged(work)))

    async def _destroy_weak(self, session: Session) -> None:
        """Destroy the containers that lived as long as this connection, if still weak."""
        delay = RETRY_S
        while session.weak:
            changed: list[Record] = []
            for record_id in sorted(session.weak):
                try:
                    changed += self._ask_weak_away(record_id)
                    session.weak.discard(record_id)
                except PortoError as error:
                    # Its parent is paused; what is frozen can be destroyed later.
                    log.info("weak container stays", id=record_id, reason=str(error))
            try:
                await self.services.engine.converge(changed)
            except PortoError as error:
                # The engine goes on trying by itself.
                log.info("weak containers not gone yet", reason=str(error))
            if session.weak:
                await asyncio.sleep(delay)
                delay = min(2 * delay, RETRY_MAX_S)

    def _ask_weak_away(self, record_id: int) -> list[Record]:
        store = self.services.store
        record = store.find_id(record_id)
        if record is None or not record.spec.lifecycle.weak or record.intent.run is Run.ABSENT:
            return []
        return operations.destroy(store, record, actor=Actor(), now=self.services.clock())


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:
        log.error("background work failed", exc_info=error)


def _container(connection: Connection) -> str:
    return connection.session.caller.container if connection.session else ROOT


def _same_on_host(caller: Caller, pid: int) -> int | None:
    return pid if caller.container == ROOT else None
