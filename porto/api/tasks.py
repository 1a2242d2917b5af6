"""The tasks of the API server: requests that wait, and work that no client waits for.

Kept until they end, because asyncio itself does not keep a task alive, and so that a
shutdown can give them time. Used by `server.py`, `clients.py` and `conversation.py`.
"""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


class Tasks:
    """What runs now."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work`, which reports its failures itself."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work that no client waits for; its failure is logged."""
        self.start(_logged(work))

    async def finish(self, grace: float, *, but: Collection[asyncio.Task[None]]) -> None:
        """Give all tasks `but` these `grace` seconds to end."""
        pending = self._running.difference(but)
        if pending and grace > 0:
            await asyncio.wait(pending, timeout=grace)

    async def cancel(self) -> None:
        """Cut off what still runs."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:
        log.error("background work failed", exc_info=error)
