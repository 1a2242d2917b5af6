"""Which devices a container may use: access rules of its cgroup, and nodes in /dev.

Live facet and launch facet; `kernel/cgroup/*/devices.py` know the rules.
"""

from collections.abc import Sequence

from porto.kernel.cgroup.driver import CgroupDriver
from porto.reconcilers.base import LaunchPlan, Target
from porto.reconcilers.engine.change import Change


class Devices:
    """Access to devices."""

    name = "devices"

    def __init__(self, driver: CgroupDriver) -> None:
        self._driver = driver

    def plan(self, target: Target) -> Sequence[Change]:
        """The difference of the rules."""
        return ()

    def apply(self, target: Target, change: Change) -> None:
        """Change the rules."""

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Make the nodes."""
