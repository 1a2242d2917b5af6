"""The launcher's C programs are built, and the reaper is as small as promised."""

import shutil
from pathlib import Path

import pytest

from porto.launcher import build

compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


@compiler
def test_the_reaper_is_a_static_program_of_a_page(tmp_path: Path) -> None:
    data = build.build("reaper", tmp_path).read_bytes()
    assert data[:5] == b"\x7fELF\x02"
    assert len(data) < 4096
    assert b"ld-linux" not in data
    assert [path.name for path in tmp_path.iterdir()] == ["reaper"]


@compiler
def test_a_source_checkout_builds_what_is_missing() -> None:
    build.ensure_programs()
    for name in build.PROGRAMS:
        assert (build.HERE / name).stat().st_mode & 0o111


def test_every_source_belongs_to_a_program() -> None:
    named = {file for made in build.PROGRAMS.values() for file in (*made.sources, *made.headers)}
    assert named == {path.name for path in build.HERE.glob("*.[ch]")}


@pytest.mark.parametrize("name", build.PROGRAMS)
def test_a_failing_compiler_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CC", "/no/such/compiler -x")
    with pytest.raises(FileNotFoundError):
        build.build(name, tmp_path)
    assert list(tmp_path.iterdir()) == []
