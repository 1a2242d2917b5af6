"""Whose is a process: texts of /proc/PID/cgroup."""

import pytest

from porto.kernel.cgroup.members import is_within, path_of

V1 = b"9:name=systemd:/\n4:cpu,cpuacct:/porto%a\n2:freezer:/porto/a/b\n0::/init\n"


@pytest.mark.parametrize(
    ("controller", "path"),
    [
        (b"freezer", b"/porto/a/b"),
        (b"cpuacct", b"/porto%a"),
        (b"", b"/init"),
        (b"memory", None),
        (b"cpu,cpuacct", b"/porto%a"),
    ],
)
def test_the_path_of_a_controller(controller: bytes, path: bytes | None) -> None:
    assert path_of(V1, controller) == path


def test_a_removed_group_is_still_known_by_its_name() -> None:
    assert path_of(b"0::/porto/a (deleted)\n", b"") == b"/porto/a"


def test_a_path_with_colons_is_whole() -> None:
    assert path_of(b"2:freezer:/porto/a:b\n", b"freezer") == b"/porto/a:b"


@pytest.mark.parametrize(
    ("path", "expected"),
    [(b"/p/a", True), (b"/p/a/b", True), (b"/p/ab", False), (b"/p", False), (None, False)],
)
def test_within_means_below(path: bytes | None, expected: bool) -> None:
    assert is_within(path, b"/p/a") is expected
