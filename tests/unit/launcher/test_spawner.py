"""What a new master makes of the state that the former one has left."""

import os

from porto.kernel import syscalls
from porto.launcher.pins import open_namespaces
from porto.launcher.poll import Poll
from porto.launcher.spawner import Spawner

UTS = syscalls.CLONE_NEWUTS


class NoExecutor:
    """Makes nothing."""

    def close(self) -> None:
        """It is not there."""


def spawner() -> tuple[Spawner, list[list[object]]]:
    """A spawner, and what it says."""
    said: list[list[object]] = []
    return Spawner(NoExecutor(), Poll(), lambda message, fds=(): said.append(message)), said


def test_a_master_that_knew_no_pins_is_followed() -> None:
    made, said = spawner()
    made.take_over({"kept": [["a:1", 10, 5, 11, 6, 2, True, 9]], "in_flight": []})
    made.greet()
    assert said == [
        ["launched", "a:1", 10, 5, 11, 6, 2],
        ["ready", 3],
        ["exited", "a:1", 10, 9],
    ]


def test_pins_are_handed_over() -> None:
    first, _ = spawner()
    descriptor = open_namespaces(os.getpid(), UTS)[UTS]
    first.take_over({"kept": [], "in_flight": [], "pins": [["n:1", [[UTS, descriptor]]]]})
    second, said = spawner()
    second.take_over(first.hand_over())
    second.greet()
    status = os.fstat(descriptor)
    assert said == [["pin", "n:1", [[UTS, status.st_dev, status.st_ino]]], ["ready", 3]]
    second.forget("n:1")
    said.clear()
    second.greet()
    assert said == [["ready", 3]]
