"""The ports: everything that a pass may look at or change, handed in through one object.

The kernel's side is protocols, so that a fake can take the place of each one
(`tests/fakes`, held to the kernel by `tests/contract`); modules of `porto/kernel` serve as
they are. Built by `cli/daemon.py`. Passes look through them (`containers/target.py`); only
effects, which the carrier calls, change anything.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from porto.kernel.block.disks import Disks
from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.file.files import ClientProcess
from porto.kernel.host.topology import Topology
from porto.kernel.process.scheduling import Schedule
from porto.launcher.ops import Launched, LaunchFailed, LaunchRequest
from porto.observers.clock import Clock
from porto.spec.device_rules import Node
from porto.spec.events import Event
from porto.spec.key import Key
from porto.spec.records.record import Record

if TYPE_CHECKING:
    from porto.reconcilers.engine.change import Change


class Processes(Protocol):
    """`kernel/process/processes.py`: identity by pid and start time."""

    def is_alive(self, pid: int, start: int) -> bool:
        """Whether the process that started then still runs."""

    def has_ended(self, pid: int) -> bool:
        """Whether a pid is a zombie's, or nobody's."""

    def open_pidfd(self, pid: int, start: int) -> int:
        """A pidfd of the process that started then; raises ProcessLookupError."""

    def send_signal(self, pid: int, start: int, signo: int) -> bool:
        """Signal the process that started then; whether it was still there."""

    def handles_signal(self, pid: int, signo: int) -> bool:
        """Whether it has a handler of its own for a signal."""

    def read_limits(self, pid: int) -> dict[str, tuple[int, int]]:
        """Soft and hard resource limits by the kernel's words; -1 is unlimited."""

    def set_limit(self, pid: int, kind: int, limits: tuple[int, int]) -> None:
        """prlimit(2); raises ProcessLookupError, OSError."""


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

    def exists(self, path: str) -> bool:
        """Whether there is anything at a path that is ours."""

    def open_directory_beneath(self, root: str, name: str) -> int:
        """A descriptor of a directory beneath `root`, through no link; the caller closes it."""

    def make_work_directory(self, root: str, name: str, mode: int, uid: int, gid: int) -> bool:
        """Make a directory beneath `root`; whether it was missing."""

    def occupied(self, path: str) -> int:
        """Bytes that a regular file occupies on disk; 0 for anything else."""

    def collapse_head(self, file: str, limit: int) -> int:
        """Cut the head of a file that occupies more than `limit`; the bytes lost."""

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


class Launches(Protocol):
    """`observers/launches.py`: what the master was asked to launch."""

    def find(self, launch_id: str) -> "Launched | LaunchFailed | None":
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


class Slow(Protocol):
    """`engine/slow.py`: changes that the kernel takes long for."""

    def run(self, key: Key, change: "Change") -> bool:
        """Whether it has been made; begun when it was not. Raises what it failed with."""


class Counters(Protocol):
    """The daemon's counters."""

    def add(self, name: str, amount: int = 1) -> None:
        """Count something."""


class History(Protocol):
    """`observers/events.py`: what happens, kept for whoever asks."""

    def add(self, event: Event) -> None:
        """Keep an event; never raises."""


@dataclass(frozen=True, slots=True)
class Ports:
    """All ports of one daemon."""

    cgroups: CgroupDriver
    processes: Processes
    scheduling: Scheduling
    files: Files
    mounts: Mounts
    nodes: Nodes
    disks: Disks
    cpus: Cpus
    launches: Launches
    exits: Acknowledger
    notices: Notices
    vacancies: Vacancies
    records: Records
    removals: Removals
    slow: Slow
    counters: Counters
    history: History
    clock: Clock
