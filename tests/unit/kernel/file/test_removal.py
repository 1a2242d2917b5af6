"""Removing trees: bounded, deep, while somebody meddles, and as a program."""

import errno
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from porto.kernel.file import removal, workdirs
from porto.kernel.file.removal import Removal
from porto.kernel.file.workdirs import removal_program, remove_small_tree_beneath
from porto.kernel.process.programs import FIRST_DESCRIPTOR


def removed(root: Path, name: str, work: Removal) -> bool:
    parent = os.open(root, os.O_RDONLY)
    try:
        return work.run(parent, name, f"{root}/{name}")
    finally:
        os.close(parent)


def tree(root: Path, files: int) -> None:
    """A directory `t` with so many files and one subdirectory with one more."""
    (root / "t" / "sub").mkdir(parents=True)
    (root / "t" / "sub" / "last").touch()
    for number in range(files):
        (root / "t" / str(number)).touch()


def entries(root: Path) -> int:
    return sum(len(names) + len(files) for _, names, files in os.walk(root))


@pytest.fixture
def quick() -> Iterator[Path]:
    """A directory where removing ten thousand others takes no time."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    made = Path(tempfile.mkdtemp(prefix="portotest-", dir=base))
    yield made
    shutil.rmtree(made)


def deep(root: Path, levels: int) -> None:
    at = os.open(root, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(os.open("f", os.O_CREAT, dir_fd=below))
        os.close(at)
        at = below
    os.close(at)


def test_ten_thousand_levels_need_a_few_descriptors(quick: Path) -> None:
    deep(quick, 10_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 8, hard))
    try:
        assert removed(quick, "d", Removal())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert os.listdir(quick) == []


def test_a_directory_of_more_subdirectories_than_are_remembered(quick: Path) -> None:
    for number in range(removal._SUBDIRECTORIES * 2 + 1):
        (quick / "t" / str(number)).mkdir(parents=True)
    assert removed(quick, "t", Removal())
    assert os.listdir(quick) == []


def test_no_more_entries_than_allowed_go_at_once(tmp_path: Path) -> None:
    tree(tmp_path, files=6)
    before = entries(tmp_path)
    assert not removed(tmp_path, "t", Removal(bounds=(4, 60.0)))
    assert entries(tmp_path) == before - 4
    assert not removed(tmp_path, "t", Removal(bounds=(4, 60.0)))
    assert removed(tmp_path, "t", Removal(bounds=(before - 8, 60.0)))
    assert entries(tmp_path) == 0


def test_nothing_goes_after_the_time_is_up(tmp_path: Path) -> None:
    tree(tmp_path, files=6)
    before = entries(tmp_path)
    ticks = iter(range(1000))
    work = Removal(bounds=(100, 3.0), monotonic=lambda: float(next(ticks)))
    assert not removed(tmp_path, "t", work)
    assert entries(tmp_path) == before - removal.FEW - 2


def test_a_few_go_whatever_they_take(tmp_path: Path) -> None:
    tree(tmp_path, files=removal.FEW - 3)
    ticks = iter(range(0, 1000, 100))
    assert removed(tmp_path, "t", Removal(bounds=(4, 1.0), monotonic=lambda: float(next(ticks))))


def test_a_large_file_does_not_go_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "FILE_MAX_BYTES", 8192)
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "large").write_bytes(b"x" * 65536)
    assert not removed(tmp_path, "t", Removal(bounds=(10, 60.0)))
    assert (tmp_path / "t" / "large").exists()
    assert removed(tmp_path, "t", Removal())


def test_a_tree_beneath_a_root_goes_at_once_only_if_it_is_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workdirs, "SMALL", (64, 60.0))
    tree(tmp_path, files=10)
    assert remove_small_tree_beneath(str(tmp_path), "t")
    assert not (tmp_path / "t").exists()
    tree(tmp_path, files=100)
    assert not remove_small_tree_beneath(str(tmp_path), "t")
    assert (tmp_path / "t").exists()
    assert remove_small_tree_beneath(str(tmp_path), "absent/t")


def once(action: Callable[[], None]) -> Callable[[int], int]:
    """`removal.mount_id` that lets somebody act when the named directory was just opened."""
    real, pending = removal.mount_id, [action]

    def looked(descriptor: int) -> int:
        found = real(descriptor)
        if pending and os.readlink(f"/proc/self/fd/{descriptor}").endswith("/target"):
            pending.pop()()
        return found

    return looked


def test_a_directory_that_is_moved_away_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "inner").mkdir(parents=True)
    (elsewhere / "keep").touch()
    target = tmp_path / "t" / "a" / "target"
    target.mkdir(parents=True)
    (tmp_path / "t" / "a" / "other").touch()
    monkeypatch.setattr(
        removal, "mount_id", once(lambda: target.rename(elsewhere / "inner" / "target"))
    )
    assert removed(tmp_path, "t", Removal())
    assert not (tmp_path / "t").exists()
    assert sorted(os.listdir(elsewhere)) == ["inner", "keep"]
    assert os.listdir(elsewhere / "inner") == ["target"]


@pytest.mark.parametrize("name", ["target", "target/a/b"])
def test_a_directory_that_becomes_a_link_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "keep").touch()
    root = tmp_path / "root"
    (root / name).mkdir(parents=True)
    real = os.lstat if name == "target" else os.scandir

    def swapped(place: str | int, **options: int) -> object:
        result = real(place, **options)
        monkeypatch.undo()
        last = root / name
        last.rename(tmp_path / "gone")
        last.symlink_to(elsewhere)
        return result

    monkeypatch.setattr(os, real.__name__, swapped)
    assert removed(root, "target", Removal())
    assert os.listdir(root) == []
    assert os.listdir(elsewhere) == ["keep"]


def test_what_cannot_go_stays_and_the_rest_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, files=5)
    (tmp_path / "t" / "mnt").mkdir()
    (tmp_path / "t" / "mnt" / "keep").touch()
    (tmp_path / "t" / "also" / "below").mkdir(parents=True)
    inode = (tmp_path / "t" / "mnt").stat().st_ino
    real = removal.mount_id
    monkeypatch.setattr(
        removal, "mount_id", lambda fd: -1 if os.fstat(fd).st_ino == inode else real(fd)
    )
    with pytest.raises(OSError, match="mount point") as caught:
        removed(tmp_path, "t", Removal())
    assert caught.value.errno == errno.EBUSY
    assert caught.value.filename == f"{tmp_path}/t/mnt"
    assert os.listdir(tmp_path / "t") == ["mnt"]
    assert os.listdir(tmp_path / "t" / "mnt") == ["keep"]


@pytest.mark.needs("root", "tool:chattr")
@pytest.mark.parametrize("flag", ["+i", "+a"])
@pytest.mark.parametrize("name", ["t/sub/last", "t/sub", "t"])
def test_what_is_immutable_goes(tmp_path: Path, flag: str, name: str) -> None:
    tree(tmp_path, files=1)
    done = subprocess.run(["chattr", flag, str(tmp_path / name)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(done.stderr.strip())
    assert removed(tmp_path, "t", Removal())
    assert os.listdir(tmp_path) == []


def run_program(root: Path, name: str) -> subprocess.CompletedProcess[str]:
    """As a job runs it: the descriptor, no environment, another directory."""
    program = removal_program(str(root), name)
    descriptor = program.descriptors[0]()
    words = [str(descriptor) if w == str(FIRST_DESCRIPTOR) else w for w in program.argv]
    try:
        return subprocess.run(
            words, pass_fds=(descriptor,), env={}, cwd="/", capture_output=True, text=True
        )
    finally:
        os.close(descriptor)


def test_the_program_removes_and_tells_how_far_it_is(tmp_path: Path) -> None:
    tree(tmp_path / "in", files=300)
    done = run_program(tmp_path, "in/t")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].split() == ["256", "removed"]
    assert os.listdir(tmp_path / "in") == []


def test_the_program_ends_with_the_errno(tmp_path: Path) -> None:
    # A name that no directory can have: the first thing that is asked of the kernel fails.
    done = run_program(tmp_path, "n" * 300)
    assert done.returncode == errno.ENAMETOOLONG
    assert done.stderr.strip().endswith(os.strerror(errno.ENAMETOOLONG))


def test_the_program_knows_what_the_daemon_runs(tmp_path: Path) -> None:
    program = removal_program(str(tmp_path), "a")
    assert program.argv[0] == sys.executable
    assert program.tells_errno
