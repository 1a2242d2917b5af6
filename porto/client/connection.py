"""``porto.Connection``: the Python client of the daemon.

Used by scripts through ``import porto``; drop-in for the original client, the same names,
parameters, order and defaults. Requests: manual section "API".

Imports go one way: `calls.py` < requests that return values (`*_calls.py`, `storage.py`)
< objects that make them (`objects.py`) < this file, whose own requests make the objects.
"""

# ruff: noqa: N802 - names are those of the original client.

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from porto.client.exceptions import PortoException
from porto.client.objects import (
    Container,
    ValueCalls,
    Volume,
    VolumeLink,
    list_volume_links,
    list_volumes,
)
from porto.client.rpc import Rpc
from porto.client.values import name_of, path_of
from porto.client.volume_calls import property_rows


class Connection(ValueCalls):
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

    # -- containers ---------------------------------------------------------------

    def ListContainers(self, mask: str | None = None) -> list[Container]:
        """The same as objects."""
        return [Container(self, name) for name in self.List(mask)]

    def Find(self, name: str) -> Container:
        """The container; ContainerDoesNotExist when there is none."""
        self.Call("getProperty", name=name, property="state")
        return Container(self, name)

    def Create(self, name: str, weak: bool = False) -> Container:
        """A new stopped container; a weak one ends with this connection."""
        self.Call("createWeak" if weak else "create", name=name)
        return Container(self, name)

    def CreateWeakContainer(self, name: str) -> Container:
        """`Create` with weak=True."""
        return self.Create(name, weak=True)

    def Run(
        self,
        name: str,
        weak: bool = True,
        start: bool = True,
        wait: float = 0,
        root_volume: dict[str, Any] | None = None,
        private_value: str | None = None,
        **kwargs: object,
    ) -> Container:
        """Create, set properties, start and, for `wait` seconds, wait; undone on failure.

        `root_volume` are the arguments of `CreateVolume` for a volume to be its root.
        """
        container = self.Create(name, weak=True)
        try:
            if private_value is not None:
                container.SetProperty("private", private_value)
            if root_volume is not None:
                volume = self.CreateVolume(containers=name, **root_volume)
                container.SetProperty("root", volume.path)
            container.Set(**kwargs)
            if start:
                container.Start()
            # Weak until here, so that a crash of ours leaves nothing behind.
            if not weak:
                container.SetProperty("weak", False)
            if wait:
                container.WaitContainer(wait)
        except PortoException:
            with suppress(PortoException):
                container.Destroy()
            raise
        return container

    def CreateSpec(self, container: Any, volume: Any = None, start: bool = False) -> Container:
        """Create from a TContainerSpec, with a volume of a TVolumeSpec (or a list)."""
        volumes = volume if isinstance(volume, list | tuple) or volume is None else [volume]
        self.Call("CreateFromSpec", container=container, volumes=volumes, start=start)
        return Container(self, container["name"] if isinstance(container, dict) else container.name)

    def LocateProcess(self, pid: int, comm: str = "") -> Container:
        """The container that a process is in."""
        return Container(self, self.Call("locateProcess", pid=pid, comm=comm).name)

    # -- volumes ------------------------------------------------------------------

    def CreateVolume(
        self,
        path: str | None = None,
        image: str | None = None,
        layers: Iterable[Any] | str | None = None,
        storage: Any = None,
        private_value: str | None = None,
        timeout: float | None = None,
        **properties: object,
    ) -> Volume:
        """A new volume, at a path of the daemon's choice unless one is given."""
        if image is not None:
            properties["image"] = image
        if layers is not None:
            texts = layers if isinstance(layers, str) else ";".join(name_of(one) for one in layers)
            properties["layers"] = texts
        if storage is not None:
            properties["storage"] = name_of(storage)
        if private_value is not None:
            properties["private"] = private_value
        fields = {"path": path, "properties": property_rows(properties)}
        answer = self._disk_call("createVolume", fields, timeout, "volumeDescription")
        return Volume(self, answer.path, answer)

    def FindVolume(self, path: str) -> Volume:
        """The volume at a path, or VolumeNotFound."""
        answer = self.Call("listVolumes", "volumeList", path=path)
        return Volume(self, answer.volumes[0].path, answer.volumes[0])

    def ListVolumes(self, path: str | None = None, container: Any = None) -> list[Volume]:
        """The visible volumes."""
        return list_volumes(self, path, container)

    def ListVolumeLinks(self, volume: Any = None, container: Any = None) -> list[VolumeLink]:
        """Links of a volume, of a container, or all visible ones."""
        return list_volume_links(self, None if volume is None else path_of(volume), container)
