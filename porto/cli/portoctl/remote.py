"""The daemon as portoctl sees it over a connection: requests and answers as plain dicts.

Opened by `main` for every command; the command modules call it. It uses the lean codec
(`porto.wire.compact`) instead of the protobuf package, which alone would take
longer to import than a whole command may last.
"""

from __future__ import annotations

from time import monotonic, sleep

from porto.client.channel import Channel
from porto.client.exceptions import (
    PortoException,
    SocketError,
    SocketTimeout,
    SocketUnavailable,
)
from porto.wire.compact import decode, encode
from porto.wire.tables import MESSAGES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RECONNECT_INTERVAL_S = 0.5
RECONNECT_LIMIT_S = 60.0
"""How long a wait looks for a daemon that went away, before it gives up."""

STOP_TIMEOUT_S = 30.0

_REQUESTS = MESSAGES["TContainerRequest"]


class Remote:
    """The daemon at the other end of a connection, which the first request opens."""

    def __init__(self, path: str, timeout: float | None = None) -> None:
        self.path = path
        self.timeout = timeout
        self._channel: Channel | None = None

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; weak containers made here go."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def fileno(self) -> int:
        """Descriptor of the connection, for poll(2)."""
        return self._open().fileno()

    def again(self) -> Remote:
        """A second connection to the same daemon."""
        return Remote(self.path, self.timeout)

    def call(self, request: str, extra_time: float | None = 0.0, **fields: Any) -> dict[str, Any]:
        """The answer as a dict; raises the `PortoException` of its error.

        `extra_time` seconds are added to the timeout given with -t, None waits for ever.
        """
        self.send(request, **fields)
        return self.receive(extra_time)

    def send(self, request: str, **fields: Any) -> None:
        """Send a request without waiting; fields that are None stay absent."""
        _, _, _, kind = _REQUESTS[request]
        given = {name: value for name, value in fields.items() if value is not None}
        # An empty field is still a chosen request, so the sub-message is always written.
        self.send_raw(encode("TContainerRequest", {request: given}), kind)

    def send_raw(self, payload: bytes, what: str = "request") -> None:
        """Send an encoded TContainerRequest."""
        channel = self._open()
        try:
            channel.send(payload, self._deadline(0.0))
        except OSError as error:
            raise self._failure(error, what) from error

    def receive(self, extra_time: float | None = 0.0) -> dict[str, Any]:
        """The next answer; raises the `PortoException` of its error."""
        try:
            answer = decode("TContainerResponse", self.receive_raw(extra_time))
        except ValueError as error:
            self.close()
            raise SocketError(f"cannot understand portod at {self.path}: {error}") from error
        code = answer.get("error", 23)
        if code:
            raise PortoException.Create(code, answer.get("errorMsg", ""))
        return answer

    def receive_raw(self, extra_time: float | None = 0.0) -> bytes:
        """The next answer as bytes."""
        try:
            return self._open().receive(self._deadline(extra_time))
        except OSError as error:
            raise self._failure(error, "answer") from error

    def wait(
        self, names: list[str], timeout: float | None = None, labels: list[str] | None = None
    ) -> dict[str, Any]:
        """The answer to a wait; goes on across restarts of the daemon."""
        end = None if timeout is None else monotonic() + timeout
        lost_at: float | None = None
        while True:
            left = None if end is None else max(0.0, end - monotonic())
            ms = None if left is None else min(round(left * 1000), 0xFFFFFFFF)
            try:
                answer = self.call("wait", left, name=names, timeout_ms=ms, label=labels)
                found: dict[str, Any] = answer["wait"]
                return found
            except SocketError:
                self.close()
                lost_at = lost_at or monotonic()
                if monotonic() - lost_at > RECONNECT_LIMIT_S:
                    raise
                sleep(RECONNECT_INTERVAL_S)

    def get(self, name: str, prop: str) -> str:
        """One value as text."""
        value: str = self.call("getProperty", name=name, property=prop)["getProperty"]["value"]
        return value

    def set(self, name: str, prop: str, value: str) -> None:
        """Set one property."""
        self.call("setProperty", name=name, property=prop, value=value)

    def stop(self, name: str, timeout: float | None = None) -> None:
        """Stop a container; None leaves the time to the daemon, 0 kills at once."""
        if timeout is None or timeout < 0:
            self.call("stop", STOP_TIMEOUT_S, name=name)
        else:
            self.call("stop", timeout, name=name, timeout_ms=min(round(timeout * 1000), 0xFFFFFFFF))

    def _deadline(self, extra_time: float | None) -> float | None:
        if self.timeout is None or extra_time is None:
            return None
        return monotonic() + self.timeout + extra_time

    def _open(self) -> Channel:
        if self._channel is None:
            try:
                self._channel = Channel.open(self.path, self._deadline(0.0))
            except OSError as error:
                raise self._failure(error, "connection") from error
        return self._channel

    def _failure(self, error: OSError, what: str) -> PortoException:
        self.close()
        cause = error.strerror or str(error)
        if isinstance(error, TimeoutError):
            return SocketTimeout(f"no {what} from portod at {self.path} in {self.timeout:g} s")
        if isinstance(error, FileNotFoundError | ConnectionRefusedError | PermissionError):
            return SocketUnavailable(
                f"cannot connect to portod at {self.path}: {cause}; is the daemon running? "
                "Try 'portod status' and 'portod start', or name another socket with "
                "--socket PATH or PORTO_SOCKET"
            )
        return SocketError(f"lost portod at {self.path}: {cause}")
