"""Requests about volumes, as methods of `connection.Connection`.

Volumes are named by path; parameters and defaults are the original client's. Timeouts
are in seconds, on top of the connection's own.
"""

# ruff: noqa: N802 - names are those of the original client.

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from porto.client.caller import Caller
from porto.client.values import from_text, name_of, path_of, to_text
from porto.client.volume import Volume, VolumeLink

if TYPE_CHECKING:
    from porto.client.connection import Connection


def _properties(properties: dict[str, object]) -> list[dict[str, str]]:
    return [{"name": name, "value": to_text(value)} for name, value in properties.items()]


def _optional_name(container: Any) -> str | None:
    return None if container is None else name_of(container)


class VolumeCalls(Caller):
    """Volumes and their links to containers."""

    def _volume(self: Any, path: str, pb: Any = None) -> Volume:
        conn: Connection = self
        return Volume(conn, path, pb)

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
        fields = {"path": path, "properties": _properties(properties)}
        answer = self._disk_call("createVolume", fields, timeout, "volumeDescription")
        return self._volume(answer.path, answer)

    def FindVolume(self, path: str) -> Volume:
        """The volume at a path, or VolumeNotFound."""
        answer = self.Call("listVolumes", "volumeList", path=path)
        return self._volume(answer.volumes[0].path, answer.volumes[0])

    def NewVolume(self, spec: Any, timeout: float | None = None) -> Any:
        """Create from a TVolumeSpec message or a dict of its fields; the full spec."""
        return self._disk_call("NewVolume", {"volume": spec}, timeout).volume

    def GetVolume(
        self, path: str, container: str | None = None, timeout: float | None = None
    ) -> Any:
        """The TVolumeSpec of one volume."""
        return self.GetVolumes([path], container, timeout)[0]

    def GetVolumes(
        self,
        paths: Iterable[str] | None = None,
        container: str | None = None,
        timeout: float | None = None,
    ) -> list[Any]:
        """TVolumeSpec messages of the volumes at these paths, or of all."""
        fields = {"path": list(paths or ()), "container": _optional_name(container)}
        return list(self._call("GetVolume", None, fields, timeout or 0).volume)

    def LinkVolume(
        self,
        path: str,
        container: Any,
        target: str | None = None,
        read_only: bool = False,
        required: bool = False,
    ) -> None:
        """Link a volume to a container and, with a target, show it there."""
        # Old daemons know the request without a target only, under its own number.
        command = "linkVolume" if target is None and not required else "LinkVolumeTarget"
        self.Call(
            command,
            path=path_of(path),
            container=name_of(container),
            target=target,
            read_only=read_only or None,
            required=required or None,
        )

    def UnlinkVolume(
        self,
        path: str,
        container: Any = None,
        target: str | None = None,
        strict: bool | None = None,
        timeout: float | None = None,
    ) -> None:
        """Remove a link; the last one takes the volume with it."""
        fields = {
            "path": path_of(path),
            "container": _optional_name(container),
            "target": target,
            "strict": strict,
        }
        command = "unlinkVolume" if target is None else "UnlinkVolumeTarget"
        self._disk_call(command, fields, timeout)

    def DestroyVolume(
        self, volume: Any, strict: bool | None = None, timeout: float | None = None
    ) -> None:
        """Remove all links and the volume."""
        self.UnlinkVolume(path_of(volume), "***", strict=strict, timeout=timeout)

    def ListVolumes(self, path: str | None = None, container: Any = None) -> list[Volume]:
        """The visible volumes."""
        answer = self.Call(
            "listVolumes", "volumeList", path=path, container=_optional_name(container)
        )
        return [self._volume(row.path, row) for row in answer.volumes]

    def ListVolumeLinks(self, volume: Any = None, container: Any = None) -> list[VolumeLink]:
        """Links of a volume, of a container, or all visible ones."""
        volumes = self.ListVolumes(
            path=None if volume is None else path_of(volume), container=container
        )
        wanted = _optional_name(container)
        return [
            link
            for each in volumes
            for link in each.links
            if wanted is None or link.container.name == wanted
        ]

    def GetVolumeProperties(self, path: str) -> dict[str, Any]:
        """Values of a volume's properties."""
        answer = self.Call("listVolumes", "volumeList", path=path)
        return {item.name: from_text(item.value) for item in answer.volumes[0].properties}

    def TuneVolume(self, path: str, **properties: object) -> None:
        """Change limits and guarantees of a volume in use."""
        fields = {"path": path_of(path), "properties": _properties(properties)}
        self._disk_call("tuneVolume", fields, None)

    def CheckVolume(self, path: str) -> str:
        """Verify the quota; what was repaired, or ""."""
        return str(self._disk_call("checkVolume", {"path": path_of(path)}, None).message)
