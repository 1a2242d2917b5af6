"""One container in the store: desired state, intent and durable status.

A `Record` is an immutable value; `spec/store.py` replaces it as a whole. The
desired state is `spec` (properties) and `intent` (what its life should be);
`status` is what the reconcilers last found and made, as far as it must outlive
the daemon. Counters are never stored: observers read them.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from porto.spec.containers.spec import ContainerSpec
from porto.spec.errors import EError


class State(StrEnum):
    """States of a container (manual section "States")::

        create --> STOPPED --start--> STARTING --> RUNNING | META
                      ^                               |  ^
                      |                         pause |  | resume
                     stop                             v  |
                      |                             PAUSED
                      +--------- DEAD <--exit-- RUNNING | META
                                  |
                                  +-- RESPAWNING --> STARTING

    STOPPING is any started state on the way to STOPPED; DESTROYED appears only
    in events, when the container no longer exists.
    """

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    META = "meta"
    PAUSED = "paused"
    DEAD = "dead"
    STOPPING = "stopping"
    RESPAWNING = "respawning"
    DESTROYED = "destroyed"


ACTIVE = frozenset({State.RUNNING, State.META, State.PAUSED, State.STARTING})
"""States with a live cgroup and possibly tasks."""


class Run(StrEnum):
    """What should become of a container: desired state, never a command."""

    STOPPED = "stopped"
    RUNNING = "running"
    ABSENT = "absent"


API_ORIGIN = "api"


@dataclass(frozen=True, slots=True)
class Client:
    """The API client's process that asked for a start, for ``/dev/fd/N`` streams.

    start -- field 22 of /proc/PID/stat, so that a reused pid is not trusted
    """

    pid: int
    start: int
    uid: int
    gid: int
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Intent:
    """The desired life of a container.

    run          -- stopped, running or absent (being destroyed)
    paused       -- its cgroup shall be frozen
    launch       -- counts requested launches; a new number asks for a new main
                    task, so start, respawn and restart are one mechanism
    kill_at      -- CLOCK_MONOTONIC seconds at which a stop turns from the polite
                    signal to SIGKILL; 0 kills at once
    origin       -- who wants it: `API_ORIGIN` or "file:PATH". A file's intent is
                    retried when it fails, an imperative one is taken back
    client       -- whose descriptors ``/dev/fd/N`` means, None for files
    """

    run: Run = Run.STOPPED
    paused: bool = False
    launch: int = 0
    kill_at: float = 0.0
    origin: str = API_ORIGIN
    client: Client | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """A launched container's processes, by pid and start time (host view).

    launch_id  -- the launcher's name for it, "ID:LAUNCH"
    init_pid   -- the launcher's child: the reaper, or the task itself
    task_pid   -- the main task, 0 for a meta container
    task_vpid  -- the main task as seen in its own pid namespace
    *_start    -- field 22 of /proc/PID/stat, in clock ticks since boot
    """

    launch_id: str
    init_pid: int
    init_start: int
    task_pid: int = 0
    task_start: int = 0
    task_vpid: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """Something a user should know about a container or one of its facets.

    kind    -- "Stuck", "RestartRequired", "Retrying" or "Drift"
    facet   -- owner of the property or knob
    message -- the whole error text
    code    -- the EError, Success when nothing failed
    """

    kind: str
    facet: str
    message: str
    code: EError = EError.Success


@dataclass(frozen=True, slots=True)
class Status:
    """What the reconcilers found and made; times are seconds.

    *_time      -- wall clock (time.time), 0.0 when it never happened
    *_mono      -- CLOCK_MONOTONIC, survives a daemon restart, not a reboot
    launched    -- the `Intent.launch` that the present main task answers
    controllers -- names joined by ";" of the controllers it was started with; they
                   cannot change while it runs
    exit_status -- raw wait status of the main task, None unless dead
    oom_before  -- what its memory cgroup had counted when the main task was started
    oom_kills_before -- tasks killed by the OOM killer in earlier lives, and in containers
                   below that are destroyed
    """

    state: State = State.STOPPED
    launched: int = 0
    controllers: str = ""
    process: Process | None = None
    exit_status: int | None = None
    oom_killed: bool = False
    oom_before: int = 0
    oom_kills_before: int = 0
    creation_time: float = 0.0
    change_time: float = 0.0
    start_time: float = 0.0
    start_mono: float = 0.0
    death_time: float = 0.0
    death_mono: float = 0.0
    respawn_count: int = 0
    start_error: str = ""
    start_error_code: EError = EError.Success
    stdout_offset: int = 0
    stderr_offset: int = 0
    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()


_NO_ORIGINS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Record:
    """One container: identity, desired state, intent and status.

    id         -- 1..16383, unique while the container exists; file name of the
                  stored record and part of kernel object names
    name       -- full name, without the /porto/ prefix
    generation -- grows with each change of spec or intent
    origins    -- for each explicitly set property who set it last: `API_ORIGIN`
                  or "file:PATH:LINE"
    source     -- path of the file that declares this container, "" for none; the
                  container is destroyed when that file goes away
    """

    id: int
    name: str
    spec: ContainerSpec
    intent: Intent = Intent()
    status: Status = Status()
    generation: int = 1
    origins: Mapping[str, str] = field(default_factory=lambda: _NO_ORIGINS)
    source: str = ""

    def with_status(self, **changes: object) -> "Record":
        """A copy with some fields of the status replaced."""
        return dataclasses.replace(
            self,
            status=dataclasses.replace(self.status, **changes),  # type: ignore[arg-type]
        )

    def with_intent(self, **changes: object) -> "Record":
        """A copy with some fields of the intent replaced."""
        return dataclasses.replace(
            self,
            intent=dataclasses.replace(self.intent, **changes),  # type: ignore[arg-type]
        )

    @property
    def is_meta(self) -> bool:
        """Whether starting it runs no command."""
        return not self.spec.process.command
