"""The command portod with a real master and daemon."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from porto.cli.instance import wait_until
from porto.launcher.handover import VERSION

pytestmark = pytest.mark.needs("root")


def test_life_of_a_portod(make_daemon) -> None:
    made = make_daemon(start=False)
    assert made.portod("status", check=False).stdout == "stopped\n"
    started = made.portod("start")
    assert started.stdout == f"portod started: pid {made.pid('master')}\n"
    assert made.portod("status").stdout == "running\n"
    again = made.portod("start")
    assert again.stdout == f"portod is already running: pid {made.pid('master')}\n"
    version = made.portod("version").stdout.splitlines()
    assert [line.split(":")[0] for line in version] == ["version", "running"]
    second = made.portod("daemon", check=False)
    assert second.returncode == 1
    assert "portod is already running" in second.stderr

    master, daemon = made.pid("master"), made.pid("daemon")
    made.portod("reload")
    assert made.pid("master") == master
    assert made.pid("daemon") != daemon

    made.portod("restart")
    assert made.pid("master") != master
    assert made.portod("stop").stdout == "portod stopped\n"
    assert made.portod("stop").stdout == "portod already stopped\n"
    assert not Path(made.socket).exists()
    assert not (made.runtime / "portod").is_symlink()


def test_a_kill_leaves_containers_and_start_finds_them(make_daemon) -> None:
    made = make_daemon()
    connection = made.connection()
    connection.Create("a")
    connection.SetProperty("a", "command", "sleep 1000")
    connection.Start("a")
    pid = connection.GetProperty("a", "root_pid")
    connection.disconnect()
    made.portod("kill")
    assert made.portod("status", check=False).stdout == "stopped\n"
    assert Path(f"/proc/{pid}").exists()
    made.portod("start")
    connection = made.connection()
    assert connection.GetProperty("a", "state") == "running"
    assert connection.GetProperty("a", "root_pid") == pid
    connection.disconnect()
    made.stop()
    assert not Path(f"/proc/{pid}").exists()


def test_an_upgrade_keeps_containers_and_the_link(make_daemon) -> None:
    made = make_daemon()
    connection = made.connection()
    connection.Create("a")
    connection.SetProperty("a", "command", "sleep 1000")
    connection.Start("a")
    link = os.readlink(made.runtime / "portod")
    done = made.portod("upgrade")
    assert done.stdout.startswith("portod upgraded: version ")
    assert connection.GetProperty("a", "state") == "running"
    assert os.readlink(made.runtime / "portod") == link
    connection.disconnect()
    made.stop()


def test_a_broken_configuration_does_not_break_a_reload(make_daemon) -> None:
    made = make_daemon()
    good = made.config.read_text()
    made.config.write_text("this is no configuration")
    daemon = made.pid("daemon")
    os.kill(made.pid("master"), signal.SIGHUP)
    assert wait_until(lambda: "cannot upgrade to" in made.log.read_text(), 30)
    made.config.write_text(good)  # the next daemon needs it
    made.await_new_daemon(daemon)
    assert made.portod("status").stdout == "running\n"
    made.stop()


def test_questions_to_the_daemon(make_daemon) -> None:
    made = make_daemon()
    connection = made.connection()
    connection.Create("dumped")
    connection.SetProperty("dumped", "command", "true")
    connection.disconnect()
    assert "porto_version" in made.portod("get").stdout
    made.portod("set", "verbose", "true")
    assert "verbose: true" in made.portod("get").stdout
    refused = made.portod("set", "verbose", "maybe", check=False)
    assert refused.returncode == 1
    assert refused.stderr == "cannot set verbose to 'maybe': neither true nor false\n"
    made.portod("freeze")
    made.portod("unfreeze")
    made.portod("clearstat")
    assert made.portod("clearstat", "no-such-counter", check=False).returncode == 1
    dump = made.portod("dump").stdout
    assert "_name = dumped" in dump
    assert "command = true" in dump
    made.stop()
    assert made.portod("get", check=False).returncode == 1


def test_a_rotated_log_is_opened_again(make_daemon) -> None:
    made = make_daemon()
    moved = made.log.with_suffix(".1")
    made.log.rename(moved)
    assert "log_open: 1\n" in made.portod("get").stdout
    made.portod("reopenlog")
    assert wait_until(lambda: "log_open: 2\n" in made.portod("get").stdout, 30)
    made.stop()
    assert "stopped" in made.log.read_text()
    assert "stopped" not in moved.read_text()


def test_the_launcher_command_proves_that_it_runs(make_daemon) -> None:
    made = make_daemon(start=False)
    words = json.loads(made.portod("--verbose", "launcher-command").stdout)
    assert f"--runtime={made.runtime}" in words
    assert "--verbose" in words
    assert subprocess.run([*words, f"--check={VERSION}"], check=False).returncode == 0
    assert subprocess.run([*words, "--check=0"], check=False).returncode == 1


def test_a_start_that_cannot_succeed_says_so(make_daemon) -> None:
    made = make_daemon(start=False)
    (made.runtime / "portod.socket").mkdir(parents=True)
    failed = made.portod("start", check=False)
    assert failed.returncode == 1
    assert f"cannot listen on {made.socket}: is a directory" in failed.stderr
    assert "portod exited: exit code 1" in failed.stderr
