"""Observers on the kernel: pids across namespaces, kept output on real filesystems."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.file import files
from porto.kernel.process import processes
from tests.patience import until

pytestmark = pytest.mark.needs("root")


def child_of(pid: int) -> int:
    """The only child of a process, as soon as there is one that has been executed."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    until(lambda: bool(path.read_text().split()))
    return int(path.read_text().split()[0])


@pytest.fixture
def nested() -> Iterator[tuple[int, int]]:
    """Pid 1 of a pid namespace, and pid 1 of one inside it."""
    command = ["unshare", "--pid", "--fork", "--kill-child"]
    outer = subprocess.Popen(
        [*command, "sh", "-c", "unshare --pid --fork --kill-child sleep 600; :"],
        stdin=subprocess.DEVNULL,
    )
    first = child_of(outer.pid)
    inner = child_of(child_of(first))
    yield first, inner
    outer.kill()
    outer.wait()


@pytest.mark.needs("tool:unshare")
def test_a_pid_is_what_the_viewers_namespace_calls_it(nested: tuple[int, int]) -> None:
    first, inner = nested
    assert processes.ns_pid(inner, 0) == inner
    assert processes.ns_pid(first, first) == 1
    assert processes.ns_pid(inner, inner) == 1
    seen = processes.ns_pid(inner, first)
    assert seen == processes.namespace_pids(inner)[1]
    assert seen not in (None, 1, inner)


@pytest.mark.needs("tool:unshare")
def test_what_is_above_or_beside_is_not_seen(nested: tuple[int, int]) -> None:
    first, inner = nested
    assert processes.ns_pid(os.getpid(), first) is None
    assert processes.ns_pid(first, inner) is None
    other = subprocess.Popen(
        ["unshare", "--pid", "--fork", "--kill-child", "sleep", "600"], stdin=subprocess.DEVNULL
    )
    try:
        sibling = child_of(other.pid)
        assert processes.ns_pid(sibling, first) is None
        assert processes.ns_pid(inner, sibling) is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.needs("tool:mkfs.ext4", "filesystem:ext4", "capability:sys_admin")
def test_ext4_moves_the_tail_to_the_front(tmp_path: Path) -> None:
    image, mount = tmp_path / "image", tmp_path / "mnt"
    image.touch()
    os.truncate(image, 16 << 20)
    mount.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    done = subprocess.run(["mount", "-o", "loop", str(image), str(mount)], check=False)
    if done.returncode:
        pytest.skip("no loop device here")
    try:
        path = mount / "stdout"
        text = b"".join(b"%015d\n" % number for number in range(65536))
        with path.open("wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        lost = files.collapse_head(str(path), 256 << 10)
        assert path.stat().st_size == len(text) - lost
        assert path.read_bytes() == text[lost:]
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_tmpfs_gets_a_hole() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="portotest-") as directory:
        path = Path(directory, "stdout")
        text = b"".join(b"%015d\n" % number for number in range(65536))
        path.write_bytes(text)
        lost = files.collapse_head(str(path), 256 << 10)
        assert lost > 0
        assert path.stat().st_size == len(text)
        assert path.stat().st_blocks * 512 <= 256 << 10
        with path.open("rb") as file:
            assert files.first_data(file.fileno()) == lost
            file.seek(lost)
            assert file.read() == text[lost:]


@pytest.mark.needs("capability:sys_admin")
def test_removal_stops_at_a_bind_mount(tmp_path: Path) -> None:
    """A bind mount of the same filesystem has the same device number."""
    outside = tmp_path / "outside"
    inside = tmp_path / "root" / "a" / "mnt"
    outside.mkdir()
    (outside / "keep").write_text("")
    inside.mkdir(parents=True)
    subprocess.run(["mount", "--bind", str(outside), str(inside)], check=True)
    try:
        with pytest.raises(OSError, match="mount point"):
            files.remove_tree_beneath(str(tmp_path / "root"), "a")
        with pytest.raises(OSError, match="mount point"):
            files.remove_tree_beneath(str(tmp_path / "root" / "a"), "mnt")
        assert (outside / "keep").exists()
    finally:
        subprocess.run(["umount", str(inside)], check=True)
    files.remove_tree_beneath(str(tmp_path / "root"), "a")
    assert (outside / "keep").exists()
