"""The daemon's end of the link, against a master that says what the test wants."""

import asyncio
import errno
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from porto.launcher import link
from porto.launcher.encoding import encode
from porto.launcher.ops import (
    Execute,
    Exited,
    Finish,
    Finished,
    Launched,
    LaunchFailed,
    LaunchOutcome,
    LaunchRequest,
    Pin,
    PinnedNamespace,
    RunOutcome,
)
from tests.fakes.waiting import WaitingClient

Said = list[object]


class Peer:
    """The master's end, and what the client's callbacks heard."""

    def __init__(self) -> None:
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.exits: list[Exited] = []
        self.lost = 0
        self.client = WaitingClient(theirs, on_exit=self.exits.append, on_lost=self._lose)

    def _lose(self) -> None:
        self.lost += 1

    def say(self, *message: object) -> None:
        link.send(self.sock, link.encode(message))

    async def hear(self) -> tuple[Said, bytes, list[int]]:
        while True:
            try:
                packet = link.receive(self.sock)
            except BlockingIOError:
                await asyncio.sleep(0)
                continue
            assert packet.message is not None
            return packet.message, bytes(packet.rest), packet.fds

    async def connect(
        self, *messages: tuple[object, ...], version: tuple[int, ...] = (link.VERSION,)
    ) -> list[Launched]:
        connecting = asyncio.ensure_future(self.client.connect())
        assert (await self.hear())[0] == ["hello", link.VERSION]
        for message in messages:
            self.say(*message)
        self.say("ready", *version)
        return await connecting


def run(body: Callable[[Peer], Awaitable[None]]) -> None:
    async def main() -> None:
        peer = Peer()
        try:
            await body(peer)
        finally:
            peer.client.close()
            peer.sock.close()

    asyncio.run(main())


async def settle() -> None:
    """Let the loop read what is there."""
    for _ in range(5):
        await asyncio.sleep(0)


def request(launch_id: str, fds: tuple[int, ...] = ()) -> LaunchRequest:
    operation = Execute("true", (), (("A", "b"),), False)
    return LaunchRequest(launch_id, (operation,), clone_flags=3, pid_ns=0, fds=fds, timeout=2.5)


def test_survivors_come_before_exits() -> None:
    async def body(peer: Peer) -> None:
        connecting = asyncio.ensure_future(peer.client.connect())
        await peer.hear()
        peer.say("launched", "a:1", 1, 2, 3, 4, 5)
        peer.say("ready")
        peer.say("exited", "a:1", 1, 9)
        survivors = await asyncio.wait_for(connecting, 5)  # even through another task
        assert survivors == [Launched("a:1", 1, 2, 3, 4, 5)]
        assert peer.exits == []
        await settle()
        assert peer.exits == [Exited("a:1", 1, 9)]

    run(body)


def test_what_cannot_be_sent_for_want_of_memory_is_sent_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The master keeps an exit until it is told; a launch is refused instead."""

    async def body(peer: Peer) -> None:
        await peer.connect()
        failures = [OSError(errno.ENOBUFS, "no memory")] * 2
        plain = link.send

        def send(*arguments: object) -> None:
            if failures:
                raise failures.pop()
            plain(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr("porto.launcher.client.link.send", send)
        peer.client.acknowledge("a:1")
        peer.client.forget("b:1")
        assert (await asyncio.wait_for(peer.hear(), 5))[0] == ["ack", "a:1"]
        assert (await asyncio.wait_for(peer.hear(), 5))[0] == ["forget", "b:1"]
        failures.append(OSError(errno.ENOBUFS, "no memory"))
        with pytest.raises(LaunchFailed):
            await peer.client.launch(request("c:1"))

    run(body)


def test_a_request_on_the_wire() -> None:
    async def body(peer: Peer) -> None:
        await peer.connect()
        with open("/dev/null", "rb") as file:
            launching = asyncio.ensure_future(peer.client.launch(request("a:1", (file.fileno(),))))
            message, tail, fds = await peer.hear()
        assert message == ["launch", "a:1", 3, 0, None, 2.5]
        assert tail == encode(request("a:1").ops)
        assert os.readlink(f"/proc/self/fd/{fds[0]}") == "/dev/null"
        link.close_all(fds)
        peer.say("launched", "a:1", 1, 2, 3, 4, 5)
        assert await launching == Launched("a:1", 1, 2, 3, 4, 5)

    run(body)


def test_pinned_namespaces_have_their_places_among_the_descriptors() -> None:
    async def body(peer: Peer) -> None:
        await peer.connect()
        with open("/dev/null", "rb") as null, open("/proc/self/exe", "rb") as exe:
            fds = (null.fileno(), Pin("n:1", 2), exe.fileno(), Pin("n:2", 4))
            wanted = replace(request("a:1"), fds=fds)
            peer.client.begin(wanted, lambda _: None)
            message, tail, passed = await peer.hear()
            assert message == ["launch", "a:1", 3, 0, None, 2.5, [[1, "n:1", 2], [3, "n:2", 4]]]
            assert tail == encode(wanted.ops)
            assert os.path.sameopenfile(passed[0], null.fileno())
            assert os.path.sameopenfile(passed[1], exe.fileno())
            link.close_all(passed)

    run(body)


def test_a_run_on_the_wire_and_what_it_pins() -> None:
    async def body(peer: Peer) -> None:
        await peer.connect(("pin", "n:1", [[1, 4, 5], [2, 4, 6]]))
        assert peer.client.pins == {"n:1": (PinnedNamespace(1, 4, 5), PinnedNamespace(2, 4, 6))}
        told: asyncio.Queue[RunOutcome] = asyncio.Queue()
        wanted = LaunchRequest("n:2", (Finish(1),), timeout=1.0)
        peer.client.prepare(wanted, told.put_nowait)
        assert (await peer.hear())[:2] == (["run", "n:2", 0, None, None, 1.0], encode(wanted.ops))
        peer.say("finished", "n:2", [[1, 4, 7]])
        assert await told.get() == Finished("n:2", (PinnedNamespace(1, 4, 7),))
        assert set(peer.client.pins) == {"n:1", "n:2"}
        peer.client.prepare(replace(wanted, launch_id="n:3"), told.put_nowait)
        peer.client.forget("n:3")
        peer.say("finished", "n:3", [[1, 4, 7]])  # too late
        await settle()
        assert set(peer.client.pins) == {"n:1", "n:2"}
        assert told.empty()

    run(body)


def test_a_master_of_the_former_version_makes_no_runs() -> None:
    async def body(peer: Peer) -> None:
        await peer.connect(version=())
        told: asyncio.Queue[object] = asyncio.Queue()
        peer.client.prepare(LaunchRequest("n:1", (Finish(1),)), told.put_nowait)
        peer.client.begin(replace(request("a:1"), fds=(Pin("n:1", 1),)), told.put_nowait)
        for name in ("n:1", "a:1"):
            failure = await told.get()
            assert isinstance(failure, LaunchFailed)
            assert (failure.launch_id, failure.op, failure.errno) == (
                *(name, "launcher", errno.ENOSYS),
            )
        peer.client.fetch(Pin("n:1", 1), told.put_nowait)
        assert await told.get() is None
        peer.client.begin(request("b:1"), told.put_nowait)
        assert (await peer.hear())[0] == ["launch", "b:1", 3, 0, None, 2.5]  # the first it hears

    run(body)


def test_descriptors_go_to_whoever_asked_in_order() -> None:
    async def body(peer: Peer) -> None:
        await peer.connect()
        told: asyncio.Queue[tuple[int, int | None]] = asyncio.Queue()
        for number in range(3):
            pin = Pin("n:1", 1 + number // 2)
            peer.client.fetch(pin, lambda fd, number=number: told.put_nowait((number, fd)))
            assert (await peer.hear())[0] == ["fetch", "n:1", pin.flag]
        before = set(os.listdir("/proc/self/fd"))
        files = [os.memfd_create(f"portotest-{number}") for number in range(3)]
        for fd, flag in zip(files, (2, 1, 1), strict=True):
            link.send(peer.sock, link.encode(["descriptor", "n:1", flag]), (fd,))
        found = dict([await told.get() for _ in range(3)])
        for number, fd in zip((2, 0, 1), files, strict=True):
            mine = found[number]
            assert mine is not None
            assert os.path.sameopenfile(mine, fd)
            os.close(mine)
        link.close_all(files)
        assert set(os.listdir("/proc/self/fd")) == before
        peer.client.fetch(Pin("n:1", 1), lambda fd: told.put_nowait((3, fd)))
        peer.client.close()
        assert await told.get() == (3, None)

    run(body)


def test_answers_find_their_launches() -> None:
    async def body(peer: Peer) -> None:
        await peer.connect()
        names = [f"t:{number}" for number in range(20)]
        launching = [asyncio.ensure_future(peer.client.launch(request(n))) for n in names]
        for number, name in reversed(list(enumerate(names))):
            await peer.hear()
            if number % 2:
                peer.say("failed", name, "Mount", 5, "subject")
            else:
                peer.say("launched", name, number + 1, 0, 0, 0, 0)
        for number, future in enumerate(launching):
            if number % 2:
                with pytest.raises(LaunchFailed) as caught:
                    await future
                assert caught.value.launch_id == names[number]
                assert (caught.value.op, caught.value.errno) == ("Mount", 5)
            else:
                assert (await future).init_pid == number + 1

    run(body)


def test_launches_of_a_former_daemon() -> None:
    async def body(peer: Peer) -> None:
        await peer.connect(("pending", "a:1"), ("pending", "b:1"), ("pending", "c:1"))
        assert peer.client.in_flight == {"a:1", "b:1", "c:1"}
        peer.say("launched", "a:1", 1, 2, 3, 4, 5)
        peer.say("failed", "b:1", "Execute", errno.ENOENT, "x")
        peer.say("failed", "c:1", "Execute", errno.ENOENT, "x")  # nobody asks for it
        assert (await peer.client.outcome("a:1")).task_pid == 3
        with pytest.raises(LaunchFailed):
            await peer.client.outcome("b:1")
        with pytest.raises(KeyError):
            await peer.client.outcome("d:1")

    run(body)


def test_a_cancelled_launch_is_forgotten() -> None:
    async def body(peer: Peer) -> None:
        await peer.connect()
        launching = asyncio.ensure_future(peer.client.launch(request("a:1")))
        await peer.hear()
        launching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await launching
        assert (await peer.hear())[0] == ["forget", "a:1"]
        peer.say("launched", "a:1", 1, 2, 3, 4, 5)  # too late
        await settle()

    run(body)


def test_a_slow_master_delays_and_loses_nothing() -> None:
    async def body(peer: Peer) -> None:
        await peer.connect()
        names = [f"t:{number}" for number in range(3000)]
        for name in names:
            peer.client.acknowledge(name)
        heard = [(await peer.hear())[0] for _ in names]
        assert heard == [["ack", name] for name in names]

    run(body)


def test_a_cancelled_launch_that_was_never_sent_is_not_sent() -> None:
    async def body(peer: Peer) -> None:
        await peer.connect()
        for number in range(3000):
            peer.client.acknowledge(f"t:{number}")
        launching = asyncio.ensure_future(peer.client.launch(request("a:1")))
        await asyncio.sleep(0)
        launching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await launching
        kinds = {(await peer.hear())[0][0] for _ in range(3000)}
        assert kinds == {"ack"}
        peer.client.forget("end")
        assert (await peer.hear())[0] == ["forget", "end"]

    run(body)


def test_descriptors_of_a_launch_that_waits_are_ours() -> None:
    async def body(peer: Peer) -> None:
        await peer.connect()
        for number in range(3000):
            peer.client.acknowledge(f"t:{number}")
        before = set(os.listdir("/proc/self/fd"))
        fd = os.memfd_create("portotest")
        os.write(fd, b"theirs")
        told: asyncio.Queue[LaunchOutcome] = asyncio.Queue()
        for name in ("a:1", "b:1"):
            peer.client.begin(request(name, (fd,)), told.put_nowait)
        os.close(fd)
        peer.client.forget("b:1")  # never sent
        for _ in range(3000):
            await peer.hear()
        message, _, fds = await peer.hear()
        assert message[1] == "a:1"
        assert os.pread(fds[0], 10, 0) == b"theirs"
        link.close_all(fds)
        await settle()
        assert set(os.listdir("/proc/self/fd")) == before
        peer.say("launched", "a:1", 1, 2, 3, 4, 5)
        assert await told.get() == Launched("a:1", 1, 2, 3, 4, 5)
        peer.client.begin(request("c:1"), told.put_nowait)
        assert (await peer.hear())[0][1] == "c:1"  # and nothing of b:1

    run(body)


def test_a_launch_that_cannot_be_sent_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOBUFS, "No buffer space available")

    async def body(peer: Peer) -> None:
        await peer.connect()
        monkeypatch.setattr(link, "send", refuse)
        with pytest.raises(LaunchFailed) as caught:
            await peer.client.launch(request("a:1"))
        assert (caught.value.op, caught.value.errno) == ("launcher", errno.ENOBUFS)
        monkeypatch.undo()
        launching = asyncio.ensure_future(peer.client.launch(request("a:1")))
        await peer.hear()
        peer.say("launched", "a:1", 1, 2, 3, 4, 5)
        assert (await launching).init_pid == 1

    run(body)


def test_a_lost_master_is_told_once_and_ends_every_wait() -> None:
    async def body(peer: Peer) -> None:
        await peer.connect(("pending", "z:1"))
        launching = asyncio.ensure_future(peer.client.launch(request("a:1")))
        await peer.hear()
        peer.sock.close()
        for waiting in (launching, peer.client.outcome("z:1"), peer.client.launch(request("b:1"))):
            with pytest.raises(LaunchFailed) as caught:
                await waiting
            assert caught.value.op == "launcher"
        assert peer.lost == 1
        peer.client.acknowledge("a:1")
        peer.client.close()
        assert peer.lost == 1

    run(body)


def test_a_master_that_is_gone_before_the_hello() -> None:
    async def body(peer: Peer) -> None:
        peer.sock.close()
        with pytest.raises(ConnectionError):
            await peer.client.connect()
        assert peer.lost == 1

    run(body)


def test_the_same_name_twice_is_refused() -> None:
    async def body(peer: Peer) -> None:
        await peer.connect()
        first = asyncio.ensure_future(peer.client.launch(request("a:1")))
        await peer.hear()
        with pytest.raises(LaunchFailed) as caught:
            await peer.client.launch(request("a:1"))
        assert caught.value.errno == errno.EEXIST
        peer.say("launched", "a:1", 1, 2, 3, 4, 5)
        assert (await first).init_pid == 1

    run(body)
