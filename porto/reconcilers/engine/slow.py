"""Changes that the kernel takes long for: made in a thread, while the pass has ended.

A limit of memory below the usage is reclaimed within write(2), for seconds. One change of a
key is made at a time; its end brings the key back, and the pass that follows sees what
became of it.
"""

import asyncio
from collections.abc import Callable

from porto.reconcilers.engine.change import Change
from porto.spec.errors import Unknown
from porto.spec.key import Key


class Slow:
    """The slow changes under way, by key, facet and subject."""

    def __init__(self, make: Callable[[Change], None], on_end: Callable[[Key], None]) -> None:
        """`make` carries a change, in a thread; `on_end` gets the key of each that has ended."""
        self._make = make
        self._on_end = on_end
        self._under_way: dict[tuple[Key, str, str, str], asyncio.Future[None]] = {}

    def run(self, key: Key, change: Change) -> bool:
        """Whether it has been made; begun when it was not. Raises what it failed with."""
        name = (key, change.facet, change.subject, change.want)
        known = self._under_way.get(name)
        if known is None:
            loop = asyncio.get_running_loop()
            known = loop.run_in_executor(None, self._make, change)
            self._under_way[name] = known
            known.add_done_callback(lambda _: self._on_end(key))
            return False
        if not known.done():
            return False
        del self._under_way[name]
        if known.cancelled():
            raise Unknown(f"cannot set {change.subject} to {change.want}: broken off")
        known.result()
        return True
