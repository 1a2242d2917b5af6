"""The API server: builds what its parts share, accepts clients, ends in good order.

Built by `cli/daemon.py`, which hands in the listening socket that the master keeps.
"""

import asyncio
import socket
import time
from collections.abc import Callable

from porto.api import dispatch, peers
from porto.api.auth import Authority, Caller
from porto.api.clients import Clients
from porto.api.container_waits import ContainerWaits
from porto.api.context import NameIndex, Services
from porto.api.conversation import Conversation
from porto.api.protocols import Converger, Counters, Foresight, History, Readers, Sources
from porto.api.switches import Switches
from porto.api.tasks import Tasks
from porto.api.users import Users
from porto.spec.config import Config
from porto.spec.containers.names import ROOT
from porto.spec.containers.store import ContainerStore

ACCEPTED_AT_ONCE = 4
"""New clients before everybody else on the event loop has a turn; others wait in the kernel."""


class ApiServer:
    """The listening socket and all that serves it."""

    def __init__(
        self,
        *,
        store: ContainerStore,
        engine: Converger,
        readers: Readers,
        foresight: Foresight,
        sources: Sources,
        history: History,
        counters: Counters,
        config: Config,
        container_of: Callable[[int], str | None],
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        users: Users | None = None,
        start_of: Callable[[int], int] = peers.start_of,
        credentials_of: Callable[[socket.socket], tuple[int, int, int]] = peers.credentials_of,
        host_pid: Callable[[Caller, int], int | None] | None = None,
        version: str = "",
        revision: str = "",
    ) -> None:
        """See `context.Services` for the functions; they have working defaults."""
        users = users or Users()
        self.methods = dispatch.table()
        tasks = Tasks()
        self.switches = Switches(verbose=config.log.verbose, debug=config.log.debug)
        self.services = Services(
            store=store,
            engine=engine,
            readers=readers,
            foresight=foresight,
            sources=sources,
            history=history,
            counters=counters,
            config=config,
            authority=Authority(store, users, container_of, start_of),
            users=users,
            waits=ContainerWaits(store, clock),
            names=NameIndex(store),
            switches=self.switches,
            clock=clock,
            monotonic=monotonic,
            container_of=container_of,
            host_pid=host_pid or _same_on_host,
            comm_of=peers.comm_of,
            background=tasks.background,
            version=version,
            revision=revision,
        )
        self.clients: Clients[Conversation] = Clients(self.services, tasks, credentials_of)
        self._tasks = tasks
        self._server: asyncio.Server | None = None
        self._gauges()

    async def serve(self, sock: socket.socket) -> None:
        """Accept clients on a bound unix socket; returns as soon as it listens.

        The socket stays the caller's: its path is not removed, but this descriptor
        is closed at shutdown.
        """
        sock.setblocking(False)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Conversation(self.clients, self.methods),
            sock=sock,
            backlog=ACCEPTED_AT_ONCE,
        )
        sock.listen(self.services.config.daemon.max_clients)

    async def shutdown(self, grace: float) -> None:
        """Stop: no new clients or requests; running ones have `grace` seconds.

        Waits are cut off, their clients ask the next daemon again. Weak containers
        are left to whoever starts next.
        """
        clients = self.clients
        if clients.stopping:
            return
        clients.stopping = True
        if self._server is not None:
            self._server.close()
        for client in clients:
            client.stop_reading()
        await self._tasks.finish(grace, but=[c.task for c in clients if c.task and not c.owing])
        for client in clients:
            client.close()
        await self._tasks.cancel()
        # Let the transports report the loss and send what fits into the sockets.
        await asyncio.sleep(0)
        for client in clients:
            client.drop("shutdown")
        await asyncio.sleep(0)
        self.services.waits.close()
        self.services.names.close()
        clients.close()

    def _gauges(self) -> None:
        counters, clients, services = self.services.counters, self.clients, self.services
        counters.gauge("clients", lambda: len(clients))
        counters.gauge("requests_queued", lambda: sum(item.owing for item in clients))
        counters.gauge("requests_top_running_time", self._longest)
        counters.gauge("containers", lambda: len(services.store))
        counters.gauge("running", lambda: services.waits.running)

    def _longest(self) -> int:
        """Seconds for which the oldest request in progress has been."""
        began = [item.active_at for item in self.clients if item.owing]
        return int(self.services.monotonic() - min(began)) if began else 0


def _same_on_host(caller: Caller, pid: int) -> int | None:
    return pid if caller.container == ROOT else None
