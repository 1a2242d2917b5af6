"""Volumes, layers, storages and images: none is built in yet.

Each request answers NotSupported, with its empty answer message where the schema
allows one, so that clients which read it find it.
"""

from collections.abc import Mapping

from porto.api import replies
from porto.api.context import Services, Session
from porto.api.dispatch import Handler, Refusal, handles
from porto.spec.errors import NotSupported
from porto.wire import rpc_pb2

_READS: Mapping[str, str] = {
    "listVolumes": "volumeList",
    "GetVolume": "GetVolume",
    "listLayers": "layers",
    "getlayerprivate": "layer_private",
    "listStorage": "storageList",
}

_WRITES: Mapping[str, str] = {
    "createVolume": "",
    "linkVolume": "",
    "LinkVolumeTarget": "",
    "unlinkVolume": "",
    "UnlinkVolumeTarget": "",
    "tuneVolume": "",
    "checkVolume": "checkVolume",
    "NewVolume": "",
    "importLayer": "",
    "exportLayer": "",
    "removeLayer": "",
    "setlayerprivate": "",
    "removeStorage": "",
    "importStorage": "",
    "exportStorage": "",
    "CreateMetaStorage": "",
    "ResizeMetaStorage": "",
    "RemoveMetaStorage": "",
    "SetSymlink": "",
    "dockerImageStatus": "dockerImageStatus",
    "listDockerImages": "listDockerImages",
    "pullDockerImage": "pullDockerImage",
    "removeDockerImage": "",
}


@handles("listVolumeProperties")
def list_volume_properties(
    services: Services, session: Session, request: rpc_pb2.TVolumePropertyListRequest
) -> bytes:
    """Without volumes there are none."""
    return replies.answer("volumePropertyList", rpc_pb2.TVolumePropertyListResponse())


def _refusing(name: str, field: str) -> Handler:
    payload = replies.raw_answer(field, b"") if field else b""
    what = "docker images" if "Docker" in name or "docker" in name else "volumes"
    if name == "SetSymlink":
        what = "symlinks"

    def refuse(services: Services, session: Session, request: object) -> bytes:
        raise Refusal(NotSupported(f"cannot {name}: {what} are not built in"), payload)

    return refuse


for _name, _field in _READS.items():
    handles(_name)(_refusing(_name, _field))
for _name, _field in _WRITES.items():
    handles(_name, writes=True)(_refusing(_name, _field))
