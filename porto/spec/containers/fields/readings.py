"""Status properties: what a container is, as seen by the observers.

Declared like the others so that listing, help and dispatch have one source; the
values are never stored in a spec. All are read-only but `respawn_count`. Manual
section "State"; read by `observers/readers.py`.
"""

from typing import Annotated

from porto.spec.codecs import (
    Bool,
    Date,
    Elapsed,
    Int,
    Text,
    UintMapCodec,
    UintMapValue,
)
from porto.spec.containers.fields.reading import reading
from porto.spec.prop import Facet, Prop


class IdentityReadings(Facet):
    """Names and numbers of a container."""

    absolute_name: Annotated[str, Text(), reading("identity", example="/porto/a/b")] = ""
    """Full container name, with the /porto/ prefix."""

    absolute_namespace: Annotated[str, Text(), reading("identity", example="/porto/a/")] = ""
    """Full porto namespace of the container's processes, with the /porto/ prefix."""

    parent: Annotated[str, Text(), reading("identity", example="/porto/a")] = ""
    """Absolute name of the parent container."""

    id: Annotated[int, Int(), reading("identity", example="7")] = 0
    """Number of the container, unique while it exists."""

    level: Annotated[int, Int(), reading("identity", example="2")] = 0
    """Nesting level: 0 for the host, 1 for first-level containers."""


class LifeReadings(Facet):
    """State, exit and times."""

    state: Annotated[str, Text(), reading("life", example="running")] = "stopped"
    """Current state: stopped, starting, running, meta, paused, stopping, respawning, dead."""

    exit_status: Annotated[int, Int(), reading("life", example="256", dead_only=True)] = 0
    """Exit status of the main process, see wait(2)."""

    exit_code: Annotated[int, Int(), reading("life", example="1", dead_only=True)] = 0
    """0: success, 1..255: error code, -64..-1: termination signal, -99: OOM."""

    core_dumped: Annotated[bool, Bool(), reading("life", example="false", dead_only=True)] = False
    """Whether the main process dumped core."""

    start_error: Annotated[
        str, Text(), reading("life", example="cannot start a/b: no such file or directory")
    ] = ""
    """Why the last start failed."""

    respawn_count: Annotated[
        int,
        Int(minimum=0),
        Prop(owner="life", dynamic=True, any_state=True, saved=False, example="0"),
    ] = 0
    """How many times the container has been respawned; may be set in any state."""

    root_pid: Annotated[int, Int(), reading("life", example="4711", runtime=True)] = 0
    """Pid of the main process in the client's pid namespace."""

    time: Annotated[int, Elapsed(), reading("life", example="3600")] = 0
    """Running time in seconds; time[dead]: seconds since death."""

    creation_time: Annotated[float, Date(), reading("life", example="2017-08-01 12:00:00")] = 0.0
    """When the container was created; [raw]: seconds since the epoch."""

    start_time: Annotated[float, Date(), reading("life", example="2017-08-01 12:00:00")] = 0.0
    """When it was started; [raw]: seconds since the epoch."""

    death_time: Annotated[
        float, Date(), reading("life", example="2017-08-01 12:00:00", dead_only=True)
    ] = 0.0
    """When it died; [raw]: seconds since the epoch."""

    change_time: Annotated[float, Date(), reading("life", example="2017-08-01 12:00:00")] = 0.0
    """When its record last changed; [raw]: seconds since the epoch."""


class TaskReadings(Facet):
    """Processes of a container."""

    process_count: Annotated[int, Int(), reading("tasks", example="3", runtime=True)] = 0
    """Processes in the container and its sub-containers."""

    thread_count: Annotated[int, Int(), reading("tasks", example="5", runtime=True)] = 0
    """Threads in the container and its sub-containers."""


class DaemonReadings(Facet):
    """Counters of the daemon."""

    porto_stat: Annotated[
        UintMapValue,
        UintMapCodec(),
        reading("daemon", example="clients: 1; containers: 3", hidden=True),
    ] = ()
    """Counters of the daemon: key: value; ..."""

    porto_status: Annotated[str, Text(), reading("daemon", example="{}", hidden=True)] = ""
    """JSON for `portoctl status`: what stands in the way of a container; of the host:
    versions, states, refused files, conditions, repaired drift."""

    porto_origins: Annotated[str, Text(), reading("daemon", example="{}", hidden=True)] = ""
    """JSON object: who set each property of the container last."""


READINGS = (IdentityReadings, LifeReadings, TaskReadings, DaemonReadings)
