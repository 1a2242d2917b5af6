"""Scheduling policy, priority and disk priority of a container's tasks.

Launch facet: the child sets its own before it runs anything. Live facet: the tasks
that exist are changed, and kept. Properties: cpu_policy, cpu_weight, io_policy; man 7
sched, man 2 ioprio_set.
"""

from collections.abc import Sequence

from porto.kernel.cgroup.driver import CgroupDriver
from porto.reconcilers.base import LaunchPlan, Target
from porto.reconcilers.engine.change import Change


class Scheduler:
    """Scheduling of tasks."""

    name = "scheduler"

    def __init__(self, driver: CgroupDriver) -> None:
        self._driver = driver

    def plan(self, target: Target) -> Sequence[Change]:
        """Tasks that are scheduled otherwise."""
        return ()

    def apply(self, target: Target, change: Change) -> None:
        """Change one task."""

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """The child's own scheduling."""
