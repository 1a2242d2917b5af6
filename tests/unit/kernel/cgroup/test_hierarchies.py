"""Reading mountinfo and choosing the driver."""

import pytest

from porto.kernel.cgroup.hierarchies import Hierarchy, parse_mountinfo
from porto.kernel.cgroup.probe import choose

TMPFS = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755"


def v1(path: str, controllers: str, *, root: str = "/", options: str = "rw,nosuid") -> str:
    return f"32 31 0:29 {root} {path} {options} shared:9 - cgroup cgroup rw,{controllers}"


def test_split_and_comounted_hierarchies_are_found() -> None:
    found = parse_mountinfo(
        [TMPFS, v1("/cg/cpu,cpuacct", "cpu,cpuacct"), v1("/cg/freezer", "freezer") + "\n"]
    )
    assert [(h.path, h.controllers) for h in found] == [
        ("/cg/cpu,cpuacct", {"cpu", "cpuacct"}),
        ("/cg/freezer", {"freezer"}),
    ]


def test_unknown_controllers_and_named_hierarchies_are_left_out() -> None:
    found = parse_mountinfo([v1("/cg/systemd", "xattr,name=systemd"), v1("/cg/rdma", "rdma")])
    assert found == []


def test_companions_we_do_not_know_do_not_count() -> None:
    (found,) = parse_mountinfo([v1("/cg/pids", "pids,rdma")])
    assert found.controllers == {"pids"}


def test_read_only_mounts_are_left_out() -> None:
    assert parse_mountinfo([v1("/cg/freezer", "freezer", options="ro,nosuid")]) == []


def test_the_top_of_a_hierarchy_wins_over_a_part_of_it() -> None:
    part, top = v1("/x", "freezer", root="/docker/1"), v1("/cg/freezer", "freezer")
    for lines in ([part, top], [top, part]):
        (found,) = parse_mountinfo(lines)
        assert (found.path, found.inner) == ("/cg/freezer", "")


def test_a_part_alone_is_used_with_its_inner_path() -> None:
    (found,) = parse_mountinfo([v1("/x", "freezer", root="/docker/1")])
    assert found.inner_path("/x/porto/a") == b"/docker/1/porto/a"
    assert found.inner_path("/x") == b"/docker/1"


def test_escapes_in_paths_are_undone() -> None:
    (found,) = parse_mountinfo([v1(r"/a\040b\134c", "freezer")])
    assert found.path == r"/a b\c"


def test_noise_is_ignored() -> None:
    assert parse_mountinfo(["", "garbage", "1 2 - cgroup", "x - cgroup cgroup"]) == []


@pytest.mark.parametrize(
    ("unified", "version"),
    [(False, "v1"), (True, "hybrid")],
)
def test_a_v1_freezer_rules(unified: bool, version: str) -> None:
    found = [Hierarchy("/f", "", frozenset({"freezer"}), False)]
    if unified:
        found.append(Hierarchy("/u", "", frozenset(), True))
    assert choose(found, "porto").version == version


def test_no_freezer_is_said_so() -> None:
    with pytest.raises(OSError, match="mount cgroup2 or the v1 freezer"):
        choose([Hierarchy("/m", "", frozenset({"memory"}), False)], "porto")


@pytest.mark.parametrize("prefix", ["", ".", "..", "a/b", "a%b", "-x", "a\n", " "])
def test_a_prefix_that_could_leave_our_directories_is_refused(prefix: str) -> None:
    with pytest.raises(OSError, match="prefix"):
        choose([Hierarchy("/f", "", frozenset({"freezer"}), False)], prefix)
