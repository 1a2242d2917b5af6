"""What is planned is what happens: plans beside the changes that passes then carry."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from porto.wire import rpc_pb2
from tests.kernel.conftest import GROUPS, Daemon
from tests.kernel.peers import Peer, request
from tests.kernel.test_privilege import NOBODY, ROOT, inside, readable_to_nobody
from tests.patience import until

pytestmark = pytest.mark.needs("root", "cgroup")

__all__ = ["inside"]

EXAMPLES = Path(__file__).resolve().parents[2] / "specs" / "examples"
REFUSED = "memory-offstream"
"""What no kernel of kernel.org can do."""

Told = tuple[str, str, str, str]
"""Facet, subject, wanted and present text."""


def planned(daemon: Daemon, *words: str, stdin: str | None = None) -> list[dict]:
    done = daemon.portoctl("plan", "-o", "json", *words, check=False, stdin=stdin)
    objects: list[dict] = json.loads(done.stdout)["objects"]
    return objects


def kernel(objects: list[dict]) -> dict[str, set[Told]]:
    return {
        item["name"]: {(c["facet"], c["subject"], c["want"], c["have"]) for c in item["kernel"]}
        for item in objects
        if item["kernel"]
    }


def happened(daemon: Daemon) -> list[dict]:
    lines = daemon.portoctl("events", "-n0", "-o", "json").stdout.splitlines()
    return [json.loads(line) for line in lines]


def carried(events: list[dict]) -> dict[str, set[Told]]:
    """By name; what an exit leads to is another story."""
    found: dict[str, set[Told]] = {}
    ended = set()
    for event in events:
        name = event["name"]
        if event["what"] == "exit" and event["text"].startswith("exit code"):
            ended.add(name)
        if event["what"] in ("change", "repair") and name not in ended:
            launch = event["subject"].startswith("launch ")
            subject = "launch" if launch else event["subject"]
            change = (event["facet"], subject, event["want"], event["have"])
            found.setdefault(name, set()).add(change)
    return found


def host(daemon: Daemon) -> dict[str, object]:
    """All that a plan must leave as it is: groups and their knobs, records, events."""
    found: dict[str, object] = {"events": happened(daemon)}
    for file in sorted((daemon.runtime / "porto" / "kvs").iterdir()):
        found[str(file)] = file.read_bytes()
    tops = [path for path in Path(GROUPS).glob("*/" + daemon.cgroup) if path.is_dir()]
    for top in [*tops, Path(GROUPS) / daemon.cgroup]:
        for path in sorted(top.rglob("*")):
            found[str(path)] = ""
            if path.name in ("pids.max", "cpuset.cpus", "memory.limit_in_bytes", "memory.max"):
                found[str(path)] = path.read_text()
    return found


def state(daemon: Daemon, name: str) -> str:
    return daemon.portoctl("get", name, "state", check=False).stdout.strip()


@pytest.mark.lengthy
def test_each_example_is_planned_as_it_comes(own_daemon: Daemon) -> None:
    daemon = own_daemon
    planned(daemon, str(EXAMPLES))  # The first look finds out what the kernel's defaults are.
    before = host(daemon)
    objects = planned(daemon, str(EXAMPLES))
    assert host(daemon) == before
    for path in EXAMPLES.iterdir():
        shutil.copy(path, daemon.containers)
        (daemon.containers / path.name).chmod(0o644)
    names = {item["name"] for item in objects}
    starting = {
        item["name"]
        for item in objects
        if any(change["subject"] == "launch" for change in item["kernel"])
    }
    assert {"quickstart", "tree", "tree/front", "tree/extra", "cgroups/child"} <= starting
    assert REFUSED not in names
    until(lambda: all(state(daemon, name) in ("running", "meta", "dead") for name in starting))
    events = happened(daemon)
    expected, found = kernel(objects), carried(events)
    assert {name: found.get(name, set()) for name in expected} == expected
    assert {name: changes for name, changes in found.items() if name not in expected} == {}
    # Applied, there is nothing left to plan.
    again = planned(daemon, str(daemon.containers))
    assert {item["action"] for item in again} == {"unchanged"}
    assert kernel(again) == {}
    assert daemon.portoctl("diff").stdout == "Everything is as specified.\n"


class Planner:
    """Plans one command, then does it, and compares."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon

    def __call__(self, *words: str, others: tuple[str, ...] = ()) -> list[dict]:
        """`words` are of plan and, the same, of the command itself."""
        daemon = self.daemon
        planned(daemon, *words)  # The first look finds out what the kernel's defaults are.
        before = host(daemon)
        objects = planned(daemon, *words)
        assert host(daemon) == before
        serial = happened(daemon)[-1]["serial"]
        daemon.portoctl(*words)
        expected = kernel(objects)
        for name in others:
            until(lambda name=name: expected[name] <= self._since(serial).get(name, set()))
        assert self._since(serial) == expected
        assert daemon.portoctl("diff").stdout == "Everything is as specified.\n"
        return objects

    def _since(self, serial: int) -> dict[str, set[Told]]:
        return carried([event for event in happened(self.daemon) if event["serial"] > serial])


@pytest.fixture
def does_as_planned(daemon: Daemon) -> Planner:
    return Planner(daemon)


@pytest.mark.needs("controller:pids", "controller:memory")
def test_commands_do_what_was_planned(daemon: Daemon, does_as_planned: Planner) -> None:
    daemon.portoctl("create", "a")
    daemon.portoctl("create", "a/b")
    daemon.portoctl("set", "a/b", "command=sleep 1000", "thread_limit=50")
    started = does_as_planned("start", "a/b")
    assert [item["name"] for item in started] == ["a", "a/b"]
    (changed,) = does_as_planned("set", "a", "thread_limit=70", "memory_limit=64M")
    assert {change["why"] for change in changed["kernel"]} == {"thread_limit", "memory_limit"}
    assert {change["when"] for change in changed["kernel"]} == {"live"}
    stopped = does_as_planned("stop", "a")
    assert [item["name"] for item in stopped] == ["a/b", "a"]
    does_as_planned("start", "a/b")
    does_as_planned("destroy", "a")
    assert daemon.portoctl("list", "-1").stdout == ""


@pytest.mark.needs("controller:cpu", "controller:cpuset")
def test_relatives_and_neighbours_are_told_of(daemon: Daemon, does_as_planned: Planner) -> None:
    for name in ("parent", "parent/child"):
        words = ("command=sleep 1000", "controllers[cpu]=true", "cpu_limit=0.5c")
        daemon.portoctl("run", name, *words)
    daemon.portoctl("run", "neighbour", "command=sleep 1000")
    found = does_as_planned("set", "parent", "cpu_period=50ms", others=("parent/child",))
    (below,) = [item for item in found if item["name"] == "parent/child"]
    assert (below["action"], below["reasons"]) == ("unchanged", ["because of parent"])
    assert {change["facet"] for change in below["kernel"]} == {"cpu"}
    daemon.portoctl("run", "taker", "command=sleep 1000")
    found = does_as_planned("set", "taker", "cpu_set=cores 1", others=("neighbour", "parent"))
    moved = {item["name"] for item in found if item["reasons"] == ["because of taker"]}
    assert {"neighbour", "parent"} <= moved


@pytest.mark.needs("controller:pids")
def test_files_that_change_and_go(daemon: Daemon) -> None:
    path = daemon.containers / "web.yaml"
    text = "name: web\ncommand: sleep 1000\nthread_limit: 50\n"
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.chmod(0o644)
    fresh.rename(path)
    until(lambda: state(daemon, "web") == "running")

    def plan(**fields: object) -> "rpc_pb2.TObjectPlan":
        with Peer(daemon.socket) as peer:
            (found,) = peer.call(request("Plan", **fields)).Plan.object
        return found

    def document(text: str) -> "rpc_pb2.TPlanRequest.TDocument":
        return rpc_pb2.TPlanRequest.TDocument(path=str(path), text=text)

    live = plan(document=[document(text.replace("50", "60"))])
    assert (live.action, [change.want for change in live.kernel]) == ("change", ["60"])
    again = plan(document=[document(text.replace("1000", "2000"))])
    assert again.action == "restart"
    whens = [change.when for change in again.kernel]
    assert whens == sorted(whens, key=["stop", "start"].index)
    assert "sleep 2000" in again.kernel[-1].step[-1]
    gone = plan(directory=[str(daemon.containers)])
    assert (gone.action, {change.when for change in gone.kernel}) == ("destroy", {"stop"})
    path.unlink()
    until(lambda: daemon.portoctl("list", "-1").stdout == "")


# -- who may see ---------------------------------------------------------------------


@pytest.mark.needs("controller:pids")
def test_a_client_inside_plans_in_its_own_names_and_rights(inside, daemon: Daemon) -> None:
    daemon.portoctl("run", "other", "command=sleep 1000", "thread_limit=50")
    before = host(daemon)["events"]
    inside.box(enable_porto="isolate")
    code, out, err = inside.portoctl("box", "plan", "-o", "json", "destroy", "other")
    assert (code, err) == (1, "")
    (refused,) = json.loads(out)["objects"]
    assert "no such container" in refused["error"] or "does not exist" in refused["error"]
    inside.again("box")
    code, out, _ = inside.portoctl("box", "diff", "-o", "json")
    assert "other" not in out
    inside.again("box")
    code, _, err = inside.portoctl("box", "explain", "other.thread_limit")
    assert code != 0
    inside.again("box")
    daemon.portoctl("create", "box/sub")
    code, out, _ = inside.portoctl("box", "plan", "-o", "json", "start", "sub")
    objects = json.loads(out)["objects"]
    assert {item["name"] for item in objects} == {"sub"}
    assert [event for event in happened(daemon) if event["name"] == "other"] == [
        event for event in before if event["name"] == "other"
    ]


def test_a_user_without_rights_is_refused_as_by_the_command(daemon: Daemon) -> None:
    if not readable_to_nobody():
        pytest.skip("the interpreter is not readable to user nobody")
    daemon.portoctl("run", "roots", "command=sleep 1000")
    answer = as_nobody(daemon, "plan", "destroy", "roots")
    assert (answer.returncode, answer.stderr) == (1, "")
    assert "! roots: unchanged\n    refused: " in answer.stdout
    assert state(daemon, "roots") == "running"
    assert as_nobody(daemon, "diff").stdout == "Everything is as specified.\n"
    assert "roots: running" in as_nobody(daemon, "explain", "roots").stdout


def as_nobody(daemon: Daemon, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "porto.cli.portoctl", *words],
        check=False,
        capture_output=True,
        text=True,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        env={
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PORTO_SOCKET": daemon.socket,
        },
    )
