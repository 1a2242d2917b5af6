"""The kernel as observers and reconcilers see it: protocols, handed in as one object.

A fake can take the place of each one (`tests/fakes`, held to the kernel by
`tests/contract`); the modules of this room serve as they are. Joined by `cli/daemon.py`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

from porto.kernel.block.disks import Disks
from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.file.files import ClientProcess
from porto.kernel.file.inotify import Event
from porto.kernel.host.topology import Topology
from porto.kernel.process.processes import Stat
from porto.kernel.process.programs import Child, Program
from porto.kernel.process.scheduling import Schedule
from porto.spec.device_rules import Node


class Processes(Protocol):
    """`kernel/process/processes.py`: identity by pid and start time."""

    def is_alive(self, pid: int, start: int) -> bool:
        """Whether the process that started then still runs."""

    def has_ended(self, pid: int) -> bool:
        """Whether a pid is a zombie's, or nobody's."""

    def open_pidfd(self, pid: int, start: int) -> int:
        """A pidfd of the process that started then; raises ProcessLookupError."""

    def exit_status(self, pidfd: int) -> int | None:
        """The wait status of an ended process that is no child, None where the kernel keeps it."""

    def send_signal(self, pid: int, start: int, signo: int) -> bool:
        """Signal the process that started then; whether it was still there."""

    def handles_signal(self, pid: int, signo: int) -> bool:
        """Whether it has a handler of its own for a signal."""

    def read_limits(self, pid: int) -> dict[str, tuple[int, int]]:
        """Soft and hard resource limits by the kernel's words; -1 is unlimited."""

    def set_limit(self, pid: int, kind: int, limits: tuple[int, int]) -> None:
        """prlimit(2); raises ProcessLookupError, OSError."""

    def read_stat(self, pid: int) -> Stat:
        """State, parent and start time; raises ProcessLookupError."""

    def start_time(self, pid: int) -> int:
        """Clock ticks from boot to its start; raises ProcessLookupError."""

    def ns_pid(self, pid: int, viewer_pid: int) -> int | None:
        """The pid as another process sees it, None when it does not; ProcessLookupError."""

    def pid_namespace(self, pid: int | str) -> str:
        """What tells its pid namespace from others, of a pid or "self"; raises OSError."""

    def host_pids(self) -> list[int]:
        """Every process that this pid namespace sees."""

    def count_host(self) -> tuple[int, int]:
        """Processes and threads of the whole host."""

    def virtual_memory(self, pids: Iterable[int]) -> dict[str, int]:
        """Sums in bytes over the processes that still are, by the kernel's words."""

    def uptime(self) -> float:
        """Seconds since boot."""


class Scheduling(Protocol):
    """`kernel/process/scheduling.py`: how the kernel schedules one thread."""

    def read(self, thread: int) -> Schedule:
        """The present state; raises ProcessLookupError."""

    def is_ordinary(self, thread: int) -> bool:
        """Whether it is scheduled as a thread that nobody has touched."""

    def write(self, thread: int, schedule: Schedule) -> None:
        """Make it so; raises ProcessLookupError, OSError."""

    def read_ioprio(self, thread: int) -> int:
        """The disk priority."""

    def write_ioprio(self, thread: int, value: int) -> None:
        """Set the disk priority."""


class Files(Protocol):
    """`kernel/file/files.py`: directories of containers, kept output."""

    def open_directory(self, path: str) -> int:
        """A descriptor of a directory that is ours; the caller closes it."""

    def open_directory_beneath(self, root: str, name: str) -> int:
        """A descriptor of a directory beneath `root`, through no link; the caller closes it."""

    def list_directories(self, path: str) -> list[str]:
        """Names of the directories in one that is ours; symbolic links are none."""

    def open_regular(self, path: str, flags: int) -> int:
        """A descriptor of a regular file that no user's link leads to; raises OSError."""

    def first_data(self, descriptor: int) -> int:
        """Offset of the first byte that is not in a hole."""

    def exists(self, path: str) -> bool:
        """Whether there is anything at a path that is ours."""

    def make_work_directory(self, root: str, name: str, mode: int, uid: int, gid: int) -> bool:
        """Make a directory beneath `root`; whether it was missing."""

    def occupied(self, path: str) -> int:
        """Bytes that a regular file occupies on disk; 0 for anything else."""

    def collapse_head(self, file: str, limit: int) -> int:
        """Cut the head of a file that occupies more than `limit`; the bytes lost."""

    def remove_small_tree_beneath(self, root: str, name: str) -> bool:
        """Remove a tree that is gone in a moment; False when it is larger. Raises OSError."""

    def set_aside_beneath(self, root: str, name: str) -> str | None:
        """Rename a tree out of the way: its new name, None when nothing is there."""

    def list_aside(self, root: str) -> list[str]:
        """Names of the trees that were set aside."""

    def removal_program(self, root: str, name: str) -> Program:
        """The program that removes a tree that was set aside."""

    def open_client_descriptor(self, client: ClientProcess, n: int, write: bool) -> int:
        """A descriptor of an API client; the caller closes it."""


class Mounts(Protocol):
    """`kernel/mount/mounts.py`."""

    def is_mount(self, path: str) -> bool:
        """Whether something is mounted there."""


class Nodes(Protocol):
    """`kernel/block/devices.py`: device nodes of the host."""

    def look_at(self, path: str) -> Node | None:
        """Facts of a node, None for anything else; raises OSError."""


class Cpus(Protocol):
    """`kernel/host/topology.py`: the CPUs of the host."""

    def read_online(self, devices: str = ...) -> str:
        """The list of those that are online."""

    def read_topology(self, devices: str = ...) -> Topology:
        """Their cores and nodes."""


class Totals(Protocol):
    """`kernel/host/totals.py`: figures of the whole host."""

    def meminfo(self) -> Mapping[str, int]:
        """/proc/meminfo, in its units."""

    def vmstat(self) -> Mapping[str, int]:
        """/proc/vmstat, in its units."""

    def disks(self, columns: tuple[int, int]) -> Mapping[str, tuple[int, int]]:
        """Two columns of /proc/diskstats by ``major:minor``; raises OSError."""


class Programs(Protocol):
    """`kernel/process/programs.py`: programs that work for the daemon."""

    def spawn(self, program: Program, join: Sequence[str]) -> Child:
        """Start one in the cgroups of these join files; raises OSError."""


class Watches(Protocol):
    """`kernel/file/inotify.py`: being told of changes of files."""

    def fileno(self) -> int:
        """Readable when there is something to read."""

    def add(self, path: str, mask: int) -> int:
        """Watch; the number of the watch. Raises OSError."""

    def remove(self, watch: int) -> None:
        """Watch no more."""

    def read(self) -> list[Event]:
        """What has happened; never blocks."""

    def close(self) -> None:
        """End all watches."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """The ports of the kernel's side; `inotify` opens `Watches`, or raises OSError."""

    cgroups: CgroupDriver
    processes: Processes
    scheduling: Scheduling
    files: Files
    mounts: Mounts
    nodes: Nodes
    disks: Disks
    cpus: Cpus
    totals: Totals
    programs: Programs
    inotify: Callable[[], Watches]

    def ports(self) -> dict[str, Any]:
        """All of them by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
