"""Round trips through the API server alone: fakes behind it, no kernel.

Run as ``python -m tests.bench.api_micro``; prints one line per row of the budget table
that the server decides. The client is a child process that speaks frames.
"""

import asyncio
import os
import socket
import statistics
import tempfile
import time
from pathlib import Path

from porto.api.counters import DaemonCounters
from porto.api.server import ApiServer
from porto.kernel.file.journal import Journal
from porto.observers.events import EventLog
from porto.spec.config import Config, DaemonConfig
from porto.spec.containers import operations
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.spec import PROPERTIES
from porto.spec.containers.store import ContainerStore
from porto.wire import rpc_pb2
from porto.wire.framing import frame
from tests.fakes.engine import FakeEngine
from tests.fakes.foresight import FakeForesight, FakeSources
from tests.fakes.readers import FakeReaders

CONTAINERS = 1000
ROUNDS = 5000


def request(**methods: dict[str, object]) -> bytes:
    return frame(rpc_pb2.TContainerRequest(**methods).SerializeToString())


def read_reply(peer: socket.socket) -> int:
    data = peer.recv(1 << 20)
    size = shift = start = 0
    while True:
        byte = data[start]
        size |= (byte & 0x7F) << shift
        start, shift = start + 1, shift + 7
        if byte < 0x80:
            break
    missing = size - (len(data) - start)
    while missing > 0:
        missing -= len(peer.recv(1 << 20))
    return size


def connected(path: str) -> socket.socket:
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(path)
    return peer


def latency(path: str, data: bytes, rounds: int) -> tuple[float, int]:
    """Median microseconds, and the size of the reply."""
    peer, taken, size = connected(path), [], 0
    for _ in range(rounds):
        since = time.perf_counter()
        peer.sendall(data)
        size = read_reply(peer)
        taken.append(time.perf_counter() - since)
    return statistics.median(taken) * 1e6, size


def throughput(path: str, data: bytes, connections: int, rounds: int) -> float:
    """Requests per second over several connections of one client."""
    import select

    peers = {peer.fileno(): peer for peer in (connected(path) for _ in range(connections))}
    poll = select.epoll()
    for descriptor, peer in peers.items():
        poll.register(descriptor, select.EPOLLIN)
        peer.sendall(data)
    since, done = time.perf_counter(), 0
    while done < rounds:
        for descriptor, _ in poll.poll():
            peers[descriptor].recv(4096)
            peers[descriptor].send(data)
            done += 1
    return done / (time.perf_counter() - since)


def measure(path: str) -> None:
    one = request(getProperty={"name": "c5", "property": "state"})
    settable = request(getProperty={"name": "c5", "property": "private"})
    names = request(list={})
    masked = request(list={"mask": "c*5"})
    everything = request(get={"name": ["***"], "variable": list(PROPERTIES)})
    three = request(get={"name": ["***"], "variable": ["state", "id", "level"]})
    print(f"get of one property (state)      {latency(path, one, ROUNDS)[0]:9.1f} us")
    print(f"get of one property (private)    {latency(path, settable, ROUNDS)[0]:9.1f} us")
    print(
        f"version                          {latency(path, request(version={}), ROUNDS)[0]:9.1f} us"
    )
    print(f"get of one, 8 connections        {throughput(path, one, 8, 8 * ROUNDS):9.0f} /s")
    print(f"list of {CONTAINERS}                     {latency(path, names, 1000)[0]:9.1f} us")
    print(f"list by mask                     {latency(path, masked, 1000)[0]:9.1f} us")
    taken, size = latency(path, three, 30)
    print(f"three properties of all          {taken / 1000:9.1f} ms, {size} bytes")
    taken, size = latency(path, everything, 10)
    print(f"all {len(PROPERTIES)} properties of all         {taken / 1000:9.1f} ms, {size} bytes")


def serve(sock: socket.socket, directory: str) -> None:
    store = ContainerStore(None, max_total=CONTAINERS)
    for number in range(CONTAINERS):
        operations.create(
            store,
            f"c{number}",
            actor=Actor(),
            credentials=Credentials("root", "root", "root", "root"),
            now=time.time(),
        )
    server = ApiServer(
        store=store,
        engine=FakeEngine(store),
        readers=FakeReaders(),
        foresight=FakeForesight(),
        sources=FakeSources(),
        history=EventLog(Journal(f"{directory}/events")),
        counters=DaemonCounters(),
        config=Config(daemon=DaemonConfig()),
        container_of=lambda pid: None,
    )

    async def run() -> None:
        await server.serve(sock)
        await asyncio.Event().wait()

    asyncio.run(run())


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "s")
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(path)
        sock.listen(64)
        child = os.fork()
        if child == 0:
            try:
                serve(sock, directory)
            finally:
                os._exit(0)
        sock.close()
        try:
            measure(path)
        finally:
            os.kill(child, 15)
            os.waitpid(child, 0)


if __name__ == "__main__":
    main()
