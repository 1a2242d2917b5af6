"""The container's cgroups: made before the start, kept while it runs, removed after.

Facet of the reconcile chain; manual section "CGROUPS". Which directories belong
to a container is the driver's knowledge (`kernel/cgroup/`).
"""

import contextlib
import os
from collections.abc import Sequence

from porto.kernel.cgroup.driver import CgroupDriver
from porto.launcher.ops import JoinCgroup
from porto.reconcilers.base import LaunchPlan, Target
from porto.reconcilers.engine.change import Change


class Tree:
    """Existence of the cgroups and membership of the container's own processes."""

    name = "cgroups"

    def __init__(self, driver: CgroupDriver) -> None:
        self._driver = driver
        self._settled: dict[str, tuple[str, bytes]] = {}

    def plan(self, target: Target) -> Sequence[Change]:
        """A missing directory; a main process that was moved elsewhere.

        A directory with a task in it cannot be removed, so a main process that is where
        it was found before answers for all.
        """
        process = target.record.status.process
        where = None
        if process is not None:
            with contextlib.suppress(OSError):
                where = (process.launch_id, self._driver.membership(process.init_pid))
            if where is not None and self._settled.get(target.name) == where:
                return ()
        changes = []
        if not self._driver.exists(target.group):
            changes.append(Change(self.name, "directories", "present", "absent"))
        if process is None:
            return changes
        for pid in {process.init_pid, process.task_pid} - {0}:
            try:
                have = self._driver.container_of(pid)
            except OSError:
                continue
            if have != target.name:
                changes.append(Change(self.name, f"pid {pid}", target.name, have or "/"))
        if where is not None and not changes:
            self._settled[target.name] = where
        return changes

    def apply(self, target: Target, change: Change) -> None:
        """Make the directories, or move one process back."""
        self._driver.create(target.group)
        if change.subject.startswith("pid "):
            self._driver.attach(target.group, int(change.subject[4:]))

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """First of all operations: what follows is already accounted to the container."""
        directory = self._driver.launch_directory(target.group)
        if directory is not None:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
            plan.cgroup_fd = plan.pass_fd(os.open(directory, flags))
            return
        plan.add(*(JoinCgroup(path) for path in self._driver.join_files(target.group)))

    def teardown(self, target: Target) -> None:
        """Remove the directories; no task is left in them."""
        self._settled.pop(target.name, None)
        self._driver.remove(target.group)
