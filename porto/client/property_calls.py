"""Requests about container properties, as methods of `Connection` (`connection.py`).

Values cross as text; "true" and "false" are returned as True and False, all other text
as it is. Parameters and defaults are the original client's.
"""

# ruff: noqa: N802 - names are those of the original client.

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from porto.client.calls import Calls, names
from porto.client.exceptions import PortoException
from porto.client.values import from_text, name_of, to_text


class Property:
    """A property that the daemon knows: name, help text, and what may be done with it."""

    def __init__(
        self, name: str, desc: str, read_only: bool = False, dynamic: bool = False
    ) -> None:
        self.name = name
        self.desc = desc
        self.read_only = read_only
        self.dynamic = dynamic

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Property `{self.name}` {self.desc}"


class PropertyCalls(Calls):
    """Reading, setting and listing of properties."""

    def Get(
        self,
        containers: Iterable[Any] | str,
        variables: Iterable[str] | str,
        nonblock: bool = False,
        sync: bool = False,
    ) -> dict[str, dict[str, Any]]:
        """Values by container and variable; a failing one is an exception among them."""
        answer = self.Call(
            "get",
            name=names(containers),
            variable=names(variables),
            nonblock=nonblock or None,
            sync=sync or None,
        )
        return {
            row.name: {pair.variable: _value(pair) for pair in row.keyval} for row in answer.list
        }

    def GetProperty(self, name: str, key: str, sync: bool = False) -> Any:
        """One value."""
        answer = self.Call("getProperty", name=name_of(name), property=key, sync=sync or None)
        return from_text(answer.value)

    def GetData(self, name: str, data: str, sync: bool = False) -> Any:
        """One value; the old request for read-only properties."""
        answer = self.Call("getData", name=name_of(name), data=data, sync=sync or None)
        return from_text(answer.value)

    def SetProperty(self, name: str, key: str, value: object) -> None:
        """Set one property; True, False and None are written true, false and ""."""
        self.Call("setProperty", name=name_of(name), property=key, value=to_text(value))

    def Set(self, container: str, **kwargs: object) -> None:
        """Set several properties, one after the other."""
        for key, value in kwargs.items():
            self.SetProperty(container, key, value)

    def ContainerProperties(self) -> dict[str, Property]:
        """All properties the daemon knows, by name."""
        return {
            row.name: Property(row.name, row.desc, row.read_only, row.dynamic)
            for row in self.Call("propertyList").list
        }

    def VolumeProperties(self) -> dict[str, Property]:
        """All properties of volumes, by name."""
        answer = self.Call("listVolumeProperties", "volumePropertyList")
        return {row.name: Property(row.name, row.desc) for row in answer.properties}

    def Plist(self) -> list[str]:
        """Names of the properties of containers."""
        return [row.name for row in self.Call("propertyList").list]

    def Dlist(self) -> list[str]:
        """Names of the read-only ones."""
        return [row.name for row in self.Call("dataList").list]

    def Vlist(self) -> list[str]:
        """Names of the properties of volumes."""
        answer = self.Call("listVolumeProperties", "volumePropertyList")
        return [row.name for row in answer.properties]


def _value(pair: Any) -> Any:
    if pair.error:
        return PortoException.Create(pair.error, pair.errorMsg)
    return from_text(pair.value)
