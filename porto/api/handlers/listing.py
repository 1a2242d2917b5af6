"""ListContainersBy: specifications and status of containers that match filters.

Conversion by `porto/api/proto_codec.py`. A property that has no value in the
container's state is left out of the answer.
"""

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from porto.api import proto_codec, replies
from porto.api.container_waits import labels_of
from porto.api.context import Services, Session
from porto.api.dispatch import REPLY_FRAMES, Outcome, handles
from porto.api.masks import is_mask, matches
from porto.api.names import View
from porto.observers.readers import COMPUTED
from porto.observers.viewer import Viewer
from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import PROPERTIES
from porto.spec.containers.status import State
from porto.spec.errors import (
    ContainerDoesNotExist,
    EError,
    InvalidValue,
    PortoError,
    ResourceNotAvailable,
)
from porto.spec.prop import Property, check_readable
from porto.wire import rpc_pb2

FILTERS_MAX = 1000
AT_ONCE = 20
SLICE_S = 0.005
_CREDS = ("task_cred", "owner_cred")
_DEAD_TIME = "dead_time"
_DUMPS = ("stdout", "stderr")


class _Listing:
    """One ListContainersBy under way."""

    def __init__(
        self, services: Services, session: Session, request: rpc_pb2.TListContainersRequest
    ) -> None:
        self.services = services
        self.view: View = session.caller.view
        self.viewer: Viewer = session.caller.viewer
        self.filters = [_Filter(self.view, wanted) for wanted in request.filters]
        self.options = request.field_options
        self.wanted = frozenset(self.options.properties)
        self.answer = rpc_pb2.TListContainersResponse()
        self.limit = REPLY_FRAMES * services.config.daemon.max_msg_len
        self.size = 0

    def visit(self, full: str) -> None:
        """Add one container, if the first filter that matches it says so."""
        shown = self.view.shown(full)
        record = None if full == ROOT else self.services.store.find(full)
        if record is None and full != ROOT:
            return
        labels = labels_of(record) if record is not None else {}
        for wanted in self.filters:
            if wanted.matches(full, shown, labels):
                wanted.used = True
                entry = self.answer.containers.add()
                entry.spec.name = self.view.named(full)
                self._fill(entry, record)
                self._count(entry)
                return

    def _count(self, entry: rpc_pb2.TContainer) -> None:
        """Raise ResourceNotAvailable when the answer becomes too long."""
        self.size += entry.ByteSize()
        if self.size > self.limit:
            raise ResourceNotAvailable(
                f"cannot list so many containers: the reply exceeds {self.limit} bytes"
            )

    def finish(self) -> bytes:
        """Add what was not found; the encoded answer."""
        for wanted in self.filters:
            if not wanted.used:
                entry = self.answer.containers.add()
                entry.spec.name = wanted.name
                error = ContainerDoesNotExist(f"cannot find {wanted.name}: no such container")
                proto_codec.fill_error(entry.error, error.code, error.text)
        return replies.answer("ListContainersBy", self.answer)

    def _fill(self, entry: rpc_pb2.TContainer, record: ContainerRecord | None) -> None:
        entry.status.SetInParent()
        for name in self.options.properties:
            if name not in PROPERTIES and name not in (*_CREDS, _DEAD_TIME):
                text = f"cannot get {name[:80]!r}: no such property"
                proto_codec.fill_error(entry.status.error.add(), EError.InvalidProperty, text)
        for prop in proto_codec.SPEC_PROPERTIES:
            if self._asked(prop.name):
                self._fill_spec(entry.spec, record, prop)
        for prop in proto_codec.COUNTED_PROPERTIES:
            if record is not None and self._asked(prop.name):
                # It may have no value in this state, or not at all on this host.
                with contextlib.suppress(PortoError):
                    text = self.services.readers.read(record, prop, None, self.viewer)
                    proto_codec.fill_spec(entry.spec, prop, None, text)
        for prop in proto_codec.STATUS_PROPERTIES:
            if self._asked(prop.name):
                self._fill_status(entry.status, record, prop)
        if record is None:
            return
        for name in _CREDS:
            if self._asked(name):
                self._fill_cred(getattr(entry.spec, name), record, name)
        if record.status.life.state is State.DEAD and self._asked(_DEAD_TIME):
            now = self.services.monotonic()
            entry.status.dead_time = max(0, int(now - record.status.life.death_mono))

    def _asked(self, name: str) -> bool:
        return not self.wanted or name in self.wanted

    def _fill_spec(
        self, spec: rpc_pb2.TContainerSpec, record: ContainerRecord | None, prop: Property
    ) -> None:
        readers = self.services.readers
        try:
            if record is None:
                text = readers.read_root(prop, None, self.viewer)
                proto_codec.fill_spec(spec, prop, prop.codec.parse(text), text)
                return
            value = record.spec.value(prop)
            computed = prop.name in COMPUTED
            text = readers.read_spec(record, prop, None) if computed else prop.codec.format(value)
            proto_codec.fill_spec(spec, prop, value, text)
        except (PortoError, ValueError):
            return

    def _fill_status(
        self, status: rpc_pb2.TContainerStatus, record: ContainerRecord | None, prop: Property
    ) -> None:
        def read(index: str | None) -> str:
            if prop.name in _DUMPS:
                index = self._window(prop.name)
            if record is None:
                return self.services.readers.read_root(prop, index, self.viewer)
            return self.services.readers.read(record, prop, index, self.viewer)

        # Output is long and seldom wanted: only when asked for by name.
        if prop.name in _DUMPS and prop.name not in self.wanted:
            return
        try:
            if record is not None:
                check_readable(prop, record.name, record.status.life.state)
                if prop.name == "start_error":
                    self._fill_start_error(status, record)
                    return
            proto_codec.fill_status(status, prop, read)
        except (PortoError, ValueError):
            return

    def _window(self, stream: str) -> str | None:
        if not self.options.HasField(f"{stream}_options"):
            return None
        window = getattr(self.options, f"{stream}_options")
        return f"{window.stdstream_offset}:{window.stdstream_limit}"

    def _fill_start_error(self, status: rpc_pb2.TContainerStatus, record: ContainerRecord) -> None:
        if record.status.life.start_error:
            code = record.status.life.start_error_code
            proto_codec.fill_error(status.start_error, code, record.status.life.start_error)

    def _fill_cred(self, cred: rpc_pb2.TCred, record: ContainerRecord, name: str) -> None:
        authority, users = self.services.authority, self.services.users
        found = authority.owner(record) if name == "owner_cred" else authority.task(record)
        cred.user, cred.uid = users.user_name(found.uid), found.uid
        cred.group, cred.gid = users.group_name(found.gid), found.gid
        cred.grp.extend(sorted(found.groups))


class _Filter:
    """One filter: a name or mask, and labels that must all be equal."""

    def __init__(self, view: View, wanted: rpc_pb2.TListContainersFilter) -> None:
        self.name = wanted.name
        self.used = False
        self._labels = {entry.key: entry.val for entry in wanted.labels.map}
        self._full: str | None = None
        if not is_mask(wanted.name):
            try:
                self._full = view.resolve(wanted.name)
            except PortoError:
                self._full = ""

    def matches(self, full: str, shown: str | None, labels: Mapping[str, str]) -> bool:
        """Whether the container is meant."""
        if self._full is not None:
            if self._full != full:
                return False
        elif shown is None or not matches(shown, self.name):
            return False
        return all(labels.get(key) == value for key, value in self._labels.items())


@handles("ListContainersBy")
def list_containers_by(
    services: Services, session: Session, request: rpc_pb2.TListContainersRequest
) -> Outcome:
    """Each visible container once, by the first filter that matches it."""
    if len(request.filters) > FILTERS_MAX:
        raise InvalidValue(f"cannot list containers by more than {FILTERS_MAX} filters")
    listing = _Listing(services, session, request)
    if not listing.filters:
        return listing.finish()
    names = (ROOT, *services.store.names())
    if len(names) > AT_ONCE:
        return _slowly(listing, names)
    for name in names:
        listing.visit(name)
    return listing.finish()


def _slowly(listing: _Listing, names: Sequence[str]) -> Coroutine[Any, Any, bytes]:
    """Let other clients in between."""

    async def work() -> bytes:
        loop = asyncio.get_running_loop()
        until = loop.time() + SLICE_S
        for name in names:
            listing.visit(name)
            if loop.time() > until:
                await asyncio.sleep(0)
                until = loop.time() + SLICE_S
        return listing.finish()

    return work()
