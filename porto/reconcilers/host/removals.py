"""Removing trees that nobody needs any more without holding anybody up.

Built by `cli/daemon.py`, called by the facet of work directories and at start-up. A small
tree goes at once. A large one is renamed out of the way, so that its name is free, and a
job removes it; the rename is the note of it, found by the next daemon's `resume`.
"""

from typing import Any

from porto.kernel.ports import Files
from porto.reconcilers.engine.jobs import Jobs
from porto.reconcilers.engine.jobs_values import Job

TIMEOUT_S = 6 * 3600.0


class Removals:
    """Trees beneath directories of ours, whose contents belong to others."""

    def __init__(self, jobs: Jobs[Any], files: Files) -> None:
        self._jobs = jobs
        self._files = files

    def remove(self, root: str, name: str) -> None:
        """Free `name` (``a/b``) beneath `root` of what is there; absent is fine.

        Raises OSError: EBUSY for what is mounted there or in it.
        """
        if self._files.remove_small_tree_beneath(root, name):
            return
        aside = self._files.set_aside_beneath(root, name)
        if aside is not None:
            self._submit(root, aside, owner=name.partition("/")[0])

    def resume(self, root: str) -> None:
        """Remove what an earlier daemon has set aside."""
        for aside in self._files.list_aside(root):
            self._submit(root, aside, owner="")

    def _submit(self, root: str, aside: str, owner: str) -> None:
        self._jobs.submit(
            Job(
                id=f"remove {root}/{aside}",
                key=None,
                owner=owner,
                work=self._files.removal_program(root, aside),
                timeout=TIMEOUT_S,
                patience=TIMEOUT_S,
            )
        )
