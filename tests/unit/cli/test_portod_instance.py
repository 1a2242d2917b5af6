"""The running instance as the commands of portod see it."""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from porto.cli.control import Control
from porto.cli.instance import Instance, be_alone, end_process, wait_until
from porto.launcher.settings import Settings


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(
        socket_path=str(tmp_path / "socket"),
        master_pid=str(tmp_path / "master"),
        daemon_pid=str(tmp_path / "daemon"),
    )


def control(instance: Instance, directory: Path) -> Control:
    settings = Settings(runtime=str(directory), program="/new", version="2")
    return Control(instance, settings, start_timeout_s=0, stop_timeout_s=0)


def test_a_pid_counts_only_while_its_file_is_locked(instance: Instance, tmp_path: Path) -> None:
    assert instance.master() is None
    path = tmp_path / "master"
    path.write_text("123\n")
    assert instance.master() is None  # left behind by a dead one
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert instance.master() == 123
        path.write_text("no number")
        assert instance.master() is None
    assert instance.daemon() is None
    (tmp_path / "daemon").write_text("7\n")
    assert instance.daemon() == 7
    instance.remove_pid_files()
    instance.remove_pid_files()
    assert list(tmp_path.iterdir()) == []


def test_looking_does_not_take_the_lock_away(instance: Instance, tmp_path: Path) -> None:
    (tmp_path / "master").write_text("1\n")
    assert instance.master() is None
    with (tmp_path / "master").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_daemon_waits_for_the_end_of_the_one_before(tmp_path: Path) -> None:
    first = be_alone(str(tmp_path), 0)
    with pytest.raises(OSError, match="another daemon has not ended yet") as caught:
        be_alone(str(tmp_path), 0)
    assert (caught.value.errno, caught.value.filename) == (errno.EBUSY, str(tmp_path))
    next_one: list[int] = []
    waiting = threading.Thread(target=lambda: next_one.append(be_alone(str(tmp_path), 60)))
    waiting.start()
    os.close(first)
    waiting.join(60)
    with pytest.raises(OSError, match="another daemon"):
        be_alone(str(tmp_path), 0)
    os.close(next_one[0])
    os.close(be_alone(str(tmp_path), 0))


def test_a_helper_of_a_daemon_does_not_hold_its_place(tmp_path: Path) -> None:
    held = be_alone(str(tmp_path), 0)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False):
        os.close(held)
        os.close(be_alone(str(tmp_path), 0))


def test_an_answer_is_asked_for_and_awaited(instance: Instance) -> None:
    assert not instance.answers()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(instance.socket_path)
        server.listen()
        heard: list[bytes] = []

        def serve(answer: bytes) -> None:
            peer, _ = server.accept()
            with peer:
                heard.append(peer.recv(16))
                peer.sendall(answer)

        for answer, expected in ((b"\x02\x08\x00", True), (b"", False)):
            thread = threading.Thread(target=serve, args=(answer,))
            thread.start()
            assert instance.answers() is expected
            thread.join()
        assert heard == [b"\x02\x72\x00"] * 2  # a frame with an empty version request


def test_ending_a_process() -> None:
    process = subprocess.Popen(["sleep", "1000"])
    assert end_process(process.pid, signal.SIGTERM, 10)
    assert process.wait() == -signal.SIGTERM
    assert end_process(process.pid, signal.SIGTERM, 10)  # it is gone
    stubborn = subprocess.Popen(["sh", "-c", "trap '' TERM; echo; exec sleep 1000"], stdout=-1)
    assert stubborn.stdout is not None
    with stubborn.stdout as ready:
        ready.readline()
        assert not end_process(stubborn.pid, signal.SIGTERM, 0)
    assert end_process(stubborn.pid, signal.SIGKILL, 10)
    stubborn.wait()


def test_waiting_has_an_end() -> None:
    answers = iter([False, False, True])
    assert wait_until(lambda: next(answers), 10)
    assert not wait_until(lambda: False, 0)


def test_commands_for_a_master_that_does_not_run(
    instance: Instance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = control(instance, tmp_path)
    assert made.status() == 1
    assert made.stop() == 0
    assert capsys.readouterr().out == "stopped\nportod already stopped\n"
    assert made.kill() == 0
    assert (made.reload(), made.reopen_log()) == (1, 1)
    assert capsys.readouterr().err == "portod is not running\n" * 2
    assert made.upgrade() == 1
    assert "no running program at" in capsys.readouterr().err


def test_a_failed_upgrade_puts_the_link_back(
    instance: Instance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    former = tmp_path / "former"
    former.touch()
    link = tmp_path / "portod"
    link.symlink_to(former)
    assert control(instance, tmp_path).upgrade() == 1
    assert os.readlink(link) == str(former)
    assert capsys.readouterr().err == "portod is not running\n"


def test_a_master_without_an_answering_daemon_is_unknown(
    instance: Instance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "master").write_text("123\n")
    with (tmp_path / "master").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert control(instance, tmp_path).status() == 1
    assert capsys.readouterr().out == "unknown\n"


def test_an_ended_process_whose_number_is_a_group_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before Linux 6.9 the kernel says EINVAL of it."""

    def refuse(_: int) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    assert end_process(os.getpid(), 0, 0)
