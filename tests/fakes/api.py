"""An API server over fakes, and a client that speaks frames.

Peers are invented: `connect` says which pid, user and container the server shall see.
"""

import asyncio
import functools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from porto.api.counters import DaemonCounters
from porto.api.server import ApiServer
from porto.api.users import Cred, Users
from porto.kernel.file.journal import Journal
from porto.observers.events import EventLog
from porto.spec.config import Config, ContainerConfig, DaemonConfig
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import EError
from porto.wire import rpc_pb2
from porto.wire.framing import frame
from tests.fakes.engine import FakeEngine
from tests.fakes.foresight import FakeForesight, FakeSources
from tests.fakes.readers import FakeReaders

START = 1_700_000_000.0
ROOT, ALICE, BOB, CAROL = 0, 1001, 1002, 1003
PORTO_GID, SHARED_GID = 1333, 1400
USERS = {"root": ROOT, "nobody": 65534, "alice": ALICE, "bob": BOB, "carol": CAROL}
GROUPS = {"root": 0, "porto": PORTO_GID, "porto-containers": SHARED_GID}
MEMBERS = {PORTO_GID: {ALICE, BOB}, SHARED_GID: {CAROL}}


class FakeUsers(Users):
    """alice and bob are in group porto, carol is not; carol's containers are shared."""

    def user_id(self, user: str) -> int | None:
        return int(user) if user.isdecimal() else USERS.get(user)

    def user_name(self, uid: int) -> str:
        return next((name for name, number in USERS.items() if number == uid), str(uid))

    def group_id(self, group: str) -> int | None:
        return int(group) if group.isdecimal() else GROUPS.get(group)

    def group_name(self, gid: int) -> str:
        return next((name for name, number in GROUPS.items() if number == gid), str(gid))

    def cred(self, uid: int, gid: int) -> Cred:
        groups = {number for number, users in MEMBERS.items() if uid in users}
        return Cred(uid, gid, frozenset({gid, *groups}))

    def primary_group(self, user: str) -> int | None:
        uid = self.user_id(user)
        return None if uid is None else uid


class Closed(Exception):
    """The server has closed the connection."""


@dataclass
class FakeClient:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    events: list[rpc_pb2.TContainerWaitResponse] = field(default_factory=list)

    def send(self, **methods: dict[str, Any]) -> None:
        """A request without waiting for its answer."""
        request = rpc_pb2.TContainerRequest()
        for name, fields in methods.items():
            message = getattr(request, name)
            message.SetInParent()
            message.MergeFrom(type(message)(**fields))
        data = request.SerializeToString()
        self.writer.write(frame(data))

    async def read_frame(self) -> bytes:
        size = shift = 0
        try:
            while True:
                byte = (await self.reader.readexactly(1))[0]
                size |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            return await self.reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise Closed from error

    async def receive(self) -> rpc_pb2.TContainerResponse:
        """The next reply; events before it are kept in `events`."""
        while True:
            reply = rpc_pb2.TContainerResponse.FromString(await self.read_frame())
            if not reply.HasField("AsyncWait"):
                return reply
            self.events.append(reply.AsyncWait)

    async def event(self) -> rpc_pb2.TContainerWaitResponse:
        """The next event."""
        if not self.events:
            reply = rpc_pb2.TContainerResponse.FromString(await self.read_frame())
            assert reply.HasField("AsyncWait"), reply
            assert not reply.HasField("timestamp")
            self.events.append(reply.AsyncWait)
        return self.events.pop(0)

    async def call(self, method: str, **fields: Any) -> rpc_pb2.TContainerResponse:
        self.send(**{method: fields})
        await self.writer.drain()
        return await self.receive()

    async def ok(self, method: str, **fields: Any) -> rpc_pb2.TContainerResponse:
        reply = await self.call(method, **fields)
        assert reply.error == EError.Success, reply.errorMsg
        assert reply.HasField("error")
        assert reply.HasField("errorMsg")
        assert reply.errorMsg == ""
        return reply

    async def error(self, method: str, **fields: Any) -> EError:
        reply = await self.call(method, **fields)
        assert reply.errorMsg or reply.error == EError.Success
        return EError(reply.error)

    async def get(self, name: str, prop: str) -> str:
        return (await self.ok("getProperty", name=name, property=prop)).getProperty.value

    async def set(self, name: str, prop: str, value: str) -> None:
        await self.ok("setProperty", name=name, property=prop, value=value)

    async def closed(self) -> None:
        """Wait until the server closes; fails when it answers instead."""
        try:
            frame = await self.read_frame()
        except Closed:
            return
        raise AssertionError(f"answered {frame!r}")

    async def close(self) -> None:
        self.writer.transport.abort()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


@dataclass
class FakeApi:
    path: Path
    server: ApiServer
    store: ContainerStore
    engine: FakeEngine
    readers: FakeReaders
    foresight: FakeForesight
    sources: FakeSources
    history: EventLog
    counters: DaemonCounters
    time: list[float]
    mono: list[float]
    peers: list[tuple[int, int, int]]
    containers: dict[int, str]
    clients: list[FakeClient] = field(default_factory=list)

    async def connect(
        self, uid: int = ROOT, *, container: str | None = None, pid: int = 0
    ) -> FakeClient:
        pid = pid or 5000 + len(self.clients)
        if container is not None:
            self.containers[pid] = container
        self.peers.append((pid, uid, uid))
        reader, writer = await asyncio.open_unix_connection(str(self.path))
        client = FakeClient(reader, writer)
        self.clients.append(client)
        return client

    def state(self, name: str) -> State | None:
        record = self.store.find(name)
        return None if record is None else record.status.life.state

    def put(self, name: str, state: State) -> None:
        """Set a state as the kernel would show it."""
        record = self.store.get(name)
        self.store.put_status(record, record.with_status(state=state).status, now=self.time[0])

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the loop run until the condition holds; the test's timeout bounds it."""
        while not condition():
            await asyncio.sleep(0)


@asynccontextmanager
async def serving(tmp_path: Path, **daemon: int) -> AsyncIterator[FakeApi]:
    """A running server with `daemon` as its configuration section."""
    config = Config(daemon=DaemonConfig(**daemon), container=ContainerConfig(max_total=50))
    store = ContainerStore(None, max_total=config.container.max_total)
    time, mono = [START], [100.0]
    engine, readers, counters = FakeEngine(store, START), FakeReaders(), DaemonCounters()
    foresight, sources = FakeForesight(), FakeSources()
    history = EventLog(Journal(str(tmp_path / "events")), lambda: time[0])
    peers: list[tuple[int, int, int]] = []
    containers: dict[int, str] = {}

    def container_of(pid: int) -> str | None:
        if pid < 5000:
            raise ProcessLookupError(3, "No such process")
        return containers.get(pid)

    server = ApiServer(
        store=store,
        engine=engine,
        readers=readers,
        foresight=foresight,
        sources=sources,
        history=history,
        counters=counters,
        config=config,
        container_of=container_of,
        clock=lambda: time[0],
        monotonic=lambda: mono[0],
        users=FakeUsers(),
        start_of=lambda pid: 1,
        credentials_of=lambda peer: peers.pop(0),
        version="1.2.3",
        revision="abc",
    )
    path = tmp_path / "s"
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(str(path))
    await server.serve(sock)
    api = FakeApi(
        path=path,
        server=server,
        store=store,
        engine=engine,
        readers=readers,
        foresight=foresight,
        sources=sources,
        history=history,
        counters=counters,
        time=time,
        mono=mono,
        peers=peers,
        containers=containers,
    )
    try:
        yield api
    finally:
        for client in api.clients:
            await client.close()
        engine.hold.set()
        await server.shutdown(1.0)
        history.close()


def asynchronous(
    test: Callable[..., Coroutine[Any, Any, None]],
) -> Callable[..., None]:
    """Runs an async test on a loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(_bounded(test(*args, **kwargs)))

    return run


async def _bounded(test: Awaitable[None]) -> None:
    await asyncio.wait_for(test, 20)
