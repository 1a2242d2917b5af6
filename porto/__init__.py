"""Porto, a container manager; ``import porto`` gives scripts its Python client.

Nothing is imported here until it is asked for: the daemon, its master and portoctl
import their own parts of the package and must not pay for the client.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CLIENT = {
    "Connection": "porto.client.connection",
    "Container": "porto.client.container",
    "Layer": "porto.client.layer",
    "Storage": "porto.client.layer",
    "MetaStorage": "porto.client.layer",
    "Volume": "porto.client.volume",
    "VolumeLink": "porto.client.volume",
    "Property": "porto.client.volume",
}
_MODULES = {
    "exceptions": "porto.exceptions",
    "api": "porto.api",
    "rpc_pb2": "porto.wire.rpc_pb2",
}

__all__ = ["Connection", "exceptions"]


def __getattr__(name: str) -> "Any":
    from importlib import import_module

    if name in _CLIENT:
        return getattr(import_module(_CLIENT[name]), name)
    if name in _MODULES:
        return import_module(_MODULES[name])
    raise AttributeError(f"module 'porto' has no attribute {name!r}")
