"""portopy 2.11.1, an old release of the original Python client, against the daemon.

It runs on Python 2.7 with protobuf 3.17 only. The interpreter is python2.7 in PATH or one
of PYENV_ROOT; the packages are installed once into PORTO_TEST_CACHE, or a directory of
the run. Each test is a script for that interpreter, given the socket's path.
"""

import glob
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PACKAGES = ("portopy==2.11.1", "protobuf==3.17.3")
INSTALL_TIMEOUT_S = 300
SCRIPT_TIMEOUT_S = 60

HEADER = """\
import site, sys, time
site.addsitedir(sys.argv[1])
import porto
from porto import exceptions
SOCKET = sys.argv[2]
conn = porto.Connection(SOCKET, timeout=30)

def refused(error, function, *arguments):
    try:
        function(*arguments)
    except error:
        return
    raise AssertionError("%s expected" % error.__name__)

def await_end(name):
    assert conn.Wait([name], 30000) == name
"""


def find_interpreter() -> str | None:
    """A Python 2.7 that runs; a pyenv shim without its version does not."""
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    candidates = [
        shutil.which("python2.7"),
        *sorted(glob.glob(f"{root}/versions/2.7.*/bin/python")),
    ]
    for candidate in candidates:
        if candidate is None:
            continue
        probe = subprocess.run([candidate, "-c", "import ssl"], capture_output=True, check=False)
        if probe.returncode == 0:
            return candidate
    return None


@pytest.fixture(scope="session")
def portopy(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """(interpreter, directory with the packages)."""
    python = find_interpreter()
    if python is None:
        pytest.skip("portopy 2.11.1 needs Python 2.7, which is not installed")
    cache = os.environ.get("PORTO_TEST_CACHE")
    target = Path(cache) if cache else tmp_path_factory.mktemp("portopy")
    target = target / "portopy-2.11.1"
    if not (target / "porto").is_dir():
        done = subprocess.run(
            [python, "-m", "pip", "install", "-q", "--target", str(target), *PACKAGES],
            capture_output=True,
            text=True,
            timeout=INSTALL_TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            shutil.rmtree(target, ignore_errors=True)
            last = done.stderr.strip().splitlines()[-1:] or ["pip failed"]
            pytest.skip(f"portopy 2.11.1 cannot be installed: {last[0]}")
    return python, target


@pytest.fixture
def script(portopy: tuple[str, Path], daemon) -> Callable[[str], str]:
    """Run a script with the old client; returns what it printed."""
    python, packages = portopy

    def run(body: str, *arguments: str) -> str:
        done = subprocess.run(
            [python, "-W", "ignore", "-c", HEADER + body, str(packages), daemon.socket, *arguments],
            capture_output=True,
            text=True,
            timeout=SCRIPT_TIMEOUT_S,
            check=False,
            # Neither the current directory nor the environment may offer our own porto.
            cwd=packages,
            env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_life_cycle(script) -> None:
    script("""
a = conn.Create("old")
assert a.GetProperty("state") == "stopped"
a.SetProperty("command", "sh -c 'echo out; echo err >&2; exit 42'")
assert a.GetProperty("command") == "sh -c 'echo out; echo err >&2; exit 42'"
a.Start()
await_end("old")
assert a.GetData("state") == "dead"
assert a.GetData("exit_status") == str(42 << 8)
assert a.GetData("stdout") == "out\\n"
assert a.GetData("stderr") == "err\\n"
a.Stop()
assert a.GetData("state") == "stopped"
a.Destroy()
assert "old" not in conn.List()
""")


def test_lists_and_find(script) -> None:
    script("""
conn.Create("old")
conn.Create("old/child")
assert [name for name in conn.List() if name.startswith("old")] == ["old", "old/child"]
assert conn.Find("old/child").name == "old/child"
refused(exceptions.ContainerDoesNotExist, conn.Find, "none")
assert "command" in conn.Plist()
assert "state" in conn.Dlist()
conn.Destroy("old")
refused(exceptions.ContainerDoesNotExist, conn.Find, "old/child")
""")


def test_errors_have_their_classes(script) -> None:
    script("""
a = conn.Create("old")
refused(exceptions.ContainerAlreadyExists, conn.Create, "old")
refused(exceptions.InvalidValue, conn.Create, "b@d name")
refused(exceptions.InvalidProperty, a.GetProperty, "nothing")
refused(exceptions.InvalidProperty, a.SetProperty, "nothing", "1")
refused(exceptions.InvalidState, a.Kill, 9)
refused(exceptions.InvalidState, a.Pause)
refused(exceptions.ContainerDoesNotExist, conn.Start, "none")
a.SetProperty("command", "sleep 1000")
a.Start()
refused(exceptions.InvalidState, a.Start)
""")


def test_get_of_many(script) -> None:
    script("""
a = conn.Create("old")
got = conn.Get(["old", "none"], ["state", "isolate", "nothing"])
assert got["old"]["state"] == "stopped"
assert got["old"]["isolate"] is True
assert isinstance(got["old"]["nothing"], exceptions.InvalidProperty)
assert isinstance(got["none"]["state"], exceptions.ContainerDoesNotExist)
assert a.Get(["state"]) == {"state": "stopped"}
""")


def test_kill_pause_resume(script) -> None:
    script("""
a = conn.Create("old")
a.SetProperty("command", "sleep 1000")
a.Start()
a.Pause()
assert a.GetData("state") == "paused"
a.Resume()
assert a.GetData("state") == "running"
a.Kill(9)
await_end("old")
assert a.GetData("exit_status") == "9"
""")


def test_waits(script) -> None:
    script("""
a = conn.Create("old")
a.SetProperty("command", "sleep 1000")
a.Start()
assert conn.Wait(["old"], 0) == ""
assert a.Wait(20) == ""
a.Stop()
assert a.Wait() == "old"
""")


def test_weak_container_goes_with_its_connection(script, daemon) -> None:
    script("""
a = conn.CreateWeakContainer("old")
a.SetProperty("command", "sleep 1000")
a.Start()
assert a.GetData("state") == "running"
keep = conn.CreateWeakContainer("kept")
keep.SetProperty("weak", "false")
""")
    connection = daemon.connection()
    # The daemon destroys it after it has noticed the end of the connection.
    events: list[tuple[str, str]] = []
    connection.AsyncWait(["old"], lambda name, state, **rest: events.append((name, state)))
    while events and events[-1][1] != "destroyed":
        connection.Wait(["old***"], timeout_s=1)
    assert "old" not in connection.List()
    assert "kept" in connection.List()
    connection.disconnect()


def test_reconnects(script) -> None:
    script("""
conn.Create("old")
conn.disconnect()
conn.connect()
assert "old" in conn.List()
""")


def test_interpreter_probe_does_not_take_the_one_that_runs_us() -> None:
    found = find_interpreter()
    assert found is None or os.path.realpath(found) != os.path.realpath(sys.executable)
