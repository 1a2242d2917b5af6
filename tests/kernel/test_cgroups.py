"""Cgroups on the kernel: what the fakes cannot show."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from porto.kernel.cgroup.group import Group
from porto.kernel.process import processes
from porto.spec.containers.names import level
from tests.contract.worlds import DEADLINE_S, KernelWorld
from tests.fakes.waiting import emptied
from tests.patience import LIMIT_S, until

pytestmark = pytest.mark.needs("root", "cgroup")

# Forks as fast as it can; a parent that is gone does not stop the others.
BOMB = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""


@pytest.fixture
def world() -> Iterator[KernelWorld]:
    made = KernelWorld()
    yield made
    made.close()


def made(world: KernelWorld, name: str) -> Group:
    group = world.driver.locate(name, lambda n: world.driver.default_controllers(level(n)))
    world.driver.create(group)
    return group


def launch(world: KernelWorld, group: Group, program: str) -> subprocess.Popen[bytes]:
    """A child that joins the group before it runs a Python program."""
    files = world.driver.join_files(group)
    join = "import sys\n" + "".join(f"open({path!r}, 'w').write('0')\n" for path in files)
    return subprocess.Popen(
        [sys.executable, "-S", "-c", f"{join}print('in', flush=True)\n{program}"],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )


def test_a_process_joins_by_itself(world: KernelWorld) -> None:
    group = made(world, "a")
    child = launch(world, group, "sys.stdin.read(); import time; time.sleep(600)")
    assert child.stdout is not None
    assert child.stdout.readline() == b"in\n"
    assert world.driver.container_of(child.pid) == "a"
    assert world.driver.kill(group) == [child.pid]
    assert child.wait(DEADLINE_S) == -signal.SIGKILL
    child.stdout.close()


def test_a_fork_bomb_loses(world: KernelWorld) -> None:
    group = made(world, "a")
    world.driver.write(group, "pids", "pids.max", "40")
    child = launch(world, group, BOMB)
    assert child.stdout is not None
    child.stdout.readline()
    until(lambda: len(world.driver.processes(group)) > 20)
    world.driver.kill(group)
    assert asyncio.run(emptied(world.driver, group, DEADLINE_S))
    child.wait(DEADLINE_S)
    child.stdout.close()
    world.driver.remove(group)


def test_an_empty_group_can_be_removed_at_once(world: KernelWorld) -> None:
    for turn in range(30):
        group = made(world, f"a{turn}")
        pids = [world.spawn() for _ in range(3)]
        for pid in pids:
            world.driver.attach(group, pid)
        world.driver.kill(group)
        assert asyncio.run(emptied(world.driver, group, DEADLINE_S))
        world.driver.remove(group)
        assert not world.driver.exists(group)


def test_waiting_for_a_group_ends_with_its_last_process(world: KernelWorld) -> None:
    group, child = made(world, "a"), made(world, "a/b")
    first, last = world.spawn(), world.spawn()
    world.driver.attach(group, first)
    world.driver.attach(child, last)

    async def scenario() -> None:
        waiting = asyncio.create_task(emptied(world.driver, group, DEADLINE_S))
        await asyncio.sleep(0)
        os.kill(first, signal.SIGKILL)
        await asyncio.to_thread(world.await_end, first)
        assert not waiting.done()
        os.kill(last, signal.SIGKILL)
        assert await waiting

    asyncio.run(scenario())


def test_waiting_gives_up_in_time(world: KernelWorld) -> None:
    group = made(world, "a")
    world.driver.attach(group, world.spawn())
    opened = len(os.listdir("/proc/self/fd"))
    assert not asyncio.run(emptied(world.driver, group, 0.01))
    assert len(os.listdir("/proc/self/fd")) == opened


def test_waiting_for_a_missing_group_is_no_wait(world: KernelWorld) -> None:
    group = world.driver.locate("a", lambda name: world.driver.default_controllers(1))
    assert asyncio.run(emptied(world.driver, group, DEADLINE_S))


def test_an_exiting_leader_does_not_leave_its_container(world: KernelWorld) -> None:
    """A process whose first thread has ended lives on by the others, in its container."""
    group = made(world, "a")
    child = launch(
        world,
        group,
        "import ctypes, threading, time\n"
        "threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "ctypes.CDLL(None).syscall(60 if __import__('platform').machine() == 'x86_64' else 93, 0)",
    )
    assert child.stdout is not None
    child.stdout.readline()
    until(lambda: processes.read_stat(child.pid).state == "Z")
    assert world.driver.container_of(child.pid) == "a"
    world.driver.kill(group)
    child.wait(DEADLINE_S)
    child.stdout.close()


def test_a_zombie_is_in_no_container(world: KernelWorld) -> None:
    group = made(world, "a")
    pid = world.spawn()
    world.driver.attach(group, pid)
    os.kill(pid, signal.SIGKILL)
    until(lambda: processes.read_stat(pid).state == "Z")
    if world.driver.version == "v2":
        assert world.driver.container_of(pid) == "a"
    else:
        with pytest.raises(ProcessLookupError):
            world.driver.container_of(pid)


@pytest.mark.needs("cgroup-v2")
def test_a_child_is_born_in_the_launch_directory(world: KernelWorld) -> None:
    group = made(world, "a")
    directory = world.driver.launch_directory(group)
    assert directory is not None
    from porto.kernel import syscalls

    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    pid, _ = syscalls.clone3(0, cgroup=descriptor)
    if pid == 0:
        signal.pause()
        os._exit(0)
    os.close(descriptor)
    assert world.driver.container_of(pid) == "a"
    assert world.driver.kill(group) == [pid]
    os.waitpid(pid, 0)


@pytest.mark.needs("cgroup-v2")
def test_groups_made_by_tasks_stay_in_their_leaf(world: KernelWorld) -> None:
    group = made(world, "a")
    inner = f"{group.own[1]}/docker"
    os.mkdir(inner)
    pid = world.spawn()
    with open(f"{inner}/cgroup.procs", "w") as knob:
        knob.write(str(pid))
    assert world.driver.container_of(pid) == "a"
    assert world.driver.processes(group) == [pid]
    world.driver.kill(group)
    assert asyncio.run(emptied(world.driver, group, DEADLINE_S))
    world.driver.remove(group)


@pytest.mark.needs("cgroup-v1")
def test_a_new_cpuset_takes_tasks(world: KernelWorld) -> None:
    group = made(world, "a")
    if "cpuset" not in group.directories:
        pytest.skip("no cpuset here")
    directory = group.directories["cpuset"]
    for knob in ("cpuset.cpus", "cpuset.mems"):
        with open(f"{os.path.dirname(directory)}/{knob}") as parent:
            assert world.driver.read(group, "cpuset", knob) == parent.read()


THREADS = """
import threading, time
for _ in range(60):
    threading.Thread(target=time.sleep, args=(600,)).start()
print(flush=True)
"""


def test_a_group_that_is_said_to_be_empty_can_be_removed(world: KernelWorld) -> None:
    """Its processes are not listed any more before their last threads have ended."""
    group = made(world, "a")
    for _ in range(5):
        world.driver.create(group)
        command = [sys.executable, "-S", "-c", THREADS]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            world.driver.attach(group, child.pid)
            child.stdout.readline()
            child.kill()
            deadline = time.monotonic() + LIMIT_S
            while world.driver.is_populated(group):
                # Without a pause: the moment is short.
                assert time.monotonic() < deadline, "still in use"
            world.driver.remove(group)
