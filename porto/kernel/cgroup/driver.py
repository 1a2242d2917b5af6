"""The cgroup driver protocol: one meaning over v1, hybrid and v2 hierarchies.

Chosen once by `kernel/cgroup/probe.py`; no facet asks which it is. Twin files in
`v1/` and `v2/` render limits for one controller each. Sources: the kernel's
Documentation/admin-guide/cgroup-v1/ and cgroup-v2.rst; manual section "CGROUPS".
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.cpu import Cpu
from porto.kernel.cgroup.meaning.cpuset import Cpuset
from porto.kernel.cgroup.meaning.devices import Devices
from porto.kernel.cgroup.meaning.hugetlb import Hugetlb
from porto.kernel.cgroup.meaning.io import Io
from porto.kernel.cgroup.meaning.memory import Memory
from porto.kernel.cgroup.meaning.oom import Oom
from porto.kernel.cgroup.pids import Pids


class FreezerState(StrEnum):
    """What the freezer of a group says."""

    THAWED = "thawed"
    FREEZING = "freezing"
    FROZEN = "frozen"


class CgroupDriver(Protocol):
    """Everything the project does to cgroups.

    Methods raise OSError with the path of the knob as filename; they never wait for
    other processes.

    version     -- "v1", "hybrid" (v1 controllers beside an unused v2 mount) or "v2"
    controllers -- what this host offers, in the words of the property `controllers`
    pids, ...   -- what each controller's knobs mean, also where the host lacks it
    """

    version: str
    controllers: frozenset[str]
    cpu: Cpu
    cpuset: Cpuset
    devices: Devices
    hugetlb: Hugetlb
    io: Io
    memory: Memory
    oom: Oom
    pids: Pids

    def unsupported(self) -> Mapping[str, str]:
        """Why a feature of the kernel's controllers is not there, by its name.

        A controller that is not offered is one (``memory``), or what one of its knobs does
        (``memory.low``). Which properties need it they say themselves (`Prop.needs`).
        """

    def locate(self, name: str, enabled: Callable[[str], frozenset[str]]) -> Group:
        """The group of container `name`.

        `enabled(n)` tells the controllers of it and of each ancestor. Pure. `ROOT` is the
        group of the whole host, which owns no directory. OSError (EINVAL) refuses a name
        that could leave our directories.
        """

    def jobs_group(self) -> Group:
        """The group of all jobs of the daemon, outside of every container: ``%jobs``."""

    def job_group(self, name: str) -> Group:
        """The group of one job within it. OSError (EINVAL) refuses a name as `locate` does."""

    def job_names(self) -> list[str]:
        """Names of the jobs whose groups exist."""

    def default_controllers(self, level: int) -> frozenset[str]:
        """Controllers of a container at this nesting level."""

    def bound(self, controllers: frozenset[str]) -> frozenset[str]:
        """These, those bound to one of them by the mounts, and those every container has."""

    def exists(self, group: Group) -> bool:
        """Whether all own directories exist."""

    def is_new(self, group: Group) -> bool:
        """Whether no own directory exists: the first is made first and removed last."""

    def lacking(self, group: Group) -> list[str]:
        """Controllers that the group should have itself, and that somebody took from it.

        In the kernel's words; nothing on v1, where a hierarchy is there or not.
        """

    def intact(self) -> bool:
        """Whether what stands above all containers offers every controller still."""

    def create(self, group: Group) -> bool:
        """Make the missing own directories, ready for tasks; whether any was missing.

        Idempotent. The parent container's group exists.
        """

    def remove(self, group: Group) -> None:
        """Remove the own directories, children of ours included; absent ones are fine.

        Raises OSError (EBUSY) while tasks remain.
        """

    def join_files(self, group: Group) -> tuple[str, ...]:
        """Files into which a single-threaded process writes "0" to join the group.

        The freezer's is the first: from then on `kill` finds the process.
        """

    def launch_directory(self, group: Group) -> str | None:
        """The directory whose descriptor CLONE_INTO_CGROUP takes; None on v1.

        A child born in the group needs no join file. On v2 writing to a join file costs
        an RCU grace period (10 ms), being born there nothing.
        """

    def attach(self, group: Group, pid: int) -> None:
        """Move one process into the group from outside.

        Slow (an RCU grace period for each hierarchy), used for repair only.
        """

    def processes(self, group: Group) -> list[int]:
        """Process ids in this group itself, as this pid namespace sees them.

        A process that is exiting may be listed or not. An absent group has none.
        """

    def subtree_processes(self, group: Group) -> list[int]:
        """Process ids in this group and all below."""

    def is_populated(self, group: Group) -> bool:
        """Whether a task is in this group or below; an absent group has none.

        A process whose first thread has ended is not listed any more while its last
        threads are ending: its group is in use all the same, and is not removed.
        """

    def subtree_threads(self, group: Group) -> int:
        """Number of threads in this group and all below."""

    def pidfds(self, group: Group, limit: int) -> list[int]:
        """Descriptors of at most `limit` processes of the subtree, closed by the caller.

        Each becomes readable when its process has ended.
        """

    def events_file(self, group: Group) -> str | None:
        """The file that tells whether the subtree has processes; None on v1.

        It says ``populated 0`` or ``1``, with POLLPRI on a change.
        """

    def freeze(self, group: Group) -> None:
        """Ask for the freeze of the subtree; it is complete when `freezer_state` says so."""

    def thaw(self, group: Group) -> None:
        """Take this group's freeze back.

        What is frozen by an ancestor, or below by a request of its own, stays frozen.
        """

    def freezer_state(self, group: Group) -> FreezerState:
        """The effective state, an ancestor's freeze included."""

    def self_frozen(self, group: Group) -> bool:
        """Whether this group itself was asked to freeze; one that is gone was not."""

    def kill(self, group: Group) -> list[int]:
        """SIGKILL every process of the subtree; returns the pids that were there.

        What is frozen is thawed, so that it can die. Wins against processes that fork.
        Their end is awaited by `observers/population.py`.
        """

    def read(self, group: Group, controller: str, knob: str) -> str:
        """Raw text of a knob, ``knob`` with its controller prefix (``pids.max``).

        A group without the controller shows its nearest ancestor's.
        """

    def fresh(self, controller: str, knob: str) -> str:
        """Raw text of a knob in a group that was just made: the kernel's default.

        Read once, from a group that is made for that and removed.
        """

    def write(self, group: Group, controller: str, knob: str, text: str) -> None:
        """Write a knob that exists."""

    def held(self) -> AbstractContextManager[None]:
        """Within the block each knob is read once: many readings show one moment."""

    def canonical(self, knob: str, text: str) -> str:
        """What a knob's text means, in the form in which `render_*` says it."""

    def membership(self, pid: int) -> bytes:
        """Where a process is, opaque: the same as long as it stays in its cgroups.

        Raises ProcessLookupError.
        """

    def name_in(self, membership: bytes) -> str | None:
        """Full name of the container that a `membership` tells, None outside of ours."""

    def is_home(self, group: Group, membership: bytes) -> bool:
        """Whether a process with this membership is in the group in every hierarchy."""

    def container_of(self, pid: int) -> str | None:
        """Full name of the container that holds this process, None outside of ours.

        Raises ProcessLookupError when the process is gone or, on v1, exiting.
        """

    def sweep(
        self, keep: Callable[[str], bool], located: Callable[[str], Group] | None = None
    ) -> list[str]:
        """Remove our directories of containers that `keep` refuses, with their processes.

        With `located` also those of a kept container that are not where it has its own:
        its controllers have changed since they were made. All hierarchies; returns the
        names found, sorted. A directory whose processes are still dying stays: call again
        until the answer is empty. Nothing outside our prefix is touched, nor groups that
        others made within those of a kept container, nor, on v1, a process that is in no
        container: it is moved out of what is removed.
        """
