"""The controller files of v1, by the knobs that they render.

Read by `driver.py`; a new controller is one file and its lines here.
"""

from collections.abc import Callable, Mapping

from porto.kernel.cgroup.v1 import freezer, pids

CANONICAL: Mapping[str, Callable[[str], str]] = {
    freezer.STATE: freezer.canonical,
    pids.MAX: pids.canonical,
}
