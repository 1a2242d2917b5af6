"""inotify on ordinary directories: what is told, what is not."""

from pathlib import Path

import pytest

from porto.kernel.file.inotify import IN_DELETE_SELF, IN_IGNORED, IN_MODIFY, IN_ONLYDIR, Inotify


@pytest.fixture
def inotify():
    made = Inotify()
    yield made
    made.close()


def test_a_write_is_told_with_the_files_name(inotify: Inotify, tmp_path: Path) -> None:
    knob = tmp_path / "pids.max"
    knob.write_text("1")
    watch = inotify.add(str(tmp_path), IN_MODIFY | IN_ONLYDIR)
    assert inotify.read() == []
    with knob.open("r+") as file:
        file.write("2")
    assert [(e.watch, e.mask, e.name) for e in inotify.read()] == [(watch, IN_MODIFY, b"pids.max")]


def test_reading_and_what_is_below_are_not_told(inotify: Inotify, tmp_path: Path) -> None:
    knob = tmp_path / "a"
    knob.write_text("1")
    inner = tmp_path / "inner"
    inner.mkdir()
    inotify.add(str(tmp_path), IN_MODIFY | IN_ONLYDIR)
    knob.read_text()
    (inner / "b").write_text("x")
    assert inotify.read() == []


def test_the_same_directory_is_one_watch(inotify: Inotify, tmp_path: Path) -> None:
    first = inotify.add(str(tmp_path), IN_MODIFY)
    assert inotify.add(str(tmp_path), IN_MODIFY) == first


def test_a_removed_watch_is_quiet(inotify: Inotify, tmp_path: Path) -> None:
    watch = inotify.add(str(tmp_path), IN_MODIFY)
    inotify.remove(watch)
    inotify.remove(watch)
    (tmp_path / "a").write_text("x")
    assert [e.mask for e in inotify.read()] == [IN_IGNORED]


def test_the_end_of_a_directory_is_told(inotify: Inotify, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    inotify.add(str(inner), IN_MODIFY | IN_DELETE_SELF)
    inner.rmdir()
    assert [e.mask for e in inotify.read()] == [IN_DELETE_SELF, IN_IGNORED]


def test_errors_name_the_path(inotify: Inotify, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        inotify.add(str(tmp_path / "none"), IN_MODIFY)
    assert caught.value.filename == str(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        inotify.add(str(tmp_path / "file"), IN_MODIFY | IN_ONLYDIR)
