"""What an earlier life left behind: cgroups and directories of no container.

Called once by `cli/daemon.py` after the takeover, and never for what carries
another prefix than ours. DESIGN: names of kernel objects are derived, so orphans are
found by listing.
"""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.file.files import ASIDE
from porto.kernel.ports import Files
from porto.spec.containers.controllers import ControllerSets
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore

log = structlog.get_logger()


SWEEPS_MAX = 100
SWEEP_PAUSE_S = 0.02


async def sweep(
    driver: CgroupDriver,
    keep: Callable[[str], bool],
    located: Callable[[str], Group] | None = None,
) -> None:
    """Remove our cgroups that `keep` refuses; processes may take a moment to die."""
    for turn in range(SWEEPS_MAX):
        found = driver.sweep(keep, located)
        if not found:
            return
        if turn == 0:
            log.warning("leftover cgroups removed", containers=" ".join(found))
        await asyncio.sleep(SWEEP_PAUSE_S)
    log.error("leftover cgroups stay", containers=" ".join(found))


async def remove_leftovers(
    store: ContainerStore,
    driver: CgroupDriver,
    work: str,
    *,
    files: Files,
    remove: Callable[[str, str], None],
) -> None:
    """Sweep the cgroups, then the work directories, which `remove` frees of what is there.

    Nothing of it while there are records that could not be read, as those of a newer
    release: what seems to be left over may be theirs, and run.
    """
    if store.unread:
        unread = " ".join(map(str, sorted(store.unread)))
        log.error("leftovers are not looked for: records were not read", ids=unread)
        return

    def keep(name: str) -> bool:
        record = store.find(name)
        return record is not None and record.status.life.state is not State.STOPPED

    sets = ControllerSets(store, driver)

    def located(name: str) -> Group:
        return driver.locate(name, sets.enabled)

    await sweep(driver, keep, located)
    _remove_unmarked(store, driver, located)
    _sweep_directories(store, files, work, "", remove)


def _remove_unmarked(
    store: ContainerStore, driver: CgroupDriver, located: Callable[[str], Group]
) -> None:
    """Groups within those of started containers, made but not yet marked as ours.

    No process was in them then, so that one in use is somebody else's.
    """
    for record in store.records():
        parent = store.parent(record)
        if (
            parent is not None
            and record.status.life.state is State.STOPPED
            and parent.status.life.state is not State.STOPPED
        ):
            with contextlib.suppress(OSError):
                driver.remove(located(record.name))


def _sweep_directories(
    store: ContainerStore, files: Files, work: str, above: str, remove: Callable[[str, str], None]
) -> None:
    """Remove each directory that belongs to no started container and holds none."""
    started = {
        record.name for record in store.records() if record.status.life.state is not State.STOPPED
    }
    for directory in files.list_directories(f"{work}/{above}"):
        name = f"{above}/{directory}".lstrip("/")
        if name in started or name == ASIDE:
            continue
        if any(other.startswith(name + "/") for other in started):
            _sweep_directories(store, files, work, name, remove)
            continue
        try:
            remove(work, name)
        except OSError as error:
            log.warning("leftover directory stays", path=error.filename, error=str(error))
