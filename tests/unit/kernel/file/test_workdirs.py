"""Directories of containers, whose owners are not trusted."""

import errno
import gc
import os
import stat
import subprocess
from pathlib import Path

import pytest

from porto.kernel import syscalls
from porto.kernel.file import removal
from porto.kernel.file.files import (
    list_aside,
    make_work_directory,
    remove_tree_beneath,
    set_aside_beneath,
)


def made(root: Path, name: str) -> None:
    make_work_directory(str(root), name, 0o775, os.getuid(), os.getgid())


def test_a_directory_is_made_with_its_mode(tmp_path: Path) -> None:
    made(tmp_path, "a")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o775


def test_one_that_exists_keeps_its_contents(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o700)
    (tmp_path / "a" / "file").write_text("")
    made(tmp_path, "a")
    assert (tmp_path / "a" / "file").exists()
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o775


def test_missing_ancestors_are_made(tmp_path: Path) -> None:
    made(tmp_path, "a/b/c")
    assert (tmp_path / "a/b/c").is_dir()
    assert stat.S_IMODE((tmp_path / "a/b").stat().st_mode) == 0o755


@pytest.mark.needs("root")
def test_the_owner_is_set(tmp_path: Path) -> None:
    make_work_directory(str(tmp_path), "a", 0o775, 1234, 4321)
    found = (tmp_path / "a").stat()
    assert (found.st_uid, found.st_gid) == (1234, 4321)


@pytest.mark.parametrize("name", ["", ".", "..", "a/../b", "/etc", "a//b", "a/", "a\0b"])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    for function in (
        lambda: made(tmp_path, name),
        lambda: remove_tree_beneath(str(tmp_path), name),
    ):
        with pytest.raises(OSError, match="plain relative name"):
            function()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["link", "link/sub"])
def test_a_link_is_neither_used_nor_followed(tmp_path: Path, name: str) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir(mode=0o700)
    root.mkdir()
    (root / "link").symlink_to(outside)
    with pytest.raises(NotADirectoryError):
        made(root, name)
    assert list(outside.iterdir()) == []
    assert stat.S_IMODE(outside.stat().st_mode) == 0o700


def test_a_tree_goes_with_everything_in_it(tmp_path: Path) -> None:
    made(tmp_path, "a/b")
    (tmp_path / "a/b/file").write_text("x")
    (tmp_path / "a/.hidden").write_text("x")
    os.mkfifo(tmp_path / "a/fifo")
    (tmp_path / "a/dangling").symlink_to("/nowhere")
    remove_tree_beneath(str(tmp_path), "a")
    assert list(tmp_path.iterdir()) == []


def test_removing_a_child_leaves_the_parent(tmp_path: Path) -> None:
    made(tmp_path, "a/b")
    remove_tree_beneath(str(tmp_path), "a/b")
    assert list((tmp_path / "a").iterdir()) == []


@pytest.mark.parametrize("name", ["a", "a/b", "a/b/c"])
def test_what_is_absent_is_gone(tmp_path: Path, name: str) -> None:
    (tmp_path / "other").mkdir()
    remove_tree_beneath(str(tmp_path), name)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (outside / "file").write_text("keep")
    made(root.parent, "root")
    made(root, "a")
    (root / "a" / "dir").symlink_to(outside)
    (root / "top").symlink_to(outside)
    remove_tree_beneath(str(root), "a")
    remove_tree_beneath(str(root), "top")
    assert list(root.iterdir()) == []
    assert (outside / "file").read_text() == "keep"


def test_a_link_among_the_ancestors_is_an_error(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    (outside / "b").mkdir(parents=True)
    root.mkdir()
    (root / "a").symlink_to(outside)
    with pytest.raises(NotADirectoryError):
        remove_tree_beneath(str(root), "a/b")
    assert (outside / "b").is_dir()


def test_a_plain_file_of_that_name_goes(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    remove_tree_beneath(str(tmp_path), "a")
    assert not (tmp_path / "a").exists()


def test_depth_costs_no_descriptors(tmp_path: Path) -> None:
    made(tmp_path, "a")
    at = os.open(tmp_path / "a", os.O_RDONLY)
    for _ in range(300):
        os.mkdir("deep", dir_fd=at)
        below = os.open("deep", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    gc.collect()  # what others have left open closes now or not before the end
    opened = len(os.listdir("/proc/self/fd"))
    remove_tree_beneath(str(tmp_path), "a")
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) == opened


def test_a_mount_is_not_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, "a/mnt")
    (tmp_path / "a/mnt/file").write_text("keep")
    real = removal.mount_id
    target = (tmp_path / "a/mnt").stat().st_ino
    monkeypatch.setattr(
        removal, "mount_id", lambda fd: -1 if os.fstat(fd).st_ino == target else real(fd)
    )
    with pytest.raises(OSError, match="mount point") as caught:
        remove_tree_beneath(str(tmp_path), "a")
    assert caught.value.errno == errno.EBUSY
    assert (tmp_path / "a/mnt/file").read_text() == "keep"


def test_what_is_set_aside_frees_its_name_and_is_found_again(tmp_path: Path) -> None:
    root = str(tmp_path)
    assert list_aside(root) == []
    made(tmp_path, "a/b")
    (tmp_path / "a/b/file").write_text("x")
    aside = set_aside_beneath(root, "a/b")
    assert aside is not None
    assert list_aside(root) == [aside]
    assert os.listdir(tmp_path / "a") == []
    assert (tmp_path / aside / "file").read_text() == "x"
    assert stat.S_IMODE((tmp_path / aside).parent.stat().st_mode) == 0o700
    made(tmp_path, "a/b")
    second = set_aside_beneath(root, "a/b")
    assert second != aside
    assert list_aside(root) == sorted([aside, str(second)])


@pytest.mark.parametrize("name", ["a", "a/b"])
def test_what_is_absent_is_not_set_aside(tmp_path: Path, name: str) -> None:
    assert set_aside_beneath(str(tmp_path), name) is None


def test_a_link_to_elsewhere_is_set_aside_itself(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (root / "a").symlink_to(outside)
    assert set_aside_beneath(str(root), "a") is not None
    assert outside.is_dir()
    assert not (root / "a").exists()


def test_a_link_among_the_ancestors_sets_nothing_aside(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    (outside / "b").mkdir(parents=True)
    root.mkdir()
    (root / "a").symlink_to(outside)
    with pytest.raises(NotADirectoryError):
        set_aside_beneath(str(root), "a/b")
    assert (outside / "b").is_dir()


@pytest.mark.needs("root")
@pytest.mark.parametrize("place", ["a", "a/mnt"])
def test_a_mount_is_not_moved_along(tmp_path: Path, place: str) -> None:
    made(tmp_path, "a/mnt")
    syscalls.mount("none", str(tmp_path / place), "tmpfs", 0)
    try:
        with pytest.raises(OSError, match="mount point") as caught:
            set_aside_beneath(str(tmp_path), "a")
        assert caught.value.errno == errno.EBUSY
        assert (tmp_path / "a").is_dir()
    finally:
        syscalls.umount2(str(tmp_path / place), 0)
    assert set_aside_beneath(str(tmp_path), "a") is not None


@pytest.mark.needs("root", "tool:chattr")
def test_what_is_immutable_is_set_aside(tmp_path: Path) -> None:
    made(tmp_path, "a")
    done = subprocess.run(["chattr", "+i", str(tmp_path / "a")], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(done.stderr.strip())
    assert set_aside_beneath(str(tmp_path), "a") is not None
    assert not (tmp_path / "a").exists()
