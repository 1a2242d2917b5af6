"""status, raw, completion."""

import json
import shutil
import subprocess

import pytest

from porto.cli.portoctl.commands import COMMANDS
from porto.cli.portoctl.completion import script

FINE = {
    "version": "1.2.3",
    "uptime": 3725,
    "containers": {"running": 2, "dead": 1, "meta": 0},
    "problems": [],
    "conditions": [],
    "drift": {},
}
PROBLEM = {"file": "/x/a.CT", "line": 3, "property": "memory_limit", "reason": "12Q: unknown unit"}
CONDITION = {"container": "a", "kind": "Stuck", "facet": "memory", "message": "no such knob"}


def test_all_is_well(ctl, fake) -> None:
    fake.containers["/"]["porto_status"] = json.dumps(FINE)
    ended = ctl("status")
    assert ended.status == 0
    assert ended.out.splitlines() == [
        "version     1.2.3",
        "uptime      1:02:05",
        "containers  3: 1 dead, 2 running",
        "repaired    nothing",
    ]


def test_what_is_wrong_is_told_and_counts(ctl, fake) -> None:
    picture = FINE | {
        "problems": [PROBLEM, {"file": "/x", "reason": "gone"}],
        "conditions": [CONDITION],
        "drift": {"memory.max": 2},
    }
    fake.containers["/"]["porto_status"] = json.dumps(picture)
    ended = ctl("status")
    assert ended.status == 1
    assert "  /x/a.CT:3: memory_limit: 12Q: unknown unit\n  /x: gone\n" in ended.out
    assert "  a: Stuck (memory): no such knob\n" in ended.out
    assert "repaired    memory.max 2\n" in ended.out


def test_each_kind_is_counted_and_what_is_wrong_with_it_told(ctl, fake) -> None:
    picture = FINE | {
        "kinds": {"container": "containers", "toy": "toys"},
        "toys": {"ready": 2},
        "conditions": [{"toy": "t", "kind": "Stuck", "facet": "", "message": "no paint"}],
    }
    fake.containers["/"]["porto_status"] = json.dumps(picture)
    ended = ctl("status")
    assert ended.status == 1
    assert "toys        2: 2 ready\n" in ended.out
    assert ended.out.endswith("\ntoys that are not as declared:\n  t: Stuck: no paint\n")


def test_one_container(ctl, fake) -> None:
    fake.containers["/"]["porto_status"] = json.dumps(FINE | {"conditions": [CONDITION]})
    fake.containers["a"] = {
        "state": "stopped",
        "start_error": "cannot execute x",
        "command": "x",
        "porto_origins": json.dumps({"command": "file /x/a.CT:2"}),
    }
    fake.containers["b"] = {"state": "dead", "exit_status": "9", "porto_origins": "{}"}
    ended = ctl("status", "a")
    assert ended.status == 1
    assert ended.out.splitlines() == [
        "a: stopped",
        "  start failed: cannot execute x",
        "  Stuck (memory): no such knob",
        "  command = x  (file /x/a.CT:2)",
    ]
    ended = ctl("status", "b")
    assert ended.status == 0
    assert ended.out.splitlines() == ["b: dead", "  exit signal: 9 (Killed)"]
    assert ctl("status", "none").status == 4


def test_a_status_that_is_none(ctl, fake) -> None:
    fake.containers["/"]["porto_status"] = "nonsense"
    assert ctl("status").status == 1


def test_raw(ctl) -> None:
    ended = ctl("raw", "version", "{}")
    assert ended.status == 0
    assert 'tag: "1.2.3"' in ended.out
    assert ctl("raw", "create { name: 'a' }").status == 0
    ended = ctl("raw", "create { name: 'a' }")
    assert ended.status == 3
    assert "ContainerAlreadyExists" in ended.err
    assert ctl("raw", "nonsense {}").status == 1
    assert ctl("raw", "create {}").status == 1


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_completion_is_good_bash_and_knows_the_commands(ctl) -> None:
    assert ctl("completion").out == script()
    code = script() + (
        'COMP_WORDS=(portoctl -t 5 sta); COMP_CWORD=3; _portoctl; echo "${COMPREPLY[@]}"\n'
        'COMP_WORDS=(portoctl list -); COMP_CWORD=2; _portoctl; echo "${COMPREPLY[@]}"\n'
        'COMP_WORDS=(portoctl ""); COMP_CWORD=1; _portoctl; echo "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(["bash", "-eu"], input=code, capture_output=True, text=True, check=True)
    first, second, third = done.stdout.splitlines()
    assert first.split() == ["start", "status"]
    assert second.split() == ["-1", "-f", "-r", "-t", "-L"]
    assert set(third.split()) == {*COMMANDS, "help"}
