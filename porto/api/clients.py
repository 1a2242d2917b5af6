"""All connected clients: who is let in, and what they may cost together.

`server.py` builds one `Clients`; every `conversation.py` reports to it what concerns the
others. It sees a conversation as a `Guest`. Limits: manual section "FILES", keys
daemon.max_clients, max_clients_in_container, client_idle_timeout and max_msg_len.
"""

import asyncio
import select
import socket
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

import structlog

from porto.api.auth import Caller
from porto.api.budget import ReceiveBudget, Receiver
from porto.api.context import Services, Session
from porto.api.tasks import Tasks
from porto.api.turns import Turns
from porto.api.weak import destroy_weak
from porto.spec.containers.names import ROOT
from porto.spec.errors import PortoError

log = structlog.get_logger()

SUPERUSER_EXTRA = 100
FRAMES_AT_ONCE = 4
"""How many frames of the maximal size may be half received at a time."""

REPLIES_AT_ONCE = 8
"""Unread replies may take this many maximal frames before somebody is dropped."""

HANGUP_CHECK_S = 5.0


class Guest(Receiver, Protocol):
    """One conversation, as far as the others are concerned."""

    session: Session | None
    active_at: float
    """CLOCK_MONOTONIC when it last began or ended a request."""

    @property
    def busy(self) -> bool:
        """Whether a request is in progress."""

    @property
    def deaf(self) -> bool:
        """Whether the end of the connection would go unnoticed."""

    @property
    def unsent(self) -> int:
        """Bytes that the client has not taken yet."""

    def fileno(self) -> int:
        """The socket's descriptor, -1 when it is closed."""


G = TypeVar("G", bound=Guest)


class Clients(Generic[G]):
    """The conversations that are open."""

    def __init__(
        self,
        services: Services,
        tasks: Tasks,
        credentials_of: Callable[[socket.socket], tuple[int, int, int]],
    ) -> None:
        self.services = services
        self.tasks = tasks
        self.stopping = False
        """Whether no more requests are begun."""

        self.turns = Turns(services.monotonic)
        self._max_msg_len = services.config.daemon.max_msg_len
        self.budget = ReceiveBudget(FRAMES_AT_ONCE * self._max_msg_len)
        self._credentials_of = credentials_of
        self._guests: set[G] = set()
        self._in_container: dict[str, int] = {}
        self._unsent: dict[G, int] = {}
        self._unsent_sum = 0
        self._deaf: set[G] = set()
        self._hangups: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._guests)

    def __iter__(self) -> Iterator[G]:
        return iter(tuple(self._guests))

    def close(self) -> None:
        """Stop all timers."""
        self.budget.close()
        if self._hangups is not None:
            self._hangups.cancel()

    def admit(self, guest: G, peer: socket.socket) -> Caller | None:
        """The identified client, or None when it is not served."""
        try:
            caller = self.services.authority.identify(*self._credentials_of(peer))
        except (PortoError, OSError) as error:
            log.info("client refused", reason=str(error))
            self.services.counters.add("clients_refused")
            return None
        if self.stopping or not self._make_room(caller):
            self.services.counters.add("clients_refused")
            return None
        guest.active_at = self.services.monotonic()
        self._guests.add(guest)
        count = self._in_container.get(caller.container, 0)
        self._in_container[caller.container] = count + 1
        self.services.counters.add("clients_connected")
        return caller

    def forget(self, guest: G) -> None:
        """A connection is gone: everything it had goes with it."""
        self.sent(guest)
        self._deaf.discard(guest)
        if guest not in self._guests:
            return
        self._guests.discard(guest)
        self.budget.release(guest)
        session = guest.session
        assert session is not None
        session.closed = True
        container = session.caller.container
        self._in_container[container] -= 1
        if not self._in_container[container]:
            del self._in_container[container]
        if session.subscription is not None:
            self.services.waits.remove(session.subscription)
        if session.subscription_end is not None:
            session.subscription_end.cancel()
        if session.weak and not self.stopping:
            self.tasks.background(destroy_weak(self.services, session))

    def unsent(self, guest: G) -> None:
        """Something did not fit into the socket: drop the worst client when too much did not."""
        size = guest.unsent
        self._unsent_sum += size - self._unsent.get(guest, 0)
        self._unsent[guest] = size
        limit = REPLIES_AT_ONCE * self._max_msg_len
        if self._unsent_sum <= limit:
            return
        # Some have been read in part since they were noted.
        self._unsent = {item: item.unsent for item in self._unsent}
        self._unsent_sum = sum(self._unsent.values())
        while self._unsent_sum > limit:
            worst = max(self._unsent, key=lambda item: self._unsent[item])
            # The loss is reported later, and until then others may ask.
            self.sent(worst)
            worst.drop("replies are not read")

    def sent(self, guest: G) -> None:
        """Nothing of the client's is unsent any more."""
        self._unsent_sum -= self._unsent.pop(guest, 0)

    def watch(self, guest: G) -> None:
        """Look now and then whether a client that is not read from is gone."""
        if not guest.deaf:
            self._deaf.discard(guest)
            return
        self._deaf.add(guest)
        if self._hangups is None:
            loop = asyncio.get_running_loop()
            self._hangups = loop.call_later(HANGUP_CHECK_S, self._find_hangups)

    def _make_room(self, caller: Caller) -> bool:
        limits = self.services.config.daemon
        extra = SUPERUSER_EXTRA if caller.superuser else 0
        if self._in_container.get(caller.container, 0) >= limits.max_clients_in_container + extra:
            inside = {guest for guest in self._guests if _container(guest) == caller.container}
            if not self._kick_idle(inside):
                log.info("client refused", container=caller.container, reason="too many clients")
                return False
        full = len(self._guests) >= limits.max_clients + extra
        if full and not self._kick_idle(self._guests):
            log.info("client refused", reason="too many clients")
            return False
        return True

    def _kick_idle(self, among: set[G]) -> bool:
        idle = [guest for guest in among if not guest.busy]
        if not idle:
            return False
        victim = min(idle, key=lambda guest: guest.active_at)
        silent = self.services.monotonic() - victim.active_at
        if silent <= self.services.config.daemon.client_idle_timeout:
            return False
        victim.drop("idle longest, its place is needed")
        self.forget(victim)
        return True

    def _find_hangups(self) -> None:
        self._hangups = None
        poll = select.poll()
        by_descriptor = {}
        for guest in self._deaf:
            descriptor = guest.fileno()
            if descriptor >= 0:
                by_descriptor[descriptor] = guest
                poll.register(descriptor, select.POLLRDHUP)
        for descriptor, _ in poll.poll(0) if by_descriptor else ():
            by_descriptor[descriptor].drop("the client is gone")
        if self._deaf:
            loop = asyncio.get_running_loop()
            self._hangups = loop.call_later(HANGUP_CHECK_S, self._find_hangups)


def _container(guest: Guest) -> str:
    return guest.session.caller.container if guest.session else ROOT
