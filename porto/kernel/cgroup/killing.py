"""Killing every process of a group without the kernel's help (no cgroup.kill).

Called by both drivers. A few rounds of SIGKILL are enough for ordinary groups; one
whose processes fork faster than that is frozen, killed to the last process and thawed.
"""

from collections.abc import Callable
from typing import Protocol

ROUNDS = 10
FROZEN_ROUNDS = 100


class Target(Protocol):
    """The group to be killed."""

    def pids(self) -> list[int]:
        """Processes that are in it now."""

    def kill(self, pid: int) -> bool:
        """SIGKILL one of them; whether it was still there."""

    def freeze(self) -> None:
        """Ask for the freeze."""

    def is_frozen(self) -> bool:
        """Whether the freeze is complete."""

    def thaw(self) -> None:
        """Take every freeze of the group and of those below back."""


def kill_all(target: Target) -> list[int]:
    """Signal all processes and leave the group thawed; returns the pids seen."""
    seen: set[int] = set()
    try:
        if not _settles(target, seen, ROUNDS, lambda: True):
            target.freeze()
            # A freezing group's forks fail or are born freezing: the list becomes
            # stable. The round after that signals pids that were reused meanwhile.
            _settles(target, seen, FROZEN_ROUNDS, target.is_frozen)
            for pid in target.pids():
                target.kill(pid)
    finally:
        target.thaw()
    return sorted(seen)


def _settles(target: Target, seen: set[int], rounds: int, done: Callable[[], bool]) -> bool:
    for _ in range(rounds):
        fresh = [pid for pid in target.pids() if pid not in seen]
        if not fresh and done():
            return True
        for pid in fresh:
            target.kill(pid)
        seen.update(fresh)
    return False
