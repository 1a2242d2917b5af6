"""Jobs of a real daemon: large work directories, over a SIGKILL in the midst of it."""

import os
from pathlib import Path

import pytest

from tests.kernel.conftest import Daemon
from tests.patience import until

pytestmark = pytest.mark.needs("root", "cgroup")
FILES = 3000


def filled(daemon: Daemon, name: str, files: int = FILES) -> Path:
    """A running container whose work directory holds so many files."""
    conn = daemon.connection()
    made = conn.Create(name)
    made.SetProperty("command", "sleep 600")
    made.SetProperty("isolate", False)
    made.Start()
    work = daemon.place / "porto" / name
    for number in range(files):
        (work / str(number)).touch()
    return work


def aside(daemon: Daemon) -> list[str]:
    try:
        return os.listdir(daemon.place / "porto" / "%removed")
    except FileNotFoundError:
        return []


def notes(daemon: Daemon) -> list[str]:
    try:
        return os.listdir(daemon.runtime / "porto" / "jobs")
    except FileNotFoundError:
        return []


def test_a_large_work_directory_is_out_of_the_way_at_once_and_gone_soon(daemon: Daemon) -> None:
    work = filled(daemon, "large")
    conn = daemon.connection()
    conn.Stop("large")
    assert not work.exists()
    conn.Start("large")
    assert sorted(os.listdir(work)) == ["stderr", "stdout"]
    until(lambda: not aside(daemon) and not notes(daemon), "the tree stays")


@pytest.mark.lengthy
def test_a_killed_daemon_leaves_no_job_and_the_next_one_does_the_work(own_daemon: Daemon) -> None:
    daemon = own_daemon
    for number in range(6):
        filled(daemon, f"large{number}")
    conn = daemon.connection()
    for number in range(6):
        conn.Destroy(f"large{number}")
    assert len(aside(daemon)) > 0
    old = daemon.kill("daemon")
    daemon.await_new_daemon(old)
    until(lambda: not aside(daemon) and not notes(daemon), "the trees stay")
    assert os.listdir(daemon.place / "porto") == ["%removed"]
    daemon.stop()
    assert daemon.leftovers() == []
