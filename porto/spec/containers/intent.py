"""The desired life of a container."""

from dataclasses import dataclass

from porto.spec.records.record import Intent


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
class ContainerIntent(Intent):
    """What a container's life should be.

    paused       -- its cgroup shall be frozen
    launch       -- counts requested launches; a new number asks for a new main
                    task, so start, respawn and restart are one mechanism
    kill_at      -- CLOCK_MONOTONIC seconds at which a stop turns from the polite
                    signal to SIGKILL; 0 kills at once
    client       -- whose descriptors ``/dev/fd/N`` means, None for files
    """

    paused: bool = False
    launch: int = 0
    kill_at: float = 0.0
    client: Client | None = None
