"""What a job is, and what is known of it. Made by whoever needs long work; see `jobs.py`."""

import errno
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from porto.kernel.process.programs import Program

K = TypeVar("K", bound=Hashable)

Call = Callable[[], object]
"""Short work that blocks in the kernel, such as a slow knob write; it runs in a thread."""

PATIENCE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Job(Generic[K]):
    """Work that takes longer than others shall wait.

    id       -- made of the key and the purpose: the same work has the same id
    key      -- gets a pass when the job has ended; None: nobody reads the result
    owner    -- whose it is: owners take turns
    work     -- a program in a cgroup of its own, or a call in a thread
    timeout  -- seconds it may run
    killable -- whether a program may be killed halfway; a call never can be
    patience -- seconds it may wait for its turn
    """

    id: str
    key: K | None
    owner: str
    work: Program | Call
    timeout: float
    killable: bool = True
    patience: float = PATIENCE_S

    @property
    def can_be_killed(self) -> bool:
        """Whether there is something that can be ended, and may."""
        return self.killable and isinstance(self.work, Program)


class Phase(StrEnum):
    """Where a job is; the last three are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as a pass observes it.

    deadline  -- when the present phase ends at the latest, by the event loop's clock
                 (CLOCK_MONOTONIC); None when it has ended
    units     -- progress: the number that the last line of output begins with, if any
    text      -- progress: the rest of that line
    errno     -- of a failure, 0 when there is no number for it
    reason    -- of a failure: the end of the program's standard error, or the system's words
    exit_code -- of a program that ran, negative for a signal
    cause     -- of a failure, if it was an exception: a call's own, or that of a start
    """

    phase: Phase
    deadline: float | None = None
    units: int = 0
    text: str = ""
    errno: int = 0
    reason: str = ""
    exit_code: int | None = None
    cause: Exception | None = None

    @property
    def has_ended(self) -> bool:
        """Whether there is a result, to be read and forgotten."""
        return self.phase not in (Phase.QUEUED, Phase.RUNNING)

    def error(self) -> Exception:
        """The failure as an exception: its cause, or an OSError, EIO where it has no number."""
        return self.cause or OSError(self.errno or errno.EIO, self.reason or self.phase.value)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many jobs run at once: of one owner, and of all."""

    per_owner: int
    in_all: int
