"""Waiting until a group has no process left.

Called by the reconcilers after a kill: a container has ended when its cgroup is empty.
On v2 the kernel announces it (``cgroup.events``, POLLPRI); on v1 the end of each
process is announced by its pidfd. Kernel: admin-guide/cgroup-v2.rst, "Basic
Operations"; man 2 pidfd_open.
"""

import asyncio
import os
import select
from collections.abc import Callable

import structlog

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.spec.key import Key

PIDFDS_MAX = 64
"""Watched at once: a group of thousands must not use up the descriptors."""
LAST_RESORT_S = 0.02
"""Between two looks when the kernel lists a process that nobody can open."""


log = structlog.get_logger()


async def wait_empty(driver: CgroupDriver, group: Group) -> None:
    """Until the group's subtree is empty, or gone."""
    path = driver.events_file(group)
    if path is not None:
        await _until_unpopulated(path)
    else:
        await _until_no_process(driver, group)


async def _until_unpopulated(path: str) -> None:
    try:
        events = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    # The file is always "readable", which a selector would report for ever; an epoll of
    # its own that asks for POLLPRI only is readable when something has changed.
    watch = select.epoll()
    try:
        watch.register(events, select.EPOLLPRI)
        while _is_populated(events):
            await _readable(watch.fileno())
            watch.poll(0)
    finally:
        watch.close()
        os.close(events)


def _is_populated(events: int) -> bool:
    try:
        # Reading from the start also takes the change back that was announced.
        return b"populated 1" in os.pread(events, 4096, 0)
    except OSError:
        # ENODEV: the group is gone.
        return False


async def _until_no_process(driver: CgroupDriver, group: Group) -> None:
    while driver.is_populated(group):
        pidfds = driver.pidfds(group, PIDFDS_MAX)
        try:
            if pidfds:
                for pidfd in pidfds:
                    await _readable(pidfd)
            else:
                await asyncio.sleep(LAST_RESORT_S)
        finally:
            for pidfd in pidfds:
                os.close(pidfd)


async def _readable(descriptor: int) -> None:
    """Until it is readable."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def ready() -> None:
        if not done.done():
            done.set_result(None)

    loop.add_reader(descriptor, ready)
    try:
        await done
    finally:
        loop.remove_reader(descriptor)


class Vacancies:
    """Groups whose end somebody waits for; each is told once, to the key that waits."""

    def __init__(self, driver: CgroupDriver, on_empty: Callable[[Key], None]) -> None:
        self._driver = driver
        self._on_empty = on_empty
        self._watched: dict[Key, asyncio.Task[None]] = {}

    def watch(self, key: Key, group: Group) -> None:
        """Tell when the group's subtree has no process left; a second time changes nothing."""
        if key not in self._watched:
            self._watched[key] = asyncio.get_running_loop().create_task(self._wait(key, group))

    def forget(self, key: Key) -> None:
        """Nobody waits any more."""
        task = self._watched.pop(key, None)
        if task is not None:
            task.cancel()

    def close(self) -> None:
        """Stop watching."""
        for key in list(self._watched):
            self.forget(key)

    async def _wait(self, key: Key, group: Group) -> None:
        try:
            await wait_empty(self._driver, group)
        except OSError as error:
            # The pass that looks will meet it, too.
            log.warning("end not seen", container=group.name, reason=str(error))
        if self._watched.pop(key, None) is not None:
            self._on_empty(key)
