"""What SetSystem switches; `cli/daemon.py` subscribes to act on it."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Switches:
    """Live settings of the daemon.

    frozen  -- changes by clients who are not super-users answer PortoFrozen
    verbose -- log each change
    debug   -- log each request; implies verbose
    """

    frozen: bool = False
    verbose: bool = False
    debug: bool = False
    listeners: list[Callable[["Switches"], None]] = field(default_factory=list)

    def set(
        self, *, frozen: bool | None = None, verbose: bool | None = None, debug: bool | None = None
    ) -> None:
        """Change what is not None and tell the listeners."""
        if frozen is not None:
            self.frozen = frozen
        if verbose is not None:
            self.verbose = verbose
            self.debug = self.debug and verbose
        if debug is not None:
            self.debug = debug
            self.verbose = self.verbose or debug
        for listener in tuple(self.listeners):
            listener(self)
