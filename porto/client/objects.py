"""Containers, volumes and their links as objects on a connection.

A `Container` holds nothing but the name, so it stays valid while the container comes and
goes. Attributes of a `Volume` are a picture of the moment, `Update` takes a new one. Made
by `Connection` (`connection.py`), which they know as `ValueCalls`: the requests that make
no such objects. Names and parameters are the original's.
"""

# ruff: noqa: N802, D102 - names are those of the original client, see the calls for each.

from __future__ import annotations

from typing import Any

from porto.client.container_calls import ContainerCalls
from porto.client.docker_calls import DockerCalls
from porto.client.property_calls import PropertyCalls
from porto.client.storage import Layer, StorageCalls
from porto.client.values import from_text
from porto.client.volume_calls import VolumeCalls, optional_name


class ValueCalls(ContainerCalls, PropertyCalls, VolumeCalls, StorageCalls, DockerCalls):
    """Every request whose answer is no container, volume or link."""


class Container:
    """One container, by name; every method asks the daemon."""

    def __init__(self, conn: ValueCalls, name: str) -> None:
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
        return list_volume_links(self.conn, container=self)

    def Dump(self) -> Any:
        """Everything about it, as a TContainer message."""
        return self.conn.GetContainersSpecs([self.name])[0]

    def LoadSpec(self, new_spec: Any) -> None:
        """Apply the properties present in a TContainerSpec message."""
        new_spec.name = self.name
        self.conn.SetSpec(new_spec)


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

    def __init__(self, conn: ValueCalls, path: str, pb: Any = None) -> None:
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


def list_volumes(conn: ValueCalls, path: str | None = None, container: Any = None) -> list[Volume]:
    """The visible volumes, all or those that match."""
    answer = conn.Call("listVolumes", "volumeList", path=path, container=optional_name(container))
    return [Volume(conn, row.path, row) for row in answer.volumes]


def list_volume_links(
    conn: ValueCalls, path: str | None = None, container: Any = None
) -> list[VolumeLink]:
    """Links of the volume at a path, of a container, or all visible ones."""
    wanted = optional_name(container)
    return [
        link
        for each in list_volumes(conn, path, container)
        for link in each.links
        if wanted is None or link.container.name == wanted
    ]
