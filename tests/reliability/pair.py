"""A master and a daemon of our own, and all that they hold of the machine.

Everything carries a name of its own: the cgroups' prefix, the scratch directory. The daemon
is `inject.py`'s; the master is started again by us as ``portod start`` would.
"""

import contextlib
import io
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import porto
from porto.api.config import load_config
from porto.cli.control import Control
from porto.cli.instance import Instance
from porto.cli.portod import Options, settings_of
from porto.kernel.file.files import ASIDE
from porto.kernel.mount.mounts import unmount
from porto.spec.events import Event, decode
from tests.patience import patient

ANSWER_S = patient(60)
CONFIG = """\
paths {{
  runtime: "{runtime}"
  place: "{scratch}/place"
  containers: "{scratch}/documents"
  log: "{scratch}/portod.log"
  cgroup: "{prefix}"
}}
daemon {{ resync_s: 1 }}
container {{ respawn_delay_ms: 20 }}
spec_dir {{ path: "{scratch}/specs" }}
"""

Held = dict[str, Iterable[str]]
"""What a pair holds of the machine, by what it is."""


class Pair:
    """A running pair; use it in a `with` block."""

    count = 0

    def __init__(self) -> None:
        Pair.count += 1
        self.prefix = f"portowalk-{os.getpid()}-{Pair.count}"
        self.scratch = Path(tempfile.mkdtemp(prefix=f"{self.prefix}-"))
        self.scratch.chmod(0o755)
        self.runtime = self.scratch / "run"
        self.place = self.scratch / "place"
        self.log = self.scratch / "portod.log"
        self.arm = self.scratch / "order"
        self.documents = self.scratch / "documents"
        self.specs = self.scratch / "specs"
        for directory in (self.runtime, self.documents, self.specs):
            directory.mkdir()
        config = self.scratch / "portod.conf"
        config.write_text(
            CONFIG.format(runtime=self.runtime, scratch=self.scratch, prefix=self.prefix)
        )
        loaded = load_config([str(config)])
        settings = settings_of(Options(config=[str(config)]), loaded)
        settings.daemon = [
            *(sys.executable, "-P", "-X", "utf8", "-m", "tests.reliability.inject"),
            str(self.arm),
        ]
        self.instance = Instance(
            socket_path=settings.socket,
            master_pid=settings.master_pid,
            daemon_pid=settings.daemon_pid,
        )
        self._control = Control(self.instance, settings, ANSWER_S, ANSWER_S)
        self._sessions: set[int] = set()

    def __enter__(self) -> "Pair":
        try:
            self.revive()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop, and sweep up what was left behind: it has been told by now."""
        with contextlib.redirect_stdout(io.StringIO()):
            self._control.stop()
        self._reap()
        for pid in [*self._strangers(), *self._tasks()]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + ANSWER_S
        while (groups := [*self._cgroups()]) and time.monotonic() < deadline:
            for group in reversed(groups):
                with contextlib.suppress(OSError):
                    os.rmdir(group)
        with contextlib.suppress(OSError):
            unmount(str(self.runtime / "porto" / "kvs"))
        if str(self.scratch) not in Path("/proc/self/mountinfo").read_text():
            shutil.rmtree(self.scratch, ignore_errors=True)

    # -- life ------------------------------------------------------------------------

    def revive(self) -> None:
        """Return when a daemon answers; the master is started if it is dead."""
        deadline = time.monotonic() + ANSWER_S
        while not self._answers():
            said = io.StringIO()
            if self.instance.master() is None:
                self._reap()
                with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                    self._control.start()
            if time.monotonic() > deadline:
                raise AssertionError(f"no daemon answers: {said.getvalue()}\n{self.tail()}")
            time.sleep(0.01)
        self._sessions.add(self.master)

    def _answers(self) -> bool:
        return self.instance.master() is not None and self.instance.answers()

    @property
    def master(self) -> int:
        """The master's pid."""
        return self.instance.master() or 0

    @property
    def daemon(self) -> int:
        """The daemon's pid."""
        return self.instance.daemon() or 0

    def client(self) -> "porto.Connection":
        """A new connection that does not ask again by itself."""
        return porto.Connection(
            socket_path=self.instance.socket_path, timeout=ANSWER_S, auto_reconnect=False
        )

    def _reap(self) -> None:
        """The masters that we have started are our children, and lead their sessions."""
        for pid in self._sessions:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    # -- what is seen --------------------------------------------------------------------

    def tail(self) -> str:
        """The last lines of the log."""
        return self.log.read_text()[-3000:] if self.log.exists() else "no log"

    def events(self, after: int = 0) -> list[Event]:
        """What the daemons have kept past a serial, oldest first."""
        found = []
        for path in sorted(self.runtime.glob("porto/events*"), reverse=True):
            # The daemon writes whole lines; what is behind the last end of line is under way.
            for line in path.read_bytes().split(b"\n")[:-1]:
                serial, _, body = line.partition(b" ")
                event = decode(int(serial), body)
                if event is not None and event.serial > after:
                    found.append(event)
        return found

    def held(self) -> Held:
        """Everything that a life could leave behind."""
        master, daemon = self.master, self.daemon
        return {
            "cgroups": sorted(self._cgroups()),
            "mounts": self._mounts(),
            "work directories": sorted(self._directories()),
            "records": _listed(self.runtime / "porto" / "kvs"),
            "notes of jobs": _listed(self.runtime / "porto" / "jobs"),
            "processes": [*map(_named, self._strangers()), *map(_named, self._tasks())],
            "descriptors of the master": _descriptors(master),
            "descriptors of the daemon": _descriptors(daemon),
        }

    def _cgroups(self) -> Iterator[str]:
        for mount in _cgroup_mounts():
            for name in os.listdir(mount):
                if name.split("%")[0] == self.prefix:
                    for top, _, _ in os.walk(f"{mount}/{name}"):
                        yield top

    def _mounts(self) -> list[str]:
        """Mount points beneath our scratch directory, but for the store's."""
        rows = Path("/proc/self/mountinfo").read_text().splitlines()
        points = (row.split(" ")[4] for row in rows)
        store = str(self.runtime / "porto")
        return [p for p in points if p.startswith(f"{self.scratch}/") and not p.startswith(store)]

    def _directories(self) -> Iterator[str]:
        """Where large ones wait for their removal stays, empty."""
        work = self.place / "porto"
        for top, names, files in os.walk(work):
            for name in [*names, *files]:
                if (path := os.path.relpath(f"{top}/{name}", work)) != ASIDE:
                    yield path

    def _tasks(self) -> Iterator[int]:
        """Processes in our cgroups."""
        seen = set()
        for directory in self._cgroups():
            with contextlib.suppress(OSError):
                seen |= set(map(int, Path(f"{directory}/cgroup.procs").read_text().split()))
        return iter(sorted(seen))

    def _strangers(self) -> Iterator[int]:
        """Processes of the sessions of our masters that are neither master nor executor."""
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                ended = fields[0] in "ZX"
                if int(fields[3]) not in self._sessions or pid == self.master or ended:
                    continue
                words = Path(f"/proc/{pid}/cmdline").read_bytes()
                if int(fields[1]) != self.master or not words.startswith(b"portod-executor\0"):
                    yield pid


def _listed(directory: Path) -> list[str]:
    return sorted(os.listdir(directory)) if directory.exists() else []


def _named(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return "gone"


def _descriptors(pid: int) -> "Counter[str]":
    """What a process has open, by kind: numbers and serials are nobody's business."""
    found: Counter[str] = Counter()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            found[re.sub(r"\d+", "N", os.readlink(f"/proc/{pid}/fd/{fd}"))] += 1
    return found


def _cgroup_mounts() -> Iterator[str]:
    for row in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = row.partition(" - ")
        if right.split(" ")[0] in ("cgroup", "cgroup2"):
            yield left.split(" ")[4]
