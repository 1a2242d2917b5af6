"""Frames, limits and bad clients."""

import asyncio
import socket

import pytest

from porto.spec.errors import EError
from porto.wire import rpc_pb2
from porto.wire.framing import frame, varint
from tests.fakes.api import ALICE, START, Closed, asynchronous, serving

VERSION = frame(rpc_pb2.TContainerRequest(version={}).SerializeToString())


def body(**methods):
    return rpc_pb2.TContainerRequest(**methods).SerializePartialToString()


@pytest.mark.parametrize("cut", range(1, len(VERSION)))
@asynchronous
async def test_a_frame_cut_anywhere(tmp_path, cut):
    async with serving(tmp_path) as api:
        client = await api.connect()
        client.writer.write(VERSION[:cut])
        await client.writer.drain()
        await asyncio.sleep(0)
        client.writer.write(VERSION[cut:])
        assert (await client.receive()).version.tag == "1.2.3"


@pytest.mark.parametrize(
    "garbage",
    [
        varint(1001),
        varint((32 << 20) + 1),
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        frame(b"\xff\xff\xff"),
        frame(b"\x0a\x05ab"),
        frame(body(create={})),
        frame(body(setProperty={"name": "a", "property": "private"})),
        frame(body(version={}, create={})),
    ],
    ids=[
        "above limit",
        "above default",
        "huge",
        "binary",
        "truncated",
        "no name",
        "no value",
        "two",
    ],
)
@asynchronous
async def test_garbage_closes_without_a_reply(tmp_path, garbage):
    async with serving(tmp_path, max_msg_len=1000) as api:
        client, other = await api.connect(), await api.connect()
        client.writer.write(garbage)
        await client.closed()
        await other.ok("version")
        assert api.counters.snapshot()["clients_dropped"] == 1


@asynchronous
async def test_garbage_after_a_request_does_not_lose_its_reply(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        client.writer.write(VERSION + frame(b"\xff"))
        assert (await client.receive()).error == EError.Success
        with pytest.raises(Closed):
            await client.receive()


@pytest.mark.parametrize(
    "frame_body",
    [
        b"",
        b"\xc2\x3e\x00",  # field 1000, which no request has
        body(version={}, list={}),
        body(create={"name": "a"}, destroy={"name": "a"}),
    ],
    ids=["empty", "unknown only", "two reads", "two writes"],
)
@asynchronous
async def test_invalid_methods_answer_and_run_nothing(tmp_path, frame_body):
    async with serving(tmp_path) as api:
        client = await api.connect()
        client.writer.write(frame(frame_body))
        reply = await client.receive()
        assert reply.error == EError.InvalidMethod
        assert reply.errorMsg
        assert reply.timestamp == int(START)
        assert len(api.store) == 0
        await client.ok("version")


@asynchronous
async def test_unknown_fields_beside_and_inside_a_method_are_ignored(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        client.writer.write(frame(body(version={}) + b"\xc2\x3e\x00"))
        assert (await client.receive()).version.tag == "1.2.3"
        inner = body(create={"name": "a"})
        inner = bytes((inner[0], inner[1] + 3)) + inner[2:] + b"\xf8\x3f\x01"
        client.writer.write(frame(inner))
        assert (await client.receive()).error == EError.Success
        assert api.store.names() == ["a"]


@asynchronous
async def test_text_that_is_not_utf8(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        for raw in (b"\x0a\x04\x0a\x02\xff\xfe", b"\x22\x09\x0a\x01a\x12\x04\xff\xfe\xff\xfe"):
            client.writer.write(frame(raw))
            assert (await client.receive()).error == EError.InvalidValue


@asynchronous
async def test_an_endless_count_is_left_waiting(tmp_path):
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        client.writer.write(b"\x80" * 100_000)
        await client.writer.drain()
        await other.ok("version")
        assert len(api.server.clients) == 2
        assert not client.reader.at_eof()


@asynchronous
async def test_pipelined_requests_are_answered_in_order(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        api.engine.hold.clear()
        client.send(start={"name": "a"})
        client.send(getProperty={"name": "a", "property": "state"})
        client.send(stop={"name": "a", "timeout_ms": 0})
        client.send(getProperty={"name": "a", "property": "state"})
        await api.until(lambda: api.store.get("a").intent.launch == 1)
        api.engine.hold.set()
        answers = [await client.receive() for _ in range(4)]
        assert [reply.error for reply in answers] == [EError.Success] * 4
        assert answers[1].getProperty.value == "meta"
        assert answers[3].getProperty.value == "stopped"


@asynchronous
async def test_what_a_client_sends_ahead_is_bounded(tmp_path):
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        await client.ok("create", name="a")
        api.engine.hold.clear()
        client.send(start={"name": "a"})
        await api.until(lambda: api.store.get("a").intent.launch == 1)
        blob = VERSION * 200_000
        client.writer.write(blob)
        await other.ok("version")
        connection = next(item for item in api.server.clients if item.pid == 5000)
        await api.until(lambda: not connection._reading)
        assert len(connection._splitter) < 1 << 20
        api.engine.hold.set()
        assert (await client.receive()).error == EError.Success
        for _ in range(1000):
            assert (await client.receive()).version.tag == "1.2.3"


@asynchronous
async def test_the_end_of_a_client_that_sent_too_much_ahead_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr("porto.api.clients.HANGUP_CHECK_S", 0.001)
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("createWeak", name="a")
        await client.ok("start", name="a")
        api.put("a", api.state("a"))
        await client.ok("create", name="b")
        await client.set("b", "command", "x")
        await client.ok("start", name="b")
        client.send(wait={"name": ["b"]})
        client.writer.write(VERSION * 40_000)
        await api.until(lambda: any(not item._reading for item in api.server.clients))
        client.writer.transport.abort()
        await api.until(lambda: api.state("a") is None)
        assert len(api.server.services.waits) == 0


@asynchronous
async def test_so_is_the_end_of_one_that_did_not_read_either(tmp_path, monkeypatch):
    monkeypatch.setattr("porto.api.clients.HANGUP_CHECK_S", 0.001)
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.set("a", "private", "x" * 4096)
        await client.set("a", "command", "x")
        await client.ok("start", name="a")
        client.reader._transport.pause_reading()
        connection = next(iter(api.server.clients))
        request = frame(body(getProperty={"name": "a", "property": "private"}))
        wait = frame(body(wait={"name": ["a"]}))
        client.writer.write(request * 200 + wait + VERSION * 100_000)
        await api.until(lambda: connection._clogged)
        assert len(connection._splitter) > 64 << 10
        client.reader._transport.resume_reading()
        for _ in range(200):
            await client.receive()
        await api.until(lambda: len(api.server.services.waits) == 1)
        client.writer.transport.abort()
        await api.until(lambda: len(api.server.services.waits) == 0)
        assert len(api.server.clients) == 0


@asynchronous
async def test_requests_sent_ahead_let_others_in_between(tmp_path, monkeypatch):
    monkeypatch.setattr("porto.api.turns.TURN_S", 0.0)
    async with serving(tmp_path) as api:
        greedy, other = await api.connect(), await api.connect()
        for client in (greedy, other):
            await client.ok("version")
        completed = api.counters.snapshot()["requests_completed"]
        greedy.writer.write(VERSION * 500)
        await other.ok("create", name="a")
        assert api.counters.snapshot()["requests_completed"] < completed + 500
        for _ in range(500):
            assert (await greedy.receive()).version.tag == "1.2.3"


@asynchronous
async def test_a_client_that_reads_nothing_is_not_read_from(tmp_path):
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        await client.ok("create", name="a")
        await client.set("a", "private", "x" * 4096)
        client.reader._transport.pause_reading()
        request = frame(body(getProperty={"name": "a", "property": "private"}))
        client.writer.write(request * 5000)
        connection = next(item for item in api.server.clients if item.pid == 5000)
        await api.until(lambda: connection._clogged and not connection._reading)
        assert connection.unsent < 1 << 20
        await other.ok("version")
        client.reader._transport.resume_reading()
        for _ in range(5000):
            assert len((await client.receive()).getProperty.value) == 4096


@asynchronous
async def test_unread_replies_of_all_clients_are_bounded(tmp_path):
    # 8 x 5000 bytes for all clients together; a reply starts to clog at 64 KiB.
    async with serving(tmp_path, max_msg_len=5000) as api:
        setup = await api.connect()
        await setup.ok("create", name="a")
        await setup.set("a", "private", "x" * 4096)
        client = await api.connect()
        client.reader._transport.pause_reading()
        names = frame(body(get={"name": ["a"] * 4, "variable": ["private"]}))
        dropped = api.counters.snapshot()["clients_dropped"]
        for _ in range(100):
            client.writer.write(names)
        await api.until(lambda: api.counters.snapshot()["clients_dropped"] > dropped)
        await api.until(lambda: len(api.server.clients) == 1)
        await setup.ok("version")


@asynchronous
async def test_events_that_are_not_read_drop_the_client(tmp_path):
    async with serving(tmp_path) as api:
        listener, setup = await api.connect(), await api.connect()
        await listener.ok("AsyncWait", name=["***"], label=["***"])
        await setup.ok("create", name="a")
        listener.reader._transport.pause_reading()
        for number in range(60):
            value = f"{number}" + "x" * 60_000
            await setup.ok("SetLabel", name="a", label="AB.x", value=value)
        await api.until(lambda: len(api.server.clients) == 1)
        assert api.counters.snapshot()["clients_dropped"] == 1


@asynchronous
async def test_unread_events_of_all_clients_are_bounded(tmp_path):
    # 8 x 5000 bytes for all clients together; events start to clog at 64 KiB.
    async with serving(tmp_path, max_msg_len=5000) as api:
        listener, setup = await api.connect(), await api.connect()
        await listener.ok("AsyncWait", name=["***"], label=["***"])
        connection = next(item for item in api.server.clients if item.pid == 5000)
        await setup.ok("create", name="a")
        listener.reader._transport.pause_reading()
        most = 0
        for number in range(120):
            await setup.ok("SetLabel", name="a", label="AB.x", value=f"{number}" + "x" * 4500)
            most = max(most, connection.unsent)
        await api.until(lambda: len(api.server.clients) == 1)
        assert most < 128 << 10


@asynchronous
async def test_large_frames_need_a_permit(tmp_path):
    async with serving(tmp_path, max_msg_len=100_000) as api:
        holders = [await api.connect() for _ in range(4)]
        late = await api.connect()
        half = varint(100_000) + b"\x00" * 10
        for client in holders:
            client.writer.write(half)
        await api.until(lambda: len(api.server.clients.budget._held) == 4)
        large = frame(body(setProperty={"name": "a", "property": "b", "value": "x" * 90_000}))
        late.writer.write(large[:100])
        await api.until(lambda: len(api.server.clients.budget._waiting) == 1)
        late.writer.write(large[100:])
        await (await api.connect()).ok("version")
        await holders[0].close()
        assert (await late.receive()).error == EError.ContainerDoesNotExist
        assert not api.server.clients.budget._waiting


@asynchronous
async def test_a_permit_that_is_not_used_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr("porto.api.budget.PATIENCE_S", 0.01)
    async with serving(tmp_path, max_msg_len=100_000) as api:
        holders = [await api.connect() for _ in range(4)]
        for client in holders:
            client.writer.write(varint(100_000) + b"\x00")
        await api.until(lambda: len(api.server.clients.budget._held) == 4)
        late = await api.connect()
        large = frame(body(setProperty={"name": "a", "property": "b", "value": "x" * 90_000}))
        late.writer.write(large[:100])
        await api.until(lambda: len(api.server.clients.budget._waiting) == 1)
        late.writer.write(large[100:])
        assert (await late.receive()).error == EError.ContainerDoesNotExist
        for client in holders:
            await client.closed()


@asynchronous
async def test_too_many_clients(tmp_path):
    async with serving(tmp_path, max_clients=3) as api:
        clients = [await api.connect(ALICE) for _ in range(3)]
        for client in clients:
            await client.ok("version")
        refused = await api.connect(ALICE)
        await refused.closed()
        root = await api.connect()
        await root.ok("version")
        api.mono[0] += 61
        await clients[0].ok("version")
        await clients[2].ok("version")
        await root.ok("version")
        late = await api.connect(ALICE)
        await late.ok("version")
        await clients[1].closed()
        await (await api.connect(ALICE)).closed()
        await root.close()
        await late.close()
        await api.until(lambda: len(api.server.clients) == 2)
        await (await api.connect(ALICE)).ok("version")


@asynchronous
async def test_a_client_that_waits_is_not_idle(tmp_path):
    async with serving(tmp_path, max_clients=1) as api:
        client = await api.connect(ALICE)
        await client.ok("create", name="a")
        await client.set("a", "command", "x")
        api.put("a", "running")
        client.send(wait={"name": ["a"]})
        await api.until(lambda: len(api.server.services.waits) == 1)
        api.mono[0] += 3600
        await (await api.connect(ALICE)).closed()
        api.engine.die("a")
        assert (await client.receive()).wait.state == "dead"


@asynchronous
async def test_limit_per_container(tmp_path):
    async with serving(tmp_path, max_clients_in_container=2) as api:
        setup = await api.connect()
        for name in ("a", "b"):
            await setup.ok("create", name=name)
            await setup.set(name, "enable_porto", "read-only")
            await setup.ok("start", name=name)
        inside = [await api.connect(ALICE, container="a") for _ in range(2)]
        for client in inside:
            await client.ok("version")
        await (await api.connect(ALICE, container="a")).closed()
        await (await api.connect(ALICE, container="b")).ok("version")
        await inside[0].close()
        await api.until(lambda: len(api.server.clients) == 3)
        await (await api.connect(ALICE, container="a")).ok("version")


@asynchronous
async def test_a_thousand_clients(tmp_path):
    async with serving(tmp_path, max_clients=1000, max_clients_in_container=1000) as api:
        root = await api.connect()
        sockets = []
        for _ in range(999):
            api.peers.append((6000, ALICE, ALICE))
            peer = socket.socket(socket.AF_UNIX)
            peer.setblocking(False)
            peer.connect(str(api.path))
            sockets.append(peer)
        await api.until(lambda: len(api.server.clients) == 1000)
        await (await api.connect(ALICE)).closed()
        await root.ok("version")
        for peer in sockets:
            peer.close()
        await api.until(lambda: len(api.server.clients) == 1)


@asynchronous
async def test_unknown_peers_are_refused(tmp_path):
    async with serving(tmp_path) as api:
        for pid in (-1, 4000):
            await (await api.connect(pid=pid)).closed()
        await (await api.connect(container="missing")).closed()
        assert api.counters.snapshot()["clients_refused"] == 3


@asynchronous
async def test_shutdown_begins_no_further_request(tmp_path):
    async with serving(tmp_path) as api:
        busy, other, another = [await api.connect() for _ in range(3)]
        await busy.ok("create", name="a")
        await other.ok("version")
        await another.ok("version")
        api.engine.hold.clear()
        busy.send(start={"name": "a"})
        busy.send(create={"name": "b"})
        await api.until(lambda: api.store.get("a").intent.launch == 1)
        stopping = asyncio.ensure_future(api.server.shutdown(5.0))
        await asyncio.sleep(0)
        other.send(create={"name": "c"})
        for _ in range(10):
            await asyncio.sleep(0)
        api.engine.hold.set()
        assert (await busy.receive()).error == EError.Success
        await stopping
        await busy.closed()
        # Unread, so that the client knows that it may ask the next daemon.
        with pytest.raises(ConnectionResetError):
            await other.reader.readexactly(1)
        await another.closed()
        assert api.store.names() == ["a"]


@asynchronous
async def test_shutdown_lets_requests_finish_and_cuts_waits(tmp_path):
    async with serving(tmp_path) as api:
        busy, waiting, idle = [await api.connect() for _ in range(3)]
        await busy.ok("create", name="a")
        await busy.ok("createWeak", name="w")
        await busy.set("a", "command", "x")
        waiting.send(wait={"name": ["a"], "target_state": "dead"})
        await api.until(lambda: len(api.server.services.waits) == 1)
        api.engine.hold.clear()
        busy.send(start={"name": "a"})
        await api.until(lambda: api.store.get("a").intent.launch == 1)
        stopping = asyncio.ensure_future(api.server.shutdown(5.0))
        await asyncio.sleep(0)
        assert not stopping.done()
        api.engine.hold.set()
        assert (await busy.receive()).error == EError.Success
        await stopping
        for client in (busy, waiting, idle):
            await client.closed()
        assert api.state("w") is not None
        with pytest.raises(ConnectionRefusedError):
            await api.connect()
