"""Processes in memory: what `porto.kernel.process.processes` tells of the kernel's.

Held to it by `tests/contract/test_processes.py`.
"""

import errno
import os
import resource
import signal
from collections.abc import Iterable
from dataclasses import dataclass, field

from porto.kernel.process.processes import Stat

HOST = "pid:[1]"
UNLIMITED = (-1, -1)
WORDS = {resource.RLIMIT_NOFILE: "Max open files", resource.RLIMIT_CORE: "Max core file size"}


@dataclass
class Fake:
    """One process.

    namespaces -- from the host's down to its own; seen -- its pid in each
    handled    -- signals that it has handlers for, and does not end from
    status     -- wait status of one that has ended: a zombie until `reap`
    """

    start: int
    parent: int
    namespaces: tuple[str, ...] = (HOST,)
    seen: tuple[int, ...] = ()
    handled: frozenset[int] = frozenset()
    status: int | None = None
    limits: dict[str, tuple[int, int]] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)


class FakeProcesses:
    """All processes of a host, by pid; `signals` are those that were sent, in their order."""

    def __init__(self) -> None:
        self.table: dict[int, Fake] = {}
        self.signals: list[tuple[int, int]] = []

    # -- the host's life -----------------------------------------------------

    def add(
        self,
        pid: int,
        start: int = 7,
        *,
        parent: int = 1,
        handled: Iterable[int] = (),
        inside: tuple[str, int] | None = None,
    ) -> int:
        """A process that runs; `inside` are its own pid namespace and its pid there."""
        made = self.table[pid] = Fake(start, parent, handled=frozenset(handled), seen=(pid,))
        if inside is not None:
            made.namespaces, made.seen = (HOST, inside[0]), (pid, inside[1])
        made.limits = dict.fromkeys(WORDS.values(), UNLIMITED)
        return pid

    def end(self, pid: int, status: int = 0) -> None:
        """It has ended: a zombie now."""
        found = self.table[pid]
        found.status = status
        for end in found.waiting:
            os.close(end)
        found.waiting.clear()

    def reap(self, pid: int) -> None:
        """Its parent has taken its status; the number is free."""
        del self.table[pid]

    # -- the port ------------------------------------------------------------

    def _find(self, pid: int) -> Fake:
        if pid not in self.table:
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH), f"/proc/{pid}")
        return self.table[pid]

    def is_alive(self, pid: int, start: int) -> bool:
        found = self.table.get(pid)
        return found is not None and found.start == start and found.status is None

    def has_ended(self, pid: int) -> bool:
        found = self.table.get(pid)
        return found is None or found.status is not None

    def open_pidfd(self, pid: int, start: int) -> int:
        found = self._find(pid)
        if found.start != start:
            self._find(-1)
        ours, theirs = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        if found.status is None:
            found.waiting.append(theirs)
        else:
            os.close(theirs)
        return ours

    def exit_status(self, pidfd: int) -> int | None:
        """Kernels before 6.15 keep none for those who are no parent."""
        return None

    def send_signal(self, pid: int, start: int, signo: int) -> bool:
        found = self.table.get(pid)
        if found is None or found.start != start:
            return False
        self.signals.append((pid, signo))
        if found.status is None and (signo == signal.SIGKILL or signo not in found.handled):
            self.end(pid, signo)
        return True

    def handles_signal(self, pid: int, signo: int) -> bool:
        found = self.table.get(pid)
        return found is not None and signo in found.handled

    def read_limits(self, pid: int) -> dict[str, tuple[int, int]]:
        return dict(self._find(pid).limits)

    def set_limit(self, pid: int, kind: int, limits: tuple[int, int]) -> None:
        soft, hard = (amount if amount >= 0 else 1 << 64 for amount in limits)
        if soft > hard:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._find(pid).limits[WORDS[kind]] = limits

    def read_stat(self, pid: int) -> Stat:
        found = self._find(pid)
        return Stat("S" if found.status is None else "Z", found.parent, found.start)

    def start_time(self, pid: int) -> int:
        return self._find(pid).start

    def ns_pid(self, pid: int, viewer_pid: int) -> int | None:
        if viewer_pid == 0:
            return pid
        viewer, found = self._find(viewer_pid).namespaces[-1], self._find(pid)
        places = dict(zip(found.namespaces, found.seen, strict=True))
        return places.get(viewer)

    def pid_namespace(self, pid: int | str) -> str:
        if pid == "self":
            return HOST
        assert isinstance(pid, int)
        if pid not in self.table:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), f"/proc/{pid}")
        return self.table[pid].namespaces[-1]

    def host_pids(self) -> list[int]:
        return sorted(self.table)

    def count_host(self) -> tuple[int, int]:
        return len(self.table), len(self.table)

    def virtual_memory(self, pids: Iterable[int]) -> dict[str, int]:
        count = sum(1 for pid in pids if not self.has_ended(pid))
        return {"VmRSS": 4096 * count, "VmSize": 8192 * count} if count else {}

    def uptime(self) -> float:
        return 1000.0
