"""Operations on slots on the real kernel: what they do, and what misuse is called."""

import errno
import os
import stat
from pathlib import Path

import pytest

from porto.kernel import syscalls
from porto.launcher import ops, slots
from porto.launcher.ops import Op
from porto.launcher.slots import NO_SLOT
from tests.kernel.launches import NOBODY, NS, failure, failures, output

pytestmark = pytest.mark.needs("root")

PATH = os.O_PATH | os.O_DIRECTORY
BENEATH = syscalls.RESOLVE_BENEATH
SAFE = BENEATH | syscalls.RESOLVE_NO_SYMLINKS | syscalls.RESOLVE_NO_MAGICLINKS


def open_directory(slot: int, path: Path | str) -> Op:
    return slots.OpenSlot(slot, NO_SLOT, str(path), PATH, 0)


# -- slots themselves ------------------------------------------------------------------------


def test_a_slot_can_be_emptied_and_used_again(tmp_path: Path) -> None:
    text = output(
        tmp_path,
        open_directory(63, tmp_path),
        slots.MakeDirectoriesAt(63, "first", 0o755, 0, 0),
        slots.EmptySlot(63),
        open_directory(63, tmp_path / "first"),
        slots.ChangeDirectoryAt(63),
        script="pwd",
    )
    assert text == f"{tmp_path}/first\n"


def test_a_passed_descriptor_fills_several_slots(tmp_path: Path) -> None:
    fd = os.open(tmp_path, PATH)
    try:
        text = output(
            tmp_path,
            slots.FillSlot(1, 0),
            slots.FillSlot(2, 0),
            slots.EmptySlot(1),
            slots.ChangeDirectoryAt(2),
            script="pwd",
            fds=(fd,),
        )
    finally:
        os.close(fd)
    assert text == f"{tmp_path}\n"


MISUSES = [
    ((slots.FillSlot(0, 0),), errno.EINVAL, "descriptor 0: not passed"),
    ((slots.FillSlot(64, 0),), errno.EINVAL, "slot 64: no such slot"),
    ((slots.FillSlot(-1, 0),), errno.EINVAL, "slot -1: no such slot"),
    ((open_directory(1 << 40, "/"),), errno.EINVAL, f"slot {1 << 40}: no such slot"),
    ((open_directory(3, "/"), open_directory(3, "/")), errno.EBUSY, "slot 3: in use"),
    ((open_directory(3, "/"), slots.FillSlot(3, 0)), errno.EBUSY, "slot 3: in use"),
    ((open_directory(3, "/"), slots.CloneTree(3, 3, False)), errno.EBUSY, "slot 3: in use"),
    (
        (open_directory(3, "/"), slots.NewFilesystem(3, "tmpfs", (), 0)),
        errno.EBUSY,
        "slot 3: in use",
    ),
    (
        (open_directory(3, "/"), slots.EmptySlot(3), slots.EmptySlot(3)),
        errno.EBADF,
        "slot 3: not open",
    ),
]


def test_misuse_is_named(tmp_path: Path) -> None:
    found = failures(tmp_path, [(ops.Unshare(NS), *operations) for operations, _, _ in MISUSES])
    assert [(one.op, one.errno, one.subject) for one in found] == [
        (type(operations[-1]).__name__, code, subject) for operations, code, subject in MISUSES
    ]


USES = [
    slots.OpenSlot(0, 7, "x", PATH, 0),
    slots.EmptySlot(7),
    slots.ChangeDirectoryAt(7),
    slots.ChangeRoot(7),
    slots.PivotRoot(7),
    slots.MakeDirectoriesAt(7, "x", 0o755, 0, 0),
    slots.MakeNodeAt(7, "x", stat.S_IFCHR, 1, 3, 0, 0),
    slots.MakeLinkAt(7, "x", "y"),
    slots.MakeFileAt(7, "x", 0o644, 0, 0),
    slots.WriteFileAt(7, "x", ""),
    slots.OpenStreamAt(1, 7, "x", os.O_WRONLY),
    slots.CloneTree(0, 7, False),
    slots.SetMountAttributes(7, 0, 0, 0, False),
    slots.MoveMount(7, 7),
    slots.DetachMount(7),
]


def test_a_slot_that_is_not_open_is_named(tmp_path: Path) -> None:
    found = failures(tmp_path, [(ops.Unshare(NS), operation) for operation in USES])
    assert [(one.op, one.errno, one.subject) for one in found] == [
        (type(operation).__name__, errno.EBADF, "slot 7: not open") for operation in USES
    ]


def test_every_operation_that_uses_a_slot_is_asked() -> None:
    asked = {type(operation).__name__ for operation in USES}
    known = {kind.__name__ for kind in Op.__subclasses__() if kind.__module__ == slots.__name__}
    assert known - asked == {"FillSlot", "NewFilesystem"}  # they only fill one


# -- opening ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "resolve", "code"),
    [
        ("../x", BENEATH, errno.EXDEV),
        ("/etc", BENEATH, errno.EXDEV),
        ("out", BENEATH, errno.EXDEV),
        ("in", BENEATH | syscalls.RESOLVE_NO_SYMLINKS, errno.ELOOP),
        ("nothing", BENEATH, errno.ENOENT),
        ("dir", 1 << 40, errno.EINVAL),
    ],
)
def test_what_openat2_refuses(tmp_path: Path, path: str, resolve: int, code: int) -> None:
    root = tmp_path / "root"
    (root / "dir").mkdir(parents=True)
    (root / "in").symlink_to("dir")
    (root / "out").symlink_to("/etc")
    opened = slots.OpenSlot(1, 0, path, PATH, resolve)
    found = failure(tmp_path, open_directory(0, root), opened)
    assert (found.op, found.errno, found.subject) == ("OpenSlot", code, path)


def test_links_stay_in_the_root_that_was_chosen(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc/dir").mkdir(parents=True)
    (root / "link").symlink_to("/../etc")
    text = output(
        tmp_path,
        open_directory(0, root),
        slots.OpenSlot(1, 0, "../link/../../etc/dir", PATH, syscalls.RESOLVE_IN_ROOT),
        slots.ChangeDirectoryAt(1),
        script="pwd",
    )
    assert text == f"{root}/etc/dir\n"


def test_a_magic_link_is_refused(tmp_path: Path) -> None:
    asked = slots.OpenSlot(1, 0, "self/root/etc", PATH, syscalls.RESOLVE_NO_MAGICLINKS)
    found = failure(tmp_path, open_directory(0, "/proc"), asked)
    assert found.errno == errno.ELOOP


# -- making ----------------------------------------------------------------------------------


def test_objects_are_made_beneath_a_slot(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "old").mkdir(parents=True, mode=0o711)
    (root / "old/file").write_text("kept")
    output(
        tmp_path,
        open_directory(0, root),
        slots.MakeDirectoriesAt(0, "old/new//own/", 0o3751, NOBODY, 12),
        slots.MakeNodeAt(0, "old/null", stat.S_IFCHR | 0o642, 1, 3, NOBODY, 8),
        slots.MakeNodeAt(0, "loop", stat.S_IFBLK | 0o600, 7, 1, 0, 0),
        slots.MakeLinkAt(0, "old/link", "/any/../where"),
        slots.MakeFileAt(0, "old/new/empty", 0o4640, NOBODY, 12),
        slots.MakeFileAt(0, "old/file", 0o600, NOBODY, 12),  # is there: stays as it is
        slots.WriteFileAt(0, "old/file", "new"),
        script=":",
    )

    def form(name: str) -> tuple[str, int, int]:
        found = (root / name).lstat()
        return stat.filemode(found.st_mode), found.st_uid, found.st_gid

    assert form("old") == ("drwx--x--x", 0, 0)
    assert form("old/new") == form("old/new/own") == ("drwxr-s--t", NOBODY, 12)
    assert form("old/null") == ("crw-r---w-", NOBODY, 8)
    assert form("loop") == ("brw-------", 0, 0)
    assert (root / "old/null").stat().st_rdev == os.makedev(1, 3)
    assert os.readlink(root / "old/link") == "/any/../where"
    assert form("old/new/empty")[1:] == (NOBODY, 12)
    assert (root / "old/file").read_text() == "newt"
    assert form("old/file")[1:] == (0, 0)


PATHS = [
    ("../x", errno.EXDEV),
    ("/x", errno.EXDEV),
    ("link/x", errno.ELOOP),
    ("away/x", errno.ELOOP),
    ("a/../../x", errno.EXDEV),
]
MAKERS = [
    lambda path: slots.MakeNodeAt(0, path, stat.S_IFCHR, 1, 3, 0, 0),
    lambda path: slots.MakeLinkAt(0, path, "y"),
    lambda path: slots.MakeFileAt(0, path, 0o644, 0, 0),
    lambda path: slots.WriteFileAt(0, path, "y"),
    lambda path: slots.OpenStreamAt(1, 0, path, os.O_WRONLY, True, 0o644),
]


def test_paths_that_lead_elsewhere_make_nothing(tmp_path: Path) -> None:
    root, away = tmp_path / "root", tmp_path / "away"
    (root / "a").mkdir(parents=True)
    away.mkdir()
    (root / "link").symlink_to("a")
    (root / "away").symlink_to(away)
    expected = []
    lists = []
    for make in MAKERS:
        for path, code in PATHS:
            lists.append((open_directory(0, root), make(path)))
            expected.append((type(make(path)).__name__, code, path))
    found = failures(tmp_path, lists)
    assert [(one.op, one.errno, one.subject) for one in found] == expected
    assert os.listdir(away) == os.listdir(root / "a") == []
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../x", errno.EINVAL),
        ("a/../x", errno.EINVAL),
        ("./x", errno.EINVAL),
        ("/x", errno.EXDEV),
        ("link/x", errno.ENOTDIR),
        ("file/x", errno.ENOTDIR),
        ("x" * 256, errno.ENAMETOOLONG),
    ],
)
def test_directories_that_cannot_be_made(tmp_path: Path, path: str, code: int) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "link").symlink_to("a")
    (root / "file").touch()
    made = slots.MakeDirectoriesAt(0, path, 0o755, 0, 0)
    found = failure(tmp_path, open_directory(0, root), made)
    assert (found.op, found.errno, found.subject) == ("MakeDirectoriesAt", code, path)
    assert sorted(os.listdir(root)) == ["a", "file", "link"]
    assert os.listdir(root / "a") == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/", "a/.."])
def test_what_is_no_name_makes_nothing(tmp_path: Path, name: str) -> None:
    found = failure(tmp_path, open_directory(0, tmp_path), slots.MakeLinkAt(0, name, "x"))
    assert (found.op, found.errno, found.subject) == ("MakeLinkAt", errno.EINVAL, name)


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dir").mkdir()
    cases = [
        (slots.MakeNodeAt(0, "dir", stat.S_IFCHR, 1, 3, 0, 0), errno.EEXIST),
        (slots.MakeLinkAt(0, "dir", "x"), errno.EEXIST),
        (slots.MakeFileAt(0, "fifo", 0o644, 0, 0), errno.EINVAL),
        (slots.MakeFileAt(0, "dir", 0o644, 0, 0), errno.EINVAL),
        (slots.WriteFileAt(0, "dir", ""), errno.EISDIR),
        (slots.WriteFileAt(0, "fifo", ""), errno.ENXIO),
        (slots.MakeDirectoriesAt(0, "fifo/x", 0o755, 0, 0), errno.ENOTDIR),
    ]
    found = failures(tmp_path, [(open_directory(0, tmp_path), made) for made, _ in cases])
    assert [(one.op, one.errno) for one in found] == [
        (type(made).__name__, code) for made, code in cases
    ]


# -- the process -----------------------------------------------------------------------------


def test_a_directory_is_changed_with_the_rights_of_its_time(tmp_path: Path) -> None:
    """Where the operation stands in the list decides whose rights count."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    user = (ops.SetCredentials(NOBODY, NOBODY, ()), ops.SetCapabilities(0, 0))
    for number, change in enumerate((ops.ChangeDirectory(str(closed)), slots.ChangeDirectoryAt(0))):
        place = tmp_path / str(number)
        place.mkdir()
        before = (open_directory(0, closed), change, user[0])
        assert output(place, *before, script="/bin/echo went") == "went\n"
        (place / "rendezvous").unlink()
        lists = [
            (open_directory(0, closed), *user, change),
            (open_directory(0, closed), user[0], change),
        ]
        for found in failures(place, lists):
            assert (found.op, found.errno) == (type(change).__name__, errno.EACCES)


@pytest.mark.parametrize("reaper", [False, True])
def test_nothing_of_the_slots_is_left_to_the_program(tmp_path: Path, reaper: bool) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)  # not close-on-exec in the child, had we not said so
    try:
        text = output(
            tmp_path,
            slots.FillSlot(0, 0),
            *(open_directory(slot, tmp_path) for slot in range(1, 60)),
            slots.CloneTree(60, 0, False),
            ops.Unshare(NS),
            slots.NewFilesystem(61, "tmpfs", (), 0),
            script="ls /proc/self/fd",
            fds=(fd,),
            clone_flags=syscalls.CLONE_NEWPID if reaper else 0,
        )
    finally:
        os.close(fd)
    assert text.split() == ["0", "1", "2", "3"]  # ls has one more: the directory it reads
