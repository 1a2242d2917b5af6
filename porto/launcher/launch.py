"""One launch, from clone3 to the program's exec or the first failure.

Called by master.py for each launch message; what a `Launch` becomes, a `Record` or a
failure, goes to ledger.py and over the link. The messages of the status socket are
described in execute.py. man 2 clone3, man 7 unix (SCM_CREDENTIALS).
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time

from porto.kernel import syscalls
from porto.launcher import child, link
from porto.launcher.ledger import Record, read_start

_UCRED = struct.Struct("3i")
_NUMBER = struct.Struct("=ci")
_FD = struct.Struct("i")
_SIGKILL = 9
_MESSAGE = 40 << 10  # more than `child.run` says of a failure
_ANCILLARY = socket.CMSG_SPACE(_UCRED.size) + socket.CMSG_SPACE(_FD.size)
_RECEIVE = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC


class Failed(Exception):
    """A launch that ended before exec: operation, errno, subject."""

    def __init__(self, op: str, code: int, subject: str) -> None:
        super().__init__(op, code, subject)
        self.op = op
        self.errno = code
        self.subject = subject


class Launch:
    """A child between clone3 and exec.

    pid      -- our child; status its status socket, not blocking
    deadline -- time.monotonic() when it is killed
    indirect -- pid is that of a go-between until the real child has told its own
    reaped   -- raw wait status once the child is gone
    """

    __slots__ = (
        "closed",
        "deadline",
        "failure",
        "indirect",
        "launch_id",
        "pid",
        "reaped",
        "record",
        "status",
    )

    def __init__(
        self,
        launch_id: str,
        pid: int,
        status: socket.socket,
        deadline: float,
        *,
        indirect: bool = False,
    ) -> None:
        self.launch_id = launch_id
        self.pid = pid
        self.status = status
        self.deadline = deadline
        self.indirect = indirect
        self.record: Record | None = None
        self.failure: Failed | None = None
        self.reaped: int | None = None
        self.closed = False

    def read(self) -> None:
        """Take what the child has said; at end of file, or when all is said, `closed`."""
        while not self.closed:
            try:
                data, ancillary, _, _ = self.status.recvmsg(_MESSAGE, _ANCILLARY, _RECEIVE)
            except BlockingIOError:
                return
            sender, pidfd = 0, -1
            for level, kind, raw in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                    sender = _UCRED.unpack(raw[: _UCRED.size])[0]
                elif level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    pidfd = _FD.unpack(raw[: _FD.size])[0]
            if data:
                self._hear(data, sender, pidfd)
            else:
                self.closed = True
            if pidfd >= 0:
                os.close(pidfd)

    def _hear(self, data: bytes, sender: int, pidfd: int) -> None:
        kind = data[:1]
        if kind == b"F":
            code = _NUMBER.unpack_from(data)[1]
            op, _, subject = data[_NUMBER.size :].partition(b"\0")
            self.failure = Failed(os.fsdecode(op), code, os.fsdecode(subject))
        elif kind == b"P":
            self._record(reaper=False, task=self.pid, vpid=_NUMBER.unpack_from(data)[1])
        elif kind == b"T":
            # The reaper lets the task be a zombie until we close: its pid is there.
            task = _pid_of(pidfd)
            self._record(reaper=True, task=task, vpid=_NUMBER.unpack_from(data)[1])
            self.closed = True
        elif kind == b"B":
            self.pid, self.indirect, self.reaped = sender, False, None
        elif kind == b"R":
            self._record(reaper=True, task=0, vpid=0)

    def _record(self, *, reaper: bool, task: int, vpid: int) -> None:
        start = read_start(self.pid)
        task_start = start if task == self.pid else read_start(task) if task else 0
        self.record = Record(self.launch_id, self.pid, start, task, task_start, vpid, reaper)

    def outcome(self) -> Record | Failed | None:
        """What became of it, or None while that is open.

        A failure counts only when the child is reaped: what it held is then free.
        """
        if self.indirect and not self.closed and not self.expired:
            return None  # the go-between ends before the child speaks
        if self.failure is not None:
            return self.failure if self.expired or self.reaped is not None else None
        if not self.closed:
            return None
        if self.record is not None:
            return self.record
        if self.reaped is None:
            return None
        signo = self.reaped & 0x7F
        how = f"killed by signal {signo}" if signo else f"exit code {self.reaped >> 8}"
        return Failed("setup", 0, f"the launched child: {how}")

    @property
    def expired(self) -> bool:
        """Whether it was killed because it took too long."""
        return self.failure is not None and self.failure.op == "timeout"

    def expire(self) -> None:
        """Kill a child that did not finish in time."""
        self.failure = Failed("timeout", 0, "the launched child")
        if self.reaped is None:
            os.kill(self.pid, _SIGKILL)
        record = self.record
        if record is not None and record.task_pid != self.pid:
            kill_process(record.task_pid, record.task_start)

    def close(self) -> None:
        """Release the status socket, after it was taken from the poll."""
        self.status.close()


def _pid_of(pidfd: int) -> int:
    """The pid, in our namespace, of a process that is not reaped; 0 when it is."""
    with open(f"/proc/self/fdinfo/{pidfd}", "rb", buffering=0) as file:
        pid = int(file.read().split(b"Pid:")[1].split()[0])
    return max(pid, 0)


def kill_process(pid: int, start: int) -> None:
    """SIGKILL to a process that is not our child, if it is still the same one."""
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return
    try:
        if start and read_start(pid) == start:
            syscalls.pidfd_send_signal(fd, _SIGKILL)
    finally:
        os.close(fd)


def _needs_go_between(flags: int, pid_ns: int | None) -> bool:
    """A process makes a pid namespace only below the one that it lives in itself."""
    return pid_ns is not None and bool(flags & syscalls.CLONE_NEWPID)


class Starter:
    """Makes children: holds what they need of the master.

    A child can be made ahead of its launch (`prepare`), which takes clone3 and most
    page faults, half of a launch's time, out of the caller's way.
    """

    def __init__(self, reaper: int, *, oom_adj: bool) -> None:
        """`reaper` is the static reaper's executable; `oom_adj`: see `child.serve`."""
        self._reaper = reaper
        self._oom_adj = oom_adj
        self._home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self._away = False
        self._spare: tuple[int, int, socket.socket] | None = None
        self._flags: int | None = None

    def start(self, packet: link.Packet) -> Launch:
        """Give a child the operations of a `launch` message (link.py). Raises Failed."""
        assert packet.message is not None
        _, launch_id, flags, pid_ns, cgroup, timeout = packet.message
        deadline = time.monotonic() + timeout
        if pid_ns is None and cgroup is None:
            self._flags = flags
            ready = self._take_spare(flags, packet)
            if ready is not None:
                return Launch(launch_id, *ready, deadline)
        pid_fd = None if pid_ns is None else packet.fds[pid_ns]
        cgroup_fd = None if cgroup is None else packet.fds[cgroup]
        pid, status = self._clone(flags, pid_fd, cgroup_fd, early=False)
        with contextlib.suppress(OSError):  # else it died; its wait status says how
            packet.pass_on(status)
        indirect = _needs_go_between(flags, pid_fd)
        return Launch(launch_id, pid, status, deadline, indirect=indirect)

    def prepare(self) -> None:
        """Make a child for a launch like the last one, unless there is one."""
        if self._spare is None and self._flags is not None:
            try:
                made = self._clone(self._flags, None, None, early=True)
            except Failed:
                return
            self._spare = (self._flags, *made)

    @property
    def wants_spare(self) -> bool:
        """Whether `prepare` would make one."""
        return self._spare is None and self._flags is not None

    def discard(self) -> None:
        """Let the spare child go; it ends by itself at end of file."""
        if self._spare is not None:
            self._spare[2].close()
        self._spare = None

    def reaped(self, pid: int) -> bool:
        """Whether this gone child was the spare one."""
        if self._spare is None or self._spare[1] != pid:
            return False
        self.discard()
        return True

    def _take_spare(self, flags: int, packet: link.Packet) -> tuple[int, socket.socket] | None:
        if self._spare is None:
            return None
        its_flags, pid, status = self._spare
        if its_flags != flags:
            self.discard()
            return None
        try:
            packet.pass_on(status)
        except OSError:
            return None  # it is dying; `reaped` puts it away
        self._spare = None
        return pid, status

    def _clone(
        self, flags: int, pid_ns: int | None, cgroup: int | None, *, early: bool
    ) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            self._be_born_in(pid_ns)
            indirect = _needs_go_between(flags, pid_ns)
            try:
                pid, _ = syscalls.clone3(0 if indirect else flags, cgroup=cgroup)
            except OSError as error:
                raise Failed("clone3", error.errno or 0, f"namespaces {flags:#x}") from None
            if pid == 0:
                try:
                    if indirect:
                        child.go_between(theirs.fileno(), flags)
                    child.serve(theirs, self._reaper, oom_adj=self._oom_adj, early=early)
                finally:
                    os._exit(1)
            return pid, ours
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            self._come_home()

    def _be_born_in(self, pidfd: int | None) -> None:
        """Choose the pid namespace of the next child; None is our own."""
        self._come_home()
        if self._away:
            raise Failed("setns", 0, "the launcher's own pid namespace")
        if pidfd is None:
            return
        try:
            syscalls.setns(pidfd, syscalls.CLONE_NEWPID)
        except OSError as error:
            raise Failed("setns", error.errno or 0, "pid namespace") from None
        self._away = True

    def _come_home(self) -> None:
        if self._away:
            try:
                syscalls.setns(self._home, syscalls.CLONE_NEWPID)
            except OSError:
                return  # tried again before the next launch
            self._away = False
