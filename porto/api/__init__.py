"""The protobuf API on the unix socket: writes specs, reads status."""

_CLIENT = (
    "Connection",
    "Container",
    "Layer",
    "MetaStorage",
    "Property",
    "Storage",
    "Volume",
    "VolumeLink",
)


def __getattr__(name: str) -> object:
    # Scripts written for the original client take its classes from ``porto.api``.
    if name in _CLIENT:
        import porto

        return getattr(porto, name)
    raise AttributeError(f"module 'porto.api' has no attribute {name!r}")
