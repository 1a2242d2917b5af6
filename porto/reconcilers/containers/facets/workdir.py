"""The container's own directory: default working directory and stream files.

Facet of the reconcile chain; manual sections "Filesystem" (cwd, stdout_path) and
"FILES". Made at start, removed with everything in it at stop.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from porto.reconcilers.containers.facets.identity import task_credentials
from porto.reconcilers.containers.target import LaunchPlan, Target
from porto.reconcilers.engine.change import Change
from porto.reconcilers.ports import Ports
from porto.spec.containers.effective import work_directory
from porto.spec.containers.status import State
from porto.spec.errors import by_errno

WORK_MODE = 0o775


@dataclass(frozen=True, slots=True)
class MakeWorkDirectory:
    """A directory beneath `root`, owned by the task's user; what was there is removed.

    kept -- one that is there stays as it is
    """

    root: str
    name: str
    uid: int
    gid: int
    kept: bool

    def carry(self, ports: Ports) -> None:
        """By descriptor, following no link."""
        place = (self.root, self.name, WORK_MODE, self.uid, self.gid)
        try:
            if not ports.files.make_work_directory(*place) and not self.kept:
                ports.removals.remove(self.root, self.name)
                ports.files.make_work_directory(*place)
        except OSError as error:
            path = work_directory(self.name, self.root)
            raise by_errno(error, f"cannot start {self.name}: cannot make {path}") from error


@dataclass(frozen=True, slots=True)
class RemoveWorkDirectory:
    """The directory with everything in it."""

    root: str
    name: str

    def carry(self, ports: Ports) -> None:
        """Never following a link and never leaving the filesystem; a large one by a job."""
        ports.removals.remove(self.root, self.name)


class WorkDirectory:
    """``PLACE/porto/NAME``."""

    name = "workdir"

    def __init__(self, root: str) -> None:
        self._root = root

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Made anew; a respawn keeps what is there."""
        user = task_credentials(target)
        kept = target.record.status.life.state is State.DEAD
        effect = MakeWorkDirectory(self._root, target.name, user.uid, user.gid, kept)
        path = work_directory(target.name, self._root)
        plan.before.append(Change(self.name, path, "kept" if kept else "made anew", "", effect))

    def teardown(self, target: Target) -> Sequence[Change]:
        """It holds the output until the very end."""
        effect = RemoveWorkDirectory(self._root, target.name)
        path = work_directory(target.name, self._root)
        act = f"remove the directory of {target.name}"
        return (Change(self.name, path, "absent", "present", effect, act=act),)
