"""Values between Python and the wire, where everything is text.

Called by the client's methods for every property value they pass on or return.
"""

from __future__ import annotations

from typing import Any


def to_text(value: object) -> str:
    """A property value as the daemon expects it: true, false, decimal numbers, text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return str(value)


def from_text(value: str) -> Any:
    """A value read: True and False for their texts, else the text itself."""
    return {"true": True, "false": False}.get(value, value)


def milliseconds(seconds: float | None) -> int | None:
    """A timeout as requests carry it; None and negative ones mean absent."""
    if seconds is None or seconds < 0:
        return None
    return min(round(seconds * 1000), 0xFFFFFFFF)


def name_of(thing: Any) -> str:
    """The name of a `Container`, `Layer` or `Storage`, or the name itself."""
    return str(getattr(thing, "name", thing))


def path_of(volume: Any) -> str:
    """The path of a `Volume`, or the path itself."""
    return str(getattr(volume, "path", volume))
