"""Launched children, and the exits that nobody has acknowledged yet.

Used by spawner.py: a finished launch is entered, the reaped child's exit is added, and
an acknowledged or forgotten one is dropped. Handed over whole to the next master.
"""

import os

_MARK = "porto-sig:"


class Child:
    """A launch that reached exec; fields as `ops.Launched`.

    reaper -- our child is the static reaper, whose exit code may stand for a signal
    exited -- raw wait status of the main task once it is gone
    """

    __slots__ = (
        "exited",
        "init_pid",
        "init_start",
        "launch_id",
        "reaper",
        "task_pid",
        "task_start",
        "vpid",
    )

    def __init__(
        self,
        launch_id: str,
        init_pid: int,
        init_start: int,
        task_pid: int,
        task_start: int,
        vpid: int,
        reaper: bool,
        exited: int | None = None,
    ) -> None:
        self.launch_id = launch_id
        self.init_pid = init_pid
        self.init_start = init_start
        self.task_pid = task_pid
        self.task_start = task_start
        self.vpid = vpid
        self.reaper = reaper
        self.exited = exited

    def launched(self) -> list[str | int]:
        """The `launched` message of link.py."""
        return [
            "launched",
            self.launch_id,
            self.init_pid,
            self.init_start,
            self.task_pid,
            self.task_start,
            self.vpid,
        ]

    def state(self) -> list[str | int | bool | None]:
        """The constructor's arguments, for the next master."""
        return [
            self.launch_id,
            self.init_pid,
            self.init_start,
            self.task_pid,
            self.task_start,
            self.vpid,
            self.reaper,
            self.exited,
        ]


class Roster:
    """Children by launch and by the pid of a child that is not reaped yet."""

    def __init__(self) -> None:
        self._by_launch: dict[str, Child] = {}
        self._by_pid: dict[int, Child] = {}

    def __contains__(self, launch_id: object) -> bool:
        return launch_id in self._by_launch

    def __len__(self) -> int:
        return len(self._by_launch)

    def enter(self, child: Child) -> None:
        """Keep a finished launch."""
        self._by_launch[child.launch_id] = child
        if child.exited is None:
            self._by_pid[child.init_pid] = child

    def children(self) -> list[Child]:
        """Every launch that is kept, in the order of entry."""
        return list(self._by_launch.values())

    def find(self, pid: int) -> Child | None:
        """The launch whose child this is."""
        return self._by_pid.get(pid)

    def reaped(self, pid: int, status: int) -> Child | None:
        """A child is gone; what is kept of it, None when nobody wants to know."""
        child = self._by_pid.pop(pid, None)
        if child is None or self._by_launch.get(child.launch_id) is not child:
            return None
        child.exited = status
        return child

    def drop(self, launch_id: str) -> None:
        """Acknowledged after its exit, or forgotten: the exit is of no interest."""
        self._by_launch.pop(launch_id, None)

    def acknowledge(self, launch_id: str) -> None:
        """The daemon knows the exit; of a launch that still runs this says nothing."""
        child = self._by_launch.get(launch_id)
        if child is not None and child.exited is not None:
            del self._by_launch[launch_id]


def read_start(pid: int) -> int:
    """Start time of a process in ticks since boot, 0 when it is gone; man 5 proc, stat."""
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        # The name may hold anything, so fields are counted from its last parenthesis.
        return int(os.read(fd, 2048).rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0
    finally:
        os.close(fd)


def task_status(zombie: int, status: int, comm: str | None = None) -> int:
    """Raw wait status of the main task, from that of its reaper.

    Exit code 128+S under the name "porto-sig:S" is death by signal S; see reaper.c.
    The reaper is still a zombie, so its name can be read.
    """
    if status & 0x7F or status >> 8 <= 128:
        return status
    if comm is None:
        try:
            with open(f"/proc/{zombie}/comm", encoding="ascii", errors="replace") as file:
                comm = file.read()
        except OSError:
            return status
    comm = comm.strip()
    if not comm.startswith(_MARK):
        return status
    core = comm.endswith("c")
    number = comm[len(_MARK) :].rstrip("c")
    if not number.isdecimal() or int(number) != (status >> 8) - 128:
        return status
    return int(number) | (0x80 if core else 0)
