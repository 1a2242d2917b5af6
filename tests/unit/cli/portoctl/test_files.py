"""save and load."""

import io
import os
import sys

import pytest

from tests.fakes.portod import PROPERTIES


@pytest.fixture
def place(tmp_path, monkeypatch):
    directory = tmp_path / "containers"
    monkeypatch.setenv("PORTO_CONTAINERS", str(directory))
    return directory


@pytest.fixture
def stdin(monkeypatch):
    def feed(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return feed


def test_save_prints_what_was_set(ctl, fake) -> None:
    fake.containers["a/b"] = {
        "state": "dead",
        "weak": "true",
        "command": "sleep 1",
        "private": "two\nlines",
        "memory_limit": "5",
    }
    assert ctl("save", "a/b").out == (
        "name = a/b\ncommand = sleep 1\nmemory_limit = 5\nprivate = two\\nlines\n"
    )


def test_what_no_file_may_set_is_not_saved(ctl, fake, monkeypatch) -> None:
    monkeypatch.setitem(PROPERTIES, "respawn_count", "how often")
    fake.containers["a"] = {"state": "stopped", "command": "x", "respawn_count": "3", "weak": "1"}
    assert ctl("save", "a").out == "name = a\ncommand = x\n"


def test_command_is_always_written(ctl, fake) -> None:
    fake.containers["a"] = {"state": "stopped"}
    assert ctl("save", "a").out == "name = a\ncommand = \n"


def test_save_into_files(ctl, fake, place, tmp_path) -> None:
    fake.containers["a/b"] = {"state": "stopped", "command": "sleep 1"}
    other = tmp_path / "other"
    assert ctl("save", "-P", "-f", str(other), "a/b") == (0, "", "")
    saved = place / "a%b.CT"
    assert saved.read_text() == other.read_text() == "name = a/b\ncommand = sleep 1\n"
    assert saved.stat().st_mode & 0o777 == 0o644
    assert os.listdir(place) == ["a%b.CT"]


def test_save_that_cannot_be(ctl, fake, tmp_path) -> None:
    assert ctl("save", "none").status == 1
    fake.containers["a"] = {"state": "stopped"}
    assert ctl("save", "a", "b").status == 1
    ended = ctl("save", "-f", str(tmp_path / "no" / "file"), "a")
    assert ended.status == 1
    assert "No such file" in ended.err


def test_load_from_standard_input(ctl, fake, stdin) -> None:
    stdin(b"# comment\n; too\nname = a\ncommand = sleep 1\nprivate = x\\ny\nweak = true\n")
    ended = ctl("load", "-S")
    assert ended == (0, "Load container a ...\nStart container a ...\n", "")
    assert fake.containers["a"]["private"] == "x\ny"
    assert fake.containers["a"]["state"] == "running"
    assert fake.containers["a"]["weak"] == "false"


def test_round_trip(ctl, fake, tmp_path) -> None:
    values = {"command": "sh -c 'a=b; exit'", "private": "  two\nlines \\n  ", "cwd": "/"}
    fake.containers["a"] = {"state": "stopped", **values}
    path = str(tmp_path / "saved")
    assert ctl("save", "-f", path, "a").status == 0
    assert ctl("load", "-f", path, "b").status == 0
    loaded = fake.containers["b"]
    assert loaded["command"] == values["command"]
    assert loaded["private"] == values["private"].strip()  # the daemon trims
    assert loaded["cwd"] == "/"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"name = a\nnonsense\n", "line 2: Wrong format"),
        (b"command = x\n", "no name"),
        (b"name = a\nnothing = 1\n", "InvalidProperty"),
        (b"name = a\ncommand = fail\n", "InvalidCommand"),
        (b"\xff\xfe\x00", "zero byte"),
        (b"x" * ((1 << 20) + 2), "larger than"),
    ],
)
def test_load_that_fails_leaves_nothing(ctl, fake, stdin, text, told) -> None:
    stdin(text)
    ended = ctl("load", "-S")
    assert ended.status == 1
    assert told in ended.err
    assert list(fake.containers) == ["/"]


def test_load_a_directory(ctl, fake, place) -> None:
    place.mkdir()
    (place / "a%b.CT").write_text("name = x\ncommand = sleep 2\n")
    (place / "a.CT").write_text("command = sleep 1\n")
    (place / "bad.CT").write_text("nonsense\n")
    (place / "c.CT.tmp").write_text("nonsense\n")
    ended = ctl("load", "-P", "-S")
    assert ended.status == 1
    assert [line for line in ended.out.splitlines() if line.startswith("Load")] == [
        "Load container a ...",
        "Load container a/b ...",
    ]
    assert fake.containers["a/b"]["command"] == "sleep 2"


def test_load_some_of_a_directory(ctl, fake, place) -> None:
    place.mkdir()
    for name in ("one", "two"):
        (place / f"{name}.CT").write_text("command = sleep 1\n")
    assert ctl("load", "-P", "t*").status == 0
    assert set(fake.containers) == {"/", "two"}
    ended = ctl("load", "-P", "none")
    assert ended.status == 1
    assert "none" in ended.err


def test_existing_containers_stay_untouched(ctl, fake, stdin) -> None:
    fake.containers["a"] = {"state": "running", "command": "old"}
    stdin(b"name = a\ncommand = new\n")
    assert ctl("load").status == 1
    assert fake.containers["a"] == {"state": "running", "command": "old"}


def test_missing_sources(ctl, place) -> None:
    assert ctl("load", "-P").status == 1
    assert ctl("load", "-f", "/none/at/all").status == 1
    assert ctl("load", "-f", "x", "-P").status == 1
