"""A real daemon pair per test worker, with names and directories of its own."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import porto
from tests.patience import patient, until

START_TIMEOUT_S = patient(30.0)
GROUPS = "/sys/fs/cgroup"


class Daemon:
    """A master and a daemon under a configuration of their own."""

    def __init__(self, directory: Path, name: str, extra: str = "") -> None:
        self.directory = directory
        self.cgroup = name
        self.runtime = directory / "run"
        self.place = directory / "place"
        self.containers = directory / "place" / "porto_containers"
        self.log = directory / "portod.log"
        self.config = directory / "portod.conf"
        self._connections: list[porto.Connection] = []
        self._is_closed = False
        self.runtime.mkdir(parents=True, exist_ok=True)
        self.config.write_text(
            f"""paths {{
  runtime: "{self.runtime}"
  place: "{self.place}"
  containers: "{self.containers}"
  log: "{self.log}"
  cgroup: "{self.cgroup}"
}}
{extra}
"""
        )

    @property
    def socket(self) -> str:
        return str(self.runtime / "portod.socket")

    def portod(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one portod command."""
        return subprocess.run(
            [sys.executable, "-m", "porto.cli.portod", "--config", str(self.config), *arguments],
            check=check,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=4 * START_TIMEOUT_S,
        )

    def portoctl(
        self, *arguments: str, check: bool = True, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one portoctl command."""
        return subprocess.run(
            [sys.executable, "-m", "porto.cli.portoctl", *arguments],
            check=check,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=4 * START_TIMEOUT_S,
            env={**os.environ, "PORTO_SOCKET": self.socket},
        )

    def connection(self, **options: object) -> "porto.Connection":
        """A new client; closed with the daemon at the latest."""
        made = porto.Connection(socket_path=self.socket, **options)
        self._connections.append(made)
        return made

    def start(self) -> None:
        done = self.portod("start", check=False)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{self.tail()}"

    def stop(self) -> None:
        """Destroy all containers and end."""
        for connection in self._connections:
            connection.disconnect()
        self._connections.clear()
        self.portod("stop", check=False)

    def close(self) -> None:
        """Stop it for good, once, and remove its files."""
        if self._is_closed:
            return
        self._is_closed = True
        self.stop()
        if str(self.directory) not in Path("/proc/self/mountinfo").read_text():
            shutil.rmtree(self.directory)

    def pid(self, which: str) -> int:
        """Pid of "master" or "daemon"."""
        name = {"master": "portoloop.pid", "daemon": "portod.pid"}[which]
        return int((self.runtime / name).read_text())

    def kill(self, which: str) -> int:
        """SIGKILL to one of the two; returns its pid."""
        pid = self.pid(which)
        os.kill(pid, signal.SIGKILL)
        return pid

    def await_new_daemon(self, old: int) -> None:
        """Wait until another daemon answers."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, ValueError):
                if self.pid("daemon") != old:
                    self.connection().Version()
                    return
            time.sleep(0.02)
        raise AssertionError(f"no new daemon\n{self.tail()}")

    def tail(self) -> str:
        return self.log.read_text()[-4000:] if self.log.exists() else "no log"

    def leftovers(self) -> list[str]:
        """Cgroups, mounts and processes that carry our name."""
        found = []
        for hierarchy in os.scandir(GROUPS):
            if hierarchy.is_dir():
                found += [
                    os.path.join(hierarchy.path, name)
                    for name in os.listdir(hierarchy.path)
                    if name == self.cgroup or name.startswith(self.cgroup + "%")
                ]
            elif hierarchy.name == self.cgroup:
                found.append(hierarchy.path)
        mounts = Path("/proc/self/mountinfo").read_text()
        found += [line for line in mounts.splitlines() if str(self.directory) in line]
        return found


_serial = iter(range(1_000_000))


@pytest.fixture(scope="session")
def make_daemon() -> Iterator["object"]:
    """Factory of started daemons; all are stopped at the end."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    made: list[Daemon] = []

    def make(extra: str = "", *, start: bool = True) -> Daemon:
        # Not below pytest's own directory: each new pytest closes that to other users.
        directory = Path(tempfile.mkdtemp(prefix="portotest-"))
        directory.chmod(0o755)
        daemon = Daemon(directory, f"portotest-{os.getpid()}-{next(_serial)}", extra)
        made.append(daemon)
        if start:
            daemon.start()
        return daemon

    yield make
    for daemon in made:
        daemon.close()


@pytest.fixture(scope="session")
def shared_daemon(make_daemon) -> Daemon:
    """One daemon for all tests of a worker that do not disturb it."""
    return make_daemon()


def _is_of_file(connection: "porto.Connection", name: str) -> bool:
    with contextlib.suppress(porto.exceptions.ContainerDoesNotExist):
        return "file:" in str(connection.GetProperty(name, "porto_origins"))
    return False


@pytest.fixture
def daemon(shared_daemon: Daemon) -> Iterator[Daemon]:
    """The shared daemon; the test's files and containers are gone afterwards."""
    yield shared_daemon
    connection = shared_daemon.connection()
    if shared_daemon.containers.exists():
        for path in shared_daemon.containers.iterdir():
            path.unlink()
    # Before anybody destroys them: that would count as a wish that outlasts the files.
    until(
        lambda: not any(_is_of_file(connection, name) for name in connection.List()),
        "the containers of the files are gone",
    )
    for name in connection.List():
        if "/" not in name:
            with contextlib.suppress(porto.exceptions.ContainerDoesNotExist):
                connection.Destroy(name)
    connection.disconnect()


@pytest.fixture
def own_daemon(make_daemon) -> Iterator[Daemon]:
    """A daemon that the test may kill."""
    made = make_daemon()
    yield made
    made.close()


@pytest.fixture
def conn(daemon: Daemon) -> Iterator["porto.Connection"]:
    """A client of the shared daemon."""
    connection = daemon.connection()
    yield connection
    connection.disconnect()
