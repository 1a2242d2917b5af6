"""What both cgroup drivers do alike: cached groups, lists of processes, knobs.

The drivers derive from `GroupFiles` and add where a group's directories are.
"""

import contextlib
import errno
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import ClassVar

from porto.kernel.cgroup import names
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.knobs import Knobs, parse_pids
from porto.kernel.cgroup.meaning.cpu import Cpu
from porto.kernel.cgroup.meaning.cpuset import Cpuset
from porto.kernel.cgroup.meaning.devices import Devices
from porto.kernel.cgroup.meaning.hugetlb import Hugetlb
from porto.kernel.cgroup.meaning.io import Io
from porto.kernel.cgroup.meaning.memory import Memory
from porto.kernel.cgroup.meaning.oom import Oom
from porto.kernel.cgroup.members import Members
from porto.kernel.cgroup.pids import Pids
from porto.kernel.cgroup.tree import walk

ROOT = "/"
JOBS = "%jobs"
CACHED_MAX = 8192
Sets = tuple[frozenset[str], ...]


class GroupFiles:
    """Access to the directories and knobs of groups.

    canonicals -- what the texts of a version's knobs mean, by knob
    """

    canonicals: ClassVar[Mapping[str, Callable[[str], str]]]
    controllers: frozenset[str]
    cpu: Cpu
    cpuset: Cpuset
    devices: Devices
    hugetlb: Hugetlb
    io: Io
    memory: Memory
    oom: Oom
    pids: Pids

    def __init__(self, knobs: Knobs | None, members: Members | None) -> None:
        self.knobs = knobs or Knobs()
        self.members = members or Members()
        self._groups: dict[str, tuple[Sets, Group]] = {}
        self._fresh: dict[str, str] = {}

    def locate(self, name: str, enabled: Callable[[str], frozenset[str]]) -> Group:
        """The group of container `name`."""
        sets: Sets
        if "/" not in name:
            sets = (enabled(name),)
        elif name == ROOT:
            sets = ()
        else:
            ends = (end for end, letter in enumerate(name) if letter == "/")
            sets = (*(enabled(name[:end]) for end in ends), enabled(name))
        cached = self._groups.get(name)
        if cached is not None and cached[0] == sets:
            return cached[1]
        if len(self._groups) >= CACHED_MAX:
            self._groups.clear()
        if name == ROOT:
            group = self.root_group()
        else:
            group = self.make_group(name, names.split_name(name), sets)
        self._groups[name] = (sets, group)
        return group

    def jobs_group(self) -> Group:
        """The group of all jobs, with what gives them less than others."""
        return self.make_group(JOBS, [JOBS], (self._of_jobs,))

    def job_group(self, name: str) -> Group:
        """The group of one job."""
        full = f"{JOBS}/{name}"
        if len(names.split_name(name)) != 1:
            raise OSError(errno.EINVAL, "not the name of a job", name)
        return self.make_group(full, [JOBS, name], (self._of_jobs, self.bound(frozenset())))

    def job_names(self) -> list[str]:
        """Names of the jobs whose groups exist."""
        found = self.knobs.subdirectories(self.jobs_group().freezer)
        return [name for name in found if not names.is_reserved(name)]

    @property
    def _of_jobs(self) -> frozenset[str]:
        return self.bound(self.controllers & {"cpu", "blkio"})

    def bound(self, controllers: frozenset[str]) -> frozenset[str]:
        """These, those bound to one of them by the mounts, and those every container has."""
        raise NotImplementedError

    def root_group(self) -> Group:
        """The group of the whole host."""
        raise NotImplementedError

    def make_group(self, name: str, parts: list[str], sets: Sets) -> Group:
        """The group of a container; `sets` are the controllers from the first level down."""
        raise NotImplementedError

    def exists(self, group: Group) -> bool:
        """Whether all own directories exist."""
        return all(map(self.knobs.is_directory, group.own))

    def is_new(self, group: Group) -> bool:
        """Whether no own directory exists."""
        return bool(group.own) and not self.knobs.is_directory(group.own[0])

    def lacking(self, group: Group) -> list[str]:
        """Nothing: a hierarchy is there or not."""
        return []

    def intact(self) -> bool:
        """Nobody can take a hierarchy away while groups are in it."""
        return True

    def subtree_processes(self, group: Group) -> list[int]:
        """Process ids in this group and all below."""
        return self.list_subtree(group.freezer)

    def is_populated(self, group: Group) -> bool:
        """Whether a thread is in this group or below."""
        return bool(self.list_subtree(group.freezer, "tasks"))

    def pidfds(self, group: Group, limit: int) -> list[int]:
        """Descriptors of at most `limit` processes of the subtree."""
        opened = map(self.members.open_pidfd, self.subtree_processes(group)[:limit])
        return [pidfd for pidfd in opened if pidfd is not None]

    def read(self, group: Group, controller: str, knob: str) -> str:
        """Raw text of a knob."""
        return self.knobs.read(self._path(group, controller, knob)).decode(errors="replace")

    def fresh(self, controller: str, knob: str) -> str:
        """Raw text of a knob in a group that was just made."""
        if not self._fresh:
            self._fresh = self._read_fresh()
        try:
            return self._fresh[knob]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), knob) from None

    def _read_fresh(self) -> dict[str, str]:
        """All knobs of a group of nobody: no container has the reserved name."""
        group = self.locate(names.NOBODY, lambda _: self.controllers)
        self.create(group)
        try:
            found = {}
            for directory in group.own:
                for knob in self.knobs.settings(directory):
                    with contextlib.suppress(OSError):
                        text = self.knobs.read(f"{directory}/{knob}")
                        found[knob] = text.decode(errors="replace")
            return found
        finally:
            self.remove(group)

    def create(self, group: Group) -> bool:
        """Make the missing own directories."""
        raise NotImplementedError

    def remove(self, group: Group) -> None:
        """Remove the own directories."""
        raise NotImplementedError

    def write(self, group: Group, controller: str, knob: str, text: str) -> None:
        """Write a knob that exists."""
        self.knobs.write(self._path(group, controller, knob), text)

    def canonical(self, knob: str, text: str) -> str:
        """What a knob's text means."""
        return self.canonicals.get(knob, str.strip)(text)

    def unsupported(self) -> Mapping[str, str]:
        """Why a feature of the kernel's controllers is not there, by its name."""
        parts = (
            self.cpu,
            self.cpuset,
            self.devices,
            self.hugetlb,
            self.io,
            self.memory,
            self.pids,
        )
        return {name: reason for part in parts for name, reason in part.unsupported().items()}

    def held(self) -> AbstractContextManager[None]:
        """Within the block each knob is read once."""
        return self.knobs.held()

    # -- for the drivers -------------------------------------------------

    def count(self, directory: str, file: str, word: bytes) -> int:
        """The number after `word` in a file of words and numbers; 0 when it is not there."""
        try:
            text = self.knobs.read(f"{directory}/{file}")
        except FileNotFoundError:
            return 0
        for line in text.splitlines():
            name, _, number = line.partition(b" ")
            if name == word:
                return int(number)
        return 0

    def membership(self, pid: int) -> bytes:
        """Where a process is: the text of /proc/PID/cgroup."""
        return self.members.cgroup_text(pid)

    def list_pids(self, directory: str, file: str = "cgroup.procs") -> list[int]:
        """Ids in one directory; an absent one has none."""
        try:
            return parse_pids(self.knobs.read(f"{directory}/{file}"))
        except FileNotFoundError:
            return []
        except OSError as error:
            # ENODEV: removed since it was opened. EOPNOTSUPP: a threaded v2 group made
            # by the tasks themselves, whose processes its domain lists.
            if error.errno not in (errno.ENODEV, errno.EOPNOTSUPP):
                raise
            return []

    def list_subtree(self, directory: str, file: str = "cgroup.procs") -> list[int]:
        """Ids in a directory and all below."""
        found: list[int] = []
        for inner in walk(self.knobs, directory):
            found += self.list_pids(inner, file)
        return found

    def write_all(self, directory: str, texts: Mapping[str, str]) -> None:
        """Write rendered knobs."""
        for knob, text in texts.items():
            self.knobs.write(f"{directory}/{knob}", text)

    def try_rmdir(self, directory: str) -> None:
        """Remove a directory unless it is in use."""
        try:
            self.knobs.rmdir(directory)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EBUSY, errno.ENOTEMPTY):
                raise

    def refuse_root(self, group: Group, verb: str) -> None:
        """Raise OSError (EPERM) for the group of the whole host."""
        if not group.own:
            raise OSError(errno.EPERM, f"will not {verb} the whole host", group.freezer)

    def _path(self, group: Group, controller: str, knob: str) -> str:
        names.check_knob(knob)
        directory = group.directories.get(controller)
        if directory is None:
            raise FileNotFoundError(errno.ENOENT, f"no controller {controller} here", knob)
        return f"{directory}/{knob}"
