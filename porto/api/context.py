"""What a handler works with: the daemon's services, and the client's session.

`server.py` builds one `Services`, `conversation.py` one `Session` per connection; both
are passed to every handler explicitly.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from porto.api.auth import Authority, Caller
from porto.api.container_waits import ContainerWaits, Waiter
from porto.api.protocols import Converger, Counters, Foresight, History, Readers, Sources
from porto.api.switches import Switches
from porto.api.users import Users
from porto.spec.config import Config
from porto.spec.containers.operations import Actor
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.store import ContainerStore


class NameIndex:
    """Tells when the set of container names has changed; keeps list replies until then."""

    def __init__(self, store: ContainerStore) -> None:
        self.replies: dict[tuple[str, str], bytes] = {}
        self._unsubscribe = store.subscribe(self._changed)

    def close(self) -> None:
        """Stop listening to the store."""
        self._unsubscribe()

    def _changed(self, old: ContainerRecord | None, new: ContainerRecord | None) -> None:
        if old is None or new is None:
            self.replies.clear()


@dataclass(slots=True)
class Services:
    """Everything a handler may use.

    clock, monotonic -- wall clock and CLOCK_MONOTONIC, in seconds
    container_of     -- the container of a pid, None on the host; OSError when gone
    host_pid         -- a pid of the client's pid namespace as the daemon's; None when
                        it cannot be told
    comm_of          -- the name of a process; OSError when it is gone
    background       -- runs work that no client waits for
    planning         -- held while documents of a client are read
    """

    store: ContainerStore
    engine: Converger
    readers: Readers
    foresight: Foresight
    sources: Sources
    history: History
    counters: Counters
    config: Config
    authority: Authority
    users: Users
    waits: ContainerWaits
    names: NameIndex
    switches: Switches
    clock: Callable[[], float]
    monotonic: Callable[[], float]
    container_of: Callable[[int], str | None]
    host_pid: Callable[[Caller, int], int | None]
    comm_of: Callable[[int], str]
    background: Callable[[Coroutine[Any, Any, None]], None]
    version: str
    revision: str
    planning: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True, eq=False)
class Session:
    """One connected client.

    push -- sends an event, a reply without its frame, out of order
    weak -- ids of the containers that live as long as this connection
    """

    caller: Caller
    push: Callable[[bytes], None]
    weak: set[int] = field(default_factory=set)
    subscription: Waiter | None = None
    subscription_end: asyncio.TimerHandle | None = None
    closed: bool = False

    @property
    def actor(self) -> Actor:
        """The client as the author of changes."""
        return Actor(superuser=self.caller.superuser, client=self.caller.as_client())
