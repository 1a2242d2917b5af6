"""What is noted of a container: its states, its processes, and the parts of its facets."""

from dataclasses import dataclass, field
from enum import StrEnum

from porto.spec.containers.fields.cgroups import CgroupsStatus
from porto.spec.containers.fields.oom import OomStatus
from porto.spec.containers.fields.streams import StreamsStatus
from porto.spec.errors import EError
from porto.spec.records.status import Part, Status


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
STARTED = frozenset({State.RUNNING, State.META, State.PAUSED})
"""States that a good start leads to, until the end is wanted or seen."""
ENDED = frozenset({State.STOPPED, State.DEAD})
"""States in which nothing of the last life runs."""


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
class LifeStatus(Part):
    """Where a container is in its life; times are seconds.

    *_time      -- wall clock (time.time), 0.0 when it never happened
    *_mono      -- CLOCK_MONOTONIC, survives a daemon restart, not a reboot
    launched    -- the `ContainerIntent.launch` that the present main task answers
    exit_status -- raw wait status of the main task, None unless dead
    """

    state: State = State.STOPPED
    launched: int = 0
    process: Process | None = None
    exit_status: int | None = None
    start_time: float = 0.0
    start_mono: float = 0.0
    death_time: float = 0.0
    death_mono: float = 0.0
    respawn_count: int = 0
    start_error: str = ""
    start_error_code: EError = EError.Success


@dataclass(frozen=True, slots=True)
class ContainerStatus(Status):
    """The status of a container: the one list of its parts."""

    life: LifeStatus = field(default=LifeStatus())
    oom: OomStatus = field(default=OomStatus())
    streams: StreamsStatus = field(default=StreamsStatus())
    cgroups: CgroupsStatus = field(default=CgroupsStatus())
