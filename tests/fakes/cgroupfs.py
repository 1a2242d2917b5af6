"""A cgroup file system in a temporary directory, for tests of the drivers without a kernel.

Directories and knobs are real files, so a misspelt knob is ENOENT: writing never
creates. `FakeCgroups` plays the kernel: it fills new groups with knobs, keeps the list of
processes, rounds, refuses (EBUSY, EINVAL, ENOSPC) and freezes. tests/contract/ runs the
same tests on it and on the kernel. Faults are injected with `fail`.
"""

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from porto.kernel.cgroup.knobs import Knobs
from porto.kernel.cgroup.members import Belongs, Members
from tests.fakes import cpu_knobs, cpuset_knobs, device_lists, io_knobs, memory_knobs

PIDS_MAX = 4 << 20
SPLIT = (
    "freezer",
    "cpu",
    "cpuacct",
    "cpuset",
    "memory",
    "devices",
    "blkio",
    "pids",
)
COMOUNTED = ("freezer", "cpu,cpuacct", "cpuset", "memory", "net_cls,net_prio", "pids")
V2_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "hugetlb", "pids")

_V1_KNOBS = {
    "freezer": {
        "freezer.state": "THAWED",
        "freezer.self_freezing": "0",
        "freezer.parent_freezing": "0",
    },
    "pids": {"pids.max": "max", "pids.current": "0"},
    "cpuset": dict(cpuset_knobs.V1),
    "memory": dict(memory_knobs.V1_ROOT),
    "hugetlb": dict(memory_knobs.HUGE_V1),
    "blkio": dict(io_knobs.V1),
    "cpu": dict(cpu_knobs.V1),
    "cpuacct": dict(cpu_knobs.V1_ACCOUNTS),
    "devices": device_lists.KNOBS,
}
_V2_KNOBS = {
    "pids": {"pids.max": "max", "pids.current": "0"},
    "memory": dict(memory_knobs.V2),
    "hugetlb": dict(memory_knobs.HUGE_V2),
    "cpu": dict(cpu_knobs.V2),
    "io": dict(io_knobs.V2),
    "cpuset": dict(cpuset_knobs.V2),
}
_V1_CORE = {"cgroup.procs": "", "tasks": "", "notify_on_release": "0"}
_V2_CORE = {
    "cgroup.procs": "",
    "cgroup.threads": "",
    "cgroup.controllers": "",
    "cgroup.subtree_control": "",
    "cpu.stat": cpu_knobs.V2_ACCOUNTS,
}
_V2_INNER = {"cgroup.events": "", "cgroup.freeze": "0", "cgroup.kill": "", "cgroup.type": "domain"}


@dataclass
class FakeProcess:
    """One process; `groups` is its directory by hierarchy's mount point.

    is_ending -- its first thread has ended, the last ones have not: not listed any more
    """

    pid: int
    groups: dict[str, str]
    threads: int = 1
    killed: bool = False
    ended: int = field(default_factory=lambda: os.eventfd(0))
    forks: bool = False
    is_ending: bool = False


class FakeCgroups(Knobs, Members):
    """The kernel's side; give it to a driver as `knobs` and as `members`."""

    def __init__(self, root: Path, hierarchies: tuple[str, ...] = SPLIT) -> None:
        """`hierarchies` are lists of v1 controllers, or "v2"."""
        Knobs.__init__(self)
        self.mounts = {str(root / text.replace(",", "-")): text for text in hierarchies}
        self.processes: dict[int, FakeProcess] = {}
        self.freeze_delay = 0
        """Reads of the freezer's state before a freeze is complete."""
        self.log: list[tuple[str, str]] = []
        self.memory = memory_knobs.MemoryKnobs()
        self.devices = device_lists.DeviceLists()
        self._next_pid = 1000
        self._faults: list[tuple[str, str, int]] = []
        self._self_frozen: dict[str, int] = {}
        self._dying: set[int] = set()
        self._marked: set[str] = set()
        self.mountinfo = root / "mountinfo"
        self.mountinfo.write_text("".join(self._mountinfo()))
        for mount in self.mounts:
            os.mkdir(mount)
            self._fill(mount)

    def _mountinfo(self) -> Iterator[str]:
        for number, (mount, text) in enumerate(self.mounts.items(), 50):
            kind = "cgroup2 cgroup2 rw" if text == "v2" else f"cgroup cgroup rw,{text}"
            path = mount.replace(" ", "\\040")
            yield f"{number} 31 0:{number} / {path} rw,nosuid - {kind}\n"

    # -- what a test does ------------------------------------------------

    def spawn(self, *, threads: int = 1, forks: bool = False) -> int:
        """A new process in the top groups; one that `forks` has a child at each look."""
        self._next_pid += 1
        process = FakeProcess(
            self._next_pid, {mount: mount for mount in self.mounts}, threads, forks=forks
        )
        self.processes[process.pid] = process
        return process.pid

    def alive(self, pid: int) -> bool:
        """Whether the process still runs."""
        return pid in self.processes

    def fail(self, operation: str, suffix: str, code: int) -> None:
        """Let the next `operation` (read, write, mkdir, rmdir) on a path that ends so fail."""
        self._faults.append((operation, suffix, code))

    def close(self) -> None:
        """Close the descriptors of the processes."""
        for process in self.processes.values():
            os.close(process.ended)
        self.processes.clear()

    # -- Knobs -----------------------------------------------------------

    def read(self, path: str) -> bytes:
        self._enter("read", path)
        directory, name = os.path.split(path)
        stored = super().read(path)
        computed = self._computed(directory, name)
        return stored if computed is None else computed.encode()

    def write(self, path: str, text: str) -> None:
        self._enter("write", path)
        directory, name = os.path.split(path)
        super().read(path)
        handler = self._handler(name)
        if handler is not None:
            handler(directory, text.strip())
            return
        if cpu_knobs.write(directory, name, text.strip()):
            return
        tasks, v2 = any(self._below(directory)), self._is_v2(directory)
        if cpuset_knobs.write(directory, name, text.strip(), v2=v2, tasks=tasks):
            return
        if self.memory.write(directory, name, text.strip()):
            return
        if io_knobs.write(directory, name, text.strip()):
            return
        self._store(path, text)

    def mkdir(self, path: str) -> None:
        self._enter("mkdir", path)
        super().mkdir(path)
        self.devices.add(path)
        self._fill(path)

    def mark(self, path: str) -> None:
        self._marked.add(path)

    def is_marked(self, path: str) -> bool:
        return path in self._marked

    def rmdir(self, path: str) -> None:
        self._enter("rmdir", path)
        if self.subdirectories(path) or any(self._in(path)):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), path)
        for name in os.listdir(path):
            os.unlink(os.path.join(path, name))
        self._self_frozen.pop(path, None)
        self._marked.discard(path)
        self.devices.remove(path)
        super().rmdir(path)

    # -- Members ---------------------------------------------------------

    def cgroup_text(self, pid: int) -> bytes:
        process = self.processes.get(pid)
        if process is None:
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH), f"/proc/{pid}")
        lines = [
            f"{number}:{'' if text == 'v2' else text}:{process.groups[mount][len(mount) :] or '/'}"
            for number, (mount, text) in enumerate(self.mounts.items())
        ]
        return ("\n".join(lines) + "\n").encode()

    def living_thread_text(self, pid: int) -> bytes:
        return self.cgroup_text(pid)

    def kill(self, pid: int, belongs: Belongs) -> bool:
        if pid not in self.processes or not belongs(self.cgroup_text(pid)):
            return False
        self._kill(pid)
        return True

    def open_pidfd(self, pid: int) -> int | None:
        process = self.processes.get(pid)
        return None if process is None else os.dup(process.ended)

    # -- inside ----------------------------------------------------------

    def _enter(self, operation: str, path: str) -> None:
        self.log.append((operation, path))
        for fault in self._faults:
            if fault[0] == operation and path.endswith(fault[1]):
                self._faults.remove(fault)
                raise OSError(fault[2], os.strerror(fault[2]), path)

    def _mount(self, path: str) -> str:
        return next(m for m in self.mounts if path == m or path.startswith(m + "/"))

    def _is_v2(self, path: str) -> bool:
        return self.mounts[self._mount(path)] == "v2"

    def _store(self, path: str, text: str) -> None:
        Path(path).write_text(text.rstrip("\n") + "\n")

    def _fill(self, directory: str) -> None:
        mount = self._mount(directory)
        inner = directory != mount
        knobs: dict[str, str] = {}
        if self.mounts[mount] == "v2":
            knobs |= _V2_CORE | (_V2_INNER if inner else {})
            knobs |= {} if inner else memory_knobs.V2_ROOT | io_knobs.V2_ROOT | cpuset_knobs.V2_ROOT
            for controller in self._available(directory) if inner else ():
                knobs |= _V2_KNOBS[controller]
        else:
            knobs |= _V1_CORE
            for controller in self.mounts[mount].split(","):
                if inner or controller in ("cpu", "cpuacct", "cpuset", "hugetlb", "memory"):
                    knobs |= _V1_KNOBS.get(controller, {})
                elif controller == "blkio":
                    knobs |= io_knobs.V1_ROOT
            if not inner and "cpuset.cpus" in knobs:
                knobs |= cpuset_knobs.V1_ROOT
        for name, text in knobs.items():
            self._store(os.path.join(directory, name), text)

    def _available(self, directory: str) -> list[str]:
        if directory == self._mount(directory):
            return list(V2_CONTROLLERS)
        control = Path(os.path.dirname(directory), "cgroup.subtree_control")
        return control.read_text().split()

    def _in(self, directory: str) -> Iterator[FakeProcess]:
        mount = self._mount(directory)
        return (p for p in list(self.processes.values()) if p.groups[mount] == directory)

    def _below(self, directory: str) -> Iterator[FakeProcess]:
        mount = self._mount(directory)
        return (
            p
            for p in list(self.processes.values())
            if f"{p.groups[mount]}/".startswith(directory + "/")
        )

    def _lineage(self, directory: str) -> Iterator[str]:
        mount = self._mount(directory)
        while directory != mount:
            yield directory
            directory = os.path.dirname(directory)

    def _is_frozen(self, directory: str) -> bool:
        return any(above in self._self_frozen for above in self._lineage(directory))

    def _freezer_of(self, process: FakeProcess) -> str:
        mount = next(m for m, text in self.mounts.items() if "freezer" in text or text == "v2")
        return process.groups[mount]

    def _frozen_word(self, directory: str) -> str:
        holders = [above for above in self._lineage(directory) if above in self._self_frozen]
        if not holders:
            return "THAWED"
        for holder in holders:
            if self._self_frozen[holder] > 0:
                self._self_frozen[holder] -= 1
                return "FREEZING"
        return "FROZEN"

    def _fork(self, directory: str) -> None:
        for process in list(self._in(directory)):
            if process.forks and not self._is_frozen(self._freezer_of(process)):
                pid = self.spawn(forks=True)
                self.processes[pid].groups = dict(process.groups)

    def _computed(self, directory: str, name: str) -> str | None:
        if (amount := self.memory.read(directory, name)) is not None:
            return amount
        if (cpus := cpuset_knobs.read(directory, name)) is not None:
            return cpus
        if name in ("cgroup.procs", "tasks", "cgroup.threads"):
            if name == "cgroup.procs":
                self._fork(directory)
            lines = []
            for process in self._in(directory):
                listed = 0 if process.is_ending else 1
                count = listed if name == "cgroup.procs" else process.threads
                lines += [f"{process.pid + thread * 100_000}\n" for thread in range(count)]
            return "".join(lines)
        if name == "devices.list":
            return self.devices.read(directory)
        if name == "pids.current":
            return f"{sum(process.threads for process in self._below(directory))}\n"
        if name == "freezer.state":
            return self._frozen_word(directory) + "\n"
        if name == "freezer.self_freezing":
            return f"{int(directory in self._self_frozen)}\n"
        if name == "freezer.parent_freezing":
            return f"{int(self._is_frozen(os.path.dirname(directory)))}\n"
        if name == "cgroup.freeze":
            return f"{int(directory in self._self_frozen)}\n"
        if name == "cgroup.events":
            populated = int(any(self._below(directory)))
            frozen = int(self._frozen_word(directory) == "FROZEN")
            return f"populated {populated}\nfrozen {frozen}\n"
        if name == "cgroup.controllers":
            return " ".join(self._available(directory)) + "\n"
        return None

    def _handler(self, name: str) -> Callable[[str, str], None] | None:
        return {
            "cgroup.procs": self._attach,
            "tasks": self._attach,
            "freezer.state": self._write_state,
            "cgroup.freeze": self._write_freeze,
            "cgroup.kill": self._write_kill,
            "cgroup.subtree_control": self._write_control,
            "pids.max": self._write_pids_max,
            "devices.allow": lambda d, text: self.devices.write(d, text, allow=True),
            "devices.deny": lambda d, text: self.devices.write(d, text, allow=False),
        }.get(name)

    def _attach(self, directory: str, text: str) -> None:
        process = self.processes.get(int(text))
        if process is None:
            raise OSError(errno.ESRCH, os.strerror(errno.ESRCH), directory)
        mount = self._mount(directory)
        if "cpuset" in self.mounts[mount] and not self._text(directory, "cpuset.cpus"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), directory)
        inner = directory != mount
        if inner and self._is_v2(directory) and self._text(directory, "cgroup.subtree_control"):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), directory)
        process.groups[mount] = directory

    def _text(self, directory: str, name: str) -> str:
        return Path(directory, name).read_text().strip()

    def _set_frozen(self, directory: str, frozen: bool) -> None:
        if frozen:
            self._self_frozen.setdefault(directory, self.freeze_delay)
        else:
            self._self_frozen.pop(directory, None)
            for pid in list(self._dying):
                self._kill(pid)

    def _write_state(self, directory: str, text: str) -> None:
        if text not in ("FROZEN", "THAWED"):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), directory)
        self._set_frozen(directory, text == "FROZEN")

    def _write_freeze(self, directory: str, text: str) -> None:
        if text not in ("0", "1"):
            raise OSError(errno.ERANGE, os.strerror(errno.ERANGE), directory)
        self._set_frozen(directory, text == "1")

    def _write_kill(self, directory: str, text: str) -> None:
        if text != "1":
            raise OSError(errno.ERANGE, os.strerror(errno.ERANGE), directory)
        for process in list(self._below(directory)):
            self._end(process.pid)

    def _write_control(self, directory: str, text: str) -> None:
        enabled = self._text(directory, "cgroup.subtree_control").split()
        for word in text.split():
            sign, controller = word[0], word[1:]
            if controller not in self._available(directory):
                raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), directory)
            if sign == "+" and directory != self._mount(directory) and any(self._in(directory)):
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), directory)
            if sign == "+" and controller not in enabled:
                enabled.append(controller)
                for child in self.subdirectories(directory):
                    for name, initial in _V2_KNOBS[controller].items():
                        self._store(os.path.join(directory, child, name), initial)
        self._store(os.path.join(directory, "cgroup.subtree_control"), " ".join(enabled))

    def _write_pids_max(self, directory: str, text: str) -> None:
        if text != "max" and not (text.isdigit() and int(text) <= PIDS_MAX):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), directory)
        path = os.path.join(directory, "pids.max")
        self._store(path, text if text == "max" else str(int(text)))

    def _kill(self, pid: int) -> None:
        process = self.processes[pid]
        directory = self._freezer_of(process)
        if self._is_frozen(directory) and not self._is_v2(directory):
            # A frozen v1 task dies when it is thawed.
            self._dying.add(pid)
            process.forks = False
            return
        self._end(pid)

    def _end(self, pid: int) -> None:
        self._dying.discard(pid)
        process = self.processes.pop(pid)
        os.eventfd_write(process.ended, 1)
        os.close(process.ended)
