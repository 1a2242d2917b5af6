"""The combined get: many containers, many variables, one reply.

Large ones run as a task that lets other clients in between; the reply is joined from
encoded pieces and bounded, since anybody may ask. Manual section "Properties".
"""

from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

from porto.api import replies, variables
from porto.api.columns import Columns
from porto.api.context import Services, Session
from porto.api.dispatch import REPLY_FRAMES, Outcome, handles
from porto.api.masks import is_mask
from porto.api.names import View
from porto.api.slices import sliced
from porto.api.variables import Variable
from porto.observers.viewer import Viewer
from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import (
    ContainerDoesNotExist,
    EError,
    InvalidValue,
    Permission,
    PortoError,
    ResourceNotAvailable,
)
from porto.wire import rpc_pb2

AT_ONCE = 2000
"""Values that are read without letting others in between."""

NAMES_MAX = 100_000
VARIABLES_MAX = 10_000


class _Query:
    """One get request under way."""

    def __init__(
        self, services: Services, session: Session, request: rpc_pb2.TContainerGetRequest
    ) -> None:
        self.services = services
        self.view: View = session.caller.view
        self.viewer: Viewer = session.caller.viewer
        self.plain = [name for name in request.name if not is_mask(name)]
        self.masks = [name for name in request.name if is_mask(name)]
        self.variables: Sequence[Variable] = [variables.parse(name) for name in request.variable]
        self.since = request.changed_since
        self.limit = REPLY_FRAMES * services.config.daemon.max_msg_len
        self.columns = Columns(
            services, self.viewer, self.variables, real=request.real, limit=self.limit
        )
        self.size = 0

    def entries(self) -> Iterator[bytes | None]:
        """The encoded containers; None where a name of a mask did not match."""
        for name in self.plain:
            yield self._named(name)
        for mask in self.masks:
            for full in tuple(self.services.store.names()):
                shown = self.view.shown(full)
                if shown is None or not self.view.matches(full, mask):
                    yield None
                    continue
                record = self.services.store.find(full)
                yield None if record is None else self._entry(shown, record)

    def collect(self, encoded: bytes | None, into: list[bytes]) -> None:
        """Add one container to the reply; raises ResourceNotAvailable when it is too long."""
        if encoded is None:
            return
        self.size += len(encoded)
        if self.size > self.limit:
            raise ResourceNotAvailable(
                f"cannot get {len(self.variables)} variables of so many containers: "
                f"the reply exceeds {self.limit} bytes"
            )
        into.append(encoded)

    def _named(self, name: str) -> bytes:
        try:
            full = self.view.resolve(name)
        except Permission as error:
            return self._failed(name, error)
        if full == ROOT:
            pairs = [item.root_pair(self.services, self.viewer) for item in self.variables]
            return replies.entry(name, pairs, None)
        record = self.services.store.find(full)
        if record is None:
            text = f"cannot get properties of {name}: no such container"
            return self._failed(name, ContainerDoesNotExist(text))
        return self._entry(name, record)

    def _failed(self, name: str, error: PortoError) -> bytes:
        code: EError = error.code
        pairs = [replies.pair_error(item.head, code, error.text) for item in self.variables]
        return replies.entry(name, pairs, None)

    def _entry(self, shown: str, record: ContainerRecord) -> bytes:
        changed = record.status.change_time
        if self.since and int(changed) < self.since:
            return replies.entry(shown, [], changed, same=True)
        return replies.entry(shown, self.columns.pairs(record), changed)


@handles("get")
def get(services: Services, session: Session, request: rpc_pb2.TContainerGetRequest) -> Outcome:
    """Each listed variable of each listed container; errors are per value."""
    if len(request.name) > NAMES_MAX or len(request.variable) > VARIABLES_MAX:
        raise InvalidValue(
            f"cannot get {len(request.variable)} variables of {len(request.name)} names: "
            f"the limits are {VARIABLES_MAX} and {NAMES_MAX}"
        )
    query = _Query(services, session, request)
    containers = len(query.plain) + len(query.masks) * len(services.store)
    if containers * (len(query.variables) + 1) > AT_ONCE:
        return _slowly(query)
    found: list[bytes] = []
    for encoded in query.entries():
        query.collect(encoded, found)
    return replies.raw_answer("get", b"".join(found))


def _slowly(query: _Query) -> Coroutine[Any, Any, bytes]:
    """Read in slices."""

    async def work() -> bytes:
        found: list[bytes] = []
        async for encoded in sliced(query.entries()):
            query.collect(encoded, found)
        return replies.raw_answer("get", b"".join(found))

    return work()
