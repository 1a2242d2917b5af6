"""What `killing.kill_all` needs to know of a v2 directory.

Made by `driver.py` where cgroup.kill is missing, or would reach too far.
"""

from dataclasses import dataclass

from porto.kernel.cgroup.group_files import GroupFiles
from porto.kernel.cgroup.hierarchies import Hierarchy
from porto.kernel.cgroup.members import is_within, path_of
from porto.kernel.cgroup.tree import walk
from porto.kernel.cgroup.v2 import freezer


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory with all below, or `alone` without its children, which may be kept."""

    files: GroupFiles
    hierarchy: Hierarchy
    directory: str
    alone: bool

    def pids(self) -> list[int]:
        """Processes that are in it now."""
        if self.alone:
            return self.files.list_pids(self.directory)
        return self.files.list_subtree(self.directory)

    def kill(self, pid: int) -> bool:
        """SIGKILL one of them."""
        inner = self.hierarchy.inner_path(self.directory)

        def belongs(text: bytes) -> bool:
            path = path_of(text, b"")
            return path == inner if self.alone else is_within(path, inner)

        return self.files.members.kill(pid, belongs)

    def freeze(self) -> None:
        """Ask for the freeze, unless it would hold children that are kept."""
        if not self.alone:
            self.files.write_all(self.directory, freezer.render(True))

    def is_frozen(self) -> bool:
        """Whether the freeze is complete."""
        if self.alone:
            return True
        events = self.files.knobs.read(f"{self.directory}/{freezer.EVENTS}")
        return freezer.parse_event(events, b"frozen")

    def thaw(self) -> None:
        """Take the freezes back."""
        inner = [self.directory] if self.alone else walk(self.files.knobs, self.directory)
        for directory in inner:
            try:
                if self.files.knobs.read(f"{directory}/{freezer.FREEZE}").strip() == b"1":
                    self.files.write_all(directory, freezer.render(False))
            except FileNotFoundError:
                continue
