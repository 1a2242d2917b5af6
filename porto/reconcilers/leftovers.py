"""What an earlier life left behind: cgroups and directories of no container.

Called once by `cli/daemon.py` after the takeover, and never for what carries
another prefix than ours. DESIGN: names of kernel objects are derived, so orphans are
found by listing.
"""

import os

import structlog

from porto.kernel import files
from porto.kernel.cgroup.driver import CgroupDriver
from porto.spec.record import State
from porto.spec.store import SpecStore

log = structlog.get_logger()


def remove_leftovers(store: SpecStore, driver: CgroupDriver, work: str) -> None:
    """Sweep the cgroups, then the work directories."""

    def keep(name: str) -> bool:
        record = store.find(name)
        return record is not None and record.status.state is not State.STOPPED

    for name in driver.sweep(keep):
        log.warning("leftover cgroups removed", container=name)
    _sweep_directories(store, work, "")


def _sweep_directories(store: SpecStore, work: str, above: str) -> None:
    """Remove each directory that belongs to no started container and holds none."""
    started = {
        record.name for record in store.records() if record.status.state is not State.STOPPED
    }
    with os.scandir(os.path.join(work, above)) as entries:
        names = [
            f"{above}/{e.name}".lstrip("/") for e in entries if e.is_dir(follow_symlinks=False)
        ]
    for name in names:
        if name in started:
            continue
        if any(other.startswith(name + "/") for other in started):
            _sweep_directories(store, work, name)
            continue
        try:
            files.remove_tree_beneath(work, name)
        except OSError as error:
            log.warning("leftover directory stays", path=error.filename, error=str(error))
