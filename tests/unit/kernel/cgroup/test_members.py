"""Whose is a process, by /proc/PID/cgroup, and killing it only if it is ours."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from porto.kernel.cgroup.members import Members, is_within, path_of

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


@pytest.fixture
def children() -> Iterator[list[subprocess.Popen[bytes]]]:
    made = [subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL) for _ in range(2)]
    yield made
    for child in made:
        child.kill()
        child.wait()


def test_a_member_is_killed(children: list[subprocess.Popen[bytes]]) -> None:
    texts: list[bytes] = []
    assert Members().kill(children[0].pid, lambda text: texts.append(text) is None)
    assert children[0].wait(20) == -signal.SIGKILL
    assert texts[0].endswith(b"\n")
    assert b":/" in texts[0]


def test_a_stranger_is_asked_about_and_left_alone(
    children: list[subprocess.Popen[bytes]],
) -> None:
    asked: list[bytes] = []
    opened = len(os.listdir("/proc/self/fd"))
    assert not Members().kill(children[0].pid, lambda text: bool(asked.append(text)))
    assert children[0].poll() is None
    # Its leader and its only thread.
    assert len(asked) == 2
    assert len(os.listdir("/proc/self/fd")) == opened


def test_a_thread_that_belongs_is_enough(children: list[subprocess.Popen[bytes]]) -> None:
    answers = iter([False, True])
    assert Members().kill(children[0].pid, lambda text: next(answers))
    assert children[0].wait(20) == -signal.SIGKILL


def test_the_signal_goes_to_the_process_that_was_looked_at(
    children: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number may be another's by then: only the descriptor stays its own."""
    looked_at, successor = children
    pidfd = os.pidfd_open(looked_at.pid)
    monkeypatch.setattr(os, "pidfd_open", lambda pid: pidfd)
    assert Members().kill(successor.pid, lambda text: True)
    assert looked_at.wait(20) == -signal.SIGKILL
    assert successor.poll() is None


def test_nobody_is_not_killed() -> None:
    assert not Members().kill(1 << 22, lambda text: True)
