"""From a request's name and fields to a checked answer.

Base of the groups of calls that make up `Connection` (`connection.py`); the only place
that fills protobuf messages and turns an answer's error into an exception.
"""

# ruff: noqa: N802 - names are those of the original client.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from porto.client.exceptions import PortoException
from porto.client.rpc import AsyncWaiter, Rpc
from porto.wire import rpc_pb2


def fill(message: Any, fields: Mapping[str, Any]) -> None:
    """Set fields of a protobuf message; None leaves one absent."""
    for name, value in fields.items():
        if value is None:
            continue
        if isinstance(value, Mapping):
            fill(getattr(message, name), value)
            getattr(message, name).SetInParent()
        elif hasattr(value, "DESCRIPTOR"):
            getattr(message, name).CopyFrom(value)
        elif isinstance(value, list | tuple):
            target = getattr(message, name)
            for item in value:
                if isinstance(item, Mapping):
                    fill(target.add(), item)
                elif hasattr(item, "DESCRIPTOR"):
                    target.add().CopyFrom(item)
                else:
                    target.append(item)
        else:
            setattr(message, name, value)


def names(things: str | Iterable[Any]) -> list[str]:
    """Names of containers given as text or objects, one or many."""
    if isinstance(things, str):
        return [things]
    return [str(thing) for thing in things]


class Calls:
    """Sends requests through `rpc`; every method raises a `PortoException` on failure."""

    def __init__(self, rpc: Rpc, disk_timeout: float) -> None:
        self.rpc = rpc
        self.disk_timeout = disk_timeout

    def Call(self, command_name: str, response_name: str | None = None, **kwargs: Any) -> Any:
        """Any request by its name in TContainerRequest, fields as keywords.

        Returns the answer's sub-message of `response_name`, by default of the same name
        as the request, or None for requests without one.
        """
        return self._call(command_name, response_name, kwargs)

    def _call(
        self,
        command_name: str,
        response_name: str | None,
        fields: Mapping[str, Any],
        extra_time: float | None = 0,
        *,
        refresh: Callable[[Any, float], None] | None = None,
        register: Callable[..., object] | None = None,
    ) -> Any:
        request = rpc_pb2.TContainerRequest()
        command = getattr(request, command_name)
        command.SetInParent()
        fill(command, fields)

        def again(spent: float) -> None:
            if refresh is not None:
                refresh(command, spent)

        waiter = None if register is None else AsyncWaiter(request, register)
        answer = self.rpc.call(request, extra_time, refresh=again, register=waiter)
        if answer.error:
            raise PortoException.Create(answer.error, answer.errorMsg)
        name = response_name or command_name
        known = name in rpc_pb2.TContainerResponse.DESCRIPTOR.fields_by_name
        return getattr(answer, name) if known else None

    def _disk_call(
        self,
        command_name: str,
        fields: Mapping[str, Any],
        timeout: float | None,
        response_name: str | None = None,
    ) -> Any:
        """A request that moves files, with the disk timeout unless one is given."""
        extra = self.disk_timeout if timeout is None else timeout
        return self._call(command_name, response_name, fields, extra)
