"""One launch in its setup, from the request to the program's exec or the first failure.

Made by executor.py; spawner.py follows it. A `Setup` becomes a `Child` of roster.py, pinned
namespaces (pins.py) or a failure. The messages of the status socket are described in
report.c. man 7 unix (SCM_CREDENTIALS).
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct

from porto.kernel import syscalls
from porto.launcher.link import close_all
from porto.launcher.pins import Namespaces, open_namespaces
from porto.launcher.roster import Child, read_start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UCRED = struct.Struct("3i")
_NUMBER = struct.Struct("=ci")
_SIGKILL = 9
_MESSAGE = 40 << 10  # more than report.c says of a failure
_ANCILLARY = socket.CMSG_SPACE(_UCRED.size)
_RECEIVE = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC


class SetupFailed(Exception):
    """A launch that ended before exec: operation, errno, subject."""

    def __init__(self, op: str, code: int, subject: str) -> None:
        super().__init__(op, code, subject)
        self.op = op
        self.errno = code
        self.subject = subject


class Setup:
    """A child that is to be made, or between clone3 and exec.

    status   -- its status socket, not blocking; deadline: time.monotonic() of its end
    pid      -- our child, 0 until it has told that it lives; start: its start time
    task     -- pid, start time and own view of the pid of the task that it made
    reaped   -- raw wait status once the child is gone
    run      -- asked for to end without a program: it ends with the daemon that wants it
    namespaces -- ours, of a child that needs no program
    """

    __slots__ = (
        "child",
        "closed",
        "deadline",
        "failure",
        "launch_id",
        "namespaces",
        "pid",
        "reaped",
        "run",
        "start",
        "status",
        "task",
    )

    def __init__(self, launch_id: str, status: socket.socket, deadline: float) -> None:
        self.launch_id = launch_id
        self.status = status
        self.deadline = deadline
        self.pid = 0
        self.start = 0
        self.task = (0, 0, 0)
        self.child: Child | None = None
        self.failure: SetupFailed | None = None
        self.reaped: int | None = None
        self.closed = False
        self.run = False
        self.namespaces: Namespaces | None = None

    def read(self) -> None:
        """Take what was said; at end of file, or when all is said, `closed`."""
        while not self.closed:
            try:
                data, ancillary, _, _ = self.status.recvmsg(_MESSAGE, _ANCILLARY, _RECEIVE)
            except BlockingIOError:
                return
            if not data:
                self.closed = True
                return
            sender = 0
            for _, kind, raw in ancillary:
                if kind == socket.SCM_CREDENTIALS:
                    sender = _UCRED.unpack(raw[: _UCRED.size])[0]
            self._hear(data, sender)

    def _hear(self, data: bytes, sender: int) -> None:
        kind, number = _NUMBER.unpack_from(data)
        if kind == b"B":
            self.pid, self.start = sender, read_start(sender)
        elif kind == b"P":
            self._record(reaper=False, task=(self.pid, self.start, number))
        elif kind == b"T":
            # It cannot be gone: the reaper lets it be a zombie until we close.
            self.task = (sender, read_start(sender), number)
        elif kind == b"R":
            self._record(reaper=True, task=self.task)
            # Without a task the end of file tells that the reaper runs.
            self.closed = self.task[0] != 0
        elif kind == b"N":
            self._finish(number)
        elif kind == b"F":
            op, _, subject = data[_NUMBER.size :].partition(b"\0")
            self.failure = SetupFailed(os.fsdecode(op), number, os.fsdecode(subject))

    def _finish(self, flags: int) -> None:
        """Open the child's namespaces before it ends, and let it end."""
        try:
            self.namespaces = open_namespaces(self.pid, flags)
        except OSError as error:
            self.failure = SetupFailed("Finish", error.errno or 0, f"namespaces {flags:#x}")
        with contextlib.suppress(OSError):  # it was killed
            self.status.shutdown(socket.SHUT_WR)

    def _record(self, *, reaper: bool, task: tuple[int, int, int]) -> None:
        self.child = Child(self.launch_id, self.pid, self.start, *task, reaper)

    def outcome(self) -> Child | Namespaces | SetupFailed | None:
        """What became of it, or None while that is open.

        A failure, or the end of a run, counts only when the child is reaped: what it held
        is then free.
        """
        if self.failure is not None:
            done = self.expired or self.reaped is not None or not self.pid
            return self.failure if done else None
        if self.namespaces is not None:
            return self.namespaces if self.reaped is not None else None
        if not self.closed:
            return None
        if self.child is not None:
            return self.child
        if not self.pid:
            return SetupFailed("setup", 0, "the launched child: never born")
        if self.reaped is None:
            return None
        signo = self.reaped & 0x7F
        how = f"killed by signal {signo}" if signo else f"exit code {self.reaped >> 8}"
        return SetupFailed("setup", 0, f"the launched child: {how}")

    @property
    def expired(self) -> bool:
        """Whether it was killed because it took too long."""
        return self.failure is not None and self.failure.op == "timeout"

    def expire(self) -> None:
        """Kill a child that did not finish in time; one not yet born ends at birth."""
        self.failure = SetupFailed("timeout", 0, "the launched child")
        if self.pid and self.reaped is None:
            os.kill(self.pid, _SIGKILL)
        kill_process(*self.task[:2])

    def close(self) -> None:
        """Release the status socket, after it was taken from the poll, and the namespaces."""
        self.status.close()
        namespaces, self.namespaces = self.namespaces, None
        if namespaces is not None:
            close_all(list(namespaces.values()))

    def state(self) -> list[Any]:
        """For the next master: `restore` makes it again, with the same socket. Not of a run."""
        child = self.child.state() if self.child else None
        failure = self.failure.args if self.failure else None
        head = [self.launch_id, self.status.fileno(), self.deadline]
        return [head, self.pid, self.start, self.task, self.reaped, child, failure]


def restore(state: list[Any]) -> Setup:
    """What `Setup.state` told."""
    (launch_id, fd, deadline), pid, start, task, reaped, child, failure = state
    status = socket.socket(fileno=fd)
    status.set_inheritable(False)
    setup = Setup(launch_id, status, deadline)
    setup.pid, setup.start, setup.task, setup.reaped = pid, start, tuple(task), reaped
    setup.child = Child(*child) if child else None
    setup.failure = SetupFailed(*failure) if failure else None
    return setup


def kill_process(pid: int, start: int) -> None:
    """SIGKILL to a process that is not our child, if it is still the same one."""
    if not pid:
        return
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return
    try:
        if start and read_start(pid) == start:
            syscalls.pidfd_send_signal(fd, _SIGKILL)
    finally:
        os.close(fd)
