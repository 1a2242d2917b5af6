"""Request and answer over a connection that may break: retries, deadlines, events.

Called by `connection.Connection`, one `Rpc` each; answers go back to it, pushed events
to the callback of its AsyncWait. Timeouts and reconnects are those of the original
Python client (manual section "API"), with one difference on purpose: the original sent
any request again after any socket error, so a change could be made twice. Here a request
that changes something is sent again only if the daemon cannot have read all of it;
otherwise the caller gets `SocketError` and decides.

      connect --fails--> wait reconnect_interval --> connect ... until the deadline
         |
       send ----fails--> the frame is incomplete, nothing ran: start again
         |
      receive --unread--> the same
         +-----lost-----> read-only: start again; else SocketError
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

from porto.client import exceptions
from porto.client.channel import Channel, ConnectionLost
from porto.wire import rpc_pb2
from porto.wire.messages import parse

READ_ONLY = frozenset(
    {
        "version", "list", "FindLabel", "listVolumes", "listLayers", "listStorage",
        "getlayerprivate", "get", "getData", "getProperty", "dataList", "propertyList",
        "listVolumeProperties", "wait", "AsyncWait", "StopAsyncWait", "convertPath",
        "locateProcess", "GetSystem", "ListContainersBy", "GetVolume",
        "dockerImageStatus", "listDockerImages",
    }
)  # fmt: skip
"""Requests that change nothing: sent again whenever the connection broke."""

Event = Callable[..., object]


class AsyncWaiter:
    """A registered AsyncWait; it is sent again on every new connection."""

    def __init__(self, request: Any, callback: Event) -> None:
        self.request = request
        self.callback = callback


class Rpc:
    """One connection, shared by the threads that share the `Connection`."""

    def __init__(
        self,
        socket_path: str,
        timeout: float,
        socket_constructor: Callable[..., Any],
        lock_constructor: Callable[[], Any],
        auto_reconnect: bool,
        reconnect_interval: float,
    ) -> None:
        self.socket_path = socket_path
        self.timeout = timeout
        self.nr_connects = 0
        self._socket_constructor = socket_constructor
        self._lock = lock_constructor()
        self._auto_reconnect = auto_reconnect
        self._reconnect_interval = reconnect_interval
        self._connect_time: float | None = None
        self._channel: Channel | None = None
        self._waiter: AsyncWaiter | None = None
        self._events: deque[tuple[Event, Any]] = deque()

    # -- connection ---------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether a connection is open, as far as we know."""
        return self._channel is not None

    def connect(self, timeout: float | None, *, once: bool = False) -> None:
        """Open the connection; `once` makes one attempt instead of trying on."""
        deadline = monotonic() + (self.timeout if timeout is None else timeout)
        broken: OSError | None = None
        with self._lock:
            while True:
                try:
                    self._ensure(deadline)
                except OSError as error:
                    self._drop()
                    late = isinstance(error, TimeoutError)
                    broken = broken if late and broken is not None else error
                    if once or late or not self._pause(deadline):
                        raise self._failure(broken) from error
                else:
                    break
        self._dispatch()

    def disconnect(self) -> None:
        """Hang up and forget the AsyncWait; weak containers made here are destroyed."""
        with self._lock:
            self._waiter = None
            self._drop()

    def _drop(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _ensure(self, deadline: float | None) -> Channel:
        if self._channel is None:
            self._connect_time = monotonic()
            self._channel = Channel.open(
                self.socket_path, deadline, constructor=self._socket_constructor
            )
            self.nr_connects += 1
            if self._waiter is not None:
                self._channel.send(self._waiter.request.SerializeToString(), deadline)
                self._answer(self._channel, deadline, self._waiter)
        return self._channel

    def _pause(self, deadline: float | None) -> bool:
        """Wait until the next connect is due; False when there is to be none."""
        if not self._auto_reconnect:
            return False
        now = monotonic()
        due = now if self._connect_time is None else self._connect_time + self._reconnect_interval
        if deadline is not None and due >= deadline:
            return False
        sleep(max(0.0, due - now))
        return True

    def _failure(self, error: OSError) -> exceptions.PortoException:
        text = f"cannot talk to portod at {self.socket_path}: {error.strerror or error}"
        if isinstance(error, TimeoutError):
            return exceptions.SocketTimeout(text)
        if isinstance(error, FileNotFoundError | ConnectionRefusedError):
            return exceptions.SocketUnavailable(text)
        return exceptions.SocketError(text)

    # -- calls --------------------------------------------------------------------

    def call(
        self,
        request: Any,
        extra_time: float | None = 0,
        *,
        refresh: Callable[[float], None] | None = None,
        register: AsyncWaiter | None = None,
    ) -> Any:
        """The answer to a TContainerRequest, whatever its error field says.

        `extra_time` seconds are added to the connection's timeout, None waits for ever.
        `refresh` is told the seconds spent before a request is sent again. `register`
        gets the events from now on, this connection's and those that replace it.
        """
        began = monotonic()
        deadline = None if extra_time is None else began + self.timeout + extra_time
        replayable = any(field.name in READ_ONLY for field, _ in request.ListFields())
        broken: OSError | None = None
        with self._lock:
            while True:
                sent = False
                try:
                    channel = self._ensure(deadline)
                    channel.send(request.SerializeToString(), deadline)
                    sent = True
                    answer = self._answer(channel, deadline, register or self._waiter)
                    break
                except TimeoutError as error:
                    self._drop()
                    # Time that was spent on reconnecting ends with what stood in the way.
                    cause = error if sent or broken is None else broken
                    raise self._failure(cause) from error
                except OSError as error:
                    self._drop()
                    broken = error
                    unread = isinstance(error, ConnectionLost) and error.unread
                    again = replayable or not sent or unread
                    if not again or not self._pause(deadline):
                        raise self._failure(error) from error
                    if refresh is not None:
                        refresh(monotonic() - began)
                except BaseException:
                    # An answer that nobody waited for must not be taken for the next one.
                    self._drop()
                    raise
            if register is not None and not answer.error:
                self._waiter = register
        self._dispatch()
        return answer

    def _answer(self, channel: Channel, deadline: float | None, waiter: AsyncWaiter | None) -> Any:
        while True:
            try:
                answer = parse(rpc_pb2.TContainerResponse, channel.receive(deadline))
            except ValueError as error:
                raise ConnectionLost("the daemon sent no protocol message") from error
            if not answer.HasField("AsyncWait"):
                return answer
            event = answer.AsyncWait
            if waiter is not None:
                self._events.append((waiter.callback, event))
            if event.state == "timeout" and not event.name and waiter is self._waiter:
                self._waiter = None

    def _dispatch(self) -> None:
        """Hand over the events that came with an answer, outside the lock."""
        while True:
            try:
                callback, event = self._events.popleft()
            except IndexError:
                return
            labelled = {"label": event.label, "value": event.value} if event.label else {}
            callback(name=event.name, state=event.state, when=event.when, **labelled)
