"""Finding and removing directories of v1 hierarchies that no container has.

Called by `driver.py`. Ours are the directories whose path begins with our prefix and is
that of a container's name; below the directory of a container that is kept, where its
own tasks may have made groups, ours are only those with our mark. Everything else is
somebody else's. Contract: `CgroupDriver.sweep`.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from porto.kernel.cgroup import names
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import GroupFiles
from porto.kernel.cgroup.hierarchies import Hierarchy
from porto.kernel.cgroup.killing import kill_all
from porto.kernel.cgroup.members import path_of
from porto.kernel.cgroup.tree import walk
from porto.kernel.cgroup.v1 import naming
from porto.kernel.cgroup.v1.targets import OneDirectory

Keep = Callable[[str], bool]
Located = Callable[[str], Group]


NameIn = Callable[[bytes | None], str | None]
"""The container of a path in the freezer's hierarchy, None outside of ours."""


def expel(files: GroupFiles, top: str, directory: str, name_in: NameIn) -> bool:
    """Move processes of the host from a directory and all below to the hierarchy's top.

    Whether there were any.
    """
    found = False
    for inner in walk(files.knobs, directory):
        for pid in files.list_pids(inner):
            # ESRCH: it has ended, or is about to.
            with contextlib.suppress(ProcessLookupError):
                if name_in(path_of(files.members.cgroup_text(pid), b"freezer")) is None:
                    files.knobs.write(f"{top}/cgroup.procs", str(pid))
                    found = True
    return found


@dataclass(frozen=True, slots=True)
class Sweep:
    """One look over all hierarchies.

    freezer -- the hierarchy that tells whose a process is
    keep    -- whether a container's directories shall stay
    located -- where they are; None when all that carry its name shall stay
    """

    files: GroupFiles
    freezer: Hierarchy
    prefix: str
    keep: Keep
    located: Located | None
    name_in: NameIn

    def run(self, others: list[Hierarchy]) -> set[str]:
        """Remove what can be removed; names of what was found."""
        top = f"{self.freezer.path}/{self.prefix}"
        found = self._hierarchy(self.freezer, [(top, child, "") for child in self._below(top)])
        start = f"{self.prefix}%"
        for hierarchy in others:
            children = self._below(hierarchy.path)
            ours = [child.removeprefix(start) for child in children if child.startswith(start)]
            found |= self._hierarchy(hierarchy, [(hierarchy.path, c, start) for c in ours])
        return found

    def _below(self, directory: str) -> list[str]:
        return self.files.knobs.subdirectories(directory)

    def _hierarchy(self, hierarchy: Hierarchy, tops: list[tuple[str, str, str]]) -> set[str]:
        found = set()
        for parent, child, start in tops:
            path = f"{parent}/{start}{child}"
            # The freezer's hierarchy has names as they are: no container is called a%b.
            read = naming.name_of if start else str
            for directory, left in reversed(list(self._left(path, child, read))):
                found.add(left)
                self._clear(hierarchy, directory)
        return found

    def _left(
        self, path: str, below: str, read: Callable[[str], str], *, within_kept: bool = False
    ) -> Iterator[tuple[str, str]]:
        """Leftover directories with their names, parents first.

        `read` makes the container's name of a path `below` the top.
        """
        name = read(below)
        if not names.is_container_name(name):
            return
        if within_kept and not self.files.knobs.is_marked(path):
            return
        kept = self.keep(name)
        if not kept or self._is_stale(path, name):
            yield path, name
        for child in self._below(path):
            yield from self._left(f"{path}/{child}", f"{below}/{child}", read, within_kept=kept)

    def _is_stale(self, path: str, name: str) -> bool:
        """Whether a kept container has its directory elsewhere, or none here."""
        return self.located is not None and path not in self.located(name).own

    def _clear(self, hierarchy: Hierarchy, directory: str) -> None:
        if hierarchy is not self.freezer:
            self._move_out(hierarchy, directory)

        def spared(text: bytes) -> bool:
            # A kept child without the controller sits in its parent's directory.
            name = self.name_in(path_of(text, b"freezer"))
            return self.keep(name) if name is not None else hierarchy is not self.freezer

        thaws = hierarchy is self.freezer
        kill_all(OneDirectory(self.files, hierarchy, directory, spared, thaws=thaws))
        self.files.try_rmdir(directory)

    def _move_out(self, hierarchy: Hierarchy, directory: str) -> None:
        """Processes of kept containers go where these are, those of the host to the top."""
        for pid in self.files.list_pids(directory):
            # ESRCH: it has ended, or is about to.
            with contextlib.suppress(ProcessLookupError):
                name = self.name_in(path_of(self.files.members.cgroup_text(pid), b"freezer"))
                if name is None:
                    target = hierarchy.path
                elif self.keep(name) and self.located is not None:
                    target = self.located(name).directories[min(hierarchy.controllers)]
                else:
                    continue
                if target != directory:
                    self.files.knobs.write(f"{target}/cgroup.procs", str(pid))
