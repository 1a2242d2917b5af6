"""explain: names and properties, and how it reads."""

import json
import time

import pytest

ONE = {
    "explanation": [
        {
            "kind": "container",
            "name": "web",
            "property": "thread_limit",
            "value": "9",
            "origin": "file:/x/web.yaml:3",
            "since": 1_700_000_000,
            "owner": "pids",
            "aspect": [
                {"facet": "pids", "subject": "pids.max", "want": "9", "have": "8"},
                {"facet": "pids", "subject": "pids.x", "want": "1", "have": "1"},
            ],
            "error": "cannot write pids.max",
            "next": "pids.max: 8 -> 9 (live)",
        }
    ]
}
WHOLE = {
    "explanation": [
        {"kind": "container", "name": "web", "value": "running", "origin": "api"},
        {
            "kind": "container",
            "name": "web",
            "property": "cwd",
            "value": "/tmp",
            "default": "/",
            "owner": "identity",
        },
    ]
}


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def test_a_property_reads_like_this(ctl, fake) -> None:
    fake.unknown = {"web.thread_limit"}
    fake.answers["Explain"] = [ONE]
    ended = ctl("explain", "web.thread_limit")
    assert ended.status == 0
    assert ended.out == (
        "web.thread_limit = 9\n"
        "  default     not set\n"
        "  owner       pids\n"
        "  set by      file:/x/web.yaml:3, since 2023-11-14 22:13:20\n"
        "  in kernel   pids.max  is 8, wanted 9\n"
        "              pids.x    is 1\n"
        "  problem     cannot write pids.max\n"
        "  next        pids.max: 8 -> 9 (live)\n"
    )


def test_a_container_reads_like_this(ctl, fake) -> None:
    fake.answers["Explain"] = [WHOLE, WHOLE]
    assert ctl("explain", "web", "web").out == (
        2 * (
            "web: running\n"
            "  wanted by   api\n"
            "web.cwd = /tmp\n"
            "  default     /\n"
            "  owner       identity\n\n"
        )
    ).removesuffix("\n")  # fmt: skip


@pytest.mark.parametrize(
    ("word", "name", "prop"),
    [
        ("web.cwd", "web", "cwd"),
        ("a.b/c.d.env[X.y]", "a.b/c.d", "env[X.y]"),
        ("web.labels[A.b]", "web", "labels[A.b]"),
    ],
)
def test_a_name_may_hold_dots(ctl, fake, word, name, prop) -> None:
    fake.unknown = {word}
    fake.answers["Explain"] = [ONE]
    ctl("explain", word)
    assert [(f.name, f.property) for _, f in fake.requests] == [(word, ""), (name, prop)]


def test_a_name_that_is_nothing_is_an_error(ctl, fake) -> None:
    fake.unknown = {"web", "web.cwd"}
    assert ctl("explain", "web").status == 4
    ended = ctl("explain", "web.cwd")
    assert ended.status == 4
    assert "Cannot explain" in ended.err


def test_for_programs(ctl, fake) -> None:
    fake.answers["Explain"] = [ONE]
    (found,) = json.loads(ctl("explain", "-o", "json", "web").out)["explanations"]
    assert list(found) == [
        "kind", "name", "property", "value", "default", "origin", "since", "owner", "error",
        "next", "aspects",
    ]  # fmt: skip
    assert found["since"] == 1_700_000_000
