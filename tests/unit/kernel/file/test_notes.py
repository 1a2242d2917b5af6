"""Notes: whole or not there, found by the next daemon."""

import os
from pathlib import Path

import pytest

from porto.kernel.file.notes import Notes


def test_a_note_is_found_by_another_daemon(tmp_path: Path) -> None:
    directory = str(tmp_path / "run" / "jobs")
    assert Notes(directory).read() == {}
    Notes(directory).put("b", "text \udcff")
    Notes(directory).put("a", "old")
    Notes(directory).put("a", "new")
    assert list(Notes(directory).read().items()) == [("a", "new"), ("b", "text \udcff")]


def test_one_note_is_found_by_its_name(tmp_path: Path) -> None:
    notes = Notes(str(tmp_path / "notes"))
    assert notes.find("a") is None
    notes.put("a", "text \udcff")
    notes.put("b", "")
    assert [notes.find(name) for name in ("a", "b", "c")] == ["text \udcff", "", None]


def test_a_removed_note_is_gone_and_may_be_removed_again(tmp_path: Path) -> None:
    notes = Notes(str(tmp_path))
    notes.put("a", "text")
    notes.remove("a")
    notes.remove("a")
    assert notes.read() == {}


def test_nobody_else_can_read_them(tmp_path: Path) -> None:
    Notes(str(tmp_path / "jobs")).put("a", "text")
    assert (tmp_path / "jobs").stat().st_mode & 0o077 == 0
    assert (tmp_path / "jobs" / "a").stat().st_mode & 0o077 == 0


def test_one_that_was_never_finished_is_no_note(tmp_path: Path) -> None:
    (tmp_path / ".a").write_text("ha")
    assert Notes(str(tmp_path)).read() == {}
    assert os.listdir(tmp_path) == []


def test_one_that_cannot_be_written_is_an_error_and_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Notes(str(tmp_path))
    notes.put("a", "old")

    def full(old: str, new: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="No space"):
        notes.put("a", "new")
    assert os.listdir(tmp_path) == ["a"]
    assert notes.read() == {"a": "old"}
