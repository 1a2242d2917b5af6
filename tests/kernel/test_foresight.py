"""plan, diff, explain and events as their users know them, against a real daemon."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.conftest import Daemon

pytestmark = pytest.mark.needs("root", "cgroup")


def told(daemon: Daemon, *arguments: str, stdin: str | None = None) -> tuple[int, dict]:
    done = daemon.portoctl(*arguments[:1], "-o", "json", *arguments[1:], check=False, stdin=stdin)
    return done.returncode, json.loads(done.stdout)


def test_a_plan_changes_nothing_and_comes_true(daemon) -> None:
    document = "name: web\ncommand: sleep 1000\nthread_limit: 50\n"
    status, found = told(daemon, "plan", "-", stdin=document)
    (plan,) = found["objects"]
    assert (status, plan["action"]) == (2, "create")
    assert [item["property"] for item in plan["spec"]] == ["command", "thread_limit"]
    assert daemon.portoctl("list", "-1").stdout == ""
    path = daemon.containers / "web.yaml"
    path.write_text(document)
    path.chmod(0o644)
    assert daemon.portoctl("wait", "-A", "-S", "running", "web").returncode == 0
    assert told(daemon, "plan", str(path))[0] == 0
    assert told(daemon, "plan", str(daemon.containers))[0] == 0
    status, found = told(daemon, "plan", "-", stdin="name: web\nthread_limit: 60\n")
    assert status == 1
    assert f"is declared already by {path}" in found["problems"][0]["reason"]
    status, found = told(daemon, "plan", "destroy", "web")
    assert (status, [plan["action"] for plan in found["objects"]]) == (2, ["destroy"])
    assert daemon.portoctl("get", "web", "state").stdout == "running\n"


@pytest.mark.needs("controller:pids")
def test_explain_and_diff_of_a_running_container(daemon) -> None:
    daemon.portoctl("run", "web", "command=sleep 1000", "thread_limit=50")
    status, found = told(daemon, "explain", "web.thread_limit")
    (item,) = found["explanations"]
    assert (status, item["value"], item["origin"], item["owner"]) == (0, "50", "api", "pids")
    assert item["since"] > 1_600_000_000
    assert [(a["subject"], a["want"], a["have"]) for a in item["aspects"]] == [
        ("pids.max", "50", "50")
    ]
    status, found = told(daemon, "diff")
    assert status == 0
    assert [plan["name"] for plan in found["objects"]] == ["web"]


def log(daemon: Daemon) -> list[dict]:
    text = daemon.portoctl("events", "-n0", "-ojson", "killed").stdout
    return [json.loads(line) for line in text.splitlines()]


def test_events_go_on_after_the_daemon_was_killed(daemon) -> None:
    daemon.portoctl("run", "-W", "killed", "command=false")
    before = log(daemon)
    assert before[0]["what"] == "created"
    assert ("exit", "exit code 1") in [(event["what"], event["text"]) for event in before]
    old = daemon.kill("daemon")
    daemon.await_new_daemon(old)
    daemon.portoctl("destroy", "killed")
    after = log(daemon)
    assert after[: len(before)] == before
    assert after[-1]["what"] == "destroyed"
    serials = [event["serial"] for event in after]
    assert serials == sorted(set(serials))


@pytest.mark.needs("controller:pids")
def test_a_repair_is_an_event_that_followers_see(daemon) -> None:
    daemon.portoctl("run", "web", "command=sleep 1000", "thread_limit=50")
    group = daemon.portoctl("get", "web", "cgroups[pids]").stdout.strip()
    follower = subprocess.Popen(
        [sys.executable, "-m", "porto.cli.portoctl", "events", "-f", "-o", "json", "web"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PORTO_SOCKET": daemon.socket},
    )
    assert follower.stdout is not None
    try:
        for line in follower.stdout:
            event = json.loads(line)
            if (event["what"], event["want"]) == ("state", "running"):
                # The follower has shown what there was; all that follows is new.
                Path(group, "pids.max").write_text("7")
            if event["what"] == "repair":
                break
    finally:
        follower.kill()
        follower.communicate()
    assert (event["facet"], event["subject"]) == ("pids", "pids.max")
    assert (event["want"], event["have"]) == ("50", "7")
