"""The cgroup driver of the unified v2 hierarchy.

Made by `kernel/cgroup/probe.py`. A container is ``/PREFIX/<name>``; its own tasks
live in the child ``%leaf``, a name no container can have, because v2 allows no task
beside child groups with controllers::

    /PREFIX/a           limits of container a
    /PREFIX/a/%leaf     its tasks, and whatever groups they make themselves
    /PREFIX/a/b         container a/b

Kernel: admin-guide/cgroup-v2.rst; contract: `kernel/cgroup/driver.py`.
"""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator

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
from porto.kernel.cgroup.v2 import enabling, freezer
from porto.kernel.cgroup.v2.controllers import CANONICAL
from porto.kernel.cgroup.v2.cpu import CpuV2
from porto.kernel.cgroup.v2.cpuset import CpusetV2
from porto.kernel.cgroup.v2.devices import DevicesV2
from porto.kernel.cgroup.v2.hugetlb import HugetlbV2
from porto.kernel.cgroup.v2.io import IoV2
from porto.kernel.cgroup.v2.memory import MemoryV2
from porto.kernel.cgroup.v2.oom import OomV2
from porto.kernel.cgroup.v2.targets import Directory

LEAF = "%leaf"
OURS = {"blkio": "io"}
"""Our word for a controller, where it is not the kernel's."""
IMPLICIT = frozenset({"freezer", "cpuacct"})
"""Always there: cgroup.freeze and cpu.stat."""


class V2Driver(GroupFiles):
    """See `CgroupDriver`."""

    canonicals = CANONICAL

    version = "v2"

    def __init__(
        self,
        hierarchy: Hierarchy,
        prefix: str,
        *,
        knobs: Knobs | None = None,
        members: Members | None = None,
    ) -> None:
        """Makes /PREFIX and enables in it every controller that can be enabled.

        What then is there decides `controllers`.
        """
        super().__init__(knobs, members)
        names.check_prefix(prefix)
        self._hierarchy = hierarchy
        self._mount = hierarchy.path
        self._top = f"{self._mount}/{prefix}"
        self._inner_top = f"{hierarchy.inner}/{prefix}".encode()
        self._kernel = enabling.prepare_top(self.knobs, self._mount, self._top)
        words = {our for our in enabling.WANTED if OURS.get(our, our) in self._kernel}
        self.controllers = IMPLICIT | words
        self.cpu = CpuV2(self)
        self.cpuset = CpusetV2(self)
        self.devices = DevicesV2(self)
        if self.devices.offered(self._top):
            self.controllers |= {"devices"}
        self.hugetlb = HugetlbV2(self)
        self.io = IoV2(self)
        self.memory = MemoryV2(self)
        self.oom = OomV2(self)
        self.pids = Pids(self.controllers)

    # -- groups ----------------------------------------------------------

    def default_controllers(self, level: int) -> frozenset[str]:
        """Controllers of a container at this nesting level."""
        return self.controllers if level <= 1 else IMPLICIT

    def bound(self, controllers: frozenset[str]) -> frozenset[str]:
        """These, and those that are part of the core."""
        return controllers | IMPLICIT

    def root_group(self) -> Group:
        """The group of the whole host."""
        keys = (*sorted(IMPLICIT), *self._keys(self.controllers), "cgroup")
        return Group(name=ROOT, directories=dict.fromkeys(keys, self._mount), own=())

    def make_group(self, name: str, parts: list[str], sets: Sets) -> Group:
        """The group of a container."""
        path = self._top
        directories: dict[str, str] = {}
        for part, enabled in zip(parts, sets, strict=True):
            path = f"{path}/{part}"
            always = ("freezer", "cpuacct", "cgroup")
            for key in (*always, *self._keys(enabled & self.controllers)):
                directories[key] = path
        for key in self._keys(self.controllers):
            directories.setdefault(key, self._mount)
        return Group(name=name, directories=directories, own=(path, f"{path}/{LEAF}"))

    def create(self, group: Group) -> bool:
        """Make the missing own directories."""
        if not group.own:
            return False
        directory, leaf = group.own
        made = self._mkdir(directory)
        self.knobs.mark(directory)
        wanted = self._wanted(group)
        if wanted:
            enabling.enable(self.knobs, self._top, directory, wanted)
        return self._mkdir(leaf) or made

    def lacking(self, group: Group) -> list[str]:
        """What the parent's cgroup.subtree_control does not name any more."""
        wanted = self._wanted(group)
        if not wanted:
            return []
        return sorted(wanted - enabling.available(self.knobs, group.own[0]))

    def intact(self) -> bool:
        """Whether our top directory still passes all controllers on."""
        return self._kernel <= enabling.enabled(self.knobs, self._top)

    def _wanted(self, group: Group) -> set[str]:
        """Controllers of the group itself, in the kernel's words."""
        if not group.own:
            return set()
        directory = group.own[0]
        return {
            key
            for key, path in group.directories.items()
            if path == directory and key in self._kernel
        }

    def remove(self, group: Group) -> None:
        """Remove the own directories."""
        for directory in reversed(group.own):
            remove_tree(self.knobs, directory)

    def join_files(self, group: Group) -> tuple[str, ...]:
        """The leaf's ``cgroup.procs``."""
        return (f"{group.own[1] if group.own else self._mount}/cgroup.procs",)

    def launch_directory(self, group: Group) -> str | None:
        """The leaf."""
        return group.own[1] if group.own else self._mount

    def attach(self, group: Group, pid: int) -> None:
        """Move one process into the leaf."""
        self.knobs.write(self.join_files(group)[0], str(pid))

    # -- processes -------------------------------------------------------

    def processes(self, group: Group) -> list[int]:
        """Process ids in this group itself: in the leaf and in what its tasks made there."""
        if not group.own:
            return self.list_pids(self._mount)
        return self.list_pids(group.own[0]) + self.list_subtree(group.own[1])

    def is_populated(self, group: Group) -> bool:
        """What ``cgroup.events`` says; the group of the whole host has no such file."""
        path = self.events_file(group)
        if path is None:
            return True
        try:
            return bool(freezer.parse_event(self.knobs.read(path), b"populated"))
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno != errno.ENODEV:  # removed since it was opened
                raise
            return False

    def subtree_threads(self, group: Group) -> int:
        """Number of threads in this group and all below."""
        if group.own and group.directories.get("pids") == group.own[0]:
            try:
                return int(self.knobs.read(f"{group.own[0]}/{CURRENT}"))
            except FileNotFoundError:
                return 0
        return len(self.list_subtree(group.freezer, "cgroup.threads"))

    def events_file(self, group: Group) -> str | None:
        """``cgroup.events`` of the container's directory."""
        return f"{group.own[0]}/{freezer.EVENTS}" if group.own else None

    def kill(self, group: Group) -> list[int]:
        """SIGKILL every process of the subtree and thaw what is frozen."""
        self.refuse_root(group, "kill")
        return self._kill_directory(group.own[0])

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
        """The effective state, an ancestor's freeze included.

        The kernel's flag stays up for a moment after a thaw: who asks for the freeze
        decides first, the flag tells whether it is complete.
        """
        if not group.own:
            return FreezerState.THAWED
        directory = group.freezer
        while len(directory) > len(self._mount):
            if self._asked_to_freeze(directory):
                events = self.knobs.read(f"{group.freezer}/{freezer.EVENTS}")
                frozen = freezer.parse_event(events, b"frozen")
                return FreezerState.FROZEN if frozen else FreezerState.FREEZING
            directory = os.path.dirname(directory)
        return FreezerState.THAWED

    def self_frozen(self, group: Group) -> bool:
        """Whether this group itself was asked to freeze."""
        try:
            return bool(group.own) and self._asked_to_freeze(group.freezer)
        except FileNotFoundError:
            return False

    # -- whose is it, what is left ---------------------------------------

    def container_of(self, pid: int) -> str | None:
        """Full name of the container that holds this process."""
        return self.name_in(self.members.cgroup_text(pid))

    def name_in(self, membership: bytes) -> str | None:
        """Full name of the container, by the unified hierarchy."""
        path = path_of(membership, b"")
        if path is None or path == self._inner_top or not is_within(path, self._inner_top):
            return None
        below = os.fsdecode(path[len(self._inner_top) + 1 :])
        parts = below.split("/")
        end = next((i for i, part in enumerate(parts) if part.startswith("%")), len(parts))
        return "/".join(parts[:end]) or None

    def is_home(self, group: Group, membership: bytes) -> bool:
        """Whether the one hierarchy says so."""
        return self.name_in(membership) == group.name

    def sweep(
        self, keep: Callable[[str], bool], located: Callable[[str], Group] | None = None
    ) -> list[str]:
        """Remove our directories of containers `keep` refuses; they move for no other reason."""
        found = list(self._left(self._top, "", keep, within_kept=False))
        for directory, _ in reversed(found):
            self._sweep_directory(directory)
        self.try_rmdir(self._top)
        return sorted(name for _, name in found)

    # -- internals -------------------------------------------------------

    @staticmethod
    def _keys(words: frozenset[str]) -> list[str]:
        """The words themselves and the kernel's names, which prefix the knobs."""
        return sorted({*words, *(OURS.get(word, word) for word in words)} - IMPLICIT)

    def _mkdir(self, directory: str) -> bool:
        try:
            self.knobs.mkdir(directory)
        except FileExistsError:
            return False
        except FileNotFoundError:
            if os.path.dirname(directory) != self._top:
                raise
            enabling.prepare_top(self.knobs, self._mount, self._top)
            self.knobs.mkdir(directory)
        return True

    def _asked_to_freeze(self, directory: str) -> bool:
        return self.knobs.read(f"{directory}/{freezer.FREEZE}").strip() == b"1"

    def _left(
        self, parent: str, above: str, keep: Callable[[str], bool], *, within_kept: bool
    ) -> Iterator[tuple[str, str]]:
        """Leftover directories with their names, parents first.

        Below a kept container only those with our mark: the others somebody else made.
        """
        for child in self.knobs.subdirectories(parent):
            directory, name = f"{parent}/{child}", f"{above}{child}"
            if not names.is_container_name(name):
                continue
            if within_kept and not self.knobs.is_marked(directory):
                continue
            kept = keep(name)
            if not kept:
                yield directory, name
            yield from self._left(directory, f"{name}/", keep, within_kept=kept)

    def _kill_directory(self, directory: str, *, alone: bool = False) -> list[int]:
        target = Directory(self, self._hierarchy, directory, alone=alone)
        if alone:
            return kill_all(target)
        listed = target.pids()
        # ENOENT: before Linux 5.14, or the group is gone.
        with contextlib.suppress(FileNotFoundError):
            self.knobs.write(f"{directory}/cgroup.kill", "1")
        # cgroup.kill signals the first thread of each process; where that has ended the
        # others live on. A pidfd reaches them.
        return sorted({*listed, *kill_all(target)})

    def _sweep_directory(self, directory: str) -> None:
        leaf = f"{directory}/{LEAF}"
        if self.knobs.is_directory(leaf):
            self._kill_directory(leaf)
        self._kill_directory(directory, alone=True)
        try:
            remove_tree(self.knobs, leaf)
        except OSError as error:
            if error.errno not in (errno.EBUSY, errno.ENOTEMPTY):
                raise
        self.try_rmdir(directory)
