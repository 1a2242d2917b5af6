"""The container's own directory: default working directory and stream files.

Facet of the reconcile chain; manual sections "Filesystem" (cwd, stdout_path) and
"FILES". Made at start, removed with everything in it at stop.
"""

import os
from collections.abc import Callable

from porto.kernel.file import files
from porto.reconcilers.containers.base import LaunchPlan, Target
from porto.reconcilers.containers.facets.identity import task_credentials
from porto.spec.containers.status import State
from porto.spec.errors import by_errno

WORK_MODE = 0o775


class WorkDirectory:
    """``PLACE/porto/NAME``."""

    name = "workdir"

    def __init__(self, root: str, remove: Callable[[str, str], None]) -> None:
        """`remove` frees a name beneath `root` of what is there."""
        self._root = root
        self._remove = remove

    def path(self, name: str) -> str:
        """The directory of a container."""
        return os.path.join(self._root, name)

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Make it anew, owned by the task's user; a respawn keeps what is there."""
        user = task_credentials(target)
        place = (self._root, target.name, WORK_MODE, user.uid, user.gid)
        try:
            made = files.make_work_directory(*place)
            if not made and target.record.status.life.state is not State.DEAD:
                self._remove(self._root, target.name)
                files.make_work_directory(*place)
        except OSError as error:
            raise by_errno(
                error, f"cannot start {target.name}: cannot make {self.path(target.name)}"
            ) from error

    def teardown(self, target: Target) -> None:
        """Remove it, never following a link and never leaving the filesystem."""
        self._remove(self._root, target.name)
