"""Which namespaces a task lives in and what is mounted there, as launch operations."""

import errno

import pytest

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
from porto.reconcilers.containers.facets.namespaces import Namespaces, ProcessHandle
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import Process, State
from porto.spec.errors import InvalidState
from tests.fakes.ports import make_ports
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
def facet() -> Namespaces:
    """On a kernel that has all of it, with a store that is a mount point."""
    return Namespaces(
        hidden_mount="/run/porto/kvs",
        exists=lambda path: True,
        is_mount=lambda path: path == "/run/porto/kvs",
    )


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


def test_what_a_kernel_lacks_is_not_mounted_over() -> None:
    facet = Namespaces(
        hidden_mount="/run/porto/kvs",
        exists=lambda path: path == "/proc/kcore",
        is_mount=lambda path: False,
    )
    plan = start_of(record("a", isolate="false"), facet)
    assert plan.ops[2:] == [FIRST, Mount("/dev/null", "/proc/kcore", None, MS_BIND), LAST]


def running(name: str) -> ContainerRecord:
    found = record(name)
    process = Process("7:1", 40, 4, 41, 4, 2)
    return found.with_status(state=State.RUNNING, process=process)


@pytest.mark.parametrize("meta_between", [False, True])
def test_it_joins_the_nearest_ancestor_with_a_process(
    facet: Namespaces, meta_between: bool
) -> None:
    lineage = (record("a/m"), running("a")) if meta_between else (running("a"),)
    name = "a/m/b" if meta_between else "a/b"
    plan = start_of(record(name, isolate="false"), facet, lineage=lineage)
    everything = CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWNS
    gone = f"cannot start {name}: its parent a has no process any more"
    assert plan.sources == [ProcessHandle(40, 4, gone)]
    assert plan.ops == [JoinNamespaces(0, everything), SetUmask(0)]
    assert plan.pid_ns == 0


class Pidfds:
    """Opens what it is told to, or says that the process is gone."""

    def __init__(self, found: int | None) -> None:
        self.found = found

    def open_pidfd(self, pid: int, start: int) -> int:
        if self.found is None or (pid, start) != (40, 4):
            raise ProcessLookupError
        return self.found


def test_a_parent_that_is_gone_is_named(facet: Namespaces) -> None:
    (handle,) = start_of(record("a/b"), facet, lineage=(running("a"),)).sources
    assert handle.open(make_ports(None, processes=Pidfds(5))) == 5
    with pytest.raises(InvalidState) as caught:
        handle.open(make_ports(None, processes=Pidfds(None)))
    assert caught.value.text == "cannot start a/b: its parent a has no process any more"


def test_a_parent_that_cannot_be_looked_at_is_not_gone(facet: Namespaces) -> None:
    class Short:
        def open_pidfd(self, pid: int, start: int) -> int:
            raise OSError(errno.EMFILE, "Too many open files")

    (handle,) = start_of(record("a/b"), facet, lineage=(running("a"),)).sources
    with pytest.raises(OSError, match="Too many open files"):
        handle.open(make_ports(None, processes=Short()))
