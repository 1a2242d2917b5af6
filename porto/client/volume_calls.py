"""Requests about volumes, as methods of `Connection` (`connection.py`).

Volumes are named by path; parameters and defaults are the original client's. Timeouts
are in seconds, on top of the connection's own.
"""

# ruff: noqa: N802 - names are those of the original client.

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from porto.client.calls import Calls
from porto.client.values import from_text, name_of, path_of, to_text


def property_rows(properties: dict[str, object]) -> list[dict[str, str]]:
    """Properties as the messages carry them."""
    return [{"name": name, "value": to_text(value)} for name, value in properties.items()]


def optional_name(container: Any) -> str | None:
    """The name of a container that need not be given."""
    return None if container is None else name_of(container)


class VolumeCalls(Calls):
    """Volumes and their links to containers."""

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
        fields = {"path": list(paths or ()), "container": optional_name(container)}
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
            "container": optional_name(container),
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

    def GetVolumeProperties(self, path: str) -> dict[str, Any]:
        """Values of a volume's properties."""
        answer = self.Call("listVolumes", "volumeList", path=path)
        return {item.name: from_text(item.value) for item in answer.volumes[0].properties}

    def TuneVolume(self, path: str, **properties: object) -> None:
        """Change limits and guarantees of a volume in use."""
        fields = {"path": path_of(path), "properties": property_rows(properties)}
        self._disk_call("tuneVolume", fields, None)

    def CheckVolume(self, path: str) -> str:
        """Verify the quota; what was repaired, or ""."""
        return str(self._disk_call("checkVolume", {"path": path_of(path)}, None).message)
