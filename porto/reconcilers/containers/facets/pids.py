"""thread_limit: the pids controller of the container.

Live facet; `kernel/cgroup/pids.py` knows the knobs. Kernel:
Documentation/admin-guide/cgroup-v1/pids.rst. First-level containers have a
default limit, deeper ones share their parent's cgroup unless they are given one.
"""

from collections.abc import Mapping

from porto.kernel.cgroup.driver import CgroupDriver
from porto.reconcilers.containers.facets.knobs import KnobFacet
from porto.reconcilers.containers.target import Target
from porto.spec.containers.names import level


class Pids(KnobFacet):
    """Keeps ``pids.max`` at what thread_limit says."""

    name = "pids"
    controller = "pids"

    def __init__(self, driver: CgroupDriver, *, default_limit: int) -> None:
        super().__init__(driver)
        self._default_limit = default_limit

    def want(self, target: Target) -> Mapping[str, str]:
        """The limit of the container, or the default one of the first level."""
        return self.driver.pids.render(
            target.record.spec.pids.limit(level(target.name), self._default_limit)
        )
