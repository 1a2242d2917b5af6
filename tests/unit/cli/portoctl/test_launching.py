"""run, exec, shell: what is set in which order, what is undone, how it ends."""

import os
import select
import signal
import termios
import tty

import pytest

WAIT_S = 20


def sets(fake) -> dict[str, str]:
    return {
        fields.property: fields.value for name, fields in fake.requests if name == "setProperty"
    }


def test_run_stays_in_the_background(ctl, fake) -> None:
    ended = ctl("run", "a", "command=sleep 100", "memory_limit=1G", "cwd=/")
    assert ended == (0, "", "")
    assert fake.containers["a"]["state"] == "running"
    assert fake.containers["a"]["weak"] == "false"
    assert list(sets(fake)) == ["command", "cwd", "memory_limit", "weak"]


def test_run_waits_if_asked(ctl, fake) -> None:
    assert ctl("run", "-W", "a", "command=exit 5").status == 0
    assert fake.names()[-1] == "wait"


@pytest.mark.parametrize("bad", ["command=fail", "nothing=1"])
def test_failed_run_leaves_nothing(ctl, fake, bad: str) -> None:
    ended = ctl("run", "a", bad)
    assert ended.status == 1
    assert ended.err.startswith("Cannot start container: Invalid")
    assert "a" not in fake.containers


def test_a_container_that_exists_is_not_touched(ctl, fake) -> None:
    fake.containers["a"] = {"state": "running"}
    ended = ctl("exec", "a", "command=true")
    assert ended.status == 1
    assert "ContainerAlreadyExists" in ended.err
    assert fake.containers["a"] == {"state": "running"}


def test_words_that_set_nothing(ctl, fake) -> None:
    assert ctl("run", "a", "memory_limit").status == 1
    assert ctl("exec", "a", "=x").status == 1
    assert ctl("exec", "a", "command= ").status == 1
    assert fake.requests == []


def test_env_and_virt_mode_come_last(ctl, fake) -> None:
    ctl("run", "a", "virt_mode=os", "env=A=1;B=2", "private=x", "env=C=3", "command=sleep 1")
    assert list(sets(fake)) == ["command", "private", "env", "virt_mode", "weak"]
    assert sets(fake)["env"] == "A=1;B=2;C=3"


def test_volume_for_layers(ctl, fake, tmp_path) -> None:
    archive = tmp_path / "top.tgz"
    archive.write_bytes(b"")
    ended = ctl("run", "-L", str(archive), "-L", "base", "a", "space_limit=1G", "command=sleep 1")
    assert ended.status == 0
    layer = fake.await_request("importLayer").layer
    assert layer == f"_weak_portoctl-{os.getpid()}-0-top.tgz"
    assert {p.name: p.value for p in fake.await_request("createVolume").properties} == {
        "backend": "overlay",
        "space_limit": "1G",
        "layers": f"{layer};base",
    }
    assert fake.await_request("linkVolume").container == "a"
    assert fake.await_request("unlinkVolume").container == "self"
    assert sets(fake)["root"] == "/place/porto_volumes/1/volume"
    assert sets(fake)["cwd"] == "/"


def test_missing_layer(ctl, fake) -> None:
    ended = ctl("run", "a", "layers=none", "command=sleep 1")
    assert ended.status == 1
    assert "LayerNotFound:(cannot use layer none" in ended.err
    assert "a" not in fake.containers


@pytest.mark.parametrize(
    ("command", "status", "text"),
    [("true", 0, ""), ("exit 3", 3, "Container exit code: 3\n"), ("exit 255", 255, None)],
)
def test_exec_ends_with_the_code(ctl, fake, command, status, text) -> None:
    ended = ctl("exec", "-T", "a", f"command={command}")
    assert ended.status == status
    if text is not None:
        assert ended.err == text
    assert "a" not in fake.containers
    assert [sets(fake)[f"{stream}_path"] for stream in ("stdin", "stdout", "stderr")] == [
        "/dev/fd/0",
        "/dev/fd/1",
        "/dev/fd/2",
    ]


def test_exec_tells_of_memory(ctl, fake) -> None:
    fake.on_start = lambda values: values.update(oom_killed="true", exit_status="9", state="dead")
    assert ctl("exec", "-T", "a", "command=sleep 9") == (137, "", "Container killed by OOM\n")


def test_exec_keeps_if_asked_and_own_streams_win(ctl, fake) -> None:
    assert ctl("exec", "-C", "-T", "a", "command=true", "stdout_path=/tmp/x").status == 0
    assert fake.containers["a"]["weak"] == "false"
    assert sets(fake)["stdout_path"] == "/tmp/x"


def test_exec_default_command(ctl, fake) -> None:
    ctl("exec", "-T", "a")
    assert sets(fake)["command"] == "/bin/bash"


@pytest.mark.parametrize(
    ("user", "name"), [("joe", "shell-joe-"), ("../x y", "shell-"), ("x" * 200, "shell-")]
)
def test_shell_is_a_child(ctl, fake, monkeypatch, user: str, name: str) -> None:
    monkeypatch.setenv("SUDO_USER", user)
    fake.containers["a"] = {"state": "running"}
    ended = ctl("shell", "a", "exit", "4")
    assert ended.status == 4
    assert fake.await_request("createWeak").name == f"a/{name}{os.getpid()}"
    assert sets(fake)["command"] == "exit 4"
    assert sets(fake)["isolate"] == "false"
    assert sets(fake)["env"] == "debian_chroot=a"
    assert set(fake.containers) == {"/", "a"}


@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_signals_go_to_the_container(spawn, fake, signo) -> None:
    process = spawn("exec", "a", "command=sleep 100")
    fake.await_request("wait")
    process.send_signal(signo)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 128 + signo
    assert f"Container killed by signal: {signo}".encode() in err
    assert fake.await_request("kill").sig == signo
    assert "a" not in fake.containers


def test_interrupt_without_a_daemon_ends_portoctl(spawn, fake) -> None:
    process = spawn("exec", "a", "command=sleep 100")
    fake.await_request("wait")
    fake.stop()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert b"Traceback" not in err


def test_killed_portoctl_leaves_no_container(spawn, fake) -> None:
    process = spawn("exec", "a", "command=sleep 100")
    fake.await_request("wait")
    process.kill()
    with fake.changed:
        assert fake.changed.wait_for(lambda: "a" not in fake.containers, 10)


class Screen:
    """The user's terminal: `keys` is typed into, and shows what was printed."""

    def __init__(self) -> None:
        self.keys, self.tty = os.openpty()
        tty.setcbreak(self.tty)

    def read_until(self, wanted: bytes) -> bytes:
        text = b""
        while wanted not in text:
            ready, _, _ = select.select([self.keys], [], [], WAIT_S)
            assert ready, f"only {text!r} was printed"
            text += os.read(self.keys, 1024)
        return text

    def close(self) -> None:
        os.close(self.keys)
        os.close(self.tty)


@pytest.fixture
def screen():
    made = Screen()
    yield made
    made.close()


def open_slave(fake, pid: int) -> int:
    """What the daemon does: open the client's descriptor for the container."""
    fake.await_request("wait")
    path = fake.containers["a"]["stdout_path"].removeprefix("/dev/fd/")
    return os.open(f"/proc/{pid}/fd/{path}", os.O_RDWR | os.O_NOCTTY)


def test_exec_with_a_terminal(spawn, fake, screen) -> None:
    before = termios.tcgetattr(screen.tty)
    termios.tcsetwinsize(screen.tty, (33, 99))
    process = spawn(
        "exec", "a", "command=sleep 100", stdin=screen.tty, stdout=screen.tty, stderr=screen.tty
    )
    inside = open_slave(fake, process.pid)
    assert fake.containers["a"]["env"] == "TERM=vt100"
    assert termios.tcgetwinsize(inside) == (33, 99)
    os.write(inside, b"prompt> ")
    screen.read_until(b"prompt> ")
    assert termios.tcgetattr(screen.tty) != before
    os.write(screen.keys, b"word\n")
    assert os.read(inside, 100) == b"word\n"
    termios.tcsetwinsize(screen.tty, (20, 50))
    process.send_signal(signal.SIGWINCH)
    os.write(screen.keys, b"more\n")
    assert os.read(inside, 100) == b"more\n"
    assert termios.tcgetwinsize(inside) == (20, 50)
    os.write(inside, b"last words")
    fake.end("a", 2 << 8)
    assert b"last words" in screen.read_until(b"code: 2")
    os.close(inside)
    assert process.wait(10) == 2
    assert termios.tcgetattr(screen.tty) == before


def test_leaving_a_terminal(spawn, fake, screen) -> None:
    before = termios.tcgetattr(screen.tty)
    process = spawn(
        "exec", "a", "command=sleep 100", stdin=screen.tty, stdout=screen.tty, stderr=screen.tty
    )
    os.close(open_slave(fake, process.pid))
    os.write(screen.keys, b"\x18")
    os.write(screen.keys, b"\x18")
    screen.read_until(b"<exit portoctl>")
    assert process.wait(10) == 0
    with fake.changed:
        assert fake.changed.wait_for(lambda: "a" not in fake.containers, 10)
    assert termios.tcgetattr(screen.tty) == before
