"""Which disks a name, a number or a path means."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from porto.kernel.block.disks import DEPTH_MAX
from tests.unit.kernel.block.block_tree import BlockTree


@pytest.fixture
def tree(tmp_path: Path) -> BlockTree:
    made = BlockTree(tmp_path)
    made.disk("sda", "8:0")
    made.partition("sda", "sda1", "8:1")
    made.disk("sdb", "8:16")
    made.disk("nvme0n1", "259:0")
    made.partition("nvme0n1", "nvme0n1p2", "259:2")
    return made


def refusal(call: Callable[[], object]) -> tuple[int | None, str]:
    with pytest.raises(OSError, match=r"Errno") as caught:
        call()
    return caught.value.errno, str(caught.value.strerror)


@pytest.mark.parametrize(
    ("key", "numbers"),
    [
        ("sda", ("8:0",)),
        ("sda1", ("8:0",)),
        ("8:0", ("8:0",)),
        ("8:1", ("8:0",)),
        ("008:001", ("8:0",)),
        ("nvme0n1p2", ("259:0",)),
    ],
)
def test_names_and_numbers_are_whole_disks(
    tree: BlockTree, key: str, numbers: tuple[str, ...]
) -> None:
    assert tree.disks.find(key) == numbers


@pytest.mark.parametrize(
    "key",
    ["sdz", "9:9", "", "sda/", "a/../sda", "sda/../../x", "8:0x", "8:", ":", "a\0b", "-1:0", "٨:0",
     "mapper", "hw", "x" * 5000, "1234567890:1", "\udcff"],
)  # fmt: skip
def test_what_is_no_disk_is_refused(tree: BlockTree, key: str) -> None:
    number, reason = refusal(lambda: tree.disks.find(key))
    assert number in (errno.ENODEV, errno.EINVAL)
    assert reason in ("no such disk", "not the name of a disk")


def test_a_name_with_a_slash_is_written_with_an_exclamation_mark_by_the_kernel(
    tree: BlockTree,
) -> None:
    tree.disk("cciss!c0d0", "104:0")
    assert tree.disks.find("cciss/c0d0") == ("104:0",)
    assert tree.disks.names(["104:0"])["104:0"] == "cciss/c0d0"


def test_a_name_below_dev_is_followed_to_its_device(tree: BlockTree) -> None:
    tree.disk("dm-0", "253:0", slaves=("sda1", "sdb"))
    (tree.root / "dev" / "mapper" / "group-volume").symlink_to("../dm-0")
    assert tree.disks.find("mapper/group-volume") == ("253:0",)


def test_a_path_is_the_disk_of_its_file_system(tree: BlockTree) -> None:
    tree.mount("8:1", str(tree.files), "ext4", "/dev/sda1")
    (tree.files / "inner").mkdir()
    assert tree.disks.find(str(tree.files)) == ("8:0",)
    assert tree.disks.find(f"{tree.files}//inner/./..") == ("8:0",)
    assert refusal(lambda: tree.disks.find(f"{tree.files}/missing"))[0] == errno.ENOENT


def test_a_file_is_no_directory(tree: BlockTree) -> None:
    tree.mount("8:1", str(tree.files), "ext4", "/dev/sda1")
    (tree.files / "file").write_text("")
    assert tree.disks.find(f"{tree.files}/file") == ("8:0",)
    assert refusal(lambda: tree.disks.find(f"{tree.files}/file/x"))[0] == errno.ENOTDIR


def test_the_mount_on_top_counts_and_links_are_followed(tree: BlockTree) -> None:
    for name in ("one", "two"):
        (tree.files / name).mkdir()
    tree.mount("8:1", str(tree.files / "one"), "ext4", "/dev/sda1")
    tree.mount("8:16", str(tree.files / "one"), "xfs", "/dev/sdb")
    (tree.files / "two" / "link").symlink_to("../one")
    (tree.files / "two" / "absolute").symlink_to(tree.files / "one")
    assert tree.disks.find(str(tree.files / "two" / "link")) == ("8:16",)
    assert tree.disks.find(str(tree.files / "two" / "absolute")) == ("8:16",)


def test_a_circle_of_links_ends(tree: BlockTree) -> None:
    (tree.files / "a").symlink_to("b")
    (tree.files / "b").symlink_to("a")
    assert refusal(lambda: tree.disks.find(str(tree.files / "a")))[0] == errno.ELOOP


def test_a_path_longer_than_the_kernel_takes_is_refused_unread(tree: BlockTree) -> None:
    find = tree.disks.find
    assert refusal(lambda: find("/" + "x/../" * 1000))[0] == errno.ENAMETOOLONG
    assert refusal(lambda: find("/" + "x" * 300))[0] == errno.ENAMETOOLONG


def test_paths_with_a_dot_stay_below_the_root(tree: BlockTree) -> None:
    root = tree.files / "root"
    (root / "data").mkdir(parents=True)
    tree.mount("8:1", str(root), "ext4", "/dev/sda1")
    tree.mount("8:16", str(root / "data"), "ext4", "/dev/sdb")
    tree.mount("259:2", str(tree.files), "ext4", "/dev/nvme0n1p2")
    (root / "out").symlink_to("../../..")
    (root / "absolute").symlink_to("/data")
    find = tree.disks.find
    for key in (".", "./", "./.", "./..", "./out", "./out/out"):
        assert find(key, str(root)) == ("8:0",)
    for key in ("./data", ".data", "./absolute", "./../../data"):
        assert find(key, str(root)) == ("8:16",)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "autofs", "9p", "virtiofs"])
def test_a_file_system_that_may_not_answer_is_not_touched(tree: BlockTree, kind: str) -> None:
    tree.mount("0:50", str(tree.files / "far"), kind, "host:/export")
    # It does not even exist: looking at it would have said so.
    number, reason = refusal(lambda: tree.disks.find(f"{tree.files}/far/x"))
    assert number == errno.EREMOTE
    assert kind in reason


def test_a_link_does_not_lead_into_one_either(tree: BlockTree) -> None:
    tree.mount("0:50", str(tree.files / "far"), "nfs", "host:/export")
    (tree.files / "link").symlink_to("far/deep")
    assert refusal(lambda: tree.disks.find(f"{tree.files}/link"))[0] == errno.EREMOTE


def test_memory_is_no_disk(tree: BlockTree) -> None:
    number, reason = refusal(lambda: tree.disks.find(str(tree.files)))
    assert (number, reason) == (errno.ENODEV, "/ is on tmpfs, which is on no disk")


def test_overlay_is_on_the_disk_of_its_upper_layer(tree: BlockTree) -> None:
    upper, merged = tree.files / "up, per", tree.files / "merged"
    upper.mkdir()
    merged.mkdir()
    tree.mount("8:16", str(upper).replace(" ", "\\040"), "ext4", "/dev/sdb")
    shown = str(upper).replace(" ", "\\040").replace(",", "\\054")
    tree.mount("0:60", str(merged), "overlay", "overlay", f"rw,lowerdir=/x,upperdir={shown}")
    assert tree.disks.find(str(merged)) == ("8:16",)


def test_overlay_without_upper_layer_is_on_that_of_the_first_lower_one(tree: BlockTree) -> None:
    for name in ("lo:w", "low2", "merged"):
        (tree.files / name).mkdir()
    tree.mount("8:1", str(tree.files / "lo:w"), "ext4", "/dev/sda1")
    lower = f"{tree.files}/lo\\134:w:{tree.files}/low2"
    tree.mount("0:60", str(tree.files / "merged"), "overlay", "overlay", f"ro,lowerdir={lower}")
    assert tree.disks.find(str(tree.files / "merged")) == ("8:0",)


def test_an_upper_layer_by_a_relative_path_is_not_guessed(tree: BlockTree) -> None:
    tree.mount("0:60", str(tree.files), "overlay", "overlay", "rw,upperdir=tmp")
    assert refusal(lambda: tree.disks.find(str(tree.files)))[0] == errno.ENODEV


def test_overlays_on_each_other_end(tree: BlockTree) -> None:
    tree.mount("0:60", str(tree.files), "overlay", "overlay", f"rw,upperdir={tree.files}")
    assert refusal(lambda: tree.disks.find(str(tree.files)))[0] == errno.ELOOP


def test_a_loop_device_is_on_the_disk_of_its_file(tree: BlockTree) -> None:
    image, mounted = tree.files / "image", tree.files / "mounted"
    image.write_text("")
    mounted.mkdir()
    tree.mount("8:16", str(tree.files), "ext4", "/dev/sdb")
    tree.disk("loop0", "7:0")
    tree.back("loop0", str(image))
    tree.mount("7:0", str(mounted), "ext4", "/dev/loop0")
    assert tree.disks.find(str(mounted)) == ("8:16",)
    assert tree.disks.find("loop0") == ("7:0",)


@pytest.mark.parametrize("backing", ["/gone (deleted)", "", "/dev\0", "tmp"])
def test_a_loop_device_whose_file_is_unknown_is_a_disk_itself(
    tree: BlockTree, backing: str
) -> None:
    tree.disk("loop0", "7:0")
    tree.back("loop0", backing)
    tree.mount("7:0", str(tree.files), "ext4", "/dev/loop0")
    assert tree.disks.find(str(tree.files)) == ("7:0",)


def test_a_loop_device_on_itself_ends(tree: BlockTree) -> None:
    tree.disk("loop0", "7:0")
    tree.back("loop0", str(tree.files))
    tree.mount("7:0", str(tree.files), "ext4", "/dev/loop0")
    assert tree.disks.find(str(tree.files)) == ("7:0",)


def test_dm_is_all_that_it_is_made_of(tree: BlockTree) -> None:
    tree.disk("md0", "9:0", slaves=("sda1", "sdb"))
    tree.disk("dm-0", "253:0", slaves=("md0", "nvme0n1p2"))
    tree.mount("253:0", str(tree.files), "ext4", "/dev/mapper/x")
    assert tree.disks.find(str(tree.files)) == ("8:0", "8:16", "259:0")
    assert tree.disks.find("dm-0") == ("253:0",)


def test_devices_in_a_circle_end(tree: BlockTree) -> None:
    tree.disk("dm-0", "253:0", slaves=("dm-1",))
    tree.disk("dm-1", "253:1", slaves=("dm-0",))
    tree.mount("253:0", str(tree.files), "ext4", "/dev/dm-0")
    assert refusal(lambda: tree.disks.find(str(tree.files)))[0] == errno.ELOOP


def test_deep_stacks_are_followed(tree: BlockTree) -> None:
    below = "sda1"
    for minor in range(DEPTH_MAX - 2):
        tree.disk(f"dm-{minor}", f"253:{minor}", slaves=(below,))
        below = f"dm-{minor}"
    tree.mount(f"253:{DEPTH_MAX - 3}", str(tree.files), "ext4", "/dev/dm-x")
    assert tree.disks.find(str(tree.files)) == ("8:0",)


def test_btrfs_is_on_all_of_its_devices(tree: BlockTree) -> None:
    for uuid, names in (("one", ("nvme0n1",)), ("two", ("sda1", "sdb"))):
        devices = tree.sys / "fs" / "btrfs" / uuid / "devices"
        devices.mkdir(parents=True)
        for name in names:
            (devices / name).write_text("")
    (tree.sys / "fs" / "btrfs" / "features").mkdir()
    tree.mount("0:70", str(tree.files), "btrfs", "/dev/sda1", "rw,subvol=/x")
    assert tree.disks.find(str(tree.files)) == ("8:0", "8:16")


def test_names_are_of_whole_disks(tree: BlockTree) -> None:
    names = tree.disks.names(["8:0", "8:1", "9:9", "259:0"])
    assert [names[number] for number in ("8:0", "8:1", "9:9", "259:0")] == [
        "sda",
        "",
        "",
        "nvme0n1",
    ]


def test_names_are_asked_of_the_kernel_for_a_new_number(tree: BlockTree) -> None:
    assert tree.disks.names(["8:0"])["8:0"] == "sda"
    tree.disk("vda", "254:0")
    assert "254:0" not in tree.disks.names(["8:0"])
    assert tree.disks.names(["254:0"])["254:0"] == "vda"


def test_names_get_old(tree: BlockTree) -> None:
    assert tree.disks.names(["8:0"])["8:0"] == "sda"
    link = tree.sys / "dev" / "block" / "8:0"
    link.unlink()
    link.symlink_to(tree.sys / "devices" / "sdb")
    tree.now += 9
    assert tree.disks.names(["8:0"])["8:0"] == "sda"
    tree.now += 2
    assert tree.disks.names(["8:0"])["8:0"] == "sdb"


def test_sized_disks_are_those_that_hold_something(tree: BlockTree) -> None:
    tree.disk("loop0", "7:0", size=0)
    tree.disk("ram0", "1:0")
    assert tree.disks.sized() == {"8:0", "8:16", "259:0"}
