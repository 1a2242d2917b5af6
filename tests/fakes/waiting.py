"""Waits for what the daemon is told by callbacks: tests have the time for that."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.launcher.client import LauncherClient
from porto.launcher.ops import Launched, LaunchFailed, LaunchOutcome, LaunchRequest, RunOutcome
from porto.observers.population import wait_empty

Outcome = TypeVar("Outcome", LaunchOutcome, RunOutcome)


class Waiting:
    """For a client, as a base class."""

    async def launch(self, request: LaunchRequest) -> Launched:
        """`begin`, and wait until the program runs; forgotten when cancelled."""
        try:
            return _launched(await heard(lambda done: self.begin(request, done)))
        except asyncio.CancelledError:
            self.forget(request.launch_id)
            raise

    async def outcome(self, launch_id: str) -> Launched:
        """`follow`, and wait."""
        return _launched(await heard(lambda done: self.follow(launch_id, done)))

    async def prepared(self, request: LaunchRequest) -> RunOutcome:
        """`prepare`, and wait."""
        return await heard(lambda done: self.prepare(request, done))


class WaitingClient(Waiting, LauncherClient):
    """The real one."""


async def heard(ask: Callable[[Callable[[Outcome], None]], None]) -> Outcome:
    """What the callback hears that `ask` passes on; it may not be called at once."""
    told: asyncio.Queue[Outcome] = asyncio.Queue()
    ask(told.put_nowait)
    assert told.empty()
    return await told.get()


def _launched(outcome: LaunchOutcome) -> Launched:
    if isinstance(outcome, LaunchFailed):
        raise outcome
    return outcome


async def emptied(driver: CgroupDriver, group: Group, seconds: float) -> bool:
    """Whether the subtree became empty, or was gone, in that time."""
    try:
        async with asyncio.timeout(seconds):
            await wait_empty(driver, group)
    except TimeoutError:
        return False
    return True
