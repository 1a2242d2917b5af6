"""Which namespaces a task lives in and what is mounted there, as launch operations."""

import os
from pathlib import Path

import pytest

from porto.kernel.process import processes
from porto.kernel.syscalls import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUTS,
    MNT_DETACH,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    MS_SHARED,
    MS_SLAVE,
)
from porto.launcher.ops import JoinNamespaces, Mount, Op, SetUmask, Unmount, Unshare
from porto.reconcilers.containers.facets.namespaces import Namespaces
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import Process, State
from porto.spec.errors import InvalidState
from tests.fakes.starts import record, start_of

QUIET = MS_NOSUID | MS_NODEV | MS_NOEXEC
FIRST = Mount(None, "/", None, MS_REC | MS_SLAVE)
OWN_VIEW = [
    Unmount("/proc", MNT_DETACH),
    Mount("proc", "/proc", "proc", QUIET),
    Unmount("/sys", MNT_DETACH),
    Mount("sysfs", "/sys", "sysfs", QUIET | MS_RDONLY),
]
LAST = Mount(None, "/", None, MS_REC | MS_SHARED)


def read_only(path: str) -> list[Op]:
    return [
        Mount(path, path, None, MS_BIND),
        Mount(None, path, None, MS_REMOUNT | MS_BIND | MS_RDONLY | QUIET),
    ]


DANGEROUS: list[Op] = [
    *read_only("/proc/sysrq-trigger"),
    *read_only("/proc/irq"),
    *read_only("/proc/bus"),
    *read_only("/proc/sys"),
    Mount("/dev/null", "/proc/kcore", None, MS_BIND),
]


@pytest.fixture
def facet(monkeypatch: pytest.MonkeyPatch) -> Namespaces:
    """On a kernel that has all of it, with a store that is a mount point."""
    monkeypatch.setattr(os.path, "exists", lambda path: True)
    monkeypatch.setattr(os.path, "ismount", lambda path: path == "/run/porto/kvs")
    return Namespaces(store_directory="/run/porto/kvs")


def test_the_whole_of_an_isolated_start(facet: Namespaces) -> None:
    plan = start_of(record("a"), facet)
    assert plan.clone_flags == CLONE_NEWPID
    assert plan.pid_ns is None
    assert plan.ops == [
        Unshare(CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS),
        SetUmask(0),
        FIRST,
        *OWN_VIEW,
        Unmount("/run/porto/kvs", MNT_DETACH),
        *DANGEROUS,
        LAST,
    ]


def test_the_whole_of_a_start_that_shares_the_hosts(facet: Namespaces) -> None:
    plan = start_of(record("a", isolate="false"), facet)
    assert plan.clone_flags == 0
    assert plan.ops == [
        Unshare(CLONE_NEWNS),
        SetUmask(0),
        FIRST,
        Unmount("/run/porto/kvs", MNT_DETACH),
        *DANGEROUS,
        LAST,
    ]


def test_an_isolated_child_keeps_what_its_parent_has_put_out_of_reach(facet: Namespaces) -> None:
    plan = start_of(record("a/b"), facet, lineage=(record("a"),))
    assert plan.ops == [
        Unshare(CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS),
        SetUmask(0),
        FIRST,
        *OWN_VIEW,
        *DANGEROUS,
        LAST,
    ]


def test_a_child_that_shares_its_parents_mounts_nothing(facet: Namespaces) -> None:
    plan = start_of(record("a/b", isolate="false"), facet, lineage=(record("a"),))
    assert (plan.clone_flags, plan.ops) == (0, [SetUmask(0)])


def test_what_a_kernel_lacks_is_not_mounted_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "exists", lambda path: path == "/proc/kcore")
    monkeypatch.setattr(os.path, "ismount", lambda path: False)
    plan = start_of(record("a", isolate="false"), Namespaces(store_directory="/run/porto/kvs"))
    assert plan.ops[2:] == [FIRST, Mount("/dev/null", "/proc/kcore", None, MS_BIND), LAST]


def running(name: str) -> ContainerRecord:
    found = record(name)
    process = Process("7:1", 40, 4, 41, 4, 2)
    return found.with_status(state=State.RUNNING, process=process)


@pytest.mark.parametrize("meta_between", [False, True])
def test_it_joins_the_nearest_ancestor_with_a_process(
    facet: Namespaces, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, meta_between: bool
) -> None:
    asked: list[tuple[int, int]] = []
    descriptor = os.open(tmp_path, os.O_RDONLY)
    monkeypatch.setattr(
        processes, "open_pidfd", lambda pid, start: asked.append((pid, start)) or descriptor
    )
    lineage = (record("a/m"), running("a")) if meta_between else (running("a"),)
    name = "a/m/b" if meta_between else "a/b"
    plan = start_of(record(name, isolate="false"), facet, lineage=lineage)
    everything = CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWNS
    assert asked == [(40, 4)]
    assert plan.ops == [JoinNamespaces(0, everything), SetUmask(0)]
    assert (plan.pid_ns, plan.fds) == (0, [descriptor])
    plan.close()


def test_a_parent_that_is_gone_is_named(facet: Namespaces, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(pid: int, start: int) -> int:
        raise ProcessLookupError

    monkeypatch.setattr(processes, "open_pidfd", gone)
    with pytest.raises(InvalidState) as caught:
        start_of(record("a/b"), facet, lineage=(running("a"),))
    assert caught.value.text == "cannot start a/b: its parent a has no process any more"
