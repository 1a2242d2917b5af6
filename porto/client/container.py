"""`Container` of the Python client: a name on a connection, and what can be done with it.

Made by `connection.Connection`; holds nothing but the name, so it stays valid while the
container comes and goes. Names and parameters are the original's.
"""

# ruff: noqa: N802, D102 - names are those of the original client, see Connection for each.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from porto.client.connection import Connection
    from porto.client.volume import VolumeLink


class Container:
    """One container, by name; every method asks the daemon."""

    def __init__(self, conn: Connection, name: str) -> None:
        self.conn = conn
        self.name = name

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Container `{self.name}`"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Container):
            return self.name == other.name
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __div__(self, child: str) -> Container:
        """The child of that name, existing or not; also written ``container / child``."""
        return Container(self.conn, child if self.name == "/" else f"{self.name}/{child}")

    __truediv__ = __div__

    def __getitem__(self, key: str) -> Any:
        return self.conn.GetProperty(self.name, key)

    def __setitem__(self, key: str, value: object) -> None:
        self.conn.SetProperty(self.name, key, value)

    def Start(self) -> None:
        self.conn.Start(self.name)

    def Stop(self, timeout: float | None = None) -> None:
        self.conn.Stop(self.name, timeout)

    def Kill(self, sig: int) -> None:
        self.conn.Kill(self.name, sig)

    def Pause(self) -> None:
        self.conn.Pause(self.name)

    def Resume(self) -> None:
        self.conn.Resume(self.name)

    def Get(self, variables: list[str], nonblock: bool = False, sync: bool = False) -> Any:
        """The values by variable; a failing one is an exception among them."""
        return self.conn.Get([self.name], variables, nonblock, sync)[self.name]

    def Set(self, **kwargs: object) -> None:
        self.conn.Set(self.name, **kwargs)

    def GetProperties(self) -> dict[str, Any]:
        return dict(self.Get(self.conn.Plist()))

    def GetProperty(self, key: str, sync: bool = False) -> Any:
        return self.conn.GetProperty(self.name, key, sync)

    def SetProperty(self, key: str, value: object) -> None:
        self.conn.SetProperty(self.name, key, value)

    def GetLabel(self, label: str) -> Any:
        return self.conn.GetLabel(self.name, label)

    def SetLabel(self, label: str, value: str, prev_value: str | None = None) -> None:
        self.conn.SetLabel(self.name, label, value, prev_value)

    def IncLabel(self, label: str, add: int = 1) -> int:
        return self.conn.IncLabel(self.name, label, add)

    def GetData(self, data: str, sync: bool = False) -> Any:
        return self.conn.GetData(self.name, data, sync)

    def SetSymlink(self, symlink: str, target: str) -> None:
        self.conn.SetSymlink(self.name, symlink, target)

    def WaitContainer(self, timeout: float | None = None) -> str:
        return self.conn.WaitContainers([self.name], timeout=timeout)

    def Wait(self, *args: Any, **kwargs: Any) -> str:
        return self.conn.Wait([self.name], *args, **kwargs)

    def Destroy(self) -> None:
        self.conn.Destroy(self.name)

    def ListVolumeLinks(self) -> list[VolumeLink]:
        return self.conn.ListVolumeLinks(container=self)

    def Dump(self) -> Any:
        """Everything about it, as a TContainer message."""
        return self.conn.GetContainersSpecs([self.name])[0]

    def LoadSpec(self, new_spec: Any) -> None:
        """Apply the properties present in a TContainerSpec message."""
        new_spec.name = self.name
        self.conn.SetSpec(new_spec)
