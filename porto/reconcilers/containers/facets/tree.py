"""The container's cgroups: made before the start, kept while it runs, removed after.

Facet of the reconcile chain; manual section "CGROUPS". Which directories belong
to a container is the driver's knowledge (`kernel/cgroup/`).
"""

import os
from collections.abc import Sequence

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.process import processes
from porto.launcher.ops import JoinCgroup
from porto.observers.strays import Strays
from porto.reconcilers.containers.base import LaunchPlan, Target
from porto.reconcilers.engine.change import Change


class Tree:
    """Existence of the cgroups and membership of the container's own processes."""

    name = "cgroups"

    def __init__(self, driver: CgroupDriver, strays: Strays) -> None:
        self._driver = driver
        self._strays = strays

    def plan(self, target: Target) -> Sequence[Change]:
        """A missing directory; a main process that was moved elsewhere."""
        process = target.record.status.life.process
        changes = []
        if not self._driver.exists(target.group):
            changes.append(Change(self.name, "directories", "present", "absent"))
        if process is None:
            return changes
        for pid in {process.init_pid, process.task_pid} - {0}:
            changes += self._misplaced(target, pid)
        known = {change.subject for change in changes}
        return [*changes, *(c for c in self._moved(target) if c.subject not in known)]

    def _moved(self, target: Target) -> list[Change]:
        """Other processes of the container that were seen elsewhere, and still are."""
        found = []
        for pid in self._strays.of(target.record.id):
            found += self._misplaced(target, pid)
        if not found:
            self._strays.forget(target.record.id)
        return found

    def _misplaced(self, target: Target, pid: int) -> list[Change]:
        try:
            membership = self._driver.membership(pid)
            if self._driver.is_home(target.group, membership):
                return []
            # An exiting process is shown at the top.
            if self._driver.name_in(membership) is None and (
                processes.read_stat(pid).has_ended or self._driver.container_of(pid)
            ):
                return []
        except OSError:
            return []
        have = self._driver.name_in(membership) or "/"
        return [Change(self.name, f"pid {pid}", target.name, have)]

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
        self._strays.forget(target.record.id)
        self._driver.remove(target.group)


class Enabled:
    """The controllers of the container's own groups, which somebody can take away on v2."""

    name = "cgroups"

    def __init__(self, driver: CgroupDriver) -> None:
        self._driver = driver

    def plan(self, target: Target) -> Sequence[Change]:
        """Those that are missing."""
        missing = self._driver.lacking(target.group)
        if not missing:
            return ()
        return (Change(self.name, "controllers", "enabled", f"without {' '.join(missing)}"),)

    def apply(self, target: Target, change: Change) -> None:
        """Enable them again; the knobs come back with their defaults, for the next facets."""
        self._driver.create(target.group)
