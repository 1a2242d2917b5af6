"""The protobuf API on the unix socket: writes specs, reads status."""


def __getattr__(name: str) -> object:
    # Scripts written for the original client take its classes from ``porto.api``.
    import porto

    if name in porto.CLIENT_CLASSES:
        return getattr(porto, name)
    raise AttributeError(f"module 'porto.api' has no attribute {name!r}")
