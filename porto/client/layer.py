"""`Layer`, `Storage` and `MetaStorage` of the Python client.

Made by `connection.Connection` from the daemon's answers; attributes are a picture of the
moment, `Update` takes a new one. Names and parameters are the original's.
"""

# ruff: noqa: N802, D102 - names are those of the original client, see Connection for each.

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from porto.client.exceptions import LayerNotFound, PortoException, VolumeNotFound

if TYPE_CHECKING:
    from porto.client.connection import Connection


def pick(rows: Iterable[Any], name: str, missing: type[PortoException]) -> Any:
    """The row of that exact name; raises `missing` when the mask matched others only."""
    for row in rows:
        if row.name == name:
            return row
    raise missing(f"cannot find {name}: no such name in its place")


class _Stored:
    """What layers and storages share: a name in a place, with an owner."""

    def __init__(
        self, conn: Connection, name: str, place: str | None = None, pb: Any = None
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
