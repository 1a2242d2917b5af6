"""What `killing.kill_all` needs to know of v1 directories.

Made by `driver.py`: a container's freezer subtree, or one left directory of any
hierarchy, whose children may belong to containers that are kept.
"""

from collections.abc import Callable
from dataclasses import dataclass

from porto.kernel.cgroup.driver import FreezerState
from porto.kernel.cgroup.group_files import GroupFiles
from porto.kernel.cgroup.hierarchies import Hierarchy
from porto.kernel.cgroup.members import is_within, path_of
from porto.kernel.cgroup.tree import walk
from porto.kernel.cgroup.v1 import freezer


def _thaw(files: GroupFiles, directory: str) -> None:
    try:
        if freezer.parse_self(files.knobs.read(f"{directory}/{freezer.SELF}")):
            files.write_all(directory, freezer.render(False))
    except FileNotFoundError:
        pass


@dataclass(frozen=True, slots=True)
class FreezerTree:
    """A directory of the freezer's hierarchy and all below."""

    files: GroupFiles
    hierarchy: Hierarchy
    directory: str

    def pids(self) -> list[int]:
        """Processes that are in it now."""
        return self.files.list_subtree(self.directory)

    def kill(self, pid: int) -> bool:
        """SIGKILL one of them."""
        inner = self.hierarchy.inner_path(self.directory)
        return self.files.members.kill(
            pid, lambda text: is_within(path_of(text, b"freezer"), inner)
        )

    def freeze(self) -> None:
        """Ask for the freeze."""
        self.files.write_all(self.directory, freezer.render(True))

    def is_frozen(self) -> bool:
        """Whether the freeze is complete."""
        state = freezer.parse(self.files.knobs.read(f"{self.directory}/{freezer.STATE}"))
        return state is FreezerState.FROZEN

    def thaw(self) -> None:
        """Thaw it and those below that were frozen on their own.

        A frozen v1 task does not die.
        """
        for directory in walk(self.files.knobs, self.directory):
            _thaw(self.files, directory)


@dataclass(frozen=True, slots=True)
class OneDirectory:
    """One directory without its children.

    spared -- tells by a /proc/PID/cgroup text which processes are of a kept container
              all the same
    thaws  -- whether it is in the freezer's hierarchy
    """

    files: GroupFiles
    hierarchy: Hierarchy
    directory: str
    spared: Callable[[bytes], bool]
    thaws: bool

    def pids(self) -> list[int]:
        """Processes that are in it now."""
        return self.files.list_pids(self.directory)

    def kill(self, pid: int) -> bool:
        """SIGKILL one of them."""
        inner = self.hierarchy.inner_path(self.directory)
        controller = min(self.hierarchy.controllers).encode()
        return self.files.members.kill(
            pid, lambda text: path_of(text, controller) == inner and not self.spared(text)
        )

    def freeze(self) -> None:
        """Not here: it would hold children that are kept. The next sweep goes on."""

    def is_frozen(self) -> bool:
        """Nothing to wait for."""
        return True

    def thaw(self) -> None:
        """Thaw the directory itself, in the freezer's hierarchy."""
        if self.thaws:
            _thaw(self.files, self.directory)
