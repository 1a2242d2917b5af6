"""What a launch is made of: operations in their order, descriptors, clone flags; v1 and v2."""

import os
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.process.scheduling import IDLE
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
from porto.launcher.ops import (
    ChangeDirectory,
    Execute,
    JoinCgroup,
    JoinNamespaces,
    Mount,
    NewSession,
    Op,
    OpenStream,
    Rest,
    SetCapabilities,
    SetCredentials,
    SetLimit,
    SetScheduler,
    SetUmask,
    Unmount,
    Unshare,
    UseDescriptor,
    WriteFile,
)
from porto.launcher.slots import FillSlot, OpenStreamAt
from porto.reconcilers.containers.facets.identity import HOST_BOUND
from porto.reconcilers.containers.facets.namespaces import ProcessHandle
from porto.reconcilers.containers.facets.streams import ClientDescriptor, WorkHandle
from porto.reconcilers.containers.facets.task import LaunchTask
from porto.reconcilers.containers.facets.tree import GroupDirectory
from porto.reconcilers.containers.target import Source
from porto.spec.containers.intent import Client
from porto.spec.containers.status import State
from tests.fakes.cgroupfs import SPLIT
from tests.fakes.hosts import FakeHost
from tests.fakes.scenes import Scene

WORK = "/place/porto"
CLIENT = Client(9, 8, 7, 6)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PROC = MS_NOSUID | MS_NODEV | MS_NOEXEC
LEFT_OUT = MS_REMOUNT | MS_BIND | MS_RDONLY | PROC
APPEND = os.O_WRONLY | os.O_APPEND

OOM = WriteFile("/proc/self/oom_score_adj", "0", required=False)
NOWHERE = OpenStream(0, "/dev/null", os.O_RDWR)
HIDDEN = Unmount("/place/run/porto/kvs", MNT_DETACH)
PROTECTED: list[Op] = [
    Mount("/proc/sysrq-trigger", "/proc/sysrq-trigger", None, MS_BIND),
    Mount(None, "/proc/sysrq-trigger", None, LEFT_OUT),
    Mount("/proc/irq", "/proc/irq", None, MS_BIND),
    Mount(None, "/proc/irq", None, LEFT_OUT),
    Mount("/proc/bus", "/proc/bus", None, MS_BIND),
    Mount(None, "/proc/bus", None, LEFT_OUT),
    Mount("/proc/sys", "/proc/sys", None, MS_BIND),
    Mount(None, "/proc/sys", None, LEFT_OUT),
    Mount("/dev/null", "/proc/kcore", None, MS_BIND),
    Mount(None, "/", None, MS_REC | MS_SHARED),
]
ISOLATED: list[Op] = [
    Mount(None, "/", None, MS_REC | MS_SLAVE),
    Unmount("/proc", MNT_DETACH),
    Mount("proc", "/proc", "proc", PROC),
    Unmount("/sys", MNT_DETACH),
    Mount("sysfs", "/sys", "sysfs", PROC | MS_RDONLY),
]
LIMITS: list[Op] = [
    SetLimit(4, 0, -1, required=False),
    SetLimit(8, 8 << 20, -1, required=False),
    SetLimit(7, 8 << 10, 1 << 20, required=False),
]
ROOT: list[Op] = [
    SetCredentials(0, 0, tuple(sorted(os.getgrouplist("root", 0)))),
    SetCapabilities(HOST_BOUND, 0),
]
UMASK = SetUmask(0o002)


def own_output(uid: int = 0) -> list[Op]:
    """The default files, beneath the descriptor of the container's directory."""
    return [
        OpenStreamAt(1, 0, "stdout", APPEND, create=True, mode=0o660, uid=uid, gid=uid),
        OpenStreamAt(2, 0, "stderr", APPEND, create=True, mode=0o660, uid=uid, gid=uid),
    ]


def env(name: str, **values: str) -> tuple[tuple[str, str], ...]:
    """The variables of a task that was given none."""
    given = {"HOME": f"{WORK}/{name}", "USER": "root", "PORTO_USER": "root", **values}
    known = {"PATH": PATH, "PORTO_HOST": "here", "PORTO_NAME": name, "container": "lxc"}
    return tuple(sorted({**known, **given}.items()))


def task(name: str, *, reaper: bool = True, **values: str) -> Execute:
    return Execute("sleep 1", (), env(name, **values), reaper=reaper)


class Host:
    """One kind of host: how a launch gets into its cgroups there."""

    def __init__(self, root: Path, *, v2: bool) -> None:
        self.root, self.v2 = root, v2
        self.host = FakeHost(root, ("v2",) if v2 else SPLIT)
        self.scene = Scene(driver=self.host.driver, mounted=[HIDDEN.target])
        self.place = 1 if v2 else 0
        """Index of the first descriptor that is not the group's."""

    def joined(self, name: str, *controllers: str) -> list[Op]:
        """The operations that join; none where the child is born in its group."""
        if self.v2:
            return []
        tasks = [f"{self.root}/freezer/porto/{name}/tasks"]
        for controller in SPLIT[1:]:
            # What a container does not have it shares with its first-level ancestor.
            owner = name if not controllers or controller in controllers else name.split("/")[0]
            tasks.append(f"{self.root}/{controller}/porto%{owner}/tasks")
        return [JoinCgroup(path) for path in tasks]

    def sources(self, name: str, *more: Source) -> tuple[Source, ...]:
        if not self.v2:
            return more
        return (GroupDirectory(f"{self.root}/v2/porto/{name}/%leaf"), *more)

    def launch(self, name: str) -> LaunchTask:
        launch = self.scene.decide(name).changes[-1].effect
        assert isinstance(launch, LaunchTask)
        assert launch.cgroup_fd == (0 if self.v2 else None)
        return launch


@pytest.fixture(params=["v1", "v2"])
def host(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Host]:
    monkeypatch.setattr(platform, "node", lambda: "here")
    made = Host(tmp_path, v2=request.param == "v2")
    yield made
    made.host.close()


def test_a_plain_container(host: Host) -> None:
    host.scene.put("a", State.STARTING)
    launch = host.launch("a")
    assert list(launch.ops) == [
        *host.joined("a"),
        OOM,
        NewSession(),
        NOWHERE,
        FillSlot(0, host.place),
        *own_output(),
        Unshare(CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS),
        SetUmask(0),
        *ISOLATED,
        HIDDEN,
        *PROTECTED,
        *LIMITS,
        ChangeDirectory(f"{WORK}/a"),
        *ROOT,
        UMASK,
        task("a"),
    ]
    assert launch.sources == host.sources("a", WorkHandle(WORK, "a"))
    assert (launch.clone_flags, launch.pid_ns) == (CLONE_NEWPID, None)
    assert (launch.launch_id, launch.timeout) == ("4:1", 300.0)


def test_everything_that_a_launch_can_be_told(host: Host) -> None:
    """With the user's own numbers, files, variables and limits."""
    host.scene.put(
        "a",
        State.STARTING,
        intent={"client": CLIENT},
        user="1234",
        group="4321",
        cwd="/srv/./x",
        umask="027",
        env="B=2;A=1",
        ulimit="nofile: 5 6; core: unlimited",
        stdin_path="/dev/fd/7",
        stdout_path="out.log",
        stderr_path="/dev/null",
        oom_score_adj="100",
        cpu_policy="idle",
        command_argv="sleep\t1;2",
    )
    launch = host.launch("a")
    assert list(launch.ops) == [
        *host.joined("a"),
        WriteFile("/proc/self/oom_score_adj", "100", required=True),
        SetScheduler(IDLE, 0, 0, 0),
        NewSession(),
        UseDescriptor(0, host.place),
        OpenStream(1, "/dev/null", os.O_RDWR),
        OpenStream(2, "/dev/null", os.O_RDWR),
        Unshare(CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS),
        SetUmask(0),
        *ISOLATED,
        HIDDEN,
        *PROTECTED,
        SetLimit(8, 8 << 20, -1, required=False),
        SetLimit(4, -1, -1),
        SetLimit(7, 5, 6),
        ChangeDirectory("/srv/x"),
        SetCredentials(1234, 4321, (4321,)),
        SetCapabilities(HOST_BOUND, 0),
        OpenStream(1, "out.log", APPEND, create=True, mode=0o660, uid=1234, gid=4321),
        SetUmask(0o027),
        Execute(
            None,
            ("sleep", "1;2"),
            env("a", A="1", B="2", HOME="/srv/x", USER="1234"),
            reaper=True,
        ),
    ]
    refusal = "cannot start a: cannot open stdin_path /dev/fd/7"
    assert launch.sources == host.sources("a", ClientDescriptor(CLIENT, 7, False, refusal))


def test_one_that_shares_the_hosts_namespaces(host: Host) -> None:
    host.scene.put("a", State.STARTING, isolate="false")
    launch = host.launch("a")
    assert list(launch.ops) == [
        *host.joined("a"),
        OOM,
        NewSession(),
        NOWHERE,
        FillSlot(0, host.place),
        *own_output(),
        Unshare(CLONE_NEWNS),
        SetUmask(0),
        Mount(None, "/", None, MS_REC | MS_SLAVE),
        HIDDEN,
        *PROTECTED,
        *LIMITS,
        ChangeDirectory(f"{WORK}/a"),
        *ROOT,
        UMASK,
        task("a", reaper=False),
    ]
    assert (launch.clone_flags, launch.pid_ns) == (0, None)


def test_one_that_runs_nothing(host: Host) -> None:
    host.scene.put("a", State.STARTING, command="")
    launch = host.launch("a")
    assert launch.ops[-3:] == (*ROOT[-1:], UMASK, Rest())
    assert launch.clone_flags == CLONE_NEWPID


def test_an_init(host: Host) -> None:
    """It is pid 1 itself, root in /, and says nothing."""
    host.scene.put("a", State.STARTING, command="", virt_mode="os", user="1234")
    launch = host.launch("a")
    assert list(launch.ops) == [
        *host.joined("a"),
        OOM,
        NewSession(),
        NOWHERE,
        OpenStream(1, "/dev/null", os.O_RDWR),
        OpenStream(2, "/dev/null", os.O_RDWR),
        Unshare(CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS),
        SetUmask(0),
        *ISOLATED,
        HIDDEN,
        *PROTECTED,
        *LIMITS,
        ChangeDirectory("/"),
        *ROOT,
        UMASK,
        Execute("/sbin/init", (), env("a", HOME="/"), reaper=False),
    ]
    assert launch.sources == host.sources("a")


@pytest.mark.parametrize("isolate", [True, False])
def test_a_child_of_a_running_parent(host: Host, isolate: bool) -> None:
    """It joins the parent's namespaces, in which it may have some of its own."""
    scene = host.scene
    scene.put("a", State.RUNNING, ulimit="core: 1", env="A=1;B=1", cwd="/w")
    scene.put("a/b", State.STARTING, isolate=str(isolate).lower(), env="B=2", ulimit="fsize: 2")
    launch = host.launch("a/b")
    variables = {"B": "2"} if isolate else {"A": "1", "B": "2"}
    refusal = "cannot start a/b: its parent a has no process any more"
    assert list(launch.ops) == [
        *host.joined("a/b", "freezer", "cpuacct"),
        OOM,
        NewSession(),
        NOWHERE,
        FillSlot(0, host.place),
        *own_output(),
        JoinNamespaces(host.place + 1, CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWNS),
        *([Unshare(CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS)] if isolate else []),
        SetUmask(0),
        *([*ISOLATED, *PROTECTED] if isolate else []),
        SetLimit(8, 8 << 20, -1, required=False),
        SetLimit(7, 8 << 10, 1 << 20, required=False),
        SetLimit(4, 1, 1),
        SetLimit(1, 2, 2),
        ChangeDirectory("/w"),
        *ROOT,
        UMASK,
        task("a/b", reaper=isolate, HOME="/w", **variables),
    ]
    assert launch.sources == host.sources(
        "a/b", WorkHandle(WORK, "a/b"), ProcessHandle(40, 5, refusal)
    )
    assert launch.pid_ns == host.place + 1
    assert launch.clone_flags == (CLONE_NEWPID if isolate else 0)
