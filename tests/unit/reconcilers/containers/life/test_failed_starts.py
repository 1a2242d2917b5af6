"""A start that is refused or fails: what is taken down, written down and told."""

import errno
import os

import pytest

from porto.kernel.cgroup.meaning.cpu import NO_REALTIME
from porto.launcher.ops import LaunchFailed
from porto.reconcilers.engine.decision import Failure
from porto.spec.containers.status import State
from porto.spec.errors import Busy, EError, Unknown
from porto.spec.records.status import Condition
from tests.fakes.scenes import Scene, lines

LIFE_BEHIND = {
    "process": None,
    "exit_status": 9,
    "start_time": 1.0,
    "start_mono": 2.0,
    "death_time": 3.0,
    "death_mono": 4.0,
    "conditions": (Condition("Stuck", "pids", "no"),),
    "oom_killed": True,
    "oom_before": 1,
    "oom_kills_before": 2,
    "stdout_offset": 3,
    "stderr_offset": 4,
    "start_error": "earlier",
    "start_error_code": EError.Busy,
    "respawn_count": 5,
    "controllers": "freezer;memory",
    "launched": 1,
    "observed_generation": 1,
}
"""Every field that a start or a stop writes has another value."""


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_what_no_rule_admits(scene: Scene) -> None:
    scene.put("a", State.STARTING, cpu_guarantee="100000c", status=LIFE_BEHIND)
    assert scene.told("a") == lines("""
        life record: starting -> stopped
            a start_error=cannot set cpu_guarantee of a to 100000c: it has no cpu controller
            a start_error_code=NotSupported
            a state=stopped
            a exit_status=None
            a start_time=0
            a start_mono=0
            a death_time=0
            a death_mono=0
            a conditions=[]
            a controllers=
            a oom_killed=False
            a oom_before=0
            a stdout_offset=0
            a stderr_offset=0
        life containers_failed_start: - -> one more
            Count name=containers_failed_start
        life intent: running -> stopped
            Wish a run=stopped origin=api paused=False launch=1 kill_at=0
        = Stuck NotSupported: cannot set cpu_guarantee of a to 100000c: it has no cpu controller
    """)


def test_a_facet_that_cannot_be_planned(scene: Scene) -> None:
    scene.put("a", State.RUNNING)
    scene.put("a/b", State.STARTING, cpu_limit="1c")
    assert scene.told("a/b") == lines("""
        life record: starting -> stopped
            a/b launched=1
            a/b start_error=cannot set cpu_limit of a/b to 1c: it has no cpu controller
            a/b start_error_code=NotSupported
            a/b state=stopped
        life containers_failed_start: - -> one more
            Count name=containers_failed_start
        life intent: running -> stopped
            Wish a/b run=stopped origin=api paused=False launch=1 kill_at=0
        = Stuck NotSupported: cannot set cpu_limit of a/b to 1c: it has no cpu controller
    """)


def test_a_facet_that_cannot_prepare(scene: Scene) -> None:
    scene.put("a", State.STARTING, stdin_path="/dev/fd/")
    error = "cannot start a: cannot open stdin_path /dev/fd/: not a descriptor number"
    assert scene.told("a") == lines(f"""
        life record: starting -> stopped
            a launched=1
            a start_error={error}
            a start_error_code=InvalidValue
            a state=stopped
        life containers_failed_start: - -> one more
            Count name=containers_failed_start
        life intent: running -> stopped
            Wish a run=stopped origin=api paused=False launch=1 kill_at=0
        = Stuck InvalidValue: {error}
    """)


def test_a_look_that_fails_while_the_start_is_prepared(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.put("a", State.STARTING)

    def refuse(thread: int) -> int:
        raise OSError(errno.EIO, "Input/output error", "/proc/77")

    monkeypatch.setattr(scene.threads, "read", refuse)
    assert scene.told("a")[-1] == "= Stuck Unknown: cannot start a: /proc/77: Input/output error"


def test_a_change_that_cannot_be_made_ends_the_start(scene: Scene) -> None:
    scene.put("a", State.STARTING)
    failure = Failure("pids", Busy("cannot set it"), "pids.max")
    assert scene.failed("a", failure, Failure("life", Unknown("later"))) == lines("""
        life record: starting -> stopped
            a launched=1
            a start_error=cannot set it
            a start_error_code=Busy
            a state=stopped
        life containers_failed_start: - -> one more
            Count name=containers_failed_start
        life intent: running -> stopped
            Wish a run=stopped origin=api paused=False launch=1 kill_at=0
        = Stuck Busy: cannot set it
    """)


def test_the_same_for_one_without_a_process(scene: Scene) -> None:
    scene.put("a", State.STARTING, command="", isolate="false")
    assert scene.failed("a", Failure("pids", Busy("cannot set it"))) == lines("""
        life record: starting -> stopped
            a launched=1
            a start_error=cannot set it
            a start_error_code=Busy
            a state=stopped
        life containers_failed_start: - -> one more
            Count name=containers_failed_start
        life intent: running -> stopped
            Wish a run=stopped origin=api paused=False launch=1 kill_at=0
        = Stuck Busy: cannot set it
    """)


def test_a_launch_that_failed_takes_everything_down(scene: Scene) -> None:
    scene.put("a", State.STARTING, status=LIFE_BEHIND)
    scene.driver.create(scene.group("a"))
    scene.launches.outcomes["4:1"] = LaunchFailed("4:1", "Execute", errno.ENOENT, "sleep")
    assert scene.told("a") == lines("""
        life launch 4:1: begun -> dropped
            DropLaunch
        cgroups directories: present -> absent
            RemoveGroup
        workdir /place/porto/a: present -> absent
            RemoveWorkDirectory root=/place/porto name=a
        life record: starting -> stopped
            a start_error=cannot start a: cannot execute sleep: No such file or directory
            a start_error_code=InvalidCommand
            a state=stopped
            a exit_status=None
            a start_time=0
            a start_mono=0
            a death_time=0
            a death_mono=0
            a conditions=[]
            a controllers=
            a oom_killed=False
            a oom_before=0
            a stdout_offset=0
            a stderr_offset=0
        life containers_failed_start: - -> one more
            Count name=containers_failed_start
        life intent: running -> stopped
            Wish a run=stopped origin=api paused=False launch=1 kill_at=0
        = Stuck InvalidCommand: cannot start a: cannot execute sleep: No such file or directory
    """)


def test_a_launch_that_was_too_slow_is_counted_apart(scene: Scene) -> None:
    scene.put("a", State.STARTING)
    scene.launches.outcomes["4:1"] = LaunchFailed("4:1", "timeout", 0, "the launched child")
    told = scene.told("a")
    assert "    Count name=containers_failed_start" in told
    assert "    Count name=start_timeouts" in told
    assert told[-1] == (
        "= Stuck Unknown: cannot start a: no answer in time from the launched child"
    )


def test_a_launch_that_failed_and_left_processes(scene: Scene) -> None:
    scene.put("a", State.STARTING)
    scene.driver.create(scene.group("a"))
    scene.driver.place("a", 99)
    scene.launches.outcomes["4:1"] = LaunchFailed("4:1", "Execute", errno.ENOENT, "sleep")
    assert scene.told("a") == lines("""
        life processes: alive -> none
            Kill
        = Again after 1
    """)


def test_a_failure_that_a_facet_knows(scene: Scene) -> None:
    scene.put("a", State.STARTING, cpu_policy="rt")
    scene.launches.outcomes["4:1"] = LaunchFailed("4:1", "SetScheduler", errno.EPERM, "rr")
    text = f"cannot set cpu_policy of a to 'rt': {NO_REALTIME}"
    assert scene.told("a")[-1] == f"= Stuck ResourceNotAvailable: {text}"


def test_a_failed_start_of_a_file_is_tried_again(scene: Scene) -> None:
    scene.put("a", State.STARTING, intent={"origin": "file:/x.CT"})
    scene.launches.outcomes["4:1"] = LaunchFailed("4:1", "Execute", 0, "x")
    assert scene.told("a") == lines("""
        life launch 4:1: begun -> dropped
            DropLaunch
        life record: starting -> stopped
            a launched=1
            a start_error=cannot start a: cannot execute x
            a start_error_code=InvalidCommand
            a state=stopped
        life containers_failed_start: - -> one more
            Count name=containers_failed_start
        life record: starting -> starting
            a conditions=[Retrying task cannot start a: cannot execute x InvalidCommand]
        = Retry InvalidCommand: cannot start a: cannot execute x
    """)


@pytest.mark.parametrize(
    ("op", "code", "error"),
    [
        ("Execute", errno.ENOENT, "InvalidCommand: cannot start a: cannot execute it"),
        ("Execute", errno.EAGAIN, "ResourceNotAvailable: cannot start a: cannot execute it"),
        (
            "clone3",
            errno.EAGAIN,
            "ResourceNotAvailable: cannot start a: cannot make a process with it",
        ),
        ("clone3", errno.ENOMEM, "Unknown: cannot start a: cannot make a process with it"),
        (
            "JoinNamespaces",
            errno.EAGAIN,
            "ResourceNotAvailable: cannot start a: cannot join namespaces it",
        ),
        ("OpenStream", errno.EACCES, "InvalidValue: cannot start a: cannot open it"),
        ("UseDescriptor", errno.EBADF, "InvalidValue: cannot start a: cannot use descriptor it"),
        ("ChangeDirectory", errno.ENOENT, "InvalidValue: cannot start a: cannot enter cwd it"),
        ("SetLimit", errno.EPERM, "InvalidValue: cannot start a: cannot set ulimit it"),
        ("Mount", errno.EINVAL, "Unknown: cannot start a: cannot mount it"),
        ("JoinCgroup", errno.ENOSPC, "NoSpace: cannot start a: cannot join cgroup it"),
        ("SetCredentials", errno.EINVAL, "Unknown: cannot start a: cannot become it"),
        ("Unshare", errno.ENOSYS, "NotSupported: cannot start a: cannot unshare it"),
        ("Mount", errno.EOPNOTSUPP, "NotSupported: cannot start a: cannot mount it"),
        ("timeout", 0, "Unknown: cannot start a: no answer in time from it"),
    ],
)
def test_what_the_user_is_told(scene: Scene, op: str, code: int, error: str) -> None:
    scene.put("a", State.STARTING)
    scene.launches.outcomes["4:1"] = LaunchFailed("4:1", op, code, "it")
    cause = f": {os.strerror(code)}" if code else ""
    assert scene.told("a")[-1] == f"= Stuck {error}{cause}"
