"""The container's cgroups: made before the start, kept while it runs, removed after.

Facet of the reconcile chain; manual section "CGROUPS". Which directories belong
to a container is the driver's knowledge (`kernel/cgroup/`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from porto.kernel.cgroup.group import Group
from porto.launcher.ops import JoinCgroup
from porto.observers.strays import Strays
from porto.reconcilers.containers.target import Fields, LaunchPlan, Shown, Target, Witness
from porto.reconcilers.engine.change import Change
from porto.reconcilers.ports import Ports
from porto.spec.key import Key


@dataclass(frozen=True, slots=True)
class MakeGroup:
    """Make the missing directories, with their controllers."""

    group: Group

    def carry(self, ports: Ports) -> None:
        """Those that are there stay."""
        ports.cgroups.create(self.group)


@dataclass(frozen=True, slots=True)
class RemoveGroup:
    """Remove the directories; no task is left in them."""

    key: Key
    group: Group
    strays: Strays

    def carry(self, ports: Ports) -> None:
        """Cgroupfs ends no watch by itself."""
        self.strays.forget(self.key.id)
        ports.notices.forget(self.key)
        ports.vacancies.forget(self.key)
        ports.cgroups.remove(self.group)


@dataclass(frozen=True, slots=True)
class Attach:
    """Move one process back."""

    group: Group
    pid: int

    def carry(self, ports: Ports) -> None:
        """Into directories that exist."""
        ports.cgroups.create(self.group)
        ports.cgroups.attach(self.group, self.pid)


@dataclass(frozen=True, slots=True)
class GroupDirectory:
    """The directory in which the child is born."""

    path: str

    def open(self, ports: Ports) -> int:
        """Nobody but us makes directories there."""
        return ports.files.open_directory(self.path)


class Tree(Witness):
    """Existence of the cgroups and membership of the container's own processes."""

    name = "cgroups"

    def __init__(self, ports: Ports, strays: Strays) -> None:
        self._driver = ports.cgroups
        self._processes = ports.processes
        self._strays = strays

    def plan(self, target: Target) -> Sequence[Change]:
        """A missing directory; a main process that was moved elsewhere."""
        process = target.record.status.life.process
        changes = []
        if target.is_new or not target.look(self._driver.exists, target.group):
            effect = MakeGroup(target.group)
            act = f"make the cgroups of {target.name}"
            changes.append(Change(self.name, "directories", "present", "absent", effect, act=act))
        if process is None:
            return changes
        for pid in {process.init_pid, process.task_pid} - {0}:
            changes += self._misplaced(target, pid)
        known = {change.subject for change in changes}
        return [*changes, *(c for c in self._moved(target) if c.subject not in known)]

    def show(self, target: Target) -> Sequence[Shown]:
        """Its directories; where its main processes are."""
        there = not target.is_new and target.look(self._driver.exists, target.group)
        directories = Shown("directories", "present", "present" if there else "absent")
        process = target.record.status.life.process
        if process is None:
            return (directories,)
        found = [directories]
        for pid in sorted({process.init_pid, process.task_pid} - {0}):
            elsewhere = self._misplaced(target, pid)
            have = elsewhere[0].have if elsewhere else target.name
            found.append(Shown(f"pid {pid}", target.name, have))
        return found

    def _moved(self, target: Target) -> list[Change]:
        """Other processes of the container that were seen elsewhere, and still are."""
        pids = self._strays.of(target.record.id)
        return [change for pid in pids for change in self._misplaced(target, pid)]

    def _misplaced(self, target: Target, pid: int) -> list[Change]:
        try:
            membership = target.look(self._driver.membership, pid)
            if self._driver.is_home(target.group, membership):
                return []
            # An exiting process is shown at the top.
            if self._driver.name_in(membership) is None and (
                self._processes.has_ended(pid) or self._driver.container_of(pid)
            ):
                return []
        except OSError:
            return []
        have = self._driver.name_in(membership) or "/"
        effect, act = Attach(target.group, pid), f"move process {pid} back to {target.name}"
        return [Change(self.name, f"pid {pid}", target.name, have, effect, act=act)]

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """First of all operations: what follows is already accounted to the container."""
        directory = self._driver.launch_directory(target.group)
        if directory is not None:
            plan.cgroup_fd = plan.pass_fd(GroupDirectory(directory))
            return
        plan.add(*(JoinCgroup(path) for path in self._driver.join_files(target.group)))

    def teardown(self, target: Target) -> Sequence[Change]:
        """Remove the directories."""
        effect = RemoveGroup(target.key, target.group, self._strays)
        act = f"remove the cgroups of {target.name}"
        return (Change(self.name, "directories", "absent", "present", effect, act=act),)

    def ended(self, target: Target) -> Fields:
        """The next start decides anew which controllers there are."""
        return {"controllers": ""}


class Enabled:
    """The controllers of the container's own groups, which somebody can take away on v2."""

    name = "cgroups"

    def __init__(self, ports: Ports) -> None:
        self._driver = ports.cgroups

    def plan(self, target: Target) -> Sequence[Change]:
        """Those that are missing; their knobs come back with defaults, for the next facets."""
        missing = () if target.is_new else target.look(self._driver.lacking, target.group)
        if not missing:
            return ()
        have = _lacking(missing)
        effect, act = MakeGroup(target.group), f"enable the controllers of {target.name}"
        return (Change(self.name, "controllers", "enabled", have, effect, act=act),)

    def show(self, target: Target) -> Sequence[Shown]:
        """Whether all are there."""
        missing = () if target.is_new else target.look(self._driver.lacking, target.group)
        return (Shown("controllers", "enabled", _lacking(missing) if missing else "enabled"),)


def _lacking(missing: Sequence[str]) -> str:
    return f"without {' '.join(missing)}"
