"""plan and diff: what is asked, and how it reads."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from porto.cli.portoctl.plan_text import shown

PLAN = {
    "object": [
        {
            "kind": "container",
            "name": "web",
            "action": "create",
            "spec": [
                {"property": "command", "after": "sleep 1", "origin": "file:/x/web.yaml:2"},
                {"property": "thread_limit", "after": "9"},
            ],
            "kernel": [
                {
                    "facet": "pids",
                    "subject": "pids.max",
                    "want": "9",
                    "have": "",
                    "why": "thread_limit",
                    "when": "start",
                },
                {
                    "facet": "life",
                    "subject": "launch",
                    "want": "running",
                    "have": "",
                    "when": "start",
                    "step": ["set umask 0000", "execute sleep 1"],
                },
            ],
            "reason": ["it would be started"],
        },
        {
            "kind": "container",
            "name": "db",
            "action": "restart",
            "spec": [
                {"property": "cwd", "before": "/a", "after": "/b", "origin": "api"},
                {"property": "private", "before": "two\nlines"},
            ],
            "kernel": [
                {"facet": "m", "subject": "memory.max", "want": "2", "have": "1", "when": "live"},
                {"facet": "t", "subject": "process", "want": "", "have": "77", "when": "restart"},
            ],
        },
        {"kind": "container", "name": "old", "action": "destroy"},
        {"kind": "container", "name": "same", "action": "unchanged"},
        {"kind": "volume", "name": "v", "action": "unchanged", "error": "cannot set v: no"},
    ]
}
TEXT = """\
+ web: create
    it would be started
    + command      = sleep 1  (file:/x/web.yaml:2)
    + thread_limit = 9
  in the kernel, with the start:
    pids.max  9  (thread_limit)
    launch    running  (2 steps: -v shows them)
~ db: restart
    ~ cwd     = /a -> /b  (api)
    - private = two\\nlines
  in the kernel, at once:
    memory.max  1 -> 2
  in the kernel, by a restart:
    process     77 -> absent
- old: destroy
! volume v: unchanged
    refused: cannot set v: no
1 to create, 1 to restart, 1 to destroy, 1 refused, 1 unchanged
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "web.yaml"
    path.write_text("name: web\n")
    return path


def sent(fake) -> list[tuple[str, str]]:
    (request,) = [fields for name, fields in fake.requests if name == "Plan"]
    return [(item.path, item.text) for item in request.document]


def test_a_plan_reads_like_this(ctl, fake, document) -> None:
    fake.answers["Plan"] = [PLAN]
    ended = ctl("plan", str(document))
    assert ended.out == TEXT
    assert (ended.status, ended.err) == (1, "")


def test_each_step_on_demand(ctl, fake, document) -> None:
    fake.answers["Plan"] = [PLAN]
    steps = "    launch    running\n       1. set umask 0000\n       2. execute sleep 1\n"
    assert steps in ctl("plan", "-v", str(document)).out


def test_exit_status_and_last_line(ctl, fake, document) -> None:
    create = {"object": [{"kind": "container", "name": "a", "action": "create"}]}
    same = {"object": [{"kind": "container", "name": "a", "action": "unchanged"}]}
    fake.answers["Plan"] = [create, same, {}]
    ended = ctl("plan", str(document))
    assert (ended.status, ended.out) == (2, "+ a: create\n1 to create\n")
    assert ctl("plan", str(document)) == (0, "Nothing would change.\n", "")
    assert ctl("plan", str(document)) == (0, "Nothing would change.\n", "")


def test_problems_are_told_with_their_place(ctl, fake, document) -> None:
    problem = {"path": "/x/a.yaml", "line": 3, "property": "cwd", "reason": "is not absolute"}
    fake.answers["Plan"] = [{"problem": [problem, {"path": "/x/b.yaml", "reason": "no\x1b[2J"}]}]
    ended = ctl("plan", str(document))
    assert ended.status == 1
    assert ended.err == "/x/a.yaml:3: cwd: is not absolute\n/x/b.yaml: no\\x1b[2J\n"
    assert ended.out == ""


def test_documents_go_as_text_with_absolute_paths(ctl, fake, document, monkeypatch) -> None:
    monkeypatch.chdir(document.parent)
    ctl("plan", "web.yaml")
    assert sent(fake) == [(str(document), "name: web\n")]


def test_standard_input(ctl, fake, monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"name: web\n")))
    ctl("plan", "-")
    assert sent(fake) == [("-", "name: web\n")]


def test_a_directory_is_walked_as_the_daemon_walks(ctl, fake, tmp_path) -> None:
    top = tmp_path / "specs"
    for name in ("b.CT", "a.yaml", "sub/c.json", ".hidden.yaml", "#d.yaml", "readme.txt"):
        path = top / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(name)
    ctl("plan", str(top))
    assert sent(fake) == [(str(top / name), name) for name in ("a.yaml", "b.CT", "sub/c.json")]
    assert list(fake.requests[-1][1].directory) == [str(top)]


def test_a_directory_with_an_unreadable_file_is_not_known_whole(ctl, fake, tmp_path) -> None:
    top = tmp_path / "specs"
    top.mkdir()
    (top / "a.yaml").write_text("name: a\n")
    (top / "b.yaml").write_bytes(b"\xff")
    (top / "c.yaml").symlink_to("nowhere")
    ended = ctl("plan", str(top))
    assert ended.status == 1
    assert f"{top}/b.yaml: is not UTF-8 text" in ended.err
    assert f"{top}/c.yaml: the symbolic link leads nowhere" in ended.err
    assert sent(fake) == [(str(top / "a.yaml"), "name: a\n")]
    assert not fake.requests[-1][1].directory


def test_what_cannot_be_read_is_an_error(ctl, fake, tmp_path) -> None:
    ended = ctl("plan", str(tmp_path / "none.yaml"))
    assert ended.status == 1
    assert "no such file" in ended.err


@pytest.mark.parametrize(
    ("words", "actions"),
    [
        (["start", "a", "b"], [("start", "a", "", ""), ("start", "b", "", "")]),
        (["destroy", "a"], [("destroy", "a", "", "")]),
        (["set", "a", "command", "sleep", "1"], [("set", "a", "command", "sleep 1")]),
        (
            ["set", "a", "cwd=/x=y", "umask="],
            [("set", "a", "cwd", "/x=y"), ("set", "a", "umask", "")],
        ),
    ],
)
def test_actions(ctl, fake, words, actions) -> None:
    ctl("plan", *words)
    found = fake.requests[-1][1].action
    assert [(a.verb, a.name, a.property, a.value) for a in found] == actions


@pytest.mark.parametrize("words", [["start"], ["set"], ["set", "a"], ["set", "a", "cwd"]])
def test_too_few_words_show_the_usage(ctl, fake, words) -> None:
    ended = ctl("plan", *words)
    assert ended.status == 1
    assert ended.out.startswith("Usage: portoctl plan ")
    assert fake.requests == []


def test_an_old_daemon_is_an_error_and_no_change(ctl, fake) -> None:
    fake.refusals["Diff"] = ("InvalidMethod", "no such method")
    ended = ctl("diff")
    assert (ended.status, ended.out) == (1, "")
    assert "Cannot diff: " in ended.err


def test_for_programs(ctl, fake, document) -> None:
    fake.answers["Plan"] = [PLAN, PLAN]
    told = json.loads(ctl("plan", "-o", "json", str(document)).out)
    assert yaml.safe_load(ctl("plan", "-oyaml", str(document)).out) == told
    assert told["problems"] == []
    assert list(told["objects"][0]) == [
        "kind", "name", "action", "spec", "kernel", "reasons", "error",
    ]  # fmt: skip
    assert told["objects"][1]["spec"][1] == {
        "property": "private",
        "before": "two\nlines",
        "after": None,
        "origin": "",
    }


def test_an_unknown_format_asks_nothing(ctl, fake) -> None:
    ended = ctl("diff", "-o", "xml")
    assert (ended.status, fake.requests) == (1, [])
    assert "-o 'xml' is not one of text, json, yaml" in ended.err


def test_a_diff_reads_like_this(ctl, fake) -> None:
    kernel = [{"facet": "pids", "subject": "pids.max", "want": "9", "have": "8", "when": "live"}]
    fake.answers["Diff"] = [
        {
            "object": [
                {"kind": "container", "name": "a", "action": "unchanged", "kernel": kernel},
                {"kind": "container", "name": "b", "action": "unchanged"},
            ]
        },
        {"object": [{"kind": "container", "name": "b", "action": "unchanged", "reason": ["x"]}]},
        {"object": [{"kind": "container", "name": "b", "action": "unchanged"}]},
    ]
    ended = ctl("diff", "a", "b")
    assert ended.status == 2
    assert ended.out == (
        "~ a: differs\n  in the kernel, at once:\n    pids.max  8 -> 9\n1 to repair, 1 unchanged\n"
    )
    assert list(fake.requests[-1][1].name) == ["a", "b"]
    unmendable = "= b: unchanged\n    x\nNothing that a pass would put right.\n"
    assert ctl("diff") == (2, unmendable, "")
    assert ctl("diff") == (0, "Everything is as specified.\n", "")


def test_values_stay_on_their_line() -> None:
    assert shown("a\tb\x1b[1m\n") == "a\\tb\\x1b[1m\\n"
    assert shown("x" * 81) == "x" * 77 + "..."
    assert shown("x" * 80) == "x" * 80
    assert shown("\udcff") == "\udcff"
