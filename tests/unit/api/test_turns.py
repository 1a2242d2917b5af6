"""Whose request is next: there is time, or parties take turns."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from porto.api.turns import GAP_S, TURN_S, Turns, party
from porto.wire import rpc_pb2


class Rig:
    """Requests that take `cost` seconds each, on a clock that only they move."""

    def __init__(self) -> None:
        self.now = 0.0
        self.turns = Turns(lambda: self.now)
        self.done: list[str] = []

    def ask(self, name: str, cost: float = TURN_S / 2) -> None:
        def work() -> None:
            self.done.append(name)
            self.now += cost

        if self.turns.take(name[0], work):
            work()
            self.turns.spent()


async def a_turn() -> None:
    """Until what is due now has run."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    loop.call_later(0, over.set_result, None)
    await over


def play(body: Callable[[Rig], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await body(Rig())

    asyncio.run(main())


def test_requests_run_at_once_until_the_turn_is_over() -> None:
    async def body(rig: Rig) -> None:
        for name in ("a1", "a2", "a3", "a4"):
            rig.ask(name)
        assert rig.done == ["a1", "a2"]
        await a_turn()
        assert rig.done == ["a1", "a2", "a3", "a4"]

    play(body)


def test_others_on_the_event_loop_come_between_turns() -> None:
    async def body(rig: Rig) -> None:
        for number in range(6):
            rig.ask(f"a{number}")
        asyncio.get_running_loop().call_later(0, rig.done.append, "other")
        await a_turn()
        await a_turn()
        assert rig.done == ["a0", "a1", "a2", "a3", "other", "a4", "a5"]

    play(body)


def test_one_party_s_hundred_delay_another_s_by_one() -> None:
    async def body(rig: Rig) -> None:
        for number in range(100):
            rig.ask(f"a{number}")
        rig.ask("b0")
        rig.ask("b1")
        while len(rig.done) < 102:
            await a_turn()
        assert rig.done[:7] == ["a0", "a1", "b0", "a2", "b1", "a3", "a4"]
        assert [name for name in rig.done if name[0] == "a"] == [f"a{n}" for n in range(100)]

    play(body)


def test_what_is_read_comes_before_the_next_turn() -> None:
    """Else who has waited for the present one would wait for the whole next one, too."""

    async def body(rig: Rig) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            asyncio.get_running_loop().add_reader(ours, rig.done.append, "read")
            for number in range(3):
                rig.ask(f"a{number}")
            theirs.send(b"x")
            await a_turn()
            asyncio.get_running_loop().remove_reader(ours)
        assert rig.done[:4] == ["a0", "a1", "read", "a2"]

    play(body)


def test_newcomers_have_as_much_again_of_a_turn() -> None:
    async def body(rig: Rig) -> None:
        for name in ("a0", "a1", "a2", "b0", "b1", "c0", "d0"):
            rig.ask(name)
        assert rig.done == ["a0", "a1", "b0", "c0"]
        await a_turn()
        assert rig.done[4:6] == ["a2", "b1"]

    play(body)


def test_nobody_overtakes_who_waits() -> None:
    async def body(rig: Rig) -> None:
        for number in range(3):
            rig.ask(f"a{number}")
        rig.now += 1.0
        rig.ask("a3")
        assert rig.done == ["a0", "a1"]
        await a_turn()
        assert rig.done == ["a0", "a1", "a2", "a3"]

    play(body)


def test_a_pause_begins_a_new_turn() -> None:
    async def body(rig: Rig) -> None:
        rig.ask("a0", cost=2 * TURN_S)
        rig.now += GAP_S
        rig.ask("a1", cost=2 * TURN_S)
        assert rig.done == ["a0", "a1"]
        rig.now += GAP_S / 2
        rig.ask("a2")
        assert rig.done == ["a0", "a1"]
        await a_turn()
        assert rig.done == ["a0", "a1", "a2"]

    play(body)


def named(name: bytes) -> Any:
    """A start of what need not be text."""
    return rpc_pb2.TContainerStartRequest.FromString(b"\x0a" + bytes([len(name)]) + name)


class Someone:
    """A caller, as far as turns are concerned."""

    def __init__(self, uid: int, container: str) -> None:
        self.cred = type("Cred", (), {"uid": uid})
        self.container = container


GET = rpc_pb2.TContainerGetRequest(name=["web/a", "other"], variable=["state"])


@pytest.mark.parametrize(
    ("uid", "container", "asked", "found"),
    [
        (1000, "/", GET, "1000"),
        (1000, "pod/a", GET, "1000"),
        (0, "pod/a", GET, "pod/"),
        (0, "/", GET, "web/"),
        (0, "/", rpc_pb2.TContainerStartRequest(name="web"), "web/"),
        (0, "/", rpc_pb2.TContainerGetRequest(), "/"),
        (0, "/", rpc_pb2.TVersionRequest(), "/"),
        (0, "/", named(b"web/b"), "web/"),
        (0, "/", named(b"\xff/b"), "/"),
        (0, "/", None, "/"),
    ],
)
def test_who_takes_turns(uid: int, container: str, asked: Any, found: str) -> None:
    caller: Any = Someone(uid, container)
    assert party(caller, asked) == found
