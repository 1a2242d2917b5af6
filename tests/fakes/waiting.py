"""Waiting for the end of a group for a while."""

import asyncio

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.observers.population import wait_empty


async def emptied(driver: CgroupDriver, group: Group, seconds: float) -> bool:
    """Whether the subtree became empty, or was gone, in that time."""
    try:
        async with asyncio.timeout(seconds):
            await wait_empty(driver, group)
    except TimeoutError:
        return False
    return True
