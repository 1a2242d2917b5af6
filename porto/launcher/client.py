"""The daemon's end of the link to the master.

Built by `cli/daemon.py` around the inherited descriptor; `facets/task.py` starts
tasks through it and the exits go to the engine. Replies are handled right in the
loop's reader callback. Messages: link.py.
"""

import asyncio
import collections
import errno
import os
import socket
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from porto.launcher import link
from porto.launcher.encoding import encode
from porto.launcher.ops import (
    Exited,
    Finished,
    Launched,
    LaunchFailed,
    LaunchOutcome,
    LaunchRequest,
    Pin,
    PinnedNamespace,
    RunOutcome,
)

_RETRY_S = 0.1
_MESSAGES_PER_TURN = 64

Done = Callable[[LaunchOutcome], None]
RunDone = Callable[[RunOutcome], None]
Fetched = Callable[[int | None], None]

_RUNS_SINCE = 3  # version of the master


class _Unsent(NamedTuple):
    """A message that waits for room in the socket; the descriptors are ours.

    launch_id -- of the launch that it asks for, or None
    """

    body: bytes
    fds: tuple[int, ...]
    launch_id: str | None


class LauncherClient:
    """Starts tasks and hears of their ends. Use from one event loop.

    Nothing here waits but `connect`.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        on_exit: Callable[[Exited], None],
        on_lost: Callable[[], None],
    ) -> None:
        """`sock` is the inherited descriptor.

        `on_exit` is called for each exit, once per connection until it is acknowledged;
        `on_lost` once, when the master is gone.
        """
        sock.setblocking(False)
        self._sock = sock
        self._on_exit = on_exit
        self._on_lost = on_lost
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[str, Callable[[Any], None]] = {}
        self._former: dict[str, LaunchOutcome | None] = {}
        self._pins: dict[str, tuple[PinnedNamespace, ...]] = {}
        self._fetching: dict[tuple[str, int], collections.deque[Fetched]] = {}
        self._version = 0
        self._ready: asyncio.Future[list[Launched]] | None = None
        self._survivors: list[Launched] = []
        self._output: collections.deque[_Unsent] = collections.deque()
        self._lost = False

    @property
    def in_flight(self) -> frozenset[str]:
        """A former daemon's launches that were in their setup at `connect`.

        What became of one is told by `follow`, until `forget`.
        """
        return frozenset(self._former)

    @property
    def pins(self) -> Mapping[str, tuple[PinnedNamespace, ...]]:
        """What the master keeps of runs, by name: a former daemon's at `connect`, and ours."""
        return MappingProxyType(self._pins)

    async def connect(self) -> list[Launched]:
        """Say hello; returns the launches that the master keeps.

        These are the running ones and those whose exit is not acknowledged; such exits
        arrive through `on_exit` right after. Raises ConnectionError when the master is gone.
        """
        self._loop = asyncio.get_running_loop()
        self._ready = self._loop.create_future()
        self._loop.add_reader(self._sock.fileno(), self._read)
        self._post(link.encode(["hello", link.VERSION]))
        survivors = await self._ready
        # Not before the caller has seen the survivors: their exits come next.
        self._loop.call_soon(self._listen)
        return survivors

    def _listen(self) -> None:
        if not self._lost and self._loop is not None:
            self._loop.add_reader(self._sock.fileno(), self._read)

    def begin(self, request: LaunchRequest, done: Done) -> None:
        """Start a task; `done` hears once what became of it, never before this has returned.

        The descriptors stay the caller's, who may close them now. Nothing is called after
        `forget`.
        """
        self._start("launch", request, done)

    def prepare(self, request: LaunchRequest, done: RunDone) -> None:
        """Make a run of operations that ends in `Finish`; `done` hears, as with `begin`.

        What it pins is kept under the request's name until `forget`. A run that is not over
        when we end is ended, and nothing is kept.
        """
        self._start("run", request, done)

    def _start(self, kind: str, request: LaunchRequest, done: Callable[[Any], None]) -> None:
        launch_id = request.launch_id
        fds = tuple(fd for fd in request.fds if not isinstance(fd, Pin))
        pins = [[i, at.name, at.flag] for i, at in enumerate(request.fds) if isinstance(at, Pin)]
        if self._lost or self._loop is None:
            self._refuse(done, _failure(launch_id, errno.ENOTCONN))
        elif launch_id in self._waiting or self._is_former(launch_id):
            taken = LaunchFailed(launch_id, "launch", errno.EEXIST, f"launch {launch_id}")
            self._refuse(done, taken)
        elif (pins or kind == "run") and self._version < _RUNS_SINCE:
            self._refuse(done, _failure(launch_id, errno.ENOSYS))
        else:
            self._former.pop(launch_id, None)
            head = [
                kind,
                launch_id,
                request.clone_flags,
                request.pid_ns,
                request.cgroup_fd,
                request.timeout,
                *([pins] if pins else ()),  # a former master knows no such thing
            ]
            body = b"%b\n%b" % (link.encode(head), encode(request.ops))
            try:
                self._post(body, fds, launch_id)
            except OSError as error:  # no descriptor or memory left
                self._refuse(done, _failure(launch_id, error.errno or 0))
            else:
                self._waiting[launch_id] = done

    def _refuse(self, done: Callable[[Any], None], failure: LaunchFailed) -> None:
        asyncio.get_running_loop().call_soon(done, failure)

    def _is_former(self, launch_id: str) -> bool:
        """Whether the name is that of a former daemon's launch, and not free again."""
        former = launch_id in self._former
        return former and not isinstance(self._former[launch_id], LaunchFailed)

    def follow(self, launch_id: str, done: Done) -> None:
        """`done` hears what became of one of `in_flight`, as with `begin`.

        It may be asked again; who asked last is told. KeyError for another launch.
        """
        outcome = self._former[launch_id]
        self._waiting[launch_id] = done
        if outcome is not None:
            asyncio.get_running_loop().call_soon(self._settle, outcome)

    def acknowledge(self, launch_id: str) -> None:
        """The exit of this launch is recorded: the master may drop it."""
        self._post(link.encode(["ack", launch_id]))

    def forget(self, launch_id: str) -> None:
        """What is not ours to keep: its outcome and its exit are of no interest.

        What is not sent yet is not sent, what is still in its setup is killed; a running
        task is left alone, and a pin is released.
        """
        self._waiting.pop(launch_id, None)
        self._former.pop(launch_id, None)
        self._pins.pop(launch_id, None)
        for unsent in self._output:
            if unsent.launch_id == launch_id:
                self._output.remove(unsent)
                link.close_all(unsent.fds)
                return
        self._post(link.encode(["forget", launch_id]))

    def fetch(self, pin: Pin, done: Fetched) -> None:
        """Ask for a descriptor of a pinned namespace; `done` hears later, and owns it.

        It hears None when there is no such pin, or no master.
        """
        key = (pin.name, pin.flag)
        if self._lost or self._version < _RUNS_SINCE:
            asyncio.get_running_loop().call_soon(done, None)
            return
        self._post(link.encode(["fetch", *key]))
        self._fetching.setdefault(key, collections.deque()).append(done)

    def close(self) -> None:
        """Stop listening and close the socket; `on_lost` is not called."""
        if not self._lost:
            self._lost = True
            self._detach()

    def _detach(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._sock.fileno())
            self._loop.remove_writer(self._sock.fileno())
        self._drop_output()
        self._sock.close()
        for launch_id, outcome in self._former.items():
            if outcome is None:
                self._former[launch_id] = _failure(launch_id, errno.ECONNRESET)
        if self._loop is not None:
            for launch_id in self._waiting:
                self._loop.call_soon(self._settle, _failure(launch_id, errno.ECONNRESET))
            for asked in self._fetching.values():
                for done in asked:
                    self._loop.call_soon(done, None)
            self._fetching.clear()
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(ConnectionResetError("the master is gone"))

    def _lose(self) -> None:
        if not self._lost:
            self._lost = True
            self._detach()
            self._on_lost()

    def _post(self, body: bytes, fds: tuple[int, ...] = (), launch_id: str | None = None) -> None:
        if self._lost:
            return
        if not self._output:
            try:
                link.send(self._sock, body, fds)
                return
            except BlockingIOError:
                if self._loop is not None:
                    self._loop.add_writer(self._sock.fileno(), self._flush)
            except ConnectionError:
                return  # its end of file is noticed by the reader
            except OSError:
                if launch_id is not None:
                    raise
                # Nobody would ask again for what the master must be told.
                self._flush_later()
        self._output.append(_Unsent(body, tuple(map(os.dup, fds)), launch_id))

    def _flush(self) -> None:
        try:
            while self._output:
                unsent = self._output[0]
                link.send(self._sock, unsent.body, unsent.fds)
                link.close_all(self._output.popleft().fds)
        except BlockingIOError:
            if self._loop is not None:
                self._loop.add_writer(self._sock.fileno(), self._flush)
            return
        except ConnectionError:
            self._drop_output()
        except OSError:
            self._flush_later()
        if self._loop is not None and not self._lost:
            self._loop.remove_writer(self._sock.fileno())

    def _flush_later(self) -> None:
        """The kernel has no memory for it now."""
        if self._loop is not None:
            self._loop.call_later(_RETRY_S, self._flush)

    def _drop_output(self) -> None:
        for unsent in self._output:
            link.close_all(unsent.fds)
        self._output.clear()

    def _read(self) -> None:
        for _ in range(_MESSAGES_PER_TURN):
            try:
                packet = link.receive(self._sock)
            except BlockingIOError:
                return
            except OSError:
                self._lose()
                return
            fds, packet.fds = packet.fds, []
            packet.close()
            if packet.message is None:
                self._lose()
                return
            try:
                self._hear(packet.message, fds)
            finally:
                link.close_all(fds)
            if self._lost or packet.message[0] == "ready":
                return

    def _hear(self, message: "link.Message", fds: list[int]) -> None:
        kind, *rest = message
        if kind == "exited":
            self._on_exit(Exited(*rest))
        elif kind == "launched":
            self._settle(Launched(*rest))
        elif kind == "failed":
            self._settle(LaunchFailed(*rest))
        elif kind == "pending":
            self._former[rest[0]] = None
        elif kind == "finished":
            self._settle(_finished(*rest))
        elif kind == "pin":
            self._keep(_finished(*rest))
        elif kind == "descriptor":
            self._on_descriptor((rest[0], rest[1]), fds)
        elif kind == "ready" and self._ready is not None and not self._ready.done():
            if self._loop is not None:
                self._loop.remove_reader(self._sock.fileno())
            self._version = rest[0] if rest else _RUNS_SINCE - 1
            self._ready.set_result(self._survivors)

    def _on_descriptor(self, key: tuple[str, int], fds: list[int]) -> None:
        asked = self._fetching[key]
        done = asked.popleft()
        if not asked:
            del self._fetching[key]
        done(fds.pop() if fds else None)

    def _keep(self, finished: Finished) -> None:
        if finished.namespaces:
            self._pins[finished.launch_id] = finished.namespaces

    def _settle(self, outcome: LaunchOutcome | Finished) -> None:
        """Tell whoever waits; nobody does for what was forgotten."""
        launch_id = outcome.launch_id
        if isinstance(outcome, Finished):
            if launch_id in self._waiting:
                self._keep(outcome)
        elif launch_id in self._former:
            self._former[launch_id] = outcome
        elif isinstance(outcome, Launched) and self._ready is not None and not self._ready.done():
            self._survivors.append(outcome)
        done = self._waiting.pop(launch_id, None)
        if done is not None:
            done(outcome)


def _finished(launch_id: str, namespaces: list[list[int]]) -> Finished:
    return Finished(launch_id, tuple(PinnedNamespace(*found) for found in namespaces))


def _failure(launch_id: str, code: int) -> LaunchFailed:
    """The launch's way to the master failed, not the launch."""
    return LaunchFailed(launch_id, "launcher", code, "the master")
