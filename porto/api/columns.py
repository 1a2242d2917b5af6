"""The same variables of many containers, encoded for one get reply.

Called by `handlers/get.py`. Two things make a thousand containers cheap: facets are
shared between containers and generations by identity, so the encoded values of one
are remembered while the request runs; and the errors that every stopped container
answers differ by its name only.
"""

from collections.abc import Sequence
from typing import Any

from porto.api import replies
from porto.api.context import Services
from porto.api.variables import Kind, Variable
from porto.observers.viewer import Viewer
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.errors import EError, ResourceNotAvailable
from porto.spec.prop import Facet, Property

_REMEMBERED_MAX = 4096
_NO_VALUE_YET = (State.STOPPED, State.STARTING)

Cells = list[tuple[int, bytes]]
"""Encoded values with their places in the reply."""

Frames = list[tuple[int, bytes, bytes]]
"""Encoded errors with the bytes before and after the container's name."""


class Columns:
    """Encodes the variables of one request for one container after the other."""

    def __init__(
        self,
        services: Services,
        viewer: Viewer,
        variables: Sequence[Variable],
        *,
        real: bool,
        limit: int,
    ) -> None:
        """`limit` is how many bytes the values of one container may have."""
        self._limit = limit
        self._services = services
        self._viewer = viewer
        self._real = real
        self._variables = variables
        self._facets: dict[str, list[tuple[int, Variable, Property]]] = {}
        self._stateful: list[tuple[int, Variable, Property]] = []
        self._others: list[tuple[int, Variable]] = []
        unsupported = services.store.admission.unsupported
        for place, variable in enumerate(variables):
            prop = variable.prop
            if prop is not None and prop.name in unsupported:
                self._others.append((place, variable))
            elif variable.kind is Kind.SPEC and prop is not None and variable.index is None:
                self._facets.setdefault(prop.facet, []).append((place, variable, prop))
            elif prop is not None and (prop.prop.runtime or prop.prop.dead_only):
                self._stateful.append((place, variable, prop))
            else:
                self._others.append((place, variable))
        self._values: dict[tuple[int, Any], bytes] = {}
        self._cells: dict[int, tuple[Facet, Cells]] = {}
        self._frames: dict[tuple[State, int], tuple[Frames, list[tuple[int, Variable]]]] = {}

    def pairs(self, record: ContainerRecord) -> list[bytes]:
        """All variables of a container, in the order of the request.

        Raises ResourceNotAvailable when they are too long.
        """
        found = [b""] * len(self._variables)
        for name, variables in self._facets.items():
            facet: Facet = getattr(record.spec, name)
            known = self._cells.get(id(facet))
            if known is None:
                known = self._remember(facet, record, variables)
            for place, encoded in known[1]:
                found[place] = encoded
        name = record.name
        framed = self._frames.get((record.status.life.state, len(name)))
        if framed is None:
            framed = self._frame(record.status.life.state, len(name))
        text = name.encode()
        for place, before, after in framed[0]:
            found[place] = before + text + after
        services, viewer, real = self._services, self._viewer, self._real
        # Kept output is long, and may be asked for any number of times.
        left = self._limit
        with services.readers.held():
            for place, variable in (*framed[1], *self._others):
                encoded = variable.pair(services, record, viewer, real=real)
                found[place] = encoded
                left -= len(encoded)
                if left < 0:
                    raise ResourceNotAvailable(
                        f"cannot get {len(found)} variables of {name}: "
                        f"the reply exceeds {self._limit} bytes"
                    )
        return found

    def _remember(
        self, facet: Facet, record: ContainerRecord, variables: list[tuple[int, Variable, Property]]
    ) -> tuple[Facet, Cells]:
        if self._real:
            # NoValue names the container.
            services, viewer = self._services, self._viewer
            return facet, [
                (place, variable.pair(services, record, viewer, real=True))
                for place, variable, _ in variables
            ]
        cells: Cells = []
        for place, variable, prop in variables:
            value = getattr(facet, prop.name)
            encoded = self._values.get((place, value))
            if encoded is None:
                if len(self._values) >= _REMEMBERED_MAX:
                    self._values.clear()
                encoded = replies.pair_value(variable.head, prop.codec.format(value))
                self._values[place, value] = encoded
            cells.append((place, encoded))
        if len(self._cells) >= _REMEMBERED_MAX:
            self._cells.clear()
        # The facet itself is kept, so that its identity is not given to another one.
        self._cells[id(facet)] = facet, cells
        return facet, cells

    def _frame(self, state: State, length: int) -> tuple[Frames, list[tuple[int, Variable]]]:
        """The errors of this state for names of this length; and what has a value in it."""
        frames: Frames = []
        readable: list[tuple[int, Variable]] = []
        # No name holds this byte, so it marks the place of the name.
        mark = "\x01" * length
        for place, variable, prop in self._stateful:
            if prop.prop.dead_only and state is not State.DEAD:
                cause = "the container is not dead"
            elif prop.prop.runtime and state in _NO_VALUE_YET:
                cause = f"the container is {state}"
            else:
                readable.append((place, variable))
                continue
            text = f"cannot get {prop.name} of {mark}: {cause}"
            encoded = replies.pair_error(variable.head, EError.InvalidState, text)
            before, _, after = encoded.rpartition(mark.encode())
            frames.append((place, before, after))
        self._frames[state, length] = frames, readable
        return frames, readable
