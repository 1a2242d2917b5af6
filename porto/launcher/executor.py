"""The executor: the small C process that makes the children of launches for the master.

Called by spawner.py for each launch; started when the master starts, and again when a
launch finds it gone. Its children are the master's own (CLONE_PARENT) and need it no more.
What it does with a request: executor.c; what is heard of the child: child_setup.py.
"""

from __future__ import annotations

import array
import contextlib
import errno
import os
import signal
import socket
import struct
import time
from collections.abc import Callable

from porto.launcher.child_setup import Setup, SetupFailed
from porto.launcher.link import Packet
from porto.launcher.programs import open_program

_HEAD = struct.Struct("=QiiII")  # `struct head` of executor.c
_NONE = -1
_PATIENCE = struct.pack("ll", 2, 0)  # for a full socket: it takes no requests then
_BUFFER = 1 << 20


class Executor:
    """Owns the process and the control socket to it."""

    def __init__(self, *, lowered: bool, log: Callable[[str], None]) -> None:
        """`lowered`: children must take back the OOM score that they inherit.

        Raises OSError when the programs cannot be opened or started.
        """
        self._program = open_program("executor", "portod-executor")
        self._reaper = open_program("reaper", "portoinit")
        self._lowered = lowered
        self._log = log
        self._pid = 0
        self._sock: socket.socket | None = self._spawn()

    def _spawn(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _PATIENCE)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        inherited = theirs.fileno(), self._reaper
        words = ["portod-executor", *map(str, inherited), str(int(self._lowered))]
        try:
            self._pid = os.posix_spawn(
                f"/proc/self/fd/{self._program}",
                words,
                {},
                # Onto itself: that makes it inheritable in the child only.
                file_actions=[(os.POSIX_SPAWN_DUP2, fd, fd) for fd in inherited],
                setsigmask=(),
                setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return ours

    def start(self, packet: Packet, passed: list[int]) -> Setup:
        """Ask for the child of a `launch` or `run` message (link.py).

        `passed` are the descriptors that its operations name; they stay the caller's.
        Raises SetupFailed, and ValueError or TypeError for a message that makes no sense.
        """
        assert packet.message is not None
        _, launch_id, flags, pid_ns, cgroup, timeout = packet.message[:6]
        deadline = time.monotonic() + timeout
        in_memory = packet.memory is not None
        try:
            head = _HEAD.pack(
                flags,
                _NONE if pid_ns is None else pid_ns,
                _NONE if cgroup is None else cgroup,
                packet.offset if in_memory else 0,
                in_memory,
            )
        except struct.error as error:
            raise ValueError(str(error)) from None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            fds = [theirs.fileno(), *passed]
            if packet.memory is not None:
                fds.append(packet.memory)
            self._send((head, packet.rest), fds)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return Setup(launch_id, ours, deadline)

    def _send(self, parts: tuple[bytes, memoryview], fds: list[int]) -> None:
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))
        for _ in range(2):
            try:
                if self._sock is None:
                    self._sock = self._spawn()
                self._sock.sendmsg(parts, (rights,), socket.MSG_NOSIGNAL)
                return
            except (BrokenPipeError, ConnectionResetError):
                self._drop()  # it died, which SIGCHLD will say
            except BlockingIOError:
                self.kill()
                raise SetupFailed("setup", errno.EAGAIN, "the executor") from None
            except OSError as error:
                raise SetupFailed("setup", error.errno or 0, "the executor") from None
        raise SetupFailed("setup", errno.EPIPE, "the executor")

    def kill(self) -> None:
        """It takes no requests: end it, the next launch starts another one."""
        self._log("executor does not work: killed")
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self._drop()

    def _drop(self) -> None:
        if self._sock is not None:
            self._sock.close()
        self._sock = None

    def reaped(self, pid: int, status: int) -> None:
        """A child of the master that is no launch is gone."""
        if pid == self._pid:
            self._log(f"executor ended: pid {pid}, wait status {status:#x}")
            self._pid = 0
            self._drop()

    def close(self) -> None:
        """Let it go: it ends when it has made the children that were asked for."""
        self._pid = 0
        self._drop()
