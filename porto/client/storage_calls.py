"""Requests about layers, storages and docker images, as methods of `connection.Connection`.

A place is the directory that holds them, by default the daemon's. Parameters and
defaults are the original client's; timeouts are in seconds, by default `disk_timeout`.
"""

# ruff: noqa: N802 - names are those of the original client.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from porto.client.caller import Caller
from porto.client.exceptions import LayerNotFound, VolumeNotFound
from porto.client.layer import Layer, MetaStorage, Storage, pick
from porto.client.values import name_of

if TYPE_CHECKING:
    from porto.client.connection import Connection


class StorageCalls(Caller):
    """Layers, storages, meta storages, docker images."""

    def _conn(self: Any) -> Connection:
        conn: Connection = self
        return conn

    # -- layers -------------------------------------------------------------------

    def ImportLayer(
        self,
        layer: str,
        tarball: str,
        place: str | None = None,
        private_value: str | None = None,
        container: str | None = None,
        timeout: float | None = None,
        verbose_error: bool = False,
    ) -> Layer:
        """Unpack an archive into a new layer."""
        fields = {
            "layer": layer,
            "tarball": tarball,
            "merge": False,
            "place": place,
            "private_value": private_value,
            "container": container,
            "verbose_error": verbose_error or None,
        }
        self._disk_call("importLayer", fields, timeout)
        return Layer(self._conn(), layer, place)

    def MergeLayer(
        self,
        layer: str,
        tarball: str,
        place: str | None = None,
        private_value: str | None = None,
        timeout: float | None = None,
    ) -> Layer:
        """Unpack an archive into a layer that may exist."""
        fields = {
            "layer": layer,
            "tarball": tarball,
            "merge": True,
            "place": place,
            "private_value": private_value,
        }
        self._disk_call("importLayer", fields, timeout)
        return Layer(self._conn(), layer, place)

    def RemoveLayer(
        self,
        layer: Any,
        place: str | None = None,
        timeout: float | None = None,
        asynchronous: bool = False,
    ) -> None:
        """Remove a layer, in the background if asked."""
        fields = {"layer": name_of(layer), "place": place, "async": asynchronous or None}
        self._disk_call("removeLayer", fields, timeout)

    def GetLayerPrivate(self, layer: str, place: str | None = None) -> str:
        """The text kept with a layer."""
        answer = self.Call("getlayerprivate", "layer_private", layer=layer, place=place)
        return str(answer.private_value)

    def SetLayerPrivate(self, layer: str, private_value: str, place: str | None = None) -> None:
        """Set the text kept with a layer."""
        self.Call("setlayerprivate", layer=layer, place=place, private_value=private_value)

    def ExportLayer(
        self,
        volume: Any,
        tarball: str,
        place: str | None = None,
        compress: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Pack the upper layer of a volume into an archive."""
        fields = {
            "volume": str(volume),
            "tarball": tarball,
            "place": place,
            "compress": compress,
        }
        self._disk_call("exportLayer", fields, timeout)

    def ReExportLayer(
        self,
        layer: str,
        tarball: str,
        place: str | None = None,
        compress: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Pack a layer into an archive."""
        fields = {
            "volume": "",
            "tarball": tarball,
            "layer": layer,
            "place": place,
            "compress": compress,
        }
        self._disk_call("exportLayer", fields, timeout)

    def ListLayers(self, place: str | None = None, mask: str | None = None) -> list[Layer]:
        """The layers of a place."""
        answer = self.Call("listLayers", "layers", place=place, mask=mask)
        return [Layer(self._conn(), row.name, place, row) for row in answer.layers]

    def FindLayer(self, layer: str, place: str | None = None) -> Layer:
        """One layer, or LayerNotFound."""
        answer = self.Call("listLayers", "layers", place=place, mask=layer)
        return Layer(self._conn(), layer, place, pick(answer.layers, layer, LayerNotFound))

    # -- storages -----------------------------------------------------------------

    def ListStorages(self, place: str | None = None, mask: str | None = None) -> list[Storage]:
        """The storages of a place."""
        answer = self.Call("listStorage", "storageList", place=place, mask=mask)
        return [Storage(self._conn(), row.name, place, row) for row in answer.storages]

    def ListStorage(self, place: str | None = None, mask: str | None = None) -> list[Storage]:
        """The old name of `ListStorages`."""
        return self.ListStorages(place, mask)

    def FindStorage(self, name: str, place: str | None = None) -> Storage:
        """One storage, or VolumeNotFound."""
        answer = self.Call("listStorage", "storageList", place=place, mask=name)
        return Storage(self._conn(), name, place, pick(answer.storages, name, VolumeNotFound))

    def RemoveStorage(
        self, name: Any, place: str | None = None, timeout: float | None = None
    ) -> None:
        """Remove a storage."""
        self._disk_call("removeStorage", {"name": name_of(name), "place": place}, timeout)

    def ImportStorage(
        self,
        name: str,
        tarball: str,
        place: str | None = None,
        private_value: str | None = None,
        timeout: float | None = None,
    ) -> Storage:
        """Unpack an archive into a new storage."""
        fields = {
            "name": name,
            "tarball": tarball,
            "place": place,
            "private_value": private_value,
        }
        self._disk_call("importStorage", fields, timeout)
        return Storage(self._conn(), name, place)

    def ExportStorage(
        self, name: str, tarball: str, place: str | None = None, timeout: float | None = None
    ) -> None:
        """Pack a storage into an archive."""
        fields = {"name": name, "tarball": tarball, "place": place}
        self._disk_call("exportStorage", fields, timeout)

    # -- meta storages ------------------------------------------------------------

    def ListMetaStorages(
        self, place: str | None = None, mask: str | None = None
    ) -> list[MetaStorage]:
        """The meta storages of a place."""
        answer = self.Call("listStorage", "storageList", place=place, mask=mask)
        return [MetaStorage(self._conn(), row.name, place, row) for row in answer.meta_storages]

    def FindMetaStorage(self, name: str, place: str | None = None) -> MetaStorage:
        """One meta storage, or VolumeNotFound."""
        answer = self.Call("listStorage", "storageList", place=place, mask=name)
        found = pick(answer.meta_storages, name, VolumeNotFound)
        return MetaStorage(self._conn(), name, place, found)

    def CreateMetaStorage(
        self,
        name: str,
        place: str | None = None,
        private_value: str | None = None,
        space_limit: int | None = None,
        inode_limit: int | None = None,
    ) -> MetaStorage:
        """A new meta storage with limits in bytes and inodes."""
        fields = {
            "name": name,
            "place": place,
            "private_value": private_value,
            "space_limit": space_limit,
            "inode_limit": inode_limit,
        }
        self._disk_call("CreateMetaStorage", fields, None)
        return MetaStorage(self._conn(), name, place)

    def ResizeMetaStorage(
        self,
        name: str,
        place: str | None = None,
        private_value: str | None = None,
        space_limit: int | None = None,
        inode_limit: int | None = None,
    ) -> None:
        """Change its text or limits."""
        fields = {
            "name": name,
            "place": place,
            "private_value": private_value,
            "space_limit": space_limit,
            "inode_limit": inode_limit,
        }
        self._disk_call("ResizeMetaStorage", fields, None)

    def RemoveMetaStorage(self, name: Any, place: str | None = None) -> None:
        """Remove an empty meta storage."""
        self._disk_call("RemoveMetaStorage", {"name": name_of(name), "place": place}, None)

    # -- docker images ------------------------------------------------------------

    def DockerImageStatus(self, name: str | None = None, place: str | None = None) -> Any:
        """The TDockerImage message of an image."""
        return self._disk_call("dockerImageStatus", {"name": name, "place": place}, None).image

    def ListDockerImages(self, place: str | None = None, mask: str | None = None) -> list[Any]:
        """TDockerImage messages."""
        fields = {"place": place, "mask": mask}
        return list(self._disk_call("listDockerImages", fields, None).images)

    def PullDockerImage(
        self,
        name: str,
        place: str | None = None,
        auth_token: str | None = None,
        auth_path: str | None = None,
        auth_service: str | None = None,
    ) -> Any:
        """Download an image; its TDockerImage message."""
        fields = {
            "name": name,
            "place": place,
            "auth_token": auth_token,
            "auth_path": auth_path,
            "auth_service": auth_service,
        }
        return self._disk_call("pullDockerImage", fields, None).image

    def RemoveDockerImage(self, name: str, place: str | None = None) -> None:
        """Remove an image."""
        self._disk_call("removeDockerImage", {"name": name, "place": place}, None)
