"""A real master whose daemon is the test itself, through tests/fakes/stub_daemon.py."""

import array
import asyncio
import contextlib
import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from porto.launcher.build import ensure_programs
from porto.launcher.ops import Execute, Exited, Launched, LaunchRequest, Op
from porto.launcher.settings import Settings, master_command
from tests.fakes.waiting import WaitingClient
from tests.patience import patient

DEADLINE_S = patient(30.0)
ENV = (("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/"))
ROOT = Path(__file__).resolve().parents[2]
STUB = ROOT / "tests" / "fakes" / "stub_daemon.py"

T = TypeVar("T")


class Link:
    """One daemon life: the pid of the stub, the client on its link, the exits heard."""

    def __init__(self, control: socket.socket, said: dict[str, Any], fds: list[int]) -> None:
        self.control = control
        self.pid: int = said["pid"]
        self.arguments: list[str] = said["arguments"]
        self.listener = socket.socket(fileno=fds[0])
        self.sock = socket.socket(fileno=fds[1])
        self.exits: dict[str, Exited] = {}
        self.exit_count = 0
        self.lost = False
        self._changed = asyncio.Event()
        self.client = WaitingClient(self.sock, on_exit=self._on_exit, on_lost=self._on_lost)

    def _on_exit(self, exited: Exited) -> None:
        self.exits[exited.launch_id] = exited
        self.exit_count += 1
        self._changed.set()

    def _on_lost(self) -> None:
        self.lost = True
        self._changed.set()

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until something that exits or a lost link can make true is true."""
        async with asyncio.timeout(DEADLINE_S):
            while not done():
                self._changed.clear()
                await self._changed.wait()

    async def exit_of(self, launch_id: str) -> int:
        """Raw wait status of a launch, acknowledged."""
        await self.until(lambda: launch_id in self.exits)
        self.client.acknowledge(launch_id)
        return self.exits[launch_id].status

    async def signalled(self) -> str:
        """Name of the next signal that the stub got."""
        self.control.setblocking(False)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(DEADLINE_S):
            return (await loop.sock_recv(self.control, 64)).decode()

    def end(self) -> None:
        """Let a stub that was signalled go."""
        self.control.send(b"go")

    def close(self) -> None:
        """As a daemon that dies: no farewell."""
        self.client.close()
        self.listener.close()
        self.control.close()


class Master:
    """A master process in a directory of its own."""

    def __init__(self, directory: Path, **values: object) -> None:
        ensure_programs()
        self.directory = directory
        path = str(directory / "rendezvous")
        self._rendezvous = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._rendezvous.bind(path)
        self._rendezvous.listen(8)
        given = {
            "runtime": str(directory),
            "log": str(directory / "log"),
            "daemon": [sys.executable, str(STUB), path],
            "version": "1",
            "program": str(directory / "program"),
            "respawn_delay_ms": 0,
            "stop_timeout_s": 30,
        }
        self.settings = Settings(**{**given, **values})
        self._process: subprocess.Popen[bytes] | None = None
        self._links: list[Link] = []

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> "Master":
        self._process = subprocess.Popen(master_command(self.settings), stdin=subprocess.DEVNULL)
        return self

    async def daemon(self) -> Link:
        """Wait for the next daemon that the master starts."""
        loop = asyncio.get_running_loop()
        self._rendezvous.setblocking(False)
        async with asyncio.timeout(DEADLINE_S):
            control, _ = await loop.sock_accept(self._rendezvous)
            await _readable(control)
        body, ancillary, _, _ = control.recvmsg(4096, socket.CMSG_SPACE(8))
        fds = array.array("i")
        fds.frombytes(ancillary[0][2])
        link = Link(control, json.loads(body), list(fds))
        self._links.append(link)
        return link

    async def connected(self) -> Link:
        """The next daemon, after its hello."""
        link = await self.daemon()
        await link.client.connect()
        return link

    def signal(self, signo: int) -> None:
        os.kill(self.pid, signo)

    async def ended(self) -> int:
        """Exit code of the master."""
        process = self._process
        assert process is not None
        return await asyncio.get_running_loop().run_in_executor(None, process.wait, DEADLINE_S)

    def status(self, field: str) -> str:
        """A field of /proc/PID/status."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return line.split(":")[1].strip()
        raise KeyError(field)

    def log(self) -> str:
        return Path(self.settings.log).read_text()

    def close(self) -> None:
        """Kill what is ours and is left."""
        for link in self._links:
            link.close()
        if self._process is not None and self._process.poll() is None:
            children = children_of(self.pid)
            self._process.kill()
            self._process.wait()
            for pid in children:
                kill(pid)
        self._rendezvous.close()


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(sock.fileno(), lambda: ready.done() or ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(sock.fileno())


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


async def gone(pid: int) -> None:
    """Wait for the end of a process that need not be our child."""
    try:
        fd = os.pidfd_open(pid)
    except OSError as error:
        if error.errno in (errno.ESRCH, errno.EINVAL):
            return
        raise
    try:
        await asyncio.get_running_loop().run_in_executor(
            None, select.select, [fd], [], [], DEADLINE_S
        )
    finally:
        os.close(fd)


def request(launch_id: str, *ops: Op, command: str | None = None, **options: Any) -> LaunchRequest:
    """A launch request; with `command` the program is executed without a reaper."""
    if command is not None:
        ops = (*ops, execute(command))
    return LaunchRequest(launch_id=launch_id, ops=ops, **options)


def execute(command: str, *, reaper: bool = False, env: tuple[tuple[str, str], ...] = ENV) -> Op:
    """Run by a shell when the text needs one."""
    return Execute(command, (), env, reaper)


def shell(script: str, *, reaper: bool = False, env: tuple[tuple[str, str], ...] = ENV) -> Op:
    """Run a shell script, with no word expansion of ours."""
    return Execute(None, ("/bin/sh", "-c", script), env, reaper)


def run(directory: Path, body: Callable[[Master, Link], Awaitable[T]], **values: object) -> T:
    """Run a test body as the daemon of a fresh master."""

    async def main() -> T:
        master = Master(directory, **values)
        try:
            master.start()
            return await body(master, await master.connected())
        finally:
            master.close()

    return asyncio.run(main())


__all__ = ["ENV", "Launched", "Link", "Master", "execute", "request", "run", "shell"]
