"""Operations on mounts by descriptor, and maps of users, on the real kernel."""

import errno
import os
from pathlib import Path

import pytest

from porto.kernel import syscalls
from porto.launcher import ops, slots
from porto.launcher.ops import Op
from tests.kernel.launches import NOBODY, NS, PRIVATE, failures, output
from tests.kernel.test_launcher_slots import open_directory

pytestmark = pytest.mark.needs("root")

OWN = (ops.Unshare(NS), PRIVATE)


def test_a_new_filesystem_is_attached(tmp_path: Path) -> None:
    (tmp_path / "on").mkdir()
    text = output(
        tmp_path,
        *OWN,
        slots.NewFilesystem(
            0, "tmpfs", ("size=64k", "mode=1750", "source=portotest"), syscalls.MOUNT_ATTR_NODEV
        ),
        open_directory(1, tmp_path / "on"),
        slots.MoveMount(0, 1),
        slots.MakeDirectoriesAt(0, "a/b", 0o700, NOBODY, 0),
        script=f"grep ' {tmp_path}/on ' /proc/self/mountinfo | cut -d' ' -f6-;"
        f" stat -c %U {tmp_path}/on/a/b",
    )
    line, owner = text.splitlines()
    assert line.startswith("rw,nodev,relatime")
    assert " tmpfs portotest " in line
    assert "size=64k" in line
    assert "mode=1750" in line
    assert owner == "nobody"
    assert os.listdir(tmp_path / "on") == []


def test_a_tree_is_cloned_changed_and_attached(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "below").mkdir(parents=True)
    target.mkdir()
    text = output(
        tmp_path,
        *OWN,
        ops.Mount("portotest", f"{source}/below", "tmpfs", 0, "size=64k"),
        open_directory(0, source),
        slots.CloneTree(1, 0, True),
        slots.CloneTree(2, 0, False),
        slots.SetMountAttributes(
            *(1, syscalls.MOUNT_ATTR_RDONLY | syscalls.MOUNT_ATTR_NOSUID, 0),
            *(syscalls.MS_PRIVATE, True),
        ),
        slots.SetMountAttributes(1, 0, syscalls.MOUNT_ATTR_NOSUID, 0, False),
        open_directory(3, target),
        slots.MoveMount(1, 3),
        script=f"cut -d' ' -f5,6 /proc/self/mountinfo | grep {target}",
    )
    assert text.splitlines() == [f"{target} ro,relatime", f"{target}/below ro,nosuid,relatime"]


def test_a_clone_without_what_lies_on_it(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "below").mkdir(parents=True)
    target.mkdir()
    text = output(
        tmp_path,
        *OWN,
        ops.Mount("portotest", f"{source}/below", "tmpfs", 0),
        open_directory(0, source),
        slots.CloneTree(1, 0, False),
        open_directory(2, target),
        slots.MoveMount(1, 2),
        script=f"grep -c {target} /proc/self/mountinfo",
    )
    assert text == "1\n"


def test_a_file_is_mounted_on_a_file(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("from the source\n")
    text = output(
        tmp_path,
        *OWN,
        open_directory(0, tmp_path),
        slots.MakeFileAt(0, "target", 0o600, 0, 0),
        slots.OpenSlot(1, 0, "source", os.O_PATH, syscalls.RESOLVE_BENEATH),
        slots.OpenSlot(2, 0, "target", os.O_PATH, syscalls.RESOLVE_BENEATH),
        slots.CloneTree(3, 1, False),
        slots.MoveMount(3, 2),
        script=f"cat {tmp_path}/target",
    )
    assert text == "from the source\n"
    assert (tmp_path / "target").read_text() == ""


def test_a_mount_is_detached_by_its_root(tmp_path: Path) -> None:
    text = output(
        tmp_path,
        *OWN,
        ops.Mount("portotest", "/mnt", "tmpfs", 0),
        open_directory(0, "/mnt"),
        ops.ChangeDirectory("/tmp"),
        slots.DetachMount(0),
        script="! grep ' /mnt ' /proc/self/mountinfo; pwd",
    )
    assert text == "/tmp\n"


def test_a_root_is_built_of_descriptors_alone(tmp_path: Path) -> None:
    text = output(
        tmp_path,
        *OWN,
        slots.NewFilesystem(0, "tmpfs", ("mode=755",), syscalls.MOUNT_ATTR_NOSUID),
        open_directory(1, tmp_path),
        slots.MoveMount(0, 1),
        slots.MakeDirectoriesAt(0, "usr", 0o755, 0, 0),
        *(slots.MakeLinkAt(0, name, f"usr/{name}") for name in ("bin", "lib", "lib64")),
        open_directory(2, "/usr"),
        slots.CloneTree(3, 2, True),
        slots.OpenSlot(4, 0, "usr", os.O_PATH, syscalls.RESOLVE_BENEATH),
        slots.MoveMount(3, 4),
        slots.PivotRoot(0),
        script="ls /; awk '{print $5}' /proc/self/mountinfo 2>&1 | wc -l; pwd",
    )
    assert text.split() == ["bin", "lib", "lib64", "usr", *text.split()[4:-1], "/"]


FAILURES: list[tuple[tuple[Op, ...], str, int, str]] = [
    ((slots.NewFilesystem(0, "nosuchfs", (), 0),), "NewFilesystem", errno.ENODEV, "nosuchfs"),
    (
        (slots.NewFilesystem(0, "tmpfs", ("size=many",), 0),),
        "NewFilesystem",
        errno.EINVAL,
        "tmpfs option size=many: e tmpfs: Bad value for 'size'",
    ),
    (
        (slots.NewFilesystem(0, "tmpfs", ("flag",), 0),),
        "NewFilesystem",
        errno.EINVAL,
        "tmpfs option flag: e tmpfs: Unknown parameter 'flag'",
    ),
    (
        (slots.NewFilesystem(0, "tmpfs", ("a\0b",), 0),),
        "NewFilesystem",
        errno.EINVAL,
        "option a\0b",
    ),
    (
        (slots.NewFilesystem(0, "tmpfs", (), 1 << 30),),
        "NewFilesystem",
        errno.EINVAL,
        "tmpfs",
    ),
    (
        (open_directory(0, "/tmp"), slots.SetMountAttributes(0, 1 << 40, 0, 0, False)),
        *("SetMountAttributes", errno.EINVAL, "slot 0"),
    ),
    (
        (open_directory(0, "/etc"), slots.MoveMount(0, 0)),
        *("MoveMount", errno.EINVAL, "slot 0 on slot 0"),
    ),
    ((open_directory(0, "/etc"), slots.DetachMount(0)), "DetachMount", errno.EINVAL, "slot 0"),
    ((open_directory(0, "/etc"), slots.PivotRoot(0)), "PivotRoot", errno.EBUSY, "slot 0"),
    (
        (ops.UnshareUsers("no map", "0 0 1"),),
        "UnshareUsers",
        errno.EINVAL,
        "maps of users and groups",
    ),
    (
        (
            ops.Mount("/", "/mnt", None, syscalls.MS_BIND | syscalls.MS_REC),
            open_directory(0, "/mnt"),
            slots.ChangeRoot(0),
            ops.UnshareUsers("0 0 1", "0 0 1"),  # not for whoever lives in a chroot
        ),
        *("UnshareUsers", errno.EPERM, "user namespace"),
    ),
    ((ops.UnshareUsers("0 0 1", ""),), "UnshareUsers", errno.EINVAL, "maps of users and groups"),
]


def test_a_failing_operation_is_named(tmp_path: Path) -> None:
    found = failures(tmp_path, [(*OWN, *operations) for operations, *_ in FAILURES])
    assert [(one.op, one.errno, one.subject) for one in found] == [
        tuple(expected) for _, *expected in FAILURES
    ]


def test_users_are_mapped(tmp_path: Path) -> None:
    text = output(
        tmp_path,
        ops.UnshareUsers("0 100000 1000\n5000 0 1\n", "0 200000 10\n5000 0 1\n"),
        ops.SetCredentials(0, 0, (3,)),
        script="cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '; id -u; id -G;"
        " grep CapEff /proc/self/status",
    )
    lines = [line.strip() for line in text.splitlines()]
    assert lines[:4] == ["0 100000 1000", "5000 0 1", "0 200000 10", "5000 0 1"]
    assert lines[4:6] == ["0", "0 3"]
    assert int(lines[6].split()[1], 16) & 1 << 21  # CAP_SYS_ADMIN, there
