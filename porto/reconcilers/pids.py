"""thread_limit: the pids controller of the container.

Live facet; `kernel/cgroup/*/pids.py` knows the knobs. Kernel:
Documentation/admin-guide/cgroup-v1/pids.rst. First-level containers have a
default limit, deeper ones share their parent's cgroup unless they are given one.
"""

from collections.abc import Sequence

from porto.kernel.cgroup.driver import CgroupDriver
from porto.reconcilers.base import Target
from porto.reconcilers.engine.change import Change
from porto.spec.errors import NotSupported
from porto.spec.ids import level


class Pids:
    """Keeps ``pids.max`` at what thread_limit says."""

    name = "pids"

    def __init__(self, driver: CgroupDriver, *, default_limit: int) -> None:
        self._driver = driver
        self._default_limit = default_limit

    def _limit(self, target: Target) -> int | None:
        limit = target.record.spec.pids.thread_limit
        if limit is None and level(target.name) == 1:
            return self._default_limit
        return limit

    def _owns(self, target: Target) -> bool:
        return target.group.directories.get("pids") in target.group.own

    def plan(self, target: Target) -> Sequence[Change]:
        """The difference of each knob, when the container has a pids cgroup of its own."""
        limit = self._limit(target)
        if "pids" not in self._driver.controllers or not self._owns(target):
            if target.record.spec.pids.thread_limit is not None:
                raise NotSupported(
                    f"cannot set thread_limit of {target.name} to {limit}: "
                    "it has no pids controller"
                )
            return ()
        changes = []
        for knob, want in self._driver.render_pids(limit).items():
            have = self._driver.read(target.group, "pids", knob).strip()
            if have != want:
                changes.append(Change(self.name, knob, want, have))
        return changes

    def apply(self, target: Target, change: Change) -> None:
        """Write one knob."""
        self._driver.write(target.group, "pids", change.subject, change.want)
