"""Files as the source of containers, on a real daemon.

The directory semantics are those of `porto/spec/sources/plan.py`; here they meet the
kernel: inotify, cgroups, processes, a daemon that is killed.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import porto
from porto.exceptions import ContainerDoesNotExist, InvalidState, Permission
from tests.kernel.conftest import Daemon
from tests.kernel.peers import TIMEOUT_S
from tests.patience import patient, until

MANY = 1000


class Folder:
    """A directory of documents, and what the daemon made of it."""

    def __init__(self, daemon: Daemon, path: Path) -> None:
        self.daemon = daemon
        self.path = path
        self.conn = daemon.connection()

    def write(self, name: str, text: str) -> Path:
        """Put a file there as an editor does: aside, then renamed."""
        target = self.path / name
        aside = self.path / f".{name}.new"
        aside.write_text(text)
        aside.rename(target)
        return target

    def state(self, name: str) -> str:
        try:
            return self.conn.GetProperty(name, "state")
        except ContainerDoesNotExist:
            return "none"

    def get(self, name: str, prop: str) -> str:
        try:
            return str(self.conn.GetProperty(name, prop))
        except (ContainerDoesNotExist, InvalidState):
            return ""

    def await_state(self, name: str, state: str) -> None:
        until(lambda: self.state(name) == state, f"{name} becomes {state}")

    def status(self) -> str:
        return self.daemon.portoctl("status", check=False).stdout


@pytest.fixture
def folder(daemon: Daemon) -> Folder:
    """The directory of .CT files; what the test leaves in it goes with its containers."""
    daemon.containers.mkdir(parents=True, exist_ok=True)
    return Folder(daemon, daemon.containers)


def origins(folder: Folder, name: str) -> str:
    return folder.get(name, "porto_origins")


def test_a_dropped_file_starts_and_a_removed_one_destroys(folder) -> None:
    path = folder.write("web.CT", "command = sleep 1000\nprivate = from a file\n")
    folder.await_state("web", "running")
    assert folder.get("web", "private") == "from a file"
    assert os.readlink(f"/proc/{folder.get('web', 'root_pid')}/exe").endswith(
        ("sleep", "coreutils")
    )
    assert f"file:{path}:2" in origins(folder, "web")
    folder.conn.Create("bystander")
    path.unlink()
    folder.await_state("web", "none")
    assert folder.state("bystander") == "stopped"


def test_a_live_property_changes_without_a_restart(folder, daemon) -> None:
    folder.write("a.CT", "command = sleep 1000\nthread_limit = 100\n")
    folder.await_state("a", "running")
    pid = folder.get("a", "root_pid")
    knob = Path(folder.get("a", "cgroups[pids]")) / "pids.max"
    if not knob.exists():
        pytest.skip("no pids controller here")
    until(lambda: knob.read_text() == "100\n", "the limit is written")
    folder.write("a.CT", "command = sleep 1000\nthread_limit = 50\n")
    until(lambda: knob.read_text() == "50\n", "the new limit is written")
    assert folder.get("a", "root_pid") == pid
    # Named no more: back to the default.
    folder.write("a.CT", "command = sleep 1000\n")
    until(lambda: knob.read_text() not in ("50\n", "100\n"), "the default is back")
    assert folder.get("a", "root_pid") == pid
    assert folder.state("a") == "running"


def test_a_launch_property_restarts(folder) -> None:
    folder.write("a.CT", "command = sleep 1000\n")
    folder.await_state("a", "running")
    pid = folder.get("a", "root_pid")
    folder.write("a.CT", "command = sleep 2000\n")
    until(
        lambda: folder.get("a", "root_pid") not in ("", pid) and folder.state("a") == "running",
        "it is restarted",
    )
    assert b"2000" in Path(f"/proc/{folder.get('a', 'root_pid')}/cmdline").read_bytes()
    assert not os.path.exists(f"/proc/{pid}/cwd")


def test_a_users_stop_is_respected_until_the_file_changes(folder) -> None:
    folder.write("a.CT", "command = sleep 1000\n")
    folder.await_state("a", "running")
    folder.conn.Stop("a", timeout=0)
    # A neighbour's change makes a whole pass over the files.
    folder.write("b.CT", "command = sleep 1000\n")
    folder.await_state("b", "running")
    (folder.path / "a.CT").touch()
    folder.write("c.CT", "command = sleep 1000\n")
    folder.await_state("c", "running")
    assert folder.state("a") == "stopped"
    folder.write("a.CT", "command = sleep 3000\n")
    folder.await_state("a", "running")


def test_an_invalid_file_keeps_the_last_good_and_is_reported(folder, daemon) -> None:
    folder.write("a.CT", "command = sleep 1000\nthread_limit = 100\n")
    folder.await_state("a", "running")
    pid = folder.get("a", "root_pid")
    path = folder.write("a.CT", "command = sleep 2000\nthread_limit = 12Q\nnonsense = 1\n")
    wanted = f"{path}:2: thread_limit: cannot be '12Q'"
    until(lambda: wanted in folder.status(), "the fault is shown")
    status = folder.status()
    assert f"{path}:3: nonsense: no such property" in status
    assert daemon.portoctl("status", check=False).returncode == 1
    assert folder.get("a", "thread_limit") == "100"
    assert folder.get("a", "command") == "sleep 1000"
    assert folder.get("a", "root_pid") == pid
    log = daemon.log.read_text()
    assert str(path) in log
    assert "12Q" in log
    done = daemon.portoctl("--socket", "/nonexistent", "validate", str(path), check=False)
    assert done.returncode == 1
    assert wanted in done.stdout
    folder.write("a.CT", "command = sleep 1000\nthread_limit = 120\n")
    until(lambda: folder.get("a", "thread_limit") == "120", "the good file counts again")
    until(lambda: str(path) not in folder.status(), "nothing is left to report")
    assert folder.get("a", "root_pid") == pid


def test_what_cannot_be_started_is_reported(folder) -> None:
    folder.write("a.CT", "command = /nonexistent/program\n")
    until(lambda: "/nonexistent/program" in folder.status(), "the failure is shown")
    folder.write("a.CT", "command = sleep 1000\n")
    folder.await_state("a", "running")
    until(lambda: "/nonexistent/program" not in folder.status(), "it is forgotten")


def test_two_files_of_one_name(folder) -> None:
    first = folder.write("one.CT", "name = one\ncommand = sleep 1000\n")
    folder.await_state("one", "running")
    pid = folder.get("one", "root_pid")
    second = folder.path / "a-second.yaml"
    second.write_text("name: one\ncommand: sleep 2000\n")
    until(lambda: f"{second}:1" in folder.status(), "the second is reported")
    assert f"{first}:1, which keeps it" in folder.status()
    assert folder.get("one", "command") == "sleep 1000"
    assert folder.get("one", "root_pid") == pid
    first.unlink()
    until(lambda: folder.get("one", "command") == "sleep 2000", "the second takes over")
    until(lambda: folder.get("one", "root_pid") not in ("", pid), "and is started")
    assert str(second) not in folder.status()


def test_half_written_and_foreign_files_change_nothing(folder) -> None:
    with (folder.path / "slow.CT").open("w") as file:
        file.write("command = sle")
        file.flush()
        (folder.path / "slow.CT~").write_text("command = sleep 1\n")
        (folder.path / ".slow.CT.swp").write_bytes(os.urandom(4096))
        (folder.path / "README").write_text("hello")
        os.mkfifo(folder.path / "pipe.CT")
        until(lambda: "pipe.CT" in folder.status(), "the pipe is refused, not opened")
        file.write("ep 1000\n")
    folder.await_state("slow", "running")
    assert folder.conn.List() == ["slow"]


def test_a_file_of_somebody_else_is_refused(folder) -> None:
    path = folder.path / "evil.CT"
    path.write_text("command = sleep 1000\n")
    os.chown(path, 65534, 65534)
    until(lambda: f"{path}: the file belongs to user 65534" in folder.status(), "it is reported")
    assert folder.state("evil") == "none"
    os.chown(path, 0, 0)
    folder.await_state("evil", "running")


def test_children_of_files_follow_their_parents(folder) -> None:
    folder.write("p%c.CT", "command = sleep 1000\n")
    until(lambda: "p%c.CT" in folder.status(), "the missing parent is reported")
    folder.write("p.CT", "isolate = false\n")
    folder.await_state("p/c", "running")
    assert folder.state("p") == "meta"
    (folder.path / "p%c.CT").unlink()
    folder.await_state("p/c", "none")
    assert folder.state("p") == "meta"


# -- spec directories ----------------------------------------------------------------


@pytest.fixture
def make_folder(make_daemon, tmp_path: Path):
    """Daemons with a spec directory."""
    made: list[Daemon] = []
    tmp_path.chmod(0o755)

    def make(path: Path, options: str = "") -> Folder:
        daemon = make_daemon(f'spec_dir {{ path: "{path}" {options} }}')
        made.append(daemon)
        return Folder(daemon, path)

    yield make
    for daemon in made:
        daemon.stop()


def test_enforced_values_are_refused_to_the_api_and_repaired(make_folder, tmp_path) -> None:
    path = tmp_path / "specs"
    path.mkdir()
    folder = make_folder(path, "enforce: true")
    file = folder.write("web.yaml", "name: web\ncommand: sleep 1000\nthread_limit: 100\n")
    folder.await_state("web", "running")
    with pytest.raises(Permission, match=str(file)):
        folder.conn.SetProperty("web", "thread_limit", "50")
    assert folder.get("web", "thread_limit") == "100"
    # What the file does not name is free.
    folder.conn.SetProperty("web", "private", "mine")
    pid = folder.get("web", "root_pid")
    folder.conn.Destroy("web")
    until(
        lambda: folder.get("web", "root_pid") not in ("", pid) and folder.state("web") == "running",
        "it comes back",
    )


def test_without_restart_the_change_is_reported(make_folder, tmp_path) -> None:
    path = tmp_path / "specs"
    path.mkdir()
    folder = make_folder(path, "restart: false")
    folder.write("web.yaml", "name: web\ncommand: sleep 1000\n")
    folder.await_state("web", "running")
    pid = folder.get("web", "root_pid")
    folder.write("web.yaml", "name: web\ncommand: sleep 2000\n")
    until(lambda: "RestartRequired" in folder.status(), "the condition is shown")
    assert folder.get("web", "root_pid") == pid
    folder.conn.Stop("web", timeout=0)
    folder.conn.Start("web")
    assert "RestartRequired" not in folder.status()
    assert b"2000" in Path(f"/proc/{folder.get('web', 'root_pid')}/cmdline").read_bytes()


def test_a_link_that_is_swapped_switches_the_whole_directory(make_folder, tmp_path) -> None:
    """As git-sync does: a checkout aside, then one rename of a symbolic link."""
    for revision, text in (("rev-1", "1000"), ("rev-2", "2000"), ("rev-3", "3000")):
        (tmp_path / revision).mkdir()
        (tmp_path / revision / "web.yaml").write_text(f"name: web\ncommand: sleep {text}\n")
        (tmp_path / revision / f"{revision}.yaml").write_text(f"name: {revision}\nstart: false\n")
    link = tmp_path / "current"
    link.symlink_to("rev-1")
    folder = make_folder(link)
    folder.await_state("web", "running")
    folder.await_state("rev-1", "stopped")
    for revision, text in (("rev-2", "2000"), ("rev-3", "3000")):
        (tmp_path / "next").symlink_to(revision)
        (tmp_path / "next").rename(link)
        until(lambda t=text: folder.get("web", "command") == f"sleep {t}", f"{revision} is there")
        folder.await_state(revision, "stopped")
        folder.await_state("web", "running")
    until(lambda: sorted(folder.conn.List()) == ["rev-3", "web"], "the former ones are gone")
    assert folder.status().count(str(tmp_path)) == 0


def test_a_directory_that_appears_later(make_folder, tmp_path) -> None:
    path = tmp_path / "later" / "specs"
    folder = make_folder(path)
    folder.conn.Version()
    path.mkdir(parents=True)
    folder.write("web.toml", 'name = "web"\ncommand = "sleep 1000"\n')
    folder.await_state("web", "running")
    # Away again: nothing is destroyed because of a directory that is not there.
    pid = folder.get("web", "root_pid")
    path.rename(tmp_path / "moved")
    until(lambda: "missing" in folder.status(), "it is reported")
    assert folder.get("web", "root_pid") == pid
    (tmp_path / "moved" / "web.toml").unlink()
    (tmp_path / "moved").rename(path)
    folder.await_state("web", "none")


def test_a_file_system_that_goes_takes_no_containers_along(make_folder, tmp_path) -> None:
    """Below its mount point an empty directory comes to light: the next daemon's first look."""
    path = tmp_path / "specs"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "porto-specs", path], check=True)
    path.chmod(0o755)
    try:
        folder = make_folder(path)
        names = {folder.write(f"c{number:02}.CT", "command = sleep 1000\n").stem
                 for number in range(10)}  # fmt: skip
        for name in names:
            folder.await_state(name, "running")
        pids = {name: folder.get(name, "root_pid") for name in names}
    finally:
        subprocess.run(["umount", path], check=True)
    kept = f"{path}: declares 10 of its 10 objects no more"
    daemon = folder.daemon
    daemon.await_new_daemon(daemon.kill("daemon"))
    folder.conn = daemon.connection()
    until(lambda: kept in folder.status(), "it is reported")
    assert {name: folder.get(name, "root_pid") for name in names} == pids
    # What an operator destroys is gone, and nothing else with it.
    folder.conn.Destroy("c00")
    until(lambda: f"{path}: declares 9 of its 9 objects no more" in folder.status(), "9 are left")
    for name in names - {"c00"}:
        assert folder.state(name) == "running"
        folder.conn.Destroy(name)
    until(lambda: str(path) not in folder.status(), "nothing is left to report")


# -- many -------------------------------------------------------------------------------


def drop_many(path: Path, count: int, started: int) -> set[str]:
    for number in range(count):
        text = (
            f"command = sleep {number + 1000}\n"
            if number < started
            else "start = false\ncommand = sleep 1\n"
        )
        (path / f"c{number:04}.CT").write_text(text)
    return {f"c{number:04}" for number in range(count)}


@pytest.mark.lengthy
@pytest.mark.timeout(300)
def test_a_thousand_files_at_once(make_folder, tmp_path) -> None:
    path = tmp_path / "specs"
    path.mkdir()
    folder = make_folder(path, "removal_max_percent: 100")
    other = folder.daemon.connection()
    other.Create("other")
    slowest = [0.0]
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            began = time.monotonic()
            assert other.GetProperty("other", "state") == "stopped"
            slowest[0] = max(slowest[0], time.monotonic() - began)
            done.wait(0.02)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        names = drop_many(path, MANY, 20)
        until(lambda: set(folder.conn.List()) == names | {"other"}, "all are created")
        for number in range(20):
            folder.await_state(f"c{number:04}", "running")
        for name in path.iterdir():
            name.unlink()
        until(lambda: folder.conn.List() == ["other"], "all are destroyed")
    finally:
        done.set()
        asking.join()
    # Not a measurement: a daemon that answers nobody until it is through takes many seconds.
    assert slowest[0] < patient(5)


def test_a_daemon_killed_in_the_middle_of_many_files_loses_nothing(make_folder, tmp_path) -> None:
    path = tmp_path / "specs"
    path.mkdir()
    folder = make_folder(path)
    daemon = folder.daemon
    names = drop_many(path, 200, 20)
    until(lambda: len(folder.conn.List()) > 0, "the first ones are there")
    pids = {
        name: folder.get(name, "root_pid")
        for name in folder.conn.List()
        if folder.state(name) == "running"
    }
    for _ in range(3):
        old = daemon.kill("daemon")
        daemon.await_new_daemon(old)
    folder.conn = daemon.connection()
    until(lambda: set(folder.conn.List()) == names, "all are created, none twice")
    for number in range(20):
        folder.await_state(f"c{number:04}", "running")
    for name, pid in pids.items():
        assert folder.get(name, "root_pid") == pid, f"{name} was not restarted"
    assert folder.status().count(str(tmp_path)) == 0


def test_save_drops_a_file_that_the_daemon_takes(folder, daemon) -> None:
    container = folder.conn.Create("saved")
    container["command"] = "sleep 1000"
    container["env"] = "A=1;B=two words"
    container.Start()
    pid = container["root_pid"]
    done = subprocess.run(
        [sys.executable, "-m", "porto.cli.portoctl", "save", "-P", "saved"],
        env={
            **os.environ,
            "PORTO_SOCKET": daemon.socket,
            "PORTO_CONTAINERS": str(daemon.containers),
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    until(lambda: "saved.CT" in origins(folder, "saved"), "the file adopts it")
    assert folder.get("saved", "root_pid") == pid
    os.kill(int(pid), signal.SIGKILL)
    assert folder.conn.WaitContainers(["saved"], timeout=TIMEOUT_S) == "saved"
    (daemon.containers / "saved.CT").unlink()
    until(lambda: "saved.CT" not in origins(folder, "saved"), "it is let go")
    assert folder.state("saved") == "dead"
    with pytest.raises(porto.exceptions.InvalidState):
        folder.conn.Start("saved")
