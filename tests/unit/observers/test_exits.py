"""Who still lives and who ended how: launches of this launcher and of one before."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from porto.kernel.process import processes
from porto.launcher.ops import Exited
from porto.observers.exits import Exits
from porto.spec.containers.status import Process

GONE = 1 << 22  # above every pid_max


class Launcher:
    def __init__(self) -> None:
        self.acknowledged: list[str] = []

    def acknowledge(self, launch_id: str) -> None:
        self.acknowledged.append(launch_id)


class Rig:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.exits = Exits(self.told.append, processes)
        self.launcher = Launcher()
        self.exits.attach(self.launcher)


@pytest.fixture
def play() -> Callable[..., None]:
    def run(body: Callable[[Rig], Coroutine[Any, Any, None]]) -> None:
        async def main() -> None:
            rig = Rig()
            try:
                await asyncio.wait_for(body(rig), 20)
            finally:
                rig.exits.close()

        asyncio.run(main())

    return run


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    made = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL)
    yield made
    made.kill()
    made.wait()


def process(launch_id: str, pid: int = GONE, start: int = 1) -> Process:
    return Process(launch_id, pid, start, pid, start, 2)


def of(child: subprocess.Popen[bytes]) -> Process:
    return process("7:1", child.pid, processes.start_time(child.pid))


def opened() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_an_exit_that_is_still_to_be_told_is_awaited(play: Any) -> None:
    """The process is gone, its status is on its way: it must not be invented meanwhile."""

    async def body(rig: Rig) -> None:
        rig.exits.track("7:1")
        assert rig.exits.find(process("7:1")) is None
        exited = Exited("7:1", GONE, 256)
        rig.exits.tell(exited)
        assert rig.told == ["7:1"]
        assert rig.exits.find(process("7:1")) == exited

    play(body)


def test_an_exit_that_was_told_before_its_launch_is_kept(play: Any) -> None:
    async def body(rig: Rig) -> None:
        exited = Exited("7:1", GONE, 256)
        rig.exits.tell(exited)
        rig.exits.track("7:1")
        assert rig.exits.find(process("7:1")) == exited
        rig.exits.acknowledge("7:1")
        # It is not awaited any more: a pass that asks again learns that nobody knows it.
        assert rig.exits.find(process("7:1")) == Exited("7:1", GONE, signal.SIGKILL)

    play(body)


def test_an_exit_is_kept_until_it_is_recorded(play: Any) -> None:
    async def body(rig: Rig) -> None:
        rig.exits.track("7:1")
        rig.exits.tell(Exited("7:1", GONE, 0))
        assert rig.exits.find(process("7:1")) is not None
        assert rig.exits.find(process("7:1")) is not None
        assert rig.launcher.acknowledged == []
        rig.exits.acknowledge("7:1")
        assert rig.launcher.acknowledged == ["7:1"]

    play(body)


def test_without_a_launcher_an_exit_may_be_recorded() -> None:
    exits = Exits(lambda launch_id: None, processes)
    exits.tell(Exited("7:1", GONE, 0))
    exits.acknowledge("7:1")
    assert exits.find(process("7:1")) == Exited("7:1", GONE, signal.SIGKILL)


def test_a_process_of_nobody_that_is_gone_counts_as_killed(play: Any) -> None:
    async def body(rig: Rig) -> None:
        assert rig.exits.find(process("7:1")) == Exited("7:1", GONE, signal.SIGKILL)

    play(body)


def test_another_process_with_its_number_is_not_it(
    play: Any, child: subprocess.Popen[bytes]
) -> None:
    async def body(rig: Rig) -> None:
        successor = process("7:1", child.pid, processes.start_time(child.pid) - 1)
        assert rig.exits.find(successor) == Exited("7:1", child.pid, signal.SIGKILL)
        rig.exits.watch_foreign(successor)
        assert rig.exits.find(successor) is not None

    play(body)


def test_a_process_of_an_earlier_launcher_is_followed(
    play: Any, child: subprocess.Popen[bytes]
) -> None:
    async def body(rig: Rig) -> None:
        before = opened()
        followed = of(child)
        assert rig.exits.find(followed) is None
        assert rig.exits.find(followed) is None
        child.terminate()
        while not rig.told:
            await asyncio.sleep(0.001)
        found = rig.exits.find(followed)
        assert found is not None
        assert (found.launch_id, found.pid) == ("7:1", child.pid)
        # Older kernels do not tell the status of somebody else's child.
        assert found.status in (signal.SIGTERM, signal.SIGKILL)
        assert rig.told == ["7:1"]
        assert opened() == before

    play(body)


def test_a_tracked_process_is_not_followed_a_second_time(
    play: Any, child: subprocess.Popen[bytes]
) -> None:
    async def body(rig: Rig) -> None:
        before = opened()
        rig.exits.track("7:1")
        rig.exits.watch_foreign(of(child))
        assert opened() == before

    play(body)


def test_a_followed_process_that_nobody_asks_for_is_let_go(
    play: Any, child: subprocess.Popen[bytes]
) -> None:
    async def body(rig: Rig) -> None:
        before = opened()
        rig.exits.watch_foreign(of(child))
        rig.exits.watch_foreign(of(child))
        assert opened() == before + 1
        rig.exits.acknowledge("7:1")
        assert opened() == before
        rig.exits.watch_foreign(of(child))
        rig.exits.close()
        assert opened() == before

    play(body)
