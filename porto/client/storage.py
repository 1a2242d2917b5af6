"""Layers, storages and meta storages: their objects, and the requests about them.

The objects are made from the daemon's answers; attributes are a picture of the moment,
`Update` takes a new one. The requests are methods of `Connection` (`connection.py`). A place
is the directory that holds them, by default the daemon's. Names, parameters and defaults
are the original client's; timeouts are in seconds, by default `disk_timeout`.
"""

# ruff: noqa: N802, D102 - names are those of the original client, see StorageCalls for each.

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from porto.client.calls import Calls
from porto.client.exceptions import LayerNotFound, PortoException, VolumeNotFound
from porto.client.values import name_of


def pick(rows: Iterable[Any], name: str, missing: type[PortoException]) -> Any:
    """The row of that exact name; raises `missing` when the mask matched others only."""
    for row in rows:
        if row.name == name:
            return row
    raise missing(f"cannot find {name}: no such name in its place")


class _Stored:
    """What layers and storages share: a name in a place, with an owner."""

    def __init__(
        self, conn: StorageCalls, name: str, place: str | None = None, pb: Any = None
    ) -> None:
        self.conn = conn
        self.name = name
        self.place = place
        self.owner_user: str | None = None
        self.owner_group: str | None = None
        self.last_usage: int | None = None
        self.private_value: str | None = None
        if pb is not None:
            self._take(pb)

    def _take(self, pb: Any) -> None:
        self.owner_user = pb.owner_user
        self.owner_group = pb.owner_group
        self.last_usage = pb.last_usage
        self.private_value = pb.private_value

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        where = f" in `{self.place}`" if self.place else ""
        return f"{type(self).__name__} `{self.name}`{where}"


class Layer(_Stored):
    """A directory of files that volumes are built of."""

    def Update(self, pb: Any = None) -> None:
        if pb is None:
            answer = self.conn.Call("listLayers", "layers", place=self.place, mask=self.name)
            pb = pick(answer.layers, self.name, LayerNotFound)
        self._take(pb)

    def Merge(
        self, tarball: str, private_value: str | None = None, timeout: float | None = None
    ) -> None:
        self.conn.MergeLayer(self.name, tarball, self.place, private_value, timeout)

    def Remove(self, timeout: float | None = None) -> None:
        self.conn.RemoveLayer(self.name, self.place, timeout)

    def Export(
        self, tarball: str, compress: str | None = None, timeout: float | None = None
    ) -> None:
        self.conn.ReExportLayer(self.name, tarball, self.place, compress, timeout)

    def GetPrivate(self) -> str:
        return self.conn.GetLayerPrivate(self.name, self.place)

    def SetPrivate(self, private_value: str) -> None:
        self.conn.SetLayerPrivate(self.name, private_value, self.place)


class Storage(_Stored):
    """A persistent directory that volumes may keep their data in."""

    def Update(self, pb: Any = None) -> None:
        if pb is None:
            answer = self.conn.Call("listStorage", "storageList", place=self.place, mask=self.name)
            pb = pick(answer.storages, self.name, VolumeNotFound)
        self._take(pb)

    def Remove(self, timeout: float | None = None) -> None:
        self.conn.RemoveStorage(self.name, self.place, timeout)

    def Import(self, tarball: str, timeout: float | None = None) -> None:
        self.conn.ImportStorage(self.name, tarball, self.place, self.private_value, timeout)
        self.Update()

    def Export(self, tarball: str, timeout: float | None = None) -> None:
        self.conn.ExportStorage(self.name, tarball, self.place, timeout)


class MetaStorage(_Stored):
    """A directory with limits of its own, holding storages and layers."""

    space_limit: int | None = None
    inode_limit: int | None = None
    space_used: int | None = None
    space_available: int | None = None
    inode_used: int | None = None
    inode_available: int | None = None

    def _take(self, pb: Any) -> None:
        super()._take(pb)
        self.space_limit = pb.space_limit
        self.inode_limit = pb.inode_limit
        self.space_used = pb.space_used
        self.space_available = pb.space_available
        self.inode_used = pb.inode_used
        self.inode_available = pb.inode_available

    def Update(self, pb: Any = None) -> None:
        if pb is None:
            answer = self.conn.Call("listStorage", "storageList", place=self.place, mask=self.name)
            pb = pick(answer.meta_storages, self.name, VolumeNotFound)
        self._take(pb)

    def Resize(
        self,
        private_value: str | None = None,
        space_limit: int | None = None,
        inode_limit: int | None = None,
    ) -> None:
        self.conn.ResizeMetaStorage(self.name, self.place, private_value, space_limit, inode_limit)
        self.Update()

    def Remove(self) -> None:
        self.conn.RemoveMetaStorage(self.name, self.place)

    def ListLayers(self) -> list[Layer]:
        return self.conn.ListLayers(self.place, f"{self.name}/*")

    def ListStorages(self) -> list[Storage]:
        return self.conn.ListStorages(self.place, f"{self.name}/*")

    def FindLayer(self, subname: str) -> Layer:
        return self.conn.FindLayer(f"{self.name}/{subname}", self.place)

    def FindStorage(self, subname: str) -> Storage:
        return self.conn.FindStorage(f"{self.name}/{subname}", self.place)


class StorageCalls(Calls):
    """Layers, storages, meta storages."""

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
        return Layer(self, layer, place)

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
        return Layer(self, layer, place)

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
        return [Layer(self, row.name, place, row) for row in answer.layers]

    def FindLayer(self, layer: str, place: str | None = None) -> Layer:
        """One layer, or LayerNotFound."""
        answer = self.Call("listLayers", "layers", place=place, mask=layer)
        return Layer(self, layer, place, pick(answer.layers, layer, LayerNotFound))

    # -- storages -----------------------------------------------------------------

    def ListStorages(self, place: str | None = None, mask: str | None = None) -> list[Storage]:
        """The storages of a place."""
        answer = self.Call("listStorage", "storageList", place=place, mask=mask)
        return [Storage(self, row.name, place, row) for row in answer.storages]

    def ListStorage(self, place: str | None = None, mask: str | None = None) -> list[Storage]:
        """The old name of `ListStorages`."""
        return self.ListStorages(place, mask)

    def FindStorage(self, name: str, place: str | None = None) -> Storage:
        """One storage, or VolumeNotFound."""
        answer = self.Call("listStorage", "storageList", place=place, mask=name)
        return Storage(self, name, place, pick(answer.storages, name, VolumeNotFound))

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
        return Storage(self, name, place)

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
        return [MetaStorage(self, row.name, place, row) for row in answer.meta_storages]

    def FindMetaStorage(self, name: str, place: str | None = None) -> MetaStorage:
        """One meta storage, or VolumeNotFound."""
        answer = self.Call("listStorage", "storageList", place=place, mask=name)
        found = pick(answer.meta_storages, name, VolumeNotFound)
        return MetaStorage(self, name, place, found)

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
        return MetaStorage(self, name, place)

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
