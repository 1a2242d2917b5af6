"""Reading any property of any container as text.

Called by the API's handlers. The tables of the facets' files are merged here; values
of settable properties come from the spec, but for a few whose shown value is computed.
Manual section "Properties".
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from porto.kernel.ports import Kernel
from porto.observers import (
    cgroups,
    cpu,
    cpuset,
    daemon,
    hugetlb,
    identity,
    io,
    life,
    memory,
    oom,
    pids,
    pressure,
    streams,
    tasks,
)
from porto.observers.clock import Clock
from porto.observers.sources import Computed, Reader, RootReader, Sources, refuse_index
from porto.observers.viewer import Viewer
from porto.spec.config import Config
from porto.spec.containers.controllers import ControllerSets
from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import BY_CODE, InvalidProperty, InvalidState, InvalidValue, by_errno
from porto.spec.prop import Property, Rejected, check_readable

KNOB_SHOWN_MAX = 80
_FACETS = (
    *(identity, life, tasks, streams, daemon, cgroups),
    *(memory, pressure, hugetlb, oom, cpu, cpuset, io, pids),
)


def _merge(tables: tuple[Mapping[str, object], ...]) -> dict[str, object]:
    merged: dict[str, object] = {}
    for table in tables:
        twice = merged.keys() & table.keys()
        if twice:
            raise TypeError(f"properties with two readers: {', '.join(sorted(twice))}")
        merged.update(table)
    return merged


READERS: Mapping[str, Reader] = _merge(tuple(facet.READERS for facet in _FACETS))  # type: ignore[assignment]
"""Every status property's reader, by name."""

ROOT_READERS: Mapping[str, RootReader] = _merge(tuple(facet.ROOT_READERS for facet in _FACETS))  # type: ignore[assignment]
"""The same for the host."""

ROOT_SPEC: Mapping[str, str] = {
    "cwd": "/",
    "enable_porto": "true",
    "group": "root",
    "isolate": "false",
    "owner_group": "root",
    "owner_user": "root",
    "porto_namespace": identity.PREFIX,
    "user": "root",
}
"""Settable properties of the host whose value is not the default."""


COMPUTED: Mapping[str, Computed] = _merge(tuple(facet.COMPUTED for facet in _FACETS))  # type: ignore[assignment]
"""Settable properties whose shown value depends on more than the spec."""


class Readers:
    """See `api.protocols.Readers`. Methods raise `PortoError`."""

    def __init__(
        self,
        store: ContainerStore,
        kernel: Kernel,
        config: Config,
        counters: Callable[[], Mapping[str, int]],
        clock: Clock | None = None,
        status: Callable[[], str] = lambda: "{}",
    ) -> None:
        """`counters` gives the daemon's counters by their porto_stat names.

        `status` gives the whole daemon's porto_status, a JSON object.
        """
        sets = ControllerSets(store, kernel.cgroups)
        self._sources = Sources(
            store, kernel, config, counters, clock or Clock(), status, store.admission.host, sets
        )

    def held(self) -> AbstractContextManager[None]:
        """Within the block what several values come from is read once."""
        return self._sources.driver.held()

    def read(
        self, record: ContainerRecord, prop: Property, index: str | None, viewer: Viewer
    ) -> str:
        """A status property."""
        check_readable(prop, record.name, record.status.life.state)
        return READERS[prop.name](self._sources, record, index, viewer)

    def read_spec(self, record: ContainerRecord, prop: Property, index: str | None) -> str:
        """A settable property as shown."""
        computed = COMPUTED.get(prop.name)
        value = record.spec.value(prop) if computed is None else computed(self._sources, record)
        if index is None:
            return prop.codec.format(value)
        return self._element(prop, value, index, record.name)

    def read_root(self, prop: Property, index: str | None, viewer: Viewer) -> str:
        """A property of the host, status or not."""
        reader = ROOT_READERS.get(prop.name)
        if reader is not None:
            return reader(self._sources, index, viewer)
        fixed = ROOT_SPEC.get(prop.name)
        if fixed is not None:
            refuse_index(prop.name, index)
            return fixed
        value = prop.default
        if prop.name == "ulimit":
            value = prop.parse(ROOT, self._sources.config.container.default_ulimit)
        if index is None:
            return prop.codec.format(value)
        return self._element(prop, value, index, ROOT)

    def read_knob(self, record: ContainerRecord, name: str) -> str:
        """A raw cgroup knob, ``controller.knob``.

        A container without the controller shows its nearest ancestor's.
        """
        if record.status.life.state is State.STOPPED:
            raise InvalidState(
                f"cannot get {name[:KNOB_SHOWN_MAX]} of {record.name}: the container is stopped"
            )
        return self._knob(record.name, name)

    def read_root_knob(self, name: str) -> str:
        """A raw cgroup knob of the host."""
        return self._knob(ROOT, name)

    def _knob(self, subject: str, name: str) -> str:
        group = self._sources.group(subject)
        controller = name.partition(".")[0]
        text = f"cannot get {name[:KNOB_SHOWN_MAX]} of {subject}"
        if controller not in group.directories:
            raise InvalidProperty(f"{text}: no controller {controller[:KNOB_SHOWN_MAX]!r}")
        try:
            return self._sources.driver.read(group, controller, name)
        except (FileNotFoundError, IsADirectoryError) as error:
            raise InvalidProperty(f"{text}: no such knob") from error
        except OSError as error:
            raise by_errno(error, text) from error

    @staticmethod
    def _element(prop: Property, value: object, index: str, subject: str) -> str:
        if not prop.indexed:
            refuse_index(prop.name, index, subject)
        try:
            return prop.codec.get_index(value, index)
        except Rejected as refusal:
            error = BY_CODE.get(refusal.code, InvalidValue)
            raise error(
                f"cannot get {prop.name}[{index}] of {subject}: {refusal.reason}"
            ) from refusal
