"""Waiting for the engine, and taking back what it cannot make true.

Called by the handlers that change containers, after the change is in the store.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any

import structlog

from porto.api.context import Services
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import PortoError
from porto.spec.undo import take_back

log = structlog.get_logger()


def carry_out(
    services: Services,
    asked: Sequence[ContainerRecord],
    *,
    before: Iterable[ContainerRecord] = (),
    check: Callable[[], None] | None = None,
    undone: Callable[[ContainerRecord], bool] = lambda current: True,
) -> Coroutine[Any, Any, bytes]:
    """Wait for the passes of `asked`; on failure restore `before` and raise the error.

    check  -- raises PortoError when the passes went well and yet were in vain
    undone -- whether a container's change is to be taken back, given its present record

    Only what this change did is taken back: what others have asked for since stays. A change
    that has come true is granted: what failed is what came after it.
    """
    # The waiting begins now: a pass may end before the coroutine runs.
    waiting = services.engine.converge(asked)
    return _carry_out(services, waiting, asked, before, check, undone)


async def _carry_out(
    services: Services,
    waiting: Awaitable[None],
    asked: Sequence[ContainerRecord],
    before: Iterable[ContainerRecord],
    check: Callable[[], None] | None,
    undone: Callable[[ContainerRecord], bool],
) -> bytes:
    try:
        await waiting
        if check is not None:
            check()
    except Exception:
        current = services.store.find_id(asked[-1].id) if asked else None
        if current is not None and not undone(current):
            return b""
        await _take_back(services, asked, before, undone)
        raise
    return b""


async def _take_back(
    services: Services,
    asked: Sequence[ContainerRecord],
    before: Iterable[ContainerRecord],
    undone: Callable[[ContainerRecord], bool],
) -> None:
    made = {record.id: record for record in asked}
    restored = []
    for old in before:
        current = services.store.find_id(old.id)
        if current is None or old.id not in made or not undone(current):
            continue
        try:
            take_back(services.store, old, now=services.clock(), new=made[old.id])
        except PortoError as failure:
            log.warning("change not taken back", container=old.name, error=str(failure))
            continue
        back = services.store.find_id(old.id)
        if back is not None:
            restored.append(back)
    try:
        await services.engine.converge(restored)
    except Exception as failure:
        # The caller hears the first error; the engine goes on trying by itself.
        log.info("old values not yet true", error=str(failure))
