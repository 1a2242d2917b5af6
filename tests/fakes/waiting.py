"""Waits for what a launcher's client tells by callbacks: tests have the time for that."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from porto.launcher.client import LauncherClient
from porto.launcher.ops import Launched, LaunchFailed, LaunchOutcome, LaunchRequest, RunOutcome

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
