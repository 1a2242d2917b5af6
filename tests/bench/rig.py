"""A daemon pair of the benchmark's own: configuration, start, stop, and what it weighs.

Everything lies apart from any other daemon: runtime directory on a tmpfs, place and log
in a scratch directory, cgroups under a prefix with our pid in it. Leaving the block stops
the pair and removes whatever it left, by these names only.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.wire import Client

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 60
STOP_LIMIT_S = 120
CONFIG = """\
paths {{
  runtime: "{runtime}"
  place: "{scratch}/place"
  containers: "{scratch}/containers"
  log: "{scratch}/portod.log"
  cgroup: "{prefix}"
}}
"""


class RigError(Exception):
    """The pair could not be started or stopped; the text holds its own words."""


def command_of(name: str) -> list[str]:
    """How to run portod or portoctl with this very interpreter, never through a shim."""
    script = Path(sys.executable).parent / name
    if script.exists():
        return [str(script)]
    return [sys.executable, "-m", f"porto.cli.{name}"]


def environment(**more: str) -> dict[str, str]:
    """Ours, but with compiled modules allowed: a user's commands have them."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def cgroup_mounts() -> Iterator[Path]:
    """Mount points of all cgroup hierarchies."""
    for row in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = row.partition(" - ")
        if right.split(" ")[0] in ("cgroup", "cgroup2"):
            yield Path(left.split(" ")[4])


class Rig:
    """One running pair; use it in a `with` block."""

    count = 0

    def __init__(self) -> None:
        Rig.count += 1
        self.prefix = f"portobench-{os.getpid()}-{Rig.count}"
        self.scratch = Path(tempfile.mkdtemp(prefix=f"{self.prefix}-"))
        memory = Path("/dev/shm")
        base = memory if os.path.ismount(memory) else self.scratch
        self.runtime = base / f"{self.prefix}-run"
        self.config = self.scratch / "portod.conf"
        self.socket = str(self.runtime / "portod.socket")

    def __enter__(self) -> "Rig":
        self.runtime.mkdir()
        (self.scratch / "containers").mkdir()
        self.config.write_text(
            CONFIG.format(runtime=self.runtime, scratch=self.scratch, prefix=self.prefix)
        )
        try:
            self._portod("start", START_LIMIT_S)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self._portod("stop", STOP_LIMIT_S)
        except RigError as error:
            print(f"  portod stop: {error}", file=sys.stderr)
        finally:
            self._sweep()

    def _portod(self, verb: str, limit_s: float) -> None:
        """Run a command of portod; `RigError` with its output when it fails."""
        with tempfile.TemporaryFile("w+") as output:
            try:
                status = subprocess.run(
                    [*command_of("portod"), "--config", str(self.config), verb],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=environment(PORTOBENCH=self.prefix),
                    timeout=limit_s,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                status = -1
            if status == 0:
                return
            output.seek(0)
            words = output.read()[-2000:].strip()
        log = self.scratch / "portod.log"
        tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        raise RigError(f"status {status}: {words}\n{tail}".strip())

    def _sweep(self) -> None:
        """Processes, cgroups, mounts and files that a broken stop left, ours only."""
        for pid in self.pids():
            if self._is_ours(pid):
                os.kill(pid, signal.SIGKILL)
        for mount in cgroup_mounts():
            for top in [*mount.glob(self.prefix), *mount.glob(f"{self.prefix}%*")]:
                remove_cgroup(top)
        shutil.rmtree(self.runtime, ignore_errors=True)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _is_ours(self, pid: int) -> bool:
        """Whether the process was started by us (a pid may be reused)."""
        try:
            return f"PORTOBENCH={self.prefix}".encode() in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False

    def client(self) -> Client:
        """A new connection."""
        return Client(self.socket)

    def pids(self) -> list[int]:
        """Master and daemon, as far as their pid files name them."""
        found = []
        for name in ("portoloop.pid", "portod.pid"):
            try:
                found.append(int((self.runtime / name).read_text()))
            except (OSError, ValueError):
                continue
        return found

    def daemon_pid(self) -> int:
        """The daemon, not its master."""
        return int((self.runtime / "portod.pid").read_text())

    def memory_bytes(self) -> int:
        """Of both processes; what they share is counted once."""
        private = shared = 0
        for pid in self.pids():
            sizes = smaps(pid)
            private += sizes["Private_Clean"] + sizes["Private_Dirty"]
            shared = max(shared, sizes["Shared_Clean"] + sizes["Shared_Dirty"])
        return private + shared

    def cpu_ns(self) -> int:
        """Processor time both have used so far."""
        total = 0
        for pid in self.pids():
            for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                total += int(stat.read_text().split()[0])
        return total


def smaps(pid: int) -> dict[str, int]:
    """Sums of /proc/PID/smaps_rollup, bytes."""
    sizes = {}
    for row in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        key, size, *_ = row.split()
        sizes[key.removesuffix(":")] = int(size) * 1024
    return sizes


def remove_cgroup(top: Path) -> None:
    """Kill what is left below one of our cgroups and remove it, children first."""
    for directory, _, _ in os.walk(top, topdown=False):
        for attempt in range(100):
            try:
                os.rmdir(directory)
                break
            except FileNotFoundError:
                break
            except OSError:
                if attempt == 0:
                    kill_all(Path(directory))
                time.sleep(0.02)


def kill_all(group: Path) -> None:
    """SIGKILL to each process of one cgroup."""
    for word in (group / "cgroup.procs").read_text().split():
        try:
            os.kill(int(word), signal.SIGKILL)
        except ProcessLookupError:
            continue
