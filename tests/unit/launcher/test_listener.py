"""The API socket and the lock on the pid file."""

import fcntl
import os
import socket
import stat
from pathlib import Path

import pytest

from porto.launcher.listener import Listener, Refused, answers, group_id, lock

pytestmark = pytest.mark.needs("root")  # the socket is given to root


def bind(path: Path) -> Listener:
    return Listener.bind(str(path), group="no-such-group", backlog=4)


def test_the_socket_is_open_to_all(tmp_path: Path) -> None:
    listener = bind(tmp_path / "s")
    assert stat.S_IMODE(os.stat(listener.path).st_mode) == 0o666
    assert answers(listener.path)
    listener.remove()
    assert not answers(listener.path)
    assert list(tmp_path.iterdir()) == []


def test_a_dead_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    bind(path).remove()
    path.write_text("a file")
    bind(path).remove()
    path.mkdir()
    with pytest.raises(Refused, match="is a directory"):
        bind(path)


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"cannot listen on .*/none/s: No such file"):
        bind(tmp_path / "none" / "s")


def test_a_lost_name_is_noticed(tmp_path: Path) -> None:
    listener = bind(tmp_path / "s")
    assert not listener.vanished()
    os.unlink(listener.path)
    assert listener.vanished()
    other = bind(tmp_path / "s")
    assert listener.vanished()
    listener.remove()  # does not take the other one's name
    assert answers(other.path)
    other.remove()


def test_the_lock_tells_who_runs(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.write_text("999999999 and something longer\n")
    fd = lock(str(path))
    assert path.read_text() == f"{os.getpid()}\n"
    with pytest.raises(Refused, match=f"already running: pid {os.getpid()} in {path}"):
        lock(str(path))
    os.close(fd)
    os.close(lock(str(path)))


def test_somebody_who_only_looks_does_not_hold_up_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pid"
    looking = os.open(path, os.O_RDONLY | os.O_CREAT)
    fcntl.flock(looking, fcntl.LOCK_SH)
    monkeypatch.setattr("time.sleep", lambda _: fcntl.flock(looking, fcntl.LOCK_UN))
    os.close(lock(str(path)))
    assert path.read_text() == f"{os.getpid()}\n"
    os.close(looking)


def test_a_pid_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pid").symlink_to(tmp_path / "victim")
    with pytest.raises(Refused, match="cannot open pid file"):
        lock(str(tmp_path / "pid"))
    assert not (tmp_path / "victim").exists()


def test_groups() -> None:
    assert group_id("root") == 0
    assert group_id("no-such-group") == 0
    line = Path("/etc/group").read_text().splitlines()[3].split(":")
    assert group_id(line[0]) == int(line[2])
