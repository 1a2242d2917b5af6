"""The server's side of one connection: bytes in, requests run in order, replies out.

Made by `server.py` for each accepted socket. One request is in progress at a time;
what a client sends ahead waits, first here, then in the socket. Most requests are
answered within the call that read them; those that wait become a task.

A client that stops reading is not read from either; one that announces too much,
sends garbage, or lets pushed events pile up is dropped.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, cast

import structlog

from porto.api import replies
from porto.api.clients import Clients
from porto.api.context import Session
from porto.api.dispatch import Method, Refusal
from porto.api.turns import party
from porto.spec.errors import (
    EError,
    GuaranteeNotAvailable,
    InvalidMethod,
    InvalidValue,
    PortoError,
    Unknown,
)
from porto.wire import rpc_pb2
from porto.wire.framing import FrameSplitter, FrameTooLong, frame
from porto.wire.messages import check_texts, parse

log = structlog.get_logger()

Fields = Sequence[tuple[Any, Any]]
"""What a message has: descriptors and values."""

AHEAD_MAX = 64 << 10
"""Bytes of further requests that are kept while one is in progress."""

_BUFFER = memoryview(bytearray(256 << 10))
"""Where everything is read into, one connection after the other."""

EVENTS_MAX = 1 << 20
"""Unsent bytes at which the next pushed event drops the connection."""

_FAILURES = {
    EError.Unknown: "fail_system",
    EError.InvalidValue: "fail_invalid_value",
    EError.InvalidCommand: "fail_invalid_command",
    EError.InvalidNetworkAddress: "fail_invalid_netaddr",
}
_SLOW = (
    (1, "requests_longer_1s"),
    (3, "requests_longer_3s"),
    (30, "requests_longer_30s"),
    (300, "requests_longer_5m"),
)


class Conversation(asyncio.BufferedProtocol):
    """What is said on one connection; one of `clients`, who are told what concerns them."""

    def __init__(self, clients: "Clients[Conversation]", methods: Mapping[str, Method]) -> None:
        self._clients = clients
        self._methods = methods
        self._services = clients.services
        self._splitter = FrameSplitter(clients.services.config.daemon.max_msg_len)
        self._transport: asyncio.Transport
        self._task: asyncio.Task[None] | None = None
        self._method: Method | None = None
        self._began = 0.0
        self._reading = True
        self._clogged = False
        self._unpermitted = False
        self._waits_turn = False
        self._closing = False
        self.session: Session | None = None
        self.active_at = 0.0

    # -- what asyncio calls ------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Identify the client; one that is not served sees only the end."""
        self._transport = cast(asyncio.Transport, transport)
        caller = self._clients.admit(self, transport.get_extra_info("socket"))
        if caller is None:
            self._closing = True
            self._transport.abort()
            return
        self.session = Session(caller, self._push)

    def get_buffer(self, sizehint: int) -> memoryview:
        """All connections read into the same place: they do so one after the other."""
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        self._splitter.feed(_BUFFER[:nbytes])
        self._advance()

    def pause_writing(self) -> None:
        """The client reads more slowly than it asks."""
        self._clogged = True
        self._regulate()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._clogged = False
        self._clients.sent(self)
        self._advance()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone, or was dropped."""
        self._closing = True
        self._clients.forget(self)
        if self._task is not None and self._method is not None and self._method.abandons:
            self._task.cancel()

    # -- what the server and the other clients' limits call -------------------

    @property
    def busy(self) -> bool:
        """Whether a request is in progress, or waits for its turn."""
        return self._task is not None or self._waits_turn

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The request in progress."""
        return self._task

    @property
    def owing(self) -> bool:
        """Whether the request in progress is one that does something, not a mere wait."""
        return self._task is not None and self._method is not None and not self._method.abandons

    @property
    def deaf(self) -> bool:
        """Whether the end of the connection would go unnoticed."""
        return not self._reading and not self._clogged

    @property
    def unsent(self) -> int:
        """Bytes that the client has not taken yet."""
        return self._transport.get_write_buffer_size()

    def fileno(self) -> int:
        """The socket's descriptor, -1 when it is closed."""
        peer = self._transport.get_extra_info("socket")
        return -1 if peer is None else int(peer.fileno())

    def permit_granted(self) -> None:
        """Go on receiving a large frame."""
        self._unpermitted = False
        self._advance()

    def stop_reading(self) -> None:
        """The server begins no more requests; what is unread stays so, for the client to see."""
        self._regulate()

    def drop(self, reason: str) -> None:
        """Close at once, unsent replies are lost."""
        if not self._closing:
            self._closing = True
            self._services.counters.add("clients_dropped")
            log.info("client dropped", pid=self.pid, reason=reason)
        self._transport.abort()

    def close(self) -> None:
        """Take no more requests, send what is unsent, then close."""
        self._closing = True
        self._transport.close()

    @property
    def pid(self) -> int:
        """The client's pid."""
        return self.session.caller.pid if self.session else 0

    # -- requests ------------------------------------------------------------

    def _advance(self) -> None:
        """Run the requests that are here, as far as possible."""
        try:
            while self._may_begin:
                data = self._splitter.next()
                if data is None:
                    wanted = self._splitter.wanted
                    self._unpermitted = not self._clients.budget.request(self, wanted)
                    break
                self._clients.budget.release(self)
                self._begin(data)
        except FrameTooLong as error:
            self.drop(str(error))
        self._regulate()

    @property
    def _may_begin(self) -> bool:
        held_up = self._task is not None or self._clogged or self._waits_turn
        return not (held_up or self._closing or self._clients.stopping)

    def _regulate(self) -> None:
        """Read from the socket if what comes can be dealt with."""
        if self._closing:
            return
        waits = self._task is not None or self._waits_turn
        ahead = waits and len(self._splitter) > AHEAD_MAX
        stops = ahead or self._clogged or self._unpermitted or self._clients.stopping
        if stops is not self._reading:
            if not stops:
                return
        elif stops:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
        self._reading = not stops
        # Also when it was not read from before: what was clogged may have become deaf.
        self._clients.watch(self)

    def _begin(self, data: bytes) -> None:
        session = self.session
        assert session is not None
        services = self._services
        self._began = services.clock()
        self.active_at = services.monotonic()
        # Garbage, or a client that is not served any more: close without a reply.
        try:
            request = parse(rpc_pb2.TContainerRequest, data)
        except ValueError as error:
            self.drop(str(error))
            return
        if not request.IsInitialized():
            self.drop("a required field is missing")
            return
        fields = request.ListFields()
        asked = fields[0][1] if fields else None
        turns = self._clients.turns
        if turns.take(party(session.caller, asked), lambda: self._run_late(data, fields)):
            self._run(session, data, fields)
            turns.spent()
        else:
            self._waits_turn = True

    def _run_late(self, data: bytes, fields: Fields) -> None:
        """It is its turn."""
        self._waits_turn = False
        if self.session is not None and not self._closing and not self._clients.stopping:
            self._run(self.session, data, fields)
            self._advance()

    def _run(self, session: Session, data: bytes, fields: Fields) -> None:
        """Run one request, which has these fields; `data` is its encoded form."""
        services = self._services
        try:
            session.caller = services.authority.refresh(session.caller)
        except PortoError as error:
            self.drop(str(error))
            return
        self._method = None
        try:
            if len(fields) != 1:
                found = ", ".join(descriptor.name for descriptor, _ in fields)
                raise InvalidMethod(
                    f"cannot run a request with several methods: {found}"
                    if fields
                    else "cannot run a request without a known method"
                )
            descriptor, message = fields[0]
            method = self._methods.get(descriptor.name)
            if method is None:
                raise InvalidMethod(f"cannot run {descriptor.name}: no such method")
            self._method = method
            if not data.isascii():
                _check_texts(message)
            method.check(services, session)
            outcome = method.run(services, session, message)
        except Exception as error:
            self._fail(error)
            return
        if isinstance(outcome, bytes):
            self._trace(None)
            self._reply(replies.SUCCESS + outcome, timed=True)
            return
        self._task = self._clients.tasks.start(self._finish(method, outcome))

    async def _finish(self, method: Method, outcome: Coroutine[Any, Any, bytes]) -> None:
        """Runs as a task: wait for the outcome, reply, go on with the next request."""
        since = self._services.monotonic()
        try:
            payload = await outcome
        except asyncio.CancelledError:
            self._task = None
            raise
        except Exception as error:
            self._task = None
            self._fail(error)
        else:
            self._task = None
            self._trace(None)
            # A delayed reply of wait has no timestamp, like a pushed event.
            self._reply(replies.SUCCESS + payload, timed=not method.abandons)
        lasted = self._services.monotonic() - since
        for seconds, counter in _SLOW:
            if lasted > seconds and not method.abandons:
                self._services.counters.add(counter)
        self.active_at = self._services.monotonic()
        self._advance()

    def _fail(self, error: Exception) -> None:
        """Reply an error; one that no handler meant is logged with its traceback."""
        payload = error.payload if isinstance(error, Refusal) else b""
        public = self._public(error)
        counters = self._services.counters
        counters.add("requests_failed")
        if public.code in _FAILURES:
            counters.add(_FAILURES[public.code])
        if isinstance(public, GuaranteeNotAvailable):
            counters.add("fail_memory_guarantee")
        self._trace(public)
        self._reply(replies.failure(public, payload), timed=True)

    def _public(self, error: Exception) -> PortoError:
        """What the client is told."""
        if isinstance(error, Refusal):
            return error.error
        if isinstance(error, PortoError):
            return error
        name = self._method.name if self._method else "request"
        log.error("handler failed", method=name, pid=self.pid, exc_info=error)
        return Unknown(f"cannot {name}: internal error: {error!r}")

    def _trace(self, error: PortoError | None) -> None:
        method, switches = self._method, self._services.switches
        if not switches.verbose or method is None:
            return
        if switches.debug or method.writes:
            log.info("request", method=method.name, pid=self.pid, error=str(error or ""))

    def _reply(self, body: bytes, *, timed: bool) -> None:
        if self._closing:
            return
        self._services.counters.add("requests_completed")
        if timed:
            body += replies.timestamp(self._began)
        self._transport.write(frame(body))
        if self._clogged:
            self._clients.unsent(self)

    def _push(self, body: bytes) -> None:
        """Send an event between replies."""
        if self._closing:
            return
        if self._transport.get_write_buffer_size() > EVENTS_MAX:
            self.drop("events are not read")
            return
        self._transport.write(frame(body))
        if self._clogged:
            self._clients.unsent(self)


def _check_texts(message: Any) -> None:
    """Names and values of containers are UTF-8; a request with other texts is refused whole."""
    try:
        check_texts(message)
    except ValueError as error:
        raise InvalidValue(f"cannot read the request: {error}") from error
