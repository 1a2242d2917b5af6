"""The ports: everything that a pass may look at or change, handed in through one object.

The kernel's side is `kernel/ports.py`; here is what the engine and the observers offer a
pass. Built by `cli/daemon.py`. Passes look through them (`containers/target.py`); only
effects, which the carrier calls, change anything.
"""

from dataclasses import dataclass
from typing import Protocol

from porto.kernel.cgroup.group import Group
from porto.kernel.ports import Kernel
from porto.launcher.ops import Launched, LaunchFailed, LaunchRequest
from porto.observers.clock import Clock
from porto.reconcilers.engine.jobs_values import Job, JobState
from porto.spec.events import Event
from porto.spec.key import Key
from porto.spec.records.record import Record


class Launches(Protocol):
    """`observers/launches.py`: what the master was asked to launch."""

    def find(self, launch_id: str) -> Launched | LaunchFailed | None:
        """What became of a launch; None while it is in its setup, or unknown."""

    def in_setup(self, launch_id: str) -> bool:
        """Whether it was begun and has no outcome yet."""

    def begin(self, request: LaunchRequest) -> None:
        """Start it; its outcome brings the container's key back."""

    def drop(self, launch_id: str) -> None:
        """Not wanted: in its setup it is killed, and its exit is of no interest."""

    def resume(self) -> None:
        """Follow what an earlier daemon has begun."""

    def take(self, launch_id: str) -> None:
        """Its outcome is written down."""


class Acknowledger(Protocol):
    """`observers/exits.py`: who keeps exits until they are written down."""

    def acknowledge(self, launch_id: str) -> None:
        """The exit is recorded, or nobody wants it."""


class Notices(Protocol):
    """`observers/kernel_events.py`: what the kernel tells by itself of a group."""

    def arm(self, key: Key, group: Group) -> None:
        """Be told when the container runs out of memory."""

    def forget(self, key: Key) -> None:
        """The groups are about to be removed, or a new life begins in them."""


class Vacancies(Protocol):
    """`observers/population.py`: groups whose end is awaited."""

    def watch(self, key: Key, group: Group) -> None:
        """Bring the key back when the group's subtree has no process left."""

    def forget(self, key: Key) -> None:
        """Nobody waits any more."""


class Records(Protocol):
    """`engine/recording.py`: what passes write down, and what they ask for themselves."""

    def note(self, key: Key, **fields: object) -> None:
        """Change some fields of the present status."""

    def put(self, record: Record) -> None:
        """Replace the desired state; raises Busy when it has been changed meanwhile."""

    def delete(self, key: Key) -> None:
        """The object is gone."""


class Removals(Protocol):
    """`reconcilers/host/removals.py`: trees that nobody needs any more."""

    def remove(self, root: str, name: str) -> None:
        """Free `name` beneath `root` of what is there; raises OSError."""


class Jobs(Protocol):
    """`engine/jobs.py`: work that takes longer than a pass."""

    def ensure(self, job: Job[Key]) -> bool:
        """Whether it has been done; begun when it was not. Raises what it failed with."""

    def state(self, job_id: str) -> JobState | None:
        """What is known of a job; None when nothing is."""

    def forget(self, job_id: str) -> None:
        """The result is not wanted any more; nothing while there is none."""


class Counters(Protocol):
    """The daemon's counters."""

    def add(self, name: str, amount: int = 1) -> None:
        """Count something."""


class History(Protocol):
    """`observers/events.py`: what happens, kept for whoever asks."""

    def add(self, event: Event) -> None:
        """Keep an event; never raises."""


@dataclass(frozen=True, slots=True)
class Ports(Kernel):
    """All ports of one daemon: the kernel's, and those of what remembers and waits."""

    launches: Launches
    exits: Acknowledger
    notices: Notices
    vacancies: Vacancies
    records: Records
    removals: Removals
    jobs: Jobs
    counters: Counters
    history: History
    clock: Clock
