"""``porto.Connection``: the Python client of the daemon.

Used by scripts through ``import porto``; drop-in for the original client, the same names,
parameters, order and defaults. Requests: manual section "API".
"""

# ruff: noqa: N802 - names are those of the original client.

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

from porto.client.container_calls import ContainerCalls
from porto.client.property_calls import PropertyCalls
from porto.client.rpc import Rpc
from porto.client.storage_calls import StorageCalls
from porto.client.volume_calls import VolumeCalls


class Connection(ContainerCalls, PropertyCalls, VolumeCalls, StorageCalls):
    """A connection to the daemon, opened by the first call and reopened when it breaks.

    timeout -- seconds for one whole call, reconnects included; calls that wait for a
               container or move files get theirs on top
    auto_reconnect -- go on after a broken connection; a request that changes something
               and may have reached the daemon is not sent twice but raises SocketError

    Threads may share one; a call then waits for the others' calls to end.
    """

    def __init__(
        self,
        socket_path: str = "/run/portod.socket",
        timeout: float = 300,
        disk_timeout: float = 600,
        socket_constructor: Callable[..., Any] = socket.socket,
        lock_constructor: Callable[[], Any] = threading.Lock,
        auto_reconnect: bool = True,
        reconnect_interval: float = 0.5,
    ) -> None:
        rpc = Rpc(
            socket_path,
            timeout,
            socket_constructor,
            lock_constructor,
            auto_reconnect,
            reconnect_interval,
        )
        super().__init__(rpc, disk_timeout)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *exc: object) -> None:
        self.disconnect()

    def Connect(self, timeout: float | None = None) -> None:
        """Open the connection, trying on until the timeout."""
        self.rpc.connect(timeout)

    def TryConnect(self, timeout: float | None = None) -> None:
        """Open the connection in one attempt."""
        self.rpc.connect(timeout, once=True)

    def Disconnect(self) -> None:
        """Close the connection; the daemon then destroys its weak containers."""
        self.rpc.disconnect()

    def connect(self, timeout: float | None = None) -> None:
        """The old name of `Connect`."""
        self.Connect(timeout)

    def disconnect(self) -> None:
        """The old name of `Disconnect`."""
        self.Disconnect()

    def connected(self) -> bool:
        """Whether the connection is open."""
        return self.rpc.connected

    def nr_connects(self) -> int:
        """How many times it has been opened."""
        return self.rpc.nr_connects

    def Version(self) -> tuple[str, str]:
        """The daemon's version and revision."""
        answer = self.Call("version")
        return answer.tag, answer.revision
