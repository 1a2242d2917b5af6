"""Long walks in the event loop, with other clients let in between.

Used by the handlers whose replies tell of many objects.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

SLICE_S = 0.005

T = TypeVar("T")


async def sliced(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, a turn of the loop after each `SLICE_S` seconds of them."""
    loop = asyncio.get_running_loop()
    until = loop.time() + SLICE_S
    for item in items:
        yield item
        if loop.time() > until:
            await asyncio.sleep(0)
            until = loop.time() + SLICE_S
