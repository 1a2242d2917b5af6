"""Waiting for the last process, on a fake v1 host."""

import asyncio
import os

from porto.kernel.cgroup.group import Group
from porto.observers import population
from tests.fakes.waiting import emptied
from tests.unit.observers.hosts import Host


def started(host: Host) -> Group:
    host.made("a")
    return host.driver.locate("a", lambda _: host.driver.default_controllers(1))


def end(host: Host, *pids: int) -> None:
    for pid in pids:
        assert host.fake.kill(pid, lambda _: True)


def test_an_empty_group_is_no_wait(host: Host) -> None:
    assert asyncio.run(emptied(host.driver, started(host), 20))


def test_the_wait_ends_with_the_last_process(host: Host) -> None:
    group = started(host)
    pids = [host.fake.spawn() for _ in range(3)]
    for pid in pids:
        host.driver.attach(group, pid)

    async def scenario() -> bool:
        waiting = asyncio.create_task(emptied(host.driver, group, 20))
        await asyncio.sleep(0)
        end(host, *pids[:2])
        await asyncio.sleep(0)
        assert not waiting.done()
        end(host, pids[2])
        return await waiting

    assert asyncio.run(scenario())


def test_a_process_that_came_late_is_waited_for(host: Host) -> None:
    group = started(host)
    first = host.fake.spawn()
    host.driver.attach(group, first)

    async def scenario() -> bool:
        waiting = asyncio.create_task(emptied(host.driver, group, 20))
        await asyncio.sleep(0)
        late = host.fake.spawn()
        host.driver.attach(group, late)
        end(host, first)
        for _ in range(10):
            await asyncio.sleep(0)
        assert not waiting.done()
        end(host, late)
        return await waiting

    assert asyncio.run(scenario())


def test_many_processes_take_few_descriptors(host: Host, monkeypatch) -> None:
    monkeypatch.setattr(population, "PIDFDS_MAX", 2)
    group = started(host)
    pids = [host.fake.spawn() for _ in range(7)]
    for pid in pids:
        host.driver.attach(group, pid)

    async def scenario() -> bool:
        waiting = asyncio.create_task(emptied(host.driver, group, 20))
        await asyncio.sleep(0)
        end(host, *pids)
        return await waiting

    assert asyncio.run(scenario())


def test_giving_up_closes_everything(host: Host) -> None:
    group = started(host)
    host.driver.attach(group, host.fake.spawn())
    opened = len(os.listdir("/proc/self/fd"))
    assert not asyncio.run(emptied(host.driver, group, 0))
    assert len(os.listdir("/proc/self/fd")) == opened


def test_a_process_nobody_can_open_is_looked_at_again(host: Host, monkeypatch) -> None:
    monkeypatch.setattr(population, "LAST_RESORT_S", 0)
    group = started(host)
    pid = host.fake.spawn()
    host.driver.attach(group, pid)
    host.fake.open_pidfd = lambda pid: None  # type: ignore[method-assign]

    async def scenario() -> bool:
        waiting = asyncio.create_task(emptied(host.driver, group, 20))
        for _ in range(5):
            await asyncio.sleep(0)
        end(host, pid)
        return await waiting

    assert asyncio.run(scenario())
