"""A launcher in memory: `FakeMaster` keeps launches, `FakeLauncher` is the client.

The same interface and promises as `porto.launcher.client.LauncherClient`, which
tests/contract/test_launcher.py checks against both. A test ends launches with a
status, makes the next ones fail, or loses the link and connects another client.
"""

import asyncio
import errno
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from porto.launcher.ops import (
    Execute,
    Exited,
    Finish,
    Finished,
    Launched,
    LaunchFailed,
    LaunchOutcome,
    LaunchRequest,
    Pin,
    PinnedNamespace,
    Rest,
    RunOutcome,
)
from tests.fakes.waiting import Waiting

Done = Callable[[LaunchOutcome], None]
RunDone = Callable[[RunOutcome], None]
Fetched = Callable[[int | None], None]


FIRST_PID = 100_000_000  # above every pid_max: no real process is meant by accident


@dataclass
class FakeLaunch:
    """One launch as the master keeps it."""

    request: LaunchRequest
    launched: Launched
    status: int | None = None


@dataclass
class FakeMaster:
    """The state that outlives its clients.

    requests -- every request, in order
    launches -- kept: running, or ended and not acknowledged
    pins     -- kept, by the name of the run
    held     -- while True, launches and runs stay in flight until `release`
    """

    requests: list[LaunchRequest] = field(default_factory=list)
    launches: dict[str, FakeLaunch] = field(default_factory=dict)
    pins: dict[str, tuple[PinnedNamespace, ...]] = field(default_factory=dict)
    held: bool = False
    _failures: deque[tuple[str, int, str]] = field(default_factory=deque)
    _in_flight: dict[str, LaunchRequest] = field(default_factory=dict)
    _pid: int = FIRST_PID
    _inode: int = 0
    _client: "FakeLauncher | None" = None

    def client(
        self, *, on_exit: Callable[[Exited], None], on_lost: Callable[[], None]
    ) -> "FakeLauncher":
        """A daemon's end of the link; the former one is lost, and its runs end."""
        for request in list(self._in_flight.values()):
            if isinstance(request.ops[-1], Finish):
                self.forget(request.launch_id)
        self._client = FakeLauncher(self, on_exit=on_exit, on_lost=on_lost)
        return self._client

    def fail_next(self, op: str, code: int, subject: str) -> None:
        """The next launch fails with this report."""
        self._failures.append((op, code, subject))

    def release(self) -> None:
        """Finish the launches that were held."""
        self.held = False
        for request in list(self._in_flight.values()):
            self.finish(request)

    def end(self, launch_id: str, status: int) -> None:
        """The main task of a launch ends with this raw wait status."""
        launch = self.launches[launch_id]
        launch.status = status
        self.tell_exit(launch)

    def drop_link(self) -> None:
        """The daemon dies, as the master sees it; as the daemon sees it, the master does."""
        client, self._client = self._client, None
        if client is not None:
            client.lose()

    # What the client calls.

    def start(self, request: LaunchRequest) -> None:
        self.requests.append(request)
        name = request.launch_id
        if any(name in taken for taken in (self._in_flight, self.launches, self.pins)):
            self._report(LaunchFailed(name, "launch", errno.EEXIST, f"launch {name}"))
            return
        for pin in request.fds:
            if isinstance(pin, Pin) and not self.has(pin):
                subject = f"pin {pin.name}: namespace {pin.flag:#x}"
                self._report(LaunchFailed(name, "setup", errno.ENOENT, subject))
                return
        self._in_flight[request.launch_id] = request
        if not self.held:
            self.finish(request)

    def finish(self, request: LaunchRequest) -> None:
        if self._in_flight.pop(request.launch_id, None) is None:
            return
        if self._failures:
            self._report(LaunchFailed(request.launch_id, *self._failures.popleft()))
            return
        if isinstance(request.ops[-1], Finish):
            self._finish(request.launch_id, request.ops[-1].namespaces)
            return
        launched = self._new(request)
        self.launches[request.launch_id] = FakeLaunch(request, launched)
        if self._client is not None:
            self._client.on_outcome(launched)

    def forget(self, launch_id: str) -> None:
        self._in_flight.pop(launch_id, None)
        self.launches.pop(launch_id, None)
        self.pins.pop(launch_id, None)

    def has(self, pin: Pin) -> bool:
        return pin.flag in {found.flag for found in self.pins.get(pin.name, ())}

    def _finish(self, name: str, flags: int) -> None:
        kinds = [1 << bit for bit in range(32) if flags >> bit & 1]
        self._inode += len(kinds)
        namespaces = tuple(
            PinnedNamespace(flag, 4, self._inode - i) for i, flag in enumerate(kinds)
        )
        if namespaces:
            self.pins[name] = namespaces
        if self._client is not None:
            self._client.on_outcome(Finished(name, namespaces))

    def acknowledge(self, launch_id: str) -> None:
        launch = self.launches.get(launch_id)
        if launch is not None and launch.status is not None:
            del self.launches[launch_id]

    def in_flight(self) -> list[str]:
        return list(self._in_flight)

    def tell_exit(self, launch: FakeLaunch) -> None:
        if self._client is not None and launch.status is not None:
            launched = launch.launched
            self._client.on_exited(Exited(launched.launch_id, launched.init_pid, launch.status))

    def _report(self, failure: LaunchFailed) -> None:
        if self._client is not None:
            self._client.on_outcome(failure)

    def _new(self, request: LaunchRequest) -> Launched:
        last = request.ops[-1]
        init = self._pid = self._pid + 1
        if isinstance(last, Rest):
            return Launched(request.launch_id, init, init, 0, 0, 0)
        if isinstance(last, Execute) and last.reaper:
            task = self._pid = self._pid + 1
            return Launched(request.launch_id, init, init, task, task, 2)
        return Launched(request.launch_id, init, init, init, init, init)


class FakeLauncher(Waiting):
    """Takes the place of `LauncherClient`."""

    def __init__(
        self,
        master: FakeMaster,
        *,
        on_exit: Callable[[Exited], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._master = master
        self._on_exit = on_exit
        self._on_lost = on_lost
        self._connected = False
        self._waiting: dict[str, Callable[[Any], None]] = {}
        self._former: dict[str, LaunchOutcome | None] = {}
        self._pins: dict[str, tuple[PinnedNamespace, ...]] = {}

    @property
    def in_flight(self) -> frozenset[str]:
        return frozenset(self._former)

    async def connect(self) -> list[Launched]:
        self._connected = True
        self._former = dict.fromkeys(self._master.in_flight())
        self._pins = dict(self._master.pins)
        kept = list(self._master.launches.values())
        for launch in kept:
            if launch.status is not None:
                asyncio.get_running_loop().call_soon(self._master.tell_exit, launch)
        return [launch.launched for launch in kept]

    @property
    def pins(self) -> Mapping[str, tuple[PinnedNamespace, ...]]:
        return self._pins

    def begin(self, request: LaunchRequest, done: Done) -> None:
        self._start(request, done)

    def prepare(self, request: LaunchRequest, done: RunDone) -> None:
        self._start(request, done)

    def fetch(self, pin: Pin, done: Fetched) -> None:
        def tell() -> None:
            found = self._connected and self._master.has(pin)
            done(os.memfd_create(f"{pin.name}-{pin.flag:x}") if found else None)

        asyncio.get_running_loop().call_soon(tell)

    def _start(self, request: LaunchRequest, done: Callable[[Any], None]) -> None:
        launch_id = request.launch_id
        if not self._connected:
            failure = LaunchFailed(launch_id, "launcher", errno.ENOTCONN, "the master")
            asyncio.get_running_loop().call_soon(done, failure)
        elif launch_id in self._waiting or self._is_former(launch_id):
            taken = LaunchFailed(launch_id, "launch", errno.EEXIST, f"launch {launch_id}")
            asyncio.get_running_loop().call_soon(done, taken)
        else:
            self._former.pop(launch_id, None)
            self._waiting[launch_id] = done
            self._master.start(request)

    def _is_former(self, launch_id: str) -> bool:
        former = launch_id in self._former
        return former and not isinstance(self._former[launch_id], LaunchFailed)

    def follow(self, launch_id: str, done: Done) -> None:
        outcome = self._former[launch_id]
        self._waiting[launch_id] = done
        if outcome is not None:
            self.on_outcome(outcome)

    def acknowledge(self, launch_id: str) -> None:
        if self._connected:
            self._master.acknowledge(launch_id)

    def forget(self, launch_id: str) -> None:
        self._waiting.pop(launch_id, None)
        self._former.pop(launch_id, None)
        self._pins.pop(launch_id, None)
        if self._connected:
            self._master.forget(launch_id)

    def close(self) -> None:
        self._connected = False
        for launch_id in (*self._waiting, *self._former):
            if self._former.get(launch_id) is None:
                gone = LaunchFailed(launch_id, "launcher", errno.ECONNRESET, "the master")
                self.on_outcome(gone)

    # What the master calls.

    def on_outcome(self, outcome: LaunchOutcome | Finished) -> None:
        if isinstance(outcome, Finished):
            if outcome.namespaces and outcome.launch_id in self._waiting:
                self._pins[outcome.launch_id] = outcome.namespaces
        elif outcome.launch_id in self._former:
            self._former[outcome.launch_id] = outcome
        if outcome.launch_id in self._waiting:
            asyncio.get_running_loop().call_soon(self._tell, outcome)

    def _tell(self, outcome: LaunchOutcome | Finished) -> None:
        done = self._waiting.pop(outcome.launch_id, None)
        if done is not None:
            done(outcome)

    def on_exited(self, exited: Exited) -> None:
        if self._connected:
            self._on_exit(exited)

    def lose(self) -> None:
        if self._connected:
            self.close()
            self._on_lost()
