"""Programs of jobs, each in a cgroup of its own outside of every container.

Built by `cli/daemon.py`, used by `jobs.py`. Before a program starts there are a note and
its cgroup ``%jobs/NAME``; both go when nothing of it runs any more. So after a SIGKILL of
this daemon or of the master the next one finds what was under way by listing, and ends
it: what is in the cgroup is killed, and a process that has not joined yet cannot join once
the directory is gone, and ends by itself.
"""

import asyncio
import contextlib
import errno
import json
import os
import secrets
from collections.abc import Callable, Sequence

import structlog

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.cpu import CpuTime
from porto.kernel.file.notes import Notes
from porto.kernel.ports import Kernel, Programs
from porto.kernel.process.programs import Child, Program
from porto.observers.population import wait_empty
from porto.reconcilers.engine.jobs import Ended, in_thread

CPU_WEIGHT = 0.1
IO_POLICY = "idle"
END_S = 10.0
"""What is killed and does not end in that time stays for the next daemon's `recover`."""
RECOVER_S = 3.0
BUSY_PAUSE_S = 0.005
READ_BYTES = 65536
READ_EVERY_S = 0.1
"""A program that writes more than `READ_BYTES` in that time is held up by its pipe."""
TAIL_BYTES = 2048

log = structlog.get_logger()


class CgroupPrograms:
    """See `jobs.ProgramRunner`."""

    def __init__(self, kernel: Kernel, notes: Notes) -> None:
        self._driver = kernel.cgroups
        self._programs = kernel.programs
        self._notes = notes
        self._running = 0

    async def run(self, job_id: str, program: Program, told: Callable[[str], None]) -> Ended:
        """Run a program to its end, or kill it."""
        name = secrets.token_hex(8)
        group = self._driver.job_group(name)
        self._notes.put(name, json.dumps({"id": job_id, "argv": program.argv}))
        self._running += 1
        try:
            self._create(group)
            child = await _spawned(self._programs, program, self._driver.join_files(group))
            return await _follow(child, told, lambda: self._driver.kill(group))
        finally:
            try:
                await self._clear(name, END_S)
            finally:
                self._running -= 1
                if not self._running:
                    self._remove_top()

    async def recover(self) -> list[str]:
        """Kill what runs in the jobs' cgroups, and remove cgroups and notes."""
        notes = self._notes.read()
        names = {*self._driver.job_names(), *notes}
        await asyncio.gather(*(self._clear(name, RECOVER_S) for name in names))
        self._remove_top()
        return sorted(filter(None, map(_job_id, notes.values())))

    def _create(self, group: Group) -> None:
        try:
            self._driver.create(group)
        except FileNotFoundError:
            self._create_top()
            self._driver.create(group)

    def _create_top(self) -> None:
        """The group of all jobs: together they weigh little beside any container."""
        driver, top = self._driver, self._driver.jobs_group()
        driver.create(top)
        try:
            if top.owns("cpu"):
                weights = driver.cpu.render(CpuTime(weight=CPU_WEIGHT))
                for knob in weights:
                    driver.cpu.write(top, knob, weights)
            if top.owns("blkio"):
                for knob, text in driver.io.render_weight(IO_POLICY, 1.0).items():
                    driver.write(top, "blkio", knob, text)
        except OSError as error:
            log.warning("jobs keep their full weight", path=error.filename, error=str(error))

    async def _clear(self, name: str, timeout: float) -> None:
        """End what is left of a job, and remove its cgroup and its note."""
        try:
            await self._remove(self._driver.job_group(name), timeout)
        except OSError as error:
            log.error("a job's cgroup stays", job=name, path=error.filename, error=str(error))
            return
        self._notes.remove(name)

    async def _remove(self, group: Group, timeout: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while True:
            with contextlib.suppress(FileNotFoundError):
                self._driver.kill(group)
            try:
                self._driver.remove(group)
                return
            except OSError as error:
                if error.errno != errno.EBUSY or loop.time() >= end:
                    raise
            # Who joined meanwhile is in the next round. A group may be busy for a moment more.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    await wait_empty(self._driver, group)
            await asyncio.sleep(BUSY_PAUSE_S)

    def _remove_top(self) -> None:
        with contextlib.suppress(OSError):
            self._driver.remove(self._driver.jobs_group())


def _job_id(note: str) -> str | None:
    try:
        return str(json.loads(note)["id"])
    except (ValueError, KeyError, TypeError):
        return None


async def _spawned(programs: Programs, program: Program, join: Sequence[str]) -> Child:
    """A child, made in a thread: the loop does not wait until it has a processor."""
    made = in_thread(lambda: programs.spawn(program, join))
    try:
        return await asyncio.shield(made)
    except asyncio.CancelledError:
        child = await made
        child.kill()
        await _follow(child, lambda line: None, child.kill)
        raise


async def _follow(child: Child, told: Callable[[str], None], kill: Callable[[], object]) -> Ended:
    """Read what a child writes until it has ended; killed with its group when cancelled."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    output, errors = _Tail(child.output, told), _Tail(child.errors)
    loop.add_reader(child.pidfd, ended.set)
    try:
        await ended.wait()
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            kill()
        child.kill()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), END_S)
        raise
    finally:
        loop.remove_reader(child.pidfd)
        output.close()
        errors.close()
        if ended.is_set():
            code = child.reap()
        else:
            # It cannot even be killed now: buried when it can.
            loop.add_reader(child.pidfd, _bury, child)
    return Ended(code, errors.text.strip())


def _bury(child: Child) -> None:
    asyncio.get_running_loop().remove_reader(child.pidfd)
    child.reap()


class _Tail:
    """The last bytes that come through a pipe, and its last whole line told now and then."""

    def __init__(self, descriptor: int, told: Callable[[str], None] | None = None) -> None:
        self._descriptor = descriptor
        self._told = told
        self._kept = b""
        self._again: asyncio.TimerHandle | None = None
        self._listen()

    @property
    def text(self) -> str:
        """What was kept."""
        return self._kept.decode(errors="replace")

    def close(self) -> None:
        """Take the rest, and listen no more."""
        if self._again is not None:
            self._again.cancel()
        asyncio.get_running_loop().remove_reader(self._descriptor)
        self._take()

    def _listen(self) -> None:
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def _read(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        if self._take():
            self._again = asyncio.get_running_loop().call_later(READ_EVERY_S, self._listen)

    def _take(self) -> bool:
        """Whether there may be more to come."""
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return True
        if not data:
            return False
        self._kept = (self._kept + data)[-TAIL_BYTES:]
        lines = self._kept.rpartition(b"\n")[0]
        if self._told is not None and lines:
            self._told(lines.rpartition(b"\n")[2].decode(errors="replace"))
        return True
