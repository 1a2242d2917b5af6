"""The table of requests: field of TContainerRequest -> handler.

Handlers register themselves with `handles`; `table` imports their modules and gives
the whole table, which a test compares with the schema. Read by `conversation.py`.
"""

import importlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from porto.api.context import Services, Session
from porto.spec.errors import Permission, PortoError, PortoFrozen

Payload = bytes
Outcome = Payload | Coroutine[Any, Any, Payload]
Handler = Callable[[Services, Session, Any], Outcome]
"""Takes the request's sub-message; returns the encoded answer field, or a coroutine
that does when there is something to wait for. Raises PortoError or Refusal."""

NOUNS = (
    "containers",
    "properties",
    "get",
    "labels",
    "wait",
    "specs",
    "listing",
    "processes",
    "plan",
    "diff",
    "explain",
    "events",
    "system",
    "volumes",
)

REPLY_FRAMES = 4
"""A reply may be this many times as long as a request (daemon.max_msg_len)."""


class Refusal(Exception):
    """An error that carries an answer nevertheless."""

    def __init__(self, error: PortoError, payload: Payload) -> None:
        super().__init__(str(error))
        self.error = error
        self.payload = payload


@dataclass(frozen=True, slots=True)
class Method:
    """One request.

    writes   -- refused to read-only clients and by a frozen daemon
    abandons -- pointless without its client: cancelled when the connection closes
    """

    name: str
    run: Handler
    writes: bool
    abandons: bool

    def check(self, services: Services, session: Session) -> None:
        """Raise unless the client may use this request at all."""
        if not self.writes:
            return
        if not session.caller.writer:
            raise Permission(f"cannot {self.name}: Write access denied")
        if services.switches.frozen and not session.caller.superuser:
            raise PortoFrozen(f"cannot {self.name}: the daemon is frozen")


_TABLE: dict[str, Method] = {}


def handles(
    *names: str, writes: bool = False, abandons: bool = False
) -> Callable[[Handler], Handler]:
    """Register the decorated function for these fields of TContainerRequest."""

    def register(run: Handler) -> Handler:
        for name in names:
            if name in _TABLE:
                raise TypeError(f"request {name} has two handlers")
            _TABLE[name] = Method(name, run, writes, abandons)
        return run

    return register


def table() -> Mapping[str, Method]:
    """All requests by name."""
    for noun in NOUNS:
        importlib.import_module(f"porto.api.handlers.{noun}")
    return _TABLE
