"""Ports of passes that are tables: nothing moves by itself, a test fills in what there is."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from porto.kernel.cgroup.group import Group
from porto.kernel.host.topology import Topology
from porto.kernel.process.programs import Program
from porto.kernel.process.scheduling import OTHER, Schedule
from porto.launcher.ops import Exited, Launched, LaunchFailed, LaunchRequest
from porto.reconcilers.containers.facets.limits import KERNEL_WORDS, RESOURCES
from porto.reconcilers.engine.jobs_values import Job, JobState
from porto.spec.containers.status import Process
from porto.spec.key import Key
from tests.fakes.cpus import machine

MONO, WALL = 100.0, 1000.0


class FakeClock:
    """Time as a test sets it."""

    def __init__(self) -> None:
        self.now, self.today = MONO, WALL

    def mono(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.today


class FakeLaunches:
    """`setup` are under way, `outcomes` are known; `log` is what was asked."""

    def __init__(self) -> None:
        self.setup: set[str] = set()
        self.outcomes: dict[str, Launched | LaunchFailed] = {}
        self.requests: list[LaunchRequest] = []
        self.log: list[tuple[str, str]] = []

    def find(self, launch_id: str) -> Launched | LaunchFailed | None:
        return self.outcomes.get(launch_id)

    def in_setup(self, launch_id: str) -> bool:
        return launch_id in self.setup

    def begin(self, request: LaunchRequest) -> None:
        self.requests.append(request)
        self.setup.add(request.launch_id)

    def drop(self, launch_id: str) -> None:
        self.log.append(("drop", launch_id))

    def take(self, launch_id: str) -> None:
        self.log.append(("take", launch_id))
        self.outcomes.pop(launch_id, None)


class FakeExits:
    """`ended` has wait statuses by launch."""

    def __init__(self) -> None:
        self.ended: dict[str, int] = {}
        self.tracked: list[str] = []
        self.followed: list[Process] = []
        self.acknowledged: list[str] = []

    def find(self, process: Process) -> Exited | None:
        status = self.ended.get(process.launch_id)
        return None if status is None else Exited(process.launch_id, process.init_pid, status)

    def track(self, launch_id: str) -> None:
        self.tracked.append(launch_id)

    def watch_foreign(self, process: Process) -> None:
        self.followed.append(process)

    def acknowledge(self, launch_id: str) -> None:
        self.acknowledged.append(launch_id)


class FakeNotices:
    """What the kernel has told: `oom` has the second of the notice, `quiet` generations."""

    def __init__(self) -> None:
        self.armed: set[Key] = set()
        self.oom: dict[Key, float] = {}
        self.quiet: dict[Key, int] = {}
        self.can_watch = True
        self.log: list[tuple[str, Key]] = []

    def arm(self, key: Key, group: Group) -> None:
        self.log.append(("arm", key))
        self.armed.add(key)

    def forget(self, key: Key) -> None:
        self.log.append(("forget", key))
        self.armed.discard(key)
        self.quiet.pop(key, None)

    def is_armed(self, key: Key, group: Group) -> bool:
        return key in self.armed

    def is_out_of_memory(self, key: Key) -> bool:
        return key in self.oom

    def oom_time(self, key: Key) -> float:
        return self.oom.get(key, 0.0)

    def is_quiet(self, key: Key, generation: int) -> bool:
        return self.quiet.get(key) == generation

    def watch(self, key: Key, group: Group) -> bool:
        self.quiet.pop(key, None)
        return self.can_watch

    def settle(self, key: Key, generation: int) -> None:
        self.quiet[key] = generation

    def unsettle(self) -> None:
        self.quiet.clear()


class FakeProcesses:
    """All live but the `ended`; `handled` are (pid, signal) with a handler."""

    def __init__(self) -> None:
        self.ended: set[int] = set()
        self.handled: set[tuple[int, int]] = set()
        self.signals: list[tuple[int, int, int]] = []
        self.limits: dict[int, dict[str, tuple[int, int]]] = {}

    def is_alive(self, pid: int, start: int) -> bool:
        return pid not in self.ended

    def has_ended(self, pid: int) -> bool:
        return pid in self.ended

    def open_pidfd(self, pid: int, start: int) -> int:
        return _descriptor()

    def send_signal(self, pid: int, start: int, signo: int) -> bool:
        self.signals.append((pid, start, signo))
        return pid not in self.ended

    def handles_signal(self, pid: int, signo: int) -> bool:
        return (pid, signo) in self.handled

    def read_limits(self, pid: int) -> dict[str, tuple[int, int]]:
        if pid in self.ended:
            raise ProcessLookupError(3, "No such process", f"/proc/{pid}")
        return self.limits.setdefault(pid, defaultdict(lambda: (-1, -1)))

    def set_limit(self, pid: int, kind: int, limits: tuple[int, int]) -> None:
        words = {number: KERNEL_WORDS[word] for word, number in RESOURCES.items()}
        self.read_limits(pid)[words[kind]] = limits


class FakeThreads:
    """Threads that nobody has touched, and what was written to them; `gone` are no more."""

    def __init__(self) -> None:
        self.gone: set[int] = set()
        self.schedules: dict[int, Schedule] = {}
        self.ioprios: dict[int, int] = {}

    def is_ordinary(self, thread: int) -> bool:
        return (self.read(thread), self.read_ioprio(thread)) == (Schedule(OTHER, 0), 0)

    def _check(self, thread: int) -> None:
        if thread in self.gone:
            raise ProcessLookupError(3, "No such process")

    def read(self, thread: int) -> Schedule:
        self._check(thread)
        return self.schedules.get(thread, Schedule(OTHER, 0))

    def read_ioprio(self, thread: int) -> int:
        return self.ioprios.get(thread, 0)

    def write(self, thread: int, schedule: Schedule) -> None:
        self._check(thread)
        self.schedules[thread] = schedule

    def write_ioprio(self, thread: int, value: int) -> None:
        self.ioprios[thread] = value


class FakeFiles:
    """Sizes of files, and what was asked; `refuse` has the errors of paths."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self.made: set[str] = set()
        self.refuse: dict[str, OSError] = {}

    def exists(self, path: str) -> bool:
        return True

    def open_directory(self, path: str) -> int:
        return _descriptor()

    def open_directory_beneath(self, root: str, name: str) -> int:
        return _descriptor()

    def open_client_descriptor(self, client: object, n: int, write: bool) -> int:
        return _descriptor()

    def make_work_directory(self, root: str, name: str, mode: int, uid: int, gid: int) -> bool:
        if f"{root}/{name}" in self.refuse:
            raise self.refuse[f"{root}/{name}"]
        missing = name not in self.made
        self.made.add(name)
        return missing

    def occupied(self, path: str) -> int:
        if path in self.refuse:
            raise self.refuse[path]
        return self.sizes.get(path, 0)

    def collapse_head(self, file: str, limit: int) -> int:
        lost = self.sizes.get(file, 0) - limit
        if lost <= 0:
            return 0
        self.sizes[file] = limit
        return lost


class FakeRemovals:
    """Work directories that were removed."""

    def __init__(self, files: FakeFiles) -> None:
        self.files = files
        self.names: list[str] = []

    def remove(self, root: str, name: str) -> None:
        self.files.made.discard(name)
        self.names.append(name)


class FakeVacancies:
    """Groups whose end is awaited."""

    def __init__(self) -> None:
        self.watched: set[Key] = set()

    def watch(self, key: Key, group: Group) -> None:
        self.watched.add(key)

    def forget(self, key: Key) -> None:
        self.watched.discard(key)


class FakeDisks:
    """No disks."""

    def sized(self) -> set[str]:
        return set()


class FakeCpus:
    """Two CPUs."""

    def read_online(self, devices: str = "") -> str:
        return "0-1"

    def read_topology(self, devices: str = "") -> Topology:
        return machine(2)


class FakeMounts:
    """Nothing is mounted but what a test names."""

    def __init__(self, there: Iterable[str]) -> None:
        self.there = set(there)

    def is_mount(self, path: str) -> bool:
        return path in self.there


class FakeJobs:
    """Calls are made at once."""

    def ensure(self, job: Job[Key]) -> bool:
        assert not isinstance(job.work, Program)
        job.work()
        return True

    def state(self, job_id: str) -> JobState | None:
        return None

    def forget(self, job_id: str) -> None:
        pass


def _descriptor() -> int:
    return os.open(Path("/dev/null"), os.O_RDONLY | os.O_CLOEXEC)
