"""The container's cgroups: made before the start, kept while it runs, removed after.

Facet of the reconcile chain; manual section "CGROUPS". Which directories belong
to a container is the driver's knowledge (`kernel/cgroup/`).
"""

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

    def plan(self, target: Target) -> Sequence[Change]:
        """A missing directory; a main process that was moved elsewhere."""
        changes = []
        if not self._driver.exists(target.group):
            changes.append(Change(self.name, "directories", "present", "absent"))
        process = target.record.status.process
        if process is None:
            return changes
        for pid in {process.init_pid, process.task_pid} - {0}:
            try:
                have = self._driver.container_of(pid)
            except OSError:
                continue
            if have != target.name:
                changes.append(Change(self.name, f"pid {pid}", target.name, have or "/"))
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
        self._driver.remove(target.group)
