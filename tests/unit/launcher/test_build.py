"""The static reaper is built, and is as small as promised."""

import shutil
from pathlib import Path

import pytest

from porto.launcher.build import build_reaper, ensure_reaper

compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


@compiler
def test_the_reaper_is_a_static_program_of_a_page(tmp_path: Path) -> None:
    binary = build_reaper(tmp_path / "reaper")
    data = binary.read_bytes()
    assert data[:5] == b"\x7fELF\x02"
    assert len(data) < 4096
    assert b"ld-linux" not in data
    assert [path.name for path in tmp_path.iterdir()] == ["reaper"]


@compiler
def test_a_source_checkout_builds_it_when_it_is_missing() -> None:
    assert ensure_reaper().stat().st_mode & 0o111


def test_a_failing_compiler_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/no/such/compiler -x")
    with pytest.raises(FileNotFoundError):
        build_reaper(tmp_path / "reaper")
    assert list(tmp_path.iterdir()) == []
