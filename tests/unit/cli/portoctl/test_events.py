"""events: how they read, paging and following."""

import json
import time

import pytest
import yaml


def event(serial: int, what: str, **fields: object) -> dict[str, object]:
    base = {"serial": serial, "time_ms": 1_700_000_000_000 + serial * 1000}
    return {**base, "kind": "container", "name": "web", "what": what, **fields}


EVENTS = [
    event(1, "created", text="api"),
    event(2, "set", facet="pids", subject="thread_limit", want="9", have="8", text="api"),
    event(3, "set", subject="cwd", want="/"),
    event(4, "state", want="running", have="starting"),
    event(5, "repair", facet="pids", subject="pids.max", want="9", text="thread_limit"),
    event(6, "condition", facet="pids", subject="Stuck", text="cannot\nset"),
    event(7, "exit", text="exit code 3"),
    event(8, "failed", subject="start", text="no such file"),
    event(9, "destroyed"),
]
TEXT = """\
2023-11-14 22:13:21  web           created    by api
2023-11-14 22:13:22  web           set        thread_limit = 9 (was 8), by api
2023-11-14 22:13:23  web           set        cwd = /
2023-11-14 22:13:24  web           state      starting -> running
2023-11-14 22:13:25  web           repair     pids.max: absent -> 9  (thread_limit)
2023-11-14 22:13:26  web           condition  Stuck (pids): cannot\\nset
2023-11-14 22:13:27  web           exit       exit code 3
2023-11-14 22:13:28  web           failed     start: no such file
2023-11-14 22:13:29  web           destroyed
"""


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def test_events_read_like_this(ctl, fake) -> None:
    fake.answers["Events"] = [{"event": EVENTS, "next": 9}]
    assert ctl("events", "web", "db*") == (0, TEXT, "")
    ((_, request),) = fake.requests
    assert (list(request.name), request.last, request.HasField("timeout_ms")) == (
        ["web", "db*"],
        50,
        False,
    )


def test_all_come_in_parts(ctl, fake) -> None:
    fake.answers["Events"] = [
        {"event": EVENTS[:2], "next": 2, "more": True},
        {"event": EVENTS[2:], "next": 9, "lost": 3},
    ]
    ended = ctl("events", "-n", "0")
    assert ended.out == TEXT
    first, second = [fields for _, fields in fake.requests]
    assert not first.HasField("last")
    assert second.after == 2


def test_losses_are_told(ctl, fake) -> None:
    fake.answers["Events"] = [{"lost": 3}]
    assert "3 events could not be kept" in ctl("events").err


def test_following_goes_on_after_the_last(fake, spawn) -> None:
    fake.answers["Events"] = [
        {"event": EVENTS[:1], "next": 1},
        {"next": 1},
        {"event": EVENTS[1:2], "next": 2},
        {"event": EVENTS[2:3], "next": 3},
    ]
    process = spawn("events", "-f", "-o", "json")
    found = [json.loads(process.stdout.readline()) for _ in range(3)]
    assert [item["serial"] for item in found] == [1, 2, 3]
    after = [(fields.after, fields.timeout_ms) for name, fields in fake.requests]
    assert after[:4] == [(0, 0), (1, 30_000), (1, 30_000), (2, 30_000)]


def test_following_survives_the_daemon(fake, spawn) -> None:
    fake.answers["Events"] = [{"event": EVENTS[:1], "next": 1}]
    process = spawn("events", "-f", "-o", "json")
    assert json.loads(process.stdout.readline())["serial"] == 1
    fake.stop()
    fake.answers["Events"] = [{"event": EVENTS[1:2], "next": 2}]
    fake.listen()
    assert json.loads(process.stdout.readline())["serial"] == 2


def test_for_programs(ctl, fake) -> None:
    fake.answers["Events"] = [{"event": EVENTS}, {"event": EVENTS}]
    lines = [json.loads(line) for line in ctl("events", "-o", "json").out.splitlines()]
    assert yaml.safe_load(ctl("events", "-o", "yaml").out) == lines
    assert list(lines[0]) == [
        "serial", "time_ms", "kind", "name", "what", "facet", "subject", "want", "have", "text",
    ]  # fmt: skip


@pytest.mark.parametrize("words", [["-n", "-1"], ["-n", "x"], ["-o", "xml"]])
def test_bad_options_ask_nothing(ctl, fake, words) -> None:
    assert ctl("events", *words).status == 1
    assert fake.requests == []
