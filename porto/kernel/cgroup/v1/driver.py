"""The cgroup driver of v1 hierarchies, split or co-mounted; also of hybrid hosts.

Made by `kernel/cgroup/probe.py`. The freezer's hierarchy is the one that says which
container a process belongs to; names in the others: `naming.py`. Kernel:
admin-guide/cgroup-v1/; contract: `kernel/cgroup/driver.py`.
"""

import contextlib
import os
from collections.abc import Callable, Sequence

from porto.kernel.cgroup import names
from porto.kernel.cgroup.driver import FreezerState
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import ROOT, GroupFiles, Sets
from porto.kernel.cgroup.hierarchies import Hierarchy
from porto.kernel.cgroup.killing import kill_all
from porto.kernel.cgroup.knobs import Knobs
from porto.kernel.cgroup.members import Members, is_within, path_of
from porto.kernel.cgroup.pids import CURRENT, Pids
from porto.kernel.cgroup.tree import remove_tree
from porto.kernel.cgroup.v1 import freezer, naming
from porto.kernel.cgroup.v1.controllers import CANONICAL
from porto.kernel.cgroup.v1.cpu import CpuV1
from porto.kernel.cgroup.v1.cpuset import CpusetV1
from porto.kernel.cgroup.v1.devices import DevicesV1
from porto.kernel.cgroup.v1.hugetlb import HugetlbV1
from porto.kernel.cgroup.v1.io import IoV1
from porto.kernel.cgroup.v1.leftovers import Sweep, expel
from porto.kernel.cgroup.v1.memory import MemoryV1
from porto.kernel.cgroup.v1.oom import OomV1
from porto.kernel.cgroup.v1.targets import FreezerTree

CPUSET_INHERITED = ("cpuset.cpus", "cpuset.mems")


class V1Driver(GroupFiles):
    """See `CgroupDriver`."""

    canonicals = CANONICAL

    def __init__(
        self,
        hierarchies: Sequence[Hierarchy],
        prefix: str,
        *,
        version: str = "v1",
        knobs: Knobs | None = None,
        members: Members | None = None,
    ) -> None:
        """`hierarchies` includes the freezer's."""
        super().__init__(knobs, members)
        names.check_prefix(prefix)
        self.version = version
        self.controllers = frozenset[str]().union(*(h.controllers for h in hierarchies))
        self._freezer = next(h for h in hierarchies if "freezer" in h.controllers)
        self._others = [h for h in hierarchies if h is not self._freezer]
        self._prefix = prefix
        self._top = f"{self._freezer.path}/{prefix}"
        self._inner_top = f"{self._freezer.inner}/{prefix}".encode()
        cpuacct_alone = any(h.controllers == {"cpuacct"} for h in hierarchies)
        self._deeper = frozenset({"freezer", "cpuacct"} if cpuacct_alone else {"freezer"})
        self.cpu = CpuV1(self)
        self.cpuset = CpusetV1(self)
        self.devices = DevicesV1(self)
        self.hugetlb = HugetlbV1(self)
        self.io = IoV1(self)
        self.memory = MemoryV1(self)
        self.oom = OomV1(self)
        self.pids = Pids(self.controllers)

    # -- groups ----------------------------------------------------------

    def default_controllers(self, level: int) -> frozenset[str]:
        """Controllers of a container at this nesting level."""
        return self.controllers if level <= 1 else self._deeper

    def bound(self, controllers: frozenset[str]) -> frozenset[str]:
        """These, those of the same hierarchies, and the freezer's."""
        others = (h.controllers for h in self._others if not h.controllers.isdisjoint(controllers))
        return self._freezer.controllers.union(*others)

    def root_group(self) -> Group:
        """The group of the whole host."""
        directories = {"freezer": self._freezer.path}
        for hierarchy in (self._freezer, *self._others):
            directories.update(dict.fromkeys(sorted(hierarchy.controllers), hierarchy.path))
        return Group(name=ROOT, directories=directories, own=())

    def make_group(self, name: str, parts: list[str], sets: Sets) -> Group:
        """The group of a container."""
        own = [naming.freezer_directory(self._freezer.path, self._prefix, name)]
        companions = sorted(self._freezer.controllers - {"freezer"})
        directories = dict.fromkeys(["freezer", *companions], own[0])
        for hierarchy in self._others:
            has = [not hierarchy.controllers.isdisjoint(enabled) for enabled in sets]
            path = naming.directory(hierarchy.path, self._prefix, parts, has)
            directories.update(dict.fromkeys(sorted(hierarchy.controllers), path))
            if has[-1]:
                own.append(path)
        return Group(name=name, directories=directories, own=tuple(own))

    def create(self, group: Group) -> bool:
        """Make the missing own directories."""
        made = False
        cpuset = group.directories.get("cpuset")
        for directory in group.own:
            try:
                self._mkdir(directory)
                fresh = made = True
            except FileExistsError:
                fresh = False
            self.knobs.mark(directory)
            if directory == cpuset:
                self._inherit_cpuset(directory, fresh=fresh)
        return made

    def remove(self, group: Group) -> None:
        """Remove the own directories, the freezer's last.

        A container whose removal was cut short is still found by its name. A process of
        the host that somebody moved in here goes to the hierarchy's top.
        """
        for directory in reversed(group.own):
            try:
                remove_tree(self.knobs, directory)
            except OSError:
                top = next((h for h in self._others if directory.startswith(h.path + "/")), None)
                if top is None or not expel(self, top.path, directory, self._name_in):
                    raise
                remove_tree(self.knobs, directory)

    def join_files(self, group: Group) -> tuple[str, ...]:
        """The ``tasks`` file of each hierarchy.

        There a single-threaded writer joins without the RCU grace period that
        ``cgroup.procs`` costs.
        """
        return tuple(f"{d}/tasks" for d in dict.fromkeys(group.directories.values()))

    def launch_directory(self, group: Group) -> str | None:
        """None: CLONE_INTO_CGROUP is for v2."""
        return None

    def attach(self, group: Group, pid: int) -> None:
        """Move one process, in the hierarchies where it is elsewhere."""
        text = self.members.cgroup_text(pid)
        for hierarchy in (self._freezer, *self._others):
            controller = min(hierarchy.controllers)
            directory = group.directories[controller]
            if path_of(text, controller.encode()) != hierarchy.inner_path(directory):
                self.knobs.write(f"{directory}/cgroup.procs", str(pid))

    # -- processes -------------------------------------------------------

    def processes(self, group: Group) -> list[int]:
        """Process ids in this group itself."""
        return self.list_pids(group.freezer)

    def subtree_threads(self, group: Group) -> int:
        """Number of threads in this group and all below."""
        counted = group.directories.get("pids")
        if counted is not None and counted in group.own:
            try:
                return int(self.knobs.read(f"{counted}/{CURRENT}"))
            except FileNotFoundError:
                return 0
        return len(self.list_subtree(group.freezer, "tasks"))

    def events_file(self, group: Group) -> str | None:
        """None: v1 tells nobody when a group becomes empty."""
        return None

    def kill(self, group: Group) -> list[int]:
        """SIGKILL every process of the subtree and thaw what is frozen."""
        self.refuse_root(group, "kill")
        return kill_all(FreezerTree(self, self._freezer, group.freezer))

    # -- freezer ---------------------------------------------------------

    def freeze(self, group: Group) -> None:
        """Ask for the freeze of the subtree."""
        self.refuse_root(group, "freeze")
        self.write_all(group.freezer, freezer.render(True))

    def thaw(self, group: Group) -> None:
        """Take this group's freeze back."""
        self.refuse_root(group, "thaw")
        self.write_all(group.freezer, freezer.render(False))

    def freezer_state(self, group: Group) -> FreezerState:
        """The effective state, an ancestor's freeze included."""
        if not group.own:
            return FreezerState.THAWED
        return freezer.parse(self.knobs.read(f"{group.freezer}/{freezer.STATE}"))

    def self_frozen(self, group: Group) -> bool:
        """Whether this group itself was asked to freeze."""
        if not group.own:
            return False
        try:
            return freezer.parse_self(self.knobs.read(f"{group.freezer}/{freezer.SELF}"))
        except FileNotFoundError:
            return False

    # -- whose is it, what is left ---------------------------------------

    def name_in(self, membership: bytes) -> str | None:
        """Full name of the container, by the freezer's hierarchy."""
        return self._name_in(path_of(membership, b"freezer"))

    def is_home(self, group: Group, membership: bytes) -> bool:
        """Whether each hierarchy's path is the group's directory or below."""
        for hierarchy in (self._freezer, *self._others):
            controller = min(hierarchy.controllers)
            home = hierarchy.inner_path(group.directories[controller])
            path = path_of(membership, controller.encode())
            if home != b"/" and not is_within(path, home):
                return False
        return True

    def container_of(self, pid: int) -> str | None:
        """Full name of the container that holds this process."""
        path = path_of(self.members.cgroup_text(pid), b"freezer")
        if path == b"/":
            # The kernel shows an exiting thread at the top. A process whose first
            # thread has ended must not pass for one of the host by its others.
            path = path_of(self.members.living_thread_text(pid), b"freezer")
        return self._name_in(path)

    def sweep(
        self, keep: Callable[[str], bool], located: Callable[[str], Group] | None = None
    ) -> list[str]:
        """Remove our directories that no kept container has."""
        found = Sweep(self, self._freezer, self._prefix, keep, located, self._name_in)
        left = found.run(self._others)
        self.try_rmdir(self._top)
        return sorted(left)

    # -- internals -------------------------------------------------------

    def _mkdir(self, directory: str) -> None:
        try:
            self.knobs.mkdir(directory)
        except FileNotFoundError:
            if os.path.dirname(directory) != self._top:
                raise
            with contextlib.suppress(FileExistsError):
                self.knobs.mkdir(self._top)
            self.knobs.mkdir(directory)

    def _inherit_cpuset(self, directory: str, *, fresh: bool) -> None:
        """A new cpuset has no CPU and no memory node, and takes no task before it has.

        One that is not fresh is empty if the daemon died before it came here.
        """
        parent = os.path.dirname(directory)
        for knob in CPUSET_INHERITED:
            if fresh or not self.knobs.read(f"{directory}/{knob}").strip():
                inherited = self.knobs.read(f"{parent}/{knob}").decode().strip()
                self.knobs.write(f"{directory}/{knob}", inherited)

    def _name_in(self, path: bytes | None) -> str | None:
        """The container of a path in the freezer's hierarchy."""
        if path is None or path == self._inner_top or not is_within(path, self._inner_top):
            return None
        name = os.fsdecode(path[len(self._inner_top) + 1 :])
        return None if names.is_reserved(name) else name
