"""Porto, a container manager; ``import porto`` gives scripts its Python client.

Nothing is imported here until it is asked for: the daemon, its master and portoctl
import their own parts of the package and must not pay for the client.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CLIENT_CLASSES = {
    "Connection": "porto.client.connection",
    "Container": "porto.client.objects",
    "Layer": "porto.client.storage",
    "Storage": "porto.client.storage",
    "MetaStorage": "porto.client.storage",
    "Volume": "porto.client.objects",
    "VolumeLink": "porto.client.objects",
    "Property": "porto.client.property_calls",
}
"""Where the classes of the client are; also found as ``porto.api.NAME``."""

_MODULES = {
    "exceptions": "porto.exceptions",
    "api": "porto.api",
    "rpc_pb2": "porto.wire.rpc_pb2",
}

__all__ = ["Connection", "exceptions"]


def __getattr__(name: str) -> "Any":
    from importlib import import_module

    if name in CLIENT_CLASSES:
        return getattr(import_module(CLIENT_CLASSES[name]), name)
    if name in _MODULES:
        return import_module(_MODULES[name])
    raise AttributeError(f"module 'porto' has no attribute {name!r}")
