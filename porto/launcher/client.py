"""The daemon's end of the link to the master.

Built by `cli/daemon.py` around the inherited descriptor; `facets/task.py` starts
tasks through it and the exits go to the engine. Replies are handled right in the
loop's reader callback. Messages: link.py.
"""

import asyncio
import collections
import errno
import socket
from collections.abc import Callable

from porto.launcher import link
from porto.launcher.encoding import encode
from porto.launcher.ops import Exited, Launched, LaunchFailed, LaunchRequest

_MESSAGES_PER_TURN = 64


class LauncherClient:
    """Starts tasks and hears of their ends. Use from one event loop."""

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
        self._waiting: dict[str, asyncio.Future[Launched]] = {}
        self._late: dict[str, asyncio.Future[Launched]] = {}
        self._ready: asyncio.Future[list[Launched]] | None = None
        self._survivors: list[Launched] = []
        self._output: collections.deque[tuple[bytes, tuple[int, ...]]] = collections.deque()
        self._lost = False

    @property
    def in_flight(self) -> frozenset[str]:
        """After `connect`: a former daemon's launches that are still in their setup."""
        return frozenset(self._late)

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

    async def launch(self, request: LaunchRequest) -> Launched:
        """Start a task; returns when its program runs. Raises LaunchFailed.

        `request.fds` stay the caller's, who closes them after this has returned. A
        cancelled launch is forgotten: the master kills it if it is still in its setup.
        """
        launch_id = request.launch_id
        if self._lost or self._loop is None:
            raise LaunchFailed(launch_id, "launcher", errno.ENOTCONN, "the master")
        if launch_id in self._waiting:
            raise LaunchFailed(launch_id, "launcher", errno.EEXIST, f"launch {launch_id}")
        head = [
            "launch",
            launch_id,
            request.clone_flags,
            request.pid_ns,
            request.cgroup_fd,
            request.timeout,
        ]
        body = b"%b\n%b" % (link.encode(head), encode(request.ops))
        message = (body, request.fds)
        self._waiting[launch_id] = waiter = self._loop.create_future()
        try:
            self._post(*message)
            launched: Launched = await waiter
        except asyncio.CancelledError:
            if message in self._output:
                self._output.remove(message)
            else:
                self.forget(launch_id)
            raise
        finally:
            del self._waiting[launch_id]
        return launched

    async def outcome(self, launch_id: str) -> Launched:
        """Wait for one of `in_flight`. Raises LaunchFailed, and KeyError for another one."""
        launched: Launched = await asyncio.shield(self._late[launch_id])
        return launched

    def acknowledge(self, launch_id: str) -> None:
        """The exit of this launch is recorded: the master may drop it."""
        self._post(link.encode(["ack", launch_id]))

    def forget(self, launch_id: str) -> None:
        """A launch that is not ours to keep: its exit is of no interest.

        One that is still in its setup is killed; a running one is left alone.
        """
        self._post(link.encode(["forget", launch_id]))

    def close(self) -> None:
        """Stop listening and close the socket; `on_lost` is not called."""
        if not self._lost:
            self._lost = True
            self._detach()

    def _detach(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._sock.fileno())
            self._loop.remove_writer(self._sock.fileno())
        self._output.clear()
        self._sock.close()
        for launch_id, waiter in (*self._waiting.items(), *self._late.items()):
            if not waiter.done():
                gone = LaunchFailed(launch_id, "launcher", errno.ECONNRESET, "the master")
                waiter.set_exception(gone)
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(ConnectionResetError("the master is gone"))

    def _lose(self) -> None:
        if not self._lost:
            self._lost = True
            self._detach()
            self._on_lost()

    def _post(self, body: bytes, fds: tuple[int, ...] = ()) -> None:
        if self._lost:
            return
        if not self._output:
            try:
                link.send(self._sock, body, fds)
                return
            except BlockingIOError:
                if self._loop is not None:
                    self._loop.add_writer(self._sock.fileno(), self._flush)
            except OSError:
                return  # its end of file is noticed by the reader
        self._output.append((body, fds))

    def _flush(self) -> None:
        try:
            while self._output:
                link.send(self._sock, *self._output[0])
                self._output.popleft()
        except BlockingIOError:
            return
        except OSError:
            self._output.clear()
        if self._loop is not None:
            self._loop.remove_writer(self._sock.fileno())

    def _read(self) -> None:
        for _ in range(_MESSAGES_PER_TURN):
            try:
                packet = link.receive(self._sock)
            except BlockingIOError:
                return
            except OSError:
                self._lose()
                return
            packet.close()
            if packet.message is None:
                self._lose()
                return
            self._hear(packet.message)
            if self._lost or packet.message[0] == "ready":
                return

    def _hear(self, message: "link.Message") -> None:
        kind, *rest = message
        if kind == "exited":
            self._on_exit(Exited(*rest))
        elif kind == "launched":
            self._on_launched(Launched(*rest))
        elif kind == "failed":
            failure = LaunchFailed(*rest)
            waiter = self._find(failure.launch_id)
            if waiter is not None:
                waiter.set_exception(failure)
        elif kind == "pending" and self._loop is not None:
            late = self._loop.create_future()
            late.add_done_callback(_look_at)
            self._late[rest[0]] = late
        elif kind == "ready" and self._ready is not None and not self._ready.done():
            if self._loop is not None:
                self._loop.remove_reader(self._sock.fileno())
            self._ready.set_result(self._survivors)

    def _find(self, launch_id: str) -> "asyncio.Future[Launched] | None":
        waiter = self._waiting.get(launch_id) or self._late.get(launch_id)
        return None if waiter is None or waiter.done() else waiter

    def _on_launched(self, launched: Launched) -> None:
        waiter = self._find(launched.launch_id)
        if waiter is not None:
            waiter.set_result(launched)
        elif self._ready is not None and not self._ready.done():
            self._survivors.append(launched)
        # Else it was cancelled, and the master has been told to forget it.


def _look_at(late: "asyncio.Future[Launched]") -> None:
    """Nobody has to wait for a former daemon's launch: its failure is no news then."""
    if not late.cancelled():
        late.exception()
