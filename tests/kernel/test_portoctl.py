"""portoctl as its users know it, against a real daemon."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import porto
from tests.kernel.conftest import Daemon
from tests.kernel.peers import TIMEOUT_S
from tests.patience import until

EXISTS, MISSING, BAD_PROPERTY, BAD_VALUE, BAD_STATE, BAD_COMMAND = 3, 4, 5, 7, 8, 22
UNAVAILABLE = 503 % 256

Ctl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def ctl(daemon: Daemon) -> Ctl:
    """Run portoctl; the exit status is for the test to judge."""

    def run(*arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
        return daemon.portoctl(*arguments, **{"check": False, **options})

    return run


@pytest.fixture
def ok(ctl: Ctl) -> Callable[..., str]:
    """Run a portoctl that must succeed; what it printed."""

    def run(*arguments: str, **options: object) -> str:
        done = ctl(*arguments, **options)
        assert (done.returncode, done.stderr) == (0, ""), arguments
        return done.stdout

    return run


def spawn(daemon: Daemon, *arguments: str, **options: object) -> "subprocess.Popen[bytes]":
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        [sys.executable, "-m", "porto.cli.portoctl", *arguments],
        env={**os.environ, "PORTO_SOCKET": daemon.socket},
        **(streams | options),
    )


# -- run and exec ------------------------------------------------------------------


def test_run_stays_in_the_background(ok, ctl) -> None:
    assert ok("run", "a", "command=sleep 1000", "env=A=1", "env=B=2") == ""
    assert ok("get", "a", "state") == "running\n"
    assert ok("get", "a", "env") == "A: 1; B: 2\n"
    assert ok("run", "-W", "b", "command=sh -c 'exit 3'") == ""
    assert ok("get", "b", "exit_code") == "3\n"
    again = ctl("run", "a", "command=true")
    assert again.returncode == 1
    assert "Cannot start container: ContainerAlreadyExists" in again.stderr
    assert ok("get", "a", "state") == "running\n"


def test_a_failed_run_leaves_nothing(ctl, ok) -> None:
    for words, text in (
        (("command=/nonexistent",), "nonexistent"),
        (("command=true", "nonsense=1"), "nonsense"),
        (("command=true", "thread_limit=12Q"), "12Q"),
        (("command=true", "user=nobody-knows"), "no such user"),
    ):
        done = ctl("run", "a", *words)
        assert done.returncode == 1
        assert text in done.stderr
        assert ok("list") == ""


def test_exec_streams_and_exit_code(daemon, ctl, ok, tmp_path) -> None:
    done = ctl(
        "exec", "a", "command=sh -c 'cat; echo err >&2; exit 42'", stdin="in\nput without end"
    )
    assert done.stdout == "in\nput without end"
    assert done.stderr == "err\nContainer exit code: 42\n"
    assert done.returncode == 42
    assert ok("list") == ""
    # Files in place of pipes; binary, and more than a pipe holds.
    blob = os.urandom(1 << 20)
    (tmp_path / "in").write_bytes(blob)
    with (tmp_path / "in").open("rb") as source, (tmp_path / "out").open("wb") as target:
        process = spawn(daemon, "exec", "a", "command=cat", stdin=source, stdout=target)
        _, errors = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, errors) == (0, b"")
    assert (tmp_path / "out").read_bytes() == blob
    # The defaults of the streams can be set otherwise.
    assert ok("exec", "a", "command=echo x", f"stdout_path={tmp_path}/file") == ""
    assert (tmp_path / "file").read_text() == "x\n"


def test_exec_large_output_through_a_pipe(daemon) -> None:
    process = spawn(daemon, "exec", "a", "command=head -c 8M /dev/zero", stderr=None)
    out, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
    assert len(out) == 8 << 20


@pytest.mark.parametrize("isolate", ["true", "false"])
def test_exec_ends_with_the_signal(ctl, isolate) -> None:
    done = ctl("exec", "a", "command=sh -c 'kill -9 $$'", f"isolate={isolate}")
    assert done.returncode == 128 + 9
    assert "Container killed by signal: 9" in done.stderr
    done = ctl("exec", "a", "command=sh -c 'kill -15 $$'", f"isolate={isolate}")
    assert done.returncode == 128 + 15


@pytest.mark.parametrize("signo", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_exec_forwards_signals(daemon, signo) -> None:
    name = signo.name.removeprefix("SIG")
    process = spawn(
        daemon,
        "exec",
        "a",
        f"command=sh -c 'trap \"echo got; exit 7\" {name}; echo up; while :; do sleep 0.05; done'",
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    # The line is out before portoctl begins to wait: its handlers may not stand yet.
    handled = f"/proc/{process.pid}/status"
    until(
        lambda: int(re.search(r"SigCgt:\s*(\w+)", Path(handled).read_text())[1], 16) >> 14 & 1,
        "the handlers stand",
    )
    process.send_signal(signo)
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert out == b"got\n"
    assert err == b"Container exit code: 7\n"
    assert process.returncode == 7
    assert daemon.portoctl("list").stdout == ""


def test_exec_that_is_killed_leaves_nothing(daemon) -> None:
    process = spawn(daemon, "exec", "a", "command=sh -c 'echo up; exec sleep 1000'")
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    process.kill()
    process.communicate(timeout=TIMEOUT_S)
    until(lambda: daemon.portoctl("list").stdout == "", "the weak container goes")


def test_exec_keeps_the_container_when_asked(ok, ctl) -> None:
    done = ctl("exec", "-C", "a", "command=sh -c 'exit 5'")
    assert done.returncode == 5
    assert ok("get", "a", "state") == "dead\n"
    assert ok("get", "a", "exit_code") == "5\n"
    assert ok("get", "a", "weak") == "false\n"


def test_exec_refusals(ctl, ok) -> None:
    for words, status, text in (
        (("command=",), 1, "no command"),
        (("command=/nonexistent",), 1, "Cannot start container: InvalidCommand"),
        (("nonsense",), 1, "'nonsense' is not PROP=VALUE"),
    ):
        done = ctl("exec", "a", *words)
        assert (done.returncode, text in done.stderr) == (status, True), done
    assert ok("list") == ""


# -- tables and values -----------------------------------------------------------------


def test_list(ok) -> None:
    ok("run", "a", "command=sleep 1000")
    ok("run", "a/b", "command=sleep 1000")
    ok("create", "c")
    assert ok("list", "-1") == "a\na/b\nc\n"
    assert ok("list", "-1", "a*") == "a\n"
    assert ok("list", "-1", "a***") == "a\na/b\n"
    assert ok("list", "-1", "-t") == "a\nc\n"
    assert ok("list", "-1", "-r") == "a\na/b\n"
    rows = [line.split() for line in ok("list").splitlines()]
    assert [row[:2] for row in rows] == [["a", "running"], ["a/b", "running"], ["c", "stopped"]]
    assert [line.rstrip()[:6] for line in ok("list", "-f").splitlines()] == [
        "a     ",
        " \\_ b ",
        "c     ",
    ]


def test_get_set_pget_dget(ok, ctl) -> None:
    ok("create", "a")
    ok("create", "b")
    ok("set", "a", "command=sleep 1000", "private=x")
    ok("set", "a", "cwd", "/tmp")
    ok("set", "a", "private", "several", "words")
    assert ok("get", "a", "command") == "sleep 1000\n"
    assert ok("get", "a", "command", "cwd") == "command = sleep 1000\ncwd = /tmp\n"
    assert ok("pget", "a", "command", "private") == "sleep 1000\nseveral words\n"
    assert ok("dget", "-k", "a", "state") == "state = stopped\n"
    several = ok("get", "a", "b", "--", "state")
    assert several == "a:\nstopped\n\nb:\nstopped\n\n"
    assert "command = sleep 1000" in ok("get", "a").splitlines()
    assert "root_pid" not in ok("get", "a")
    only_set = ok("get", "-r", "a")
    assert "cwd = /tmp" in only_set
    assert "isolate" not in only_set
    done = ctl("set", "a", "thread_limit=12Q")
    assert done.returncode == BAD_VALUE
    assert "Cannot set thread_limit of a: InvalidValue" in done.stderr
    assert "12Q" in done.stderr
    assert "command" in ok("plist")
    assert "state" in ok("dlist")
    assert "command " not in ok("dlist")


def test_wait(ok, ctl) -> None:
    ok("run", "a", "command=sleep 1000")
    ok("run", "b", "command=true")
    assert ok("wait", "a", "b") == "b\n"
    done = ctl("wait", "-T", "0", "a")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "timeout\n")
    assert ok("wait", "b*") == "b\n"
    assert ctl("wait", "nobody").returncode == MISSING


def test_find(ok, ctl) -> None:
    ok("run", "a", "command=sleep 1000")
    ok("run", "a/b", "command=sleep 1000")
    pid = ok("get", "a/b", "root_pid").strip()
    assert ok("find", pid) == "a/b\n"
    assert ok("find", str(os.getpid())) == "/\n"
    assert ctl("find", "x").returncode == 1
    assert ctl("find", "4194303").returncode != 0


def test_gc_and_sort(ok) -> None:
    ok("run", "-W", "dead", "command=true")
    ok("run", "alive", "command=sleep 1000")
    ok("create", "stopped")
    table = ok("sort", "state", "id").splitlines()
    assert table[0].split() == ["container", "state", "id"]
    assert [line.split()[0] for line in table[1:]] == ["stopped", "alive", "dead"]
    ok("gc")
    assert ok("list", "-1") == "alive\nstopped\n"


def test_raw(ok, ctl) -> None:
    ok("create", "a")
    assert 'name: "a"' in ok("raw", "list {}")
    assert 'value: "stopped"' in ok("raw", 'getProperty { name: "a" property: "state" }')
    failed = ctl("raw", 'start { name: "nobody" }')
    assert "ContainerDoesNotExist" in failed.stdout + failed.stderr
    bad = ctl("raw", "nonsense {")
    assert bad.returncode != 0
    assert bad.stderr


def test_save_and_load(ok, ctl, daemon, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PORTO_CONTAINERS", str(tmp_path))
    ok("create", "a")
    ok("set", "a", "command=sleep 1000")
    ok("set", "a", "env=A: 1; B: two words")
    ok("set", "a", "private", "line one\nline two")
    ok("save", "-P", "a")
    text = (tmp_path / "a.CT").read_text()
    assert "command = sleep 1000\n" in text
    ok("destroy", "a")
    assert ok("load", "-P") == "Load container a ...\n"
    assert ok("get", "a", "state") == "stopped\n"
    assert ok("get", "a", "private") == "line one\nline two\n"
    assert ok("save", "a") == text
    assert "Start container b" in ok("load", "-S", "b", stdin=text)
    assert ok("get", "b", "state") == "running\n"
    ok("save", "-f", str(tmp_path / "copy"), "b")
    assert (tmp_path / "copy").read_text() == text.replace("name = a", "name = b")
    done = ctl("load", "c", stdin="command = sleep\nnonsense\n")
    assert done.returncode == 1
    assert "line 2: Wrong format" in done.stderr
    done = ctl("load", "c", stdin="command = sleep 1\nthread_limit = 12Q\n")
    assert done.returncode == 1
    assert ok("list", "-1") == "a\nb\n"
    assert sorted(os.listdir(tmp_path)) == ["a.CT", "copy"]


def test_kill_by_name_pause_resume_restart(ok, ctl) -> None:
    ok("run", "a", "command=sh -c 'trap \"echo usr; exit 3\" USR1; while :; do sleep 0.05; done'")
    pid = ok("get", "a", "root_pid").strip()
    until(lambda: handles(pid, signal.SIGUSR1), "the trap stands")
    ok("pause", "a")
    assert ok("get", "a", "state") == "paused\n"
    assert ctl("pause", "a").returncode == BAD_STATE
    ok("resume", "a")
    assert ctl("kill", "a", "NOSUCH").stderr == "Invalid signal: NOSUCH\n"
    ok("kill", "a", "SIGUSR1")
    assert ok("wait", "a") == "a\n"
    assert ok("get", "a", "exit_code") == "3\n"
    assert ok("get", "a", "stdout") == "usr\n\n"
    ok("restart", "a")
    assert ok("get", "a", "state") == "running\n"
    assert ok("get", "a", "root_pid").strip() != pid
    ok("stop", "-T", "0", "a")
    ok("destroy", "a")


def handles(pid: str, signo: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    return bool(int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16) >> (signo - 1) & 1)


# -- errors -----------------------------------------------------------------------------


def test_errors_and_exit_status(ok, ctl) -> None:
    ok("create", "a")
    for words, status, text in (
        (("create", "a"), EXISTS, "Cannot create container a: ContainerAlreadyExists"),
        (("create", "a//b"), BAD_VALUE, "Cannot create container a//b: InvalidValue"),
        (("start", "nobody"), MISSING, "Cannot start container nobody: ContainerDoesNotExist"),
        (("destroy", "nobody"), MISSING, "Cannot destroy container nobody"),
        (("kill", "a"), BAD_STATE, "Cannot kill container a: InvalidState"),
        (("resume", "a"), BAD_STATE, "Cannot resume container a: InvalidState"),
        (("set", "a", "nonsense=1"), BAD_PROPERTY, "Cannot set nonsense of a: InvalidProperty"),
        (("pget", "a", "nonsense"), BAD_PROPERTY, "Cannot get nonsense of a: InvalidProperty"),
        (("get", "a", "root_pid"), 1, "Cannot get root_pid of a: InvalidState"),
        (("nonsense",), 1, "Invalid command: nonsense"),
        (("list", "-x"), 1, "unknown option -x"),
        (("--nonsense", "list"), 1, "unknown option --nonsense"),
    ):
        done = ctl(*words)
        assert done.returncode == status, (words, done)
        assert text in done.stderr, words
        assert "Traceback" not in done.stderr
    assert ok("list", "-1") == "a\n"


def test_without_a_daemon(ctl, tmp_path) -> None:
    for words in (("list",), ("status",), ("exec", "a", "command=true"), ("run", "a")):
        done = ctl("--socket", str(tmp_path / "nobody"), *words)
        assert done.returncode in (UNAVAILABLE, 1)
        assert f"cannot connect to portod at {tmp_path}/nobody" in done.stderr
        assert "portod start" in done.stderr
        assert "Traceback" not in done.stderr


def test_help_and_version(ctl, ok) -> None:
    done = ctl()
    assert done.returncode == 1
    assert "Commands:" in done.stdout
    assert "thread_limit" in done.stdout
    assert "server" in ok("version").lower()
    assert ok("help", "exec").startswith("Usage: portoctl exec")


def test_a_closed_pipe_is_no_error(daemon) -> None:
    process = spawn(daemon, "plist")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(TIMEOUT_S) == 1
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()


# -- terminals ----------------------------------------------------------------------------


class Screen:
    """A terminal of ours with portoctl in it."""

    def __init__(self, daemon: Daemon, *arguments: str) -> None:
        self.text = b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ.update(PORTO_SOCKET=daemon.socket, TERM="vt100")
            os.execv(sys.executable, [sys.executable, "-m", "porto.cli.portoctl", *arguments])
        self.ended: int | None = None

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def attributes(self) -> list[object]:
        return termios.tcgetattr(self.master)

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def expect(self, pattern: bytes) -> bytes:
        """Read until the pattern has appeared; forgets what was up to its end."""
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            match = re.search(pattern, self.text)
            if match:
                found, self.text = self.text[: match.end()], self.text[match.end() :]
                return found
            left = deadline - time.monotonic()
            ready = left > 0 and select.select([self.master], [], [], left)[0]
            assert ready, f"{pattern!r} not in {self.text[-2000:]!r}"
            try:
                data = os.read(self.master, 65536)
            except OSError:
                data = b""
            assert data, f"ended before {pattern!r}: {self.text[-2000:]!r}"
            self.text += data

    def wait(self) -> int:
        """The exit status, once all output is read."""
        while self.ended is None:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                data = b""
            self.text += data
            if not data:
                self.ended = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.ended

    def close(self) -> None:
        if self.ended is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)


@pytest.fixture
def screen(daemon: Daemon) -> Iterator[Callable[..., Screen]]:
    made: list[Screen] = []

    def start(*arguments: str) -> Screen:
        made.append(Screen(daemon, *arguments))
        return made[-1]

    yield start
    for item in made:
        item.close()


BASH = "command=bash --norc --noprofile -i"


def test_a_shell_in_a_terminal(screen, daemon) -> None:
    shell = screen("exec", "a", BASH, "env=PS1=ready>")
    before = shell.attributes()
    seen = shell.expect(rb"ready>")
    assert b"cannot set terminal process group" not in seen
    assert b"no job control" not in seen
    shell.type(b"tty; echo $TERM-$-\n")
    assert b"/dev/" in shell.expect(rb"vt100-\w*i\w*m\w*|vt100-\w*m\w*i\w*")
    shell.expect(rb"ready>")
    # Control-C ends the foreground job, not the shell.
    shell.type(b"sleep 1000; echo status-$?\n")
    shell.expect(rb"sleep 1000")
    until(lambda: "sleep" in commands(daemon, "a"), "the sleep runs")
    shell.type(b"\x03")
    shell.expect(rb"status-130|ready>")
    shell.type(b"sleep 1000\n")
    until(lambda: "sleep" in commands(daemon, "a"), "the second sleep runs")
    shell.type(b"\x1a")
    shell.expect(rb"Stopped")
    shell.type(b"kill %1; echo here-$((6*7))\n")
    shell.expect(rb"here-42")
    shell.resize(37, 91)
    until(lambda: size(shell, b"37 91"), "the size arrives")
    shell.type(b"exit 9\n")
    assert shell.wait() == 9
    assert shell.attributes() == before
    assert daemon.portoctl("list").stdout == ""


def size(shell: Screen, wanted: bytes) -> bool:
    shell.type(b"echo =$(stty size)=\n")
    return wanted in shell.expect(rb"=(\d+ \d+)=")


def commands(daemon: Daemon, name: str) -> list[str]:
    """Names of the processes of a container."""
    group = Path(daemon.portoctl("get", name, "cgroups[freezer]").stdout.strip())
    # With v2 the tasks are in a child.
    tasks = group / "%leaf" if (group / "%leaf").exists() else group
    found = []
    for pid in (tasks / "cgroup.procs").read_text().split():
        try:
            found.append(Path(f"/proc/{pid}/comm").read_text().strip())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def test_the_size_is_there_from_the_start(screen) -> None:
    terminal = screen("exec", "a", "command=sh -c 'read x; stty size; exec cat'")
    terminal.resize(20, 70)
    terminal.type(b"\n")
    terminal.expect(rb"20 70")
    terminal.type(b"\x04")
    assert terminal.wait() == 0


def test_the_user_leaves_with_two_escapes(screen, daemon) -> None:
    terminal = screen("exec", "a", "command=sh -c 'echo up; exec sleep 1000'")
    before = terminal.attributes()
    terminal.expect(rb"up")
    until(lambda: terminal.attributes() != before, "the terminal is raw")
    terminal.type(b"\x18\x18")
    terminal.expect(rb"<exit portoctl>")
    assert terminal.wait() == 0
    assert terminal.attributes() == before
    until(lambda: daemon.portoctl("list").stdout == "", "the weak container goes")


def test_a_failed_start_restores_the_terminal(screen) -> None:
    terminal = screen("exec", "a", "command=/nonexistent")
    before = terminal.attributes()
    terminal.expect(rb"Cannot start container: InvalidCommand")
    assert terminal.wait() == 1
    assert terminal.attributes() == before


def test_output_at_the_very_end_is_not_lost(screen) -> None:
    terminal = screen("exec", "a", "command=seq 20000")
    assert terminal.wait() == 0
    assert terminal.text.split()[-1] == b"20000"
    assert len(terminal.text.split()) == 20000


def test_a_container_finds_its_own_processes(daemon: Daemon) -> None:
    """Pids are those of the client's pid namespace."""
    script = f"{sys.executable} -m porto.cli.portoctl --socket {daemon.socket} find 1"
    done = daemon.portoctl(
        "exec", "finder", f"command={script}", f"env=PYTHONPATH={Path(porto.__file__).parents[1]}"
    )
    assert done.stdout.strip() in ("self", "finder"), done.stderr
