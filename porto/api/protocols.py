"""What the API needs from the rest of the daemon; `cli/daemon.py` hands it in.

The API writes specs and reads status and observers; everything else goes through
these protocols, so that handlers are tested without a kernel.
"""

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from porto.observers.viewer import Viewer
from porto.spec.catalog import Catalog
from porto.spec.containers.outlook import Turn
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.store import ContainerStore
from porto.spec.events import Event
from porto.spec.preview import Aspect, Foretold
from porto.spec.prop import Property
from porto.spec.sources.dialect import Dialects
from porto.spec.sources.foresee import Foreseen, Proposal


class Converger(Protocol):
    """The reconcile loop, as an imperative caller sees it."""

    def converge(self, records: Iterable[ContainerRecord]) -> Coroutine[Any, Any, None]:
        """Wait until each record's present generation is made true or given up.

        Raises the failing facet's `PortoError`; the caller then takes the change
        back (`spec/undo.take_back`). A container that is gone has converged
        if its intent was to be absent.
        """

    def signal(self, record: ContainerRecord, signo: int) -> None:
        """Send a signal to the main task; raises InvalidState when there is none."""


class Counters(Protocol):
    """The daemon's counters: GetSystem and the property porto_stat."""

    def snapshot(self) -> Mapping[str, int]:
        """All counters by their porto_stat names."""

    def clear(self, name: str | None) -> None:
        """Reset one resettable counter, or all; raises InvalidValue."""

    def add(self, name: str, amount: int = 1) -> None:
        """Count something, for example ``requests_completed``."""

    def gauge(self, name: str, ask: Callable[[], int]) -> None:
        """Show a number that is asked for at each reading, for example ``clients``."""


class Readers(Protocol):
    """Values of properties as text, read when asked for; all raise `PortoError`.

    State rules (`check_readable`) hold here. Bytes that are not UTF-8
    are returned as surrogate escapes.
    """

    def held(self) -> AbstractContextManager[None]:
        """Within the block what several values come from is read once."""

    def read(
        self, record: ContainerRecord, prop: Property, index: str | None, viewer: Viewer
    ) -> str:
        """A status property."""

    def read_root(self, prop: Property, index: str | None, viewer: Viewer) -> str:
        """A property of the host, status or not."""

    def read_spec(self, record: ContainerRecord, prop: Property, index: str | None) -> str:
        """A settable property as shown, which may differ from what was set."""

    def read_knob(self, record: ContainerRecord, name: str) -> str:
        """A raw cgroup knob, ``controller.knob``.

        InvalidState in the stopped state, InvalidProperty when there is no such knob.
        """

    def read_root_knob(self, name: str) -> str:
        """A raw cgroup knob of the host."""


class Foresight(Protocol):
    """What passes would do, decided and not done: nothing here changes anything or waits."""

    def now(self, record: ContainerRecord) -> Foretold:
        """What the next pass of a container would do: what is pending, and drift."""

    def passes(self, fork: ContainerStore, turns: Sequence[Turn]) -> Iterator[Foretold | None]:
        """What would follow if the records were as in `fork`, which is used up.

        None after each pass, where others may have their turn; then what becomes of each
        container, be it one of `turns` or one that their change concerns.
        """

    def aspects(self, record: ContainerRecord, prop: Property) -> Sequence[Aspect]:
        """Every knob and object that a property decides about, true or not; raises PortoError."""

    def next(self, record: ContainerRecord) -> str:
        """What would be done next and when, "" for nothing: "start it again in 3 s"."""


class Sources(Protocol):
    """The watched files."""

    @property
    def dialects(self) -> Dialects:
        """How documents speak of each kind."""

    async def foresee(self, proposal: Proposal, forks: Catalog) -> Foreseen:
        """Write to `forks`, copies of the stores, what other files would change."""


class History(Protocol):
    """What has happened: `observers/events.py`."""

    @property
    def last(self) -> int:
        """The serial of the newest event."""

    @property
    def lost(self) -> int:
        """Events that could not be kept."""

    def read(self, after: int = 0, name: str = "") -> Iterator[Event]:
        """The events past serial `after`, of one object or of all, oldest first."""

    def follow(self, follower: Callable[[Event], None]) -> Callable[[], None]:
        """Call `follower` with each event from now on; returns the way out."""
