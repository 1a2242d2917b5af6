"""What the master was asked to launch: in its setup, started, or failed.

Asked by passes; an outcome is kept until the pass that finds it has written it down, and
brings the container's key back. Fed by `launcher/client.py`.
"""

from collections.abc import Callable
from typing import Protocol

from porto.launcher.ops import Launched, LaunchFailed, LaunchOutcome, LaunchRequest


class Launcher(Protocol):
    """The part of `launcher/client.py` that starts tasks."""

    @property
    def in_flight(self) -> frozenset[str]:
        """Launches of an earlier daemon that are still in their setup."""

    def begin(self, request: LaunchRequest, done: Callable[[LaunchOutcome], None]) -> None:
        """Start a task; `done` hears what became of it, never before this has returned."""

    def follow(self, launch_id: str, done: Callable[[LaunchOutcome], None]) -> None:
        """The same for one of `in_flight`."""

    def forget(self, launch_id: str) -> None:
        """Its outcome and exit are of no interest; in its setup it is killed."""


class Launches:
    """Launches by their names, as long as somebody has to know of them."""

    def __init__(
        self,
        launcher: Launcher,
        *,
        track: Callable[[str], None],
        on_outcome: Callable[[str], None],
    ) -> None:
        """`track` gets the names of started launches: their exits will be told.

        `on_outcome` gets the name of each launch whose outcome is known.
        """
        self._launcher = launcher
        self._track = track
        self._on_outcome = on_outcome
        self._known: dict[str, LaunchOutcome | None] = {}

    def resume(self) -> None:
        """Follow what an earlier daemon has begun."""
        for launch_id in self._launcher.in_flight:
            self._known[launch_id] = None
            self._launcher.follow(launch_id, self._done)

    def find(self, launch_id: str) -> Launched | LaunchFailed | None:
        """What became of a launch; None while it is in its setup, or unknown."""
        return self._known.get(launch_id)

    def in_setup(self, launch_id: str) -> bool:
        """Whether it was begun and has no outcome yet."""
        return launch_id in self._known and self._known[launch_id] is None

    def begin(self, request: LaunchRequest) -> None:
        """Start it."""
        self._known[request.launch_id] = None
        self._launcher.begin(request, self._done)

    def drop(self, launch_id: str) -> None:
        """Not wanted: in its setup it is killed, and its exit is of no interest."""
        self._known.pop(launch_id, None)
        self._launcher.forget(launch_id)

    def take(self, launch_id: str) -> None:
        """Its outcome is written down."""
        self._known.pop(launch_id, None)

    def _done(self, outcome: LaunchOutcome) -> None:
        launch_id = outcome.launch_id
        if launch_id not in self._known:
            return
        self._known[launch_id] = outcome
        if isinstance(outcome, Launched):
            self._track(launch_id)
        self._on_outcome(launch_id)
