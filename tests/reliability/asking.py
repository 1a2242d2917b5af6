"""Asking a daemon to which something happens: again and again, and judging what it answers.

What got no answer is asked again, and what was refused, too: both only happen because of the
fault.
"""

import errno
import os
import time
from collections.abc import Callable
from typing import TypeVar

from porto.client import exceptions
from porto.client.exceptions import PortoException, SocketError, SocketTimeout
from porto.spec.errors import by_errno
from tests.patience import patient
from tests.reliability.inject import fired
from tests.reliability.pair import Pair
from tests.reliability.points import Point

PATIENCE_S = patient(90)
"""What failed of a file's wishes is tried again by the sources once a minute."""
TRIES = 40
PAUSE_S = 0.05
"""Together longer than an error lasts."""
IN_BETWEEN = (exceptions.InvalidState, exceptions.Busy)
UNCLEAR = ("None", "Traceback", "internal error", "Error(", "errno")
"""What no message for a user may contain."""

T = TypeVar("T")


class Broken(Exception):
    """The life cannot go on; the text says where."""


class Asking:
    """A client's connection, and what is wrong with what it was told.

    findings -- what is not as it must be; refusals -- errors that were the fault's
    """

    def __init__(self, pair: Pair, point: Point) -> None:
        self.pair = pair
        self.point = point
        self.findings: list[str] = []
        self.refusals: list[str] = []
        self._conn = pair.client()

    @property
    def is_hurt(self) -> bool:
        """Whether the fault has happened."""
        return fired(self.pair.arm).exists()

    def find(self, text: str) -> None:
        """Something is not as it must be."""
        self.findings.append(text)

    def ask(
        self,
        what: str,
        name: str,
        call: Callable[[], T],
        *,
        done: type[PortoException] | None = None,
        again: Callable[[], object] = lambda: None,
        lost_too: Callable[[], object] = lambda: None,
        goes_on: bool = False,
    ) -> T | None:
        """Ask until it is granted.

        done     -- the refusal that says, to who asks again, that the lost answer was a yes
        again    -- called before what was refused is asked for again
        lost_too -- called before what got no answer is asked for again
        goes_on  -- what was refused is not taken back, and may come true by itself
        """
        lost = False
        for _ in range(TRIES):
            try:
                return call()
            except SocketTimeout:
                raise Broken(f"{what} {name}: no answer") from None
            except SocketError as error:
                if not self.is_hurt:
                    self.find(f"{what} {name}: {error} without a fault")
                lost = True
                self.reconnect()
                lost_too()
            except PortoException as error:
                if lost and done is not None and isinstance(error, done):
                    return None
                self._judge(what, name, error)
                lost = goes_on
                time.sleep(PAUSE_S)
                again()
        raise Broken(f"{what} {name}: refused again and again: {self.refusals[-1:]}")

    def _judge(self, what: str, name: str, error: PortoException) -> None:
        """Whether a refusal is one that a user can do something with."""
        said = f"{what} {name}: {error}"
        # Where taking back fails as well, it is in between until that is through.
        is_again = bool(self.refusals and self.point.often)
        in_between = is_again and isinstance(error, IN_BETWEEN)
        self.refusals.append(said)
        if not self.is_hurt:
            self.find(f"refused without a fault: {said}")
        text = error.text
        # A start asks for the ancestors, too.
        if not text.startswith("cannot ") or name.partition("/")[0] not in text:
            self.find(f"no verb and no subject in the message: {said}")
        if any(word in text for word in UNCLEAR):
            self.find(f"unclear message: {said}")
        if not self.point.is_kill and not in_between:
            code = getattr(errno, self.point.what)
            exact = type(by_errno(OSError(code, ""), "")).__name__
            if os.strerror(code) not in text or type(error).__name__ != exact:
                self.find(f"not {exact} with its cause: {said}")

    def reconnect(self) -> None:
        """Talk to whoever answers now."""
        self._conn.disconnect()
        self.pair.revive()
        self._conn = self.pair.client()

    def read(self, name: str, prop: str) -> str:
        """A property's value now."""
        value = self.ask("get", name, lambda: self._conn.GetProperty(name, prop))
        return str(value)

    def until(self, check: Callable[[], object], what: str) -> None:
        """Wait for what nobody announces; a dead master is started again meanwhile."""
        deadline = time.monotonic() + PATIENCE_S
        while not check():
            if self.pair.instance.master() is None:
                self.reconnect()
            if time.monotonic() > deadline:
                raise Broken(f"it did not come to this: {what}")
            time.sleep(0.01)

    def close(self) -> None:
        """Hang up."""
        self._conn.disconnect()
