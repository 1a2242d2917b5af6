"""`Volume`, `VolumeLink` and `Property` of the Python client.

Made by `connection.Connection` from the daemon's answers; attributes are a picture of the
moment, `Update` takes a new one. Names and parameters are the original's.
"""

# ruff: noqa: N802, D102 - names are those of the original client, see Connection for each.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from porto.client.container import Container
from porto.client.values import from_text

if TYPE_CHECKING:
    from porto.client.connection import Connection
    from porto.client.layer import Layer


class Property:
    """A property that the daemon knows: name, help text, and what may be done with it."""

    def __init__(
        self, name: str, desc: str, read_only: bool = False, dynamic: bool = False
    ) -> None:
        self.name = name
        self.desc = desc
        self.read_only = read_only
        self.dynamic = dynamic

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Property `{self.name}` {self.desc}"


class VolumeLink:
    """A volume made visible in a container."""

    def __init__(
        self,
        volume: Volume,
        container: Container,
        target: str,
        read_only: bool,
        required: bool,
    ) -> None:
        self.volume = volume
        self.container = container
        self.target = target
        self.read_only = read_only
        self.required = required

    def __repr__(self) -> str:
        return f"VolumeLink `{self.volume.path}` {self.container.name} {self.target}"

    def Unlink(self) -> None:
        self.volume.conn.UnlinkVolume(self.volume.path, self.container.name, self.target)


class Volume:
    """One volume, by path."""

    def __init__(self, conn: Connection, path: str, pb: Any = None) -> None:
        self.conn = conn
        self.path = path
        self.properties: dict[str, Any] = {}
        self.containers: list[Container] = []
        self.links: list[VolumeLink] = []
        if pb is not None:
            self.Update(pb)

    def __str__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"Volume `{self.path}`"

    def Update(self, pb: Any = None) -> None:
        """Take a new picture, from a TVolumeDescription if one is at hand."""
        if pb is None:
            pb = self.conn.Call("listVolumes", "volumeList", path=self.path).volumes[0]
        self.properties = {item.name: from_text(item.value) for item in pb.properties}
        self.containers = [Container(self.conn, name) for name in pb.containers]
        self.links = [
            VolumeLink(
                self,
                Container(self.conn, link.container),
                link.target,
                link.read_only,
                link.required,
            )
            for link in pb.links
        ]

    def __getattr__(self, name: str) -> Any:
        # Properties of the last picture read as attributes: volume.backend, volume.storage.
        try:
            return self.__dict__["properties"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, key: str) -> Any:
        self.Update()
        return self.properties[key]

    def __setitem__(self, key: str, value: object) -> None:
        self.Tune(**{key: value})

    def GetProperties(self) -> dict[str, Any]:
        self.Update()
        return self.properties

    def GetProperty(self, key: str) -> Any:
        return self[key]

    def GetContainers(self) -> list[Container]:
        self.Update()
        return self.containers

    def ListVolumeLinks(self) -> list[VolumeLink]:
        self.Update()
        return self.links

    def GetLayers(self) -> list[Layer]:
        """Its layers, top first; directories among them are left out."""
        from porto.client.layer import Layer

        names = str(self["layers"]) if "layers" in self.GetProperties() else ""
        place = self.properties.get("place")
        return [
            Layer(self.conn, name, place)
            for name in names.split(";")
            if name and not name.startswith("/")
        ]

    def Link(
        self,
        container: str | Container | None = None,
        target: str | None = None,
        read_only: bool = False,
        required: bool = False,
    ) -> None:
        self.conn.LinkVolume(self.path, container or "self", target, read_only, required)

    def Unlink(
        self,
        container: str | Container | None = None,
        strict: bool | None = None,
        timeout: float | None = None,
    ) -> None:
        self.conn.UnlinkVolume(self.path, container, strict=strict, timeout=timeout)

    def Tune(self, **properties: object) -> None:
        self.conn.TuneVolume(self.path, **properties)

    def Export(
        self, tarball: str, compress: str | None = None, timeout: float | None = None
    ) -> None:
        self.conn.ExportLayer(self.path, tarball, compress=compress, timeout=timeout)

    def Destroy(self, strict: bool | None = None, timeout: float | None = None) -> None:
        self.conn.DestroyVolume(self.path, strict, timeout)

    def Check(self) -> str:
        return self.conn.CheckVolume(self.path)
