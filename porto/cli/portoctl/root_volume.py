"""The volume that run and exec make for a container's root.

Called by `launching` when layers or volume properties are given. A layer is the name of
an existing one, a directory, or an archive, which is imported under a name that the
daemon removes together with the volume.
"""

from __future__ import annotations

import os

from porto.cli.portoctl.remote import Remote
from porto.client.exceptions import LayerNotFound

_DISK_SECONDS = 600.0


def create_root(
    remote: Remote, container: str, layers: list[str], properties: dict[str, str]
) -> str:
    """Create the volume, linked to the container only; returns its path."""
    place = properties.get("place")
    known: list[str] = []
    if layers:
        known = remote.call("listLayers", place=place).get("layers", {}).get("layer", [])
    squash = properties.get("backend") == "squash"
    names = [
        layer if layer in known else _from_path(remote, layer, index, place, squash)
        for index, layer in enumerate(layers)
    ]
    wanted = {"backend": "overlay" if names else "native", **properties}
    if names:
        wanted["layers"] = ";".join(names)
    answer = remote.call(
        "createVolume",
        _DISK_SECONDS,
        properties=[{"name": key, "value": value} for key, value in wanted.items()],
    )
    path: str = answer["volumeDescription"]["path"]
    remote.call("linkVolume", path=path, container=container)
    remote.call("unlinkVolume", path=path, container="self")
    return path


def _from_path(remote: Remote, layer: str, index: int, place: str | None, squash: bool) -> str:
    path = os.path.abspath(layer)
    if os.path.isdir(path) or (squash and os.path.isfile(path)):
        return path
    if not os.path.isfile(path):
        raise LayerNotFound(f"cannot use layer {layer}: neither a layer nor a file")
    name = f"_weak_portoctl-{os.getpid()}-{index}-{os.path.basename(path)}"
    print(f"Importing layer {layer} as {name}", flush=True)
    remote.call("importLayer", _DISK_SECONDS, layer=name, tarball=path, merge=False, place=place)
    return name
