"""Every state and operation of a container, through the API, on the real kernel."""

import json
import os
import resource
import signal
import time
from pathlib import Path

import pytest

import porto
from porto.exceptions import (
    ContainerAlreadyExists,
    ContainerDoesNotExist,
    InvalidCommand,
    InvalidState,
    InvalidValue,
    Permission,
)
from tests.patience import patient, until

TIMEOUT_S = patient(30)


def run(conn: "porto.Connection", name: str, command: str, **properties: object) -> "object":
    container = conn.Create(name)
    container.SetProperty("command", command)
    for key, value in properties.items():
        container.SetProperty(key, value)
    container.Start()
    return container


def wait(conn: "porto.Connection", *names: str) -> str:
    return conn.WaitContainers(list(names), timeout=TIMEOUT_S)


def test_the_usual_life_cycle(conn) -> None:
    container = conn.Create("a")
    assert container["state"] == "stopped"
    container["command"] = "sh -c 'echo out; echo err >&2; exit 42'"
    container.Start()
    assert wait(conn, "a") == "a"
    assert container["state"] == "dead"
    assert container["exit_code"] == "42"
    assert container["exit_status"] == str(42 << 8)
    assert container["oom_killed"] is False
    assert container["stdout"] == "out\n"
    assert container["stderr"] == "err\n"
    container.Stop()
    assert container["state"] == "stopped"
    container.Destroy()
    assert "a" not in conn.List()


@pytest.mark.parametrize("isolate", ["true", "false"])
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("true", 0),
        ("sh -c 'exit 1'", 1),
        ("sh -c 'exit 129'", 129),
        ("sh -c 'exit 255'", 255),
        ("sh -c 'kill -9 $$'", -9),
        ("sh -c 'kill -15 $$'", -15),
        ("sh -c 'kill -34 $$'", -34),
    ],
)
def test_exit_codes_and_signals_are_told_apart(conn, isolate, command, code) -> None:
    run(conn, "a", command, isolate=isolate)
    wait(conn, "a")
    assert conn.GetProperty("a", "exit_code") == str(code)


def test_operations_refuse_wrong_states(conn) -> None:
    container = conn.Create("a")
    with pytest.raises(ContainerAlreadyExists):
        conn.Create("a")
    with pytest.raises(InvalidState):
        container.Pause()
    with pytest.raises(InvalidState):
        container.Resume()
    with pytest.raises(InvalidState):
        container.Kill(signal.SIGTERM)
    with pytest.raises(InvalidState):
        container.GetProperty("exit_code")
    with pytest.raises(InvalidState):
        container.GetProperty("root_pid")
    container.Stop()
    container["command"] = "sleep 1000"
    container.Start()
    with pytest.raises(InvalidState):
        container.Start()
    with pytest.raises(InvalidState):
        container.SetProperty("command", "true")
    container.Destroy()
    with pytest.raises(ContainerDoesNotExist):
        conn.Start("a")
    with pytest.raises(Permission):
        conn.Destroy("/")
    with pytest.raises(Permission):
        conn.SetProperty("/", "private", "x")


def test_kill_sends_only_the_signal(conn) -> None:
    container = run(
        conn, "a", "sh -c 'trap \"echo got; exit 7\" USR1; echo up; while :; do sleep 0.1; done'"
    )
    until(lambda: container["stdout"] == "up\n", "the task runs")
    container.Kill(signal.SIGUSR1)
    wait(conn, "a")
    assert container["exit_code"] == "7"
    assert container["stdout"] == "up\ngot\n"


def test_stop_is_polite_first(conn) -> None:
    container = run(
        conn,
        "a",
        "sh -c 'trap \"echo bye > mark; exit 0\" TERM; echo up; while :; do sleep 0.1; done'",
        cwd="/tmp",
    )
    until(lambda: container["stdout"] == "up\n", "the task runs")
    mark = Path("/tmp/mark")
    try:
        container.Stop(timeout=TIMEOUT_S)
        assert mark.read_text() == "bye\n"
    finally:
        mark.unlink(missing_ok=True)
    assert container["state"] == "stopped"


def test_stop_kills_after_its_timeout(conn) -> None:
    container = run(conn, "a", "sh -c 'trap \"\" TERM; echo up; while :; do sleep 0.1; done'")
    until(lambda: container["stdout"] == "up\n", "the task runs")
    pid = int(container["root_pid"])
    container.Stop(timeout=1)
    assert container["state"] == "stopped"
    assert not os.path.exists(f"/proc/{pid}")


@pytest.mark.parametrize("isolate", ["true", "false"])
def test_the_whole_process_tree_ends_with_the_main_task(conn, daemon, isolate) -> None:
    container = run(
        conn,
        "a",
        "sh -c 'setsid sleep 1000 & setsid sleep 1000 & echo up; exec sleep 1000'",
        isolate=isolate,
    )
    until(lambda: container["stdout"] == "up\n", "the task runs")
    procs = Path(f"/sys/fs/cgroup/freezer/{daemon.cgroup}/a/cgroup.procs")
    if procs.exists():
        pids = [int(line) for line in procs.read_text().split()]
        assert len(pids) >= 3
    else:
        pids = []
    assert int(container["process_count"]) >= 3
    container.Kill(signal.SIGKILL)
    wait(conn, "a")
    assert container["state"] == "dead"
    # Orphans are zombies until the master has reaped them.
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "all are gone")


def test_pause_and_resume_cover_the_subtree(conn) -> None:
    run(conn, "a", "sleep 1000")
    run(conn, "a/b", "sleep 1000")
    conn.Pause("a")
    assert conn.GetProperty("a", "state") == "paused"
    assert conn.GetProperty("a/b", "state") == "paused"
    with pytest.raises(InvalidState):
        conn.Resume("a/b")
    with pytest.raises(InvalidState):
        conn.Stop("a/b")
    with pytest.raises(InvalidState):
        conn.Destroy("a/b")
    with pytest.raises(InvalidState):
        conn.Pause("a")
    child = conn.Create("a/c")
    child["command"] = "true"
    with pytest.raises(InvalidState):
        child.Start()
    conn.Resume("a")
    assert conn.GetProperty("a", "state") == "running"
    assert conn.GetProperty("a/b", "state") == "running"


def test_a_paused_container_can_be_stopped_and_destroyed(conn) -> None:
    container = run(conn, "a", "sleep 1000")
    container.Pause()
    container.Stop(timeout=5)
    assert container["state"] == "stopped"
    container.Start()
    container.Pause()
    container.Destroy()


def test_starting_a_child_starts_its_stopped_ancestors(conn) -> None:
    for name in ("a", "a/b"):
        conn.Create(name)
    child = conn.Create("a/b/c")
    child["command"] = "sleep 1000"
    child.Start()
    assert conn.GetProperty("a", "state") == "meta"
    assert conn.GetProperty("a/b", "state") == "meta"
    assert child["state"] == "running"
    conn.Stop("a")
    for name in ("a", "a/b", "a/b/c"):
        assert conn.GetProperty(name, "state") == "stopped"


def test_a_dead_parent_kills_and_refuses_children(conn) -> None:
    parent = run(conn, "a", "sleep 1000")
    child = run(conn, "a/b", "sleep 1000", isolate="false")
    parent.Kill(signal.SIGKILL)
    wait(conn, "a/b")
    assert child["state"] == "dead"
    assert child["exit_code"] == "-9"
    child.Stop()
    with pytest.raises(InvalidState):
        child.Start()


def test_sixteen_levels_start_and_end(conn) -> None:
    names = ["/".join("n" * depth) for depth in range(1, 17)]
    for name in names:
        conn.Create(name)
    with pytest.raises(InvalidValue):
        conn.Create(names[-1] + "/n")
    deepest = conn.Find(names[-1])
    deepest["command"] = "sh -c 'echo deep'"
    deepest.Start()
    wait(conn, names[-1])
    assert deepest["stdout"] == "deep\n"
    assert deepest["exit_code"] == "0"
    assert deepest["level"] == "16"
    conn.Destroy("n")
    assert conn.List() == []


def test_a_meta_container_runs_nothing_but_holds_children(conn) -> None:
    meta = conn.Create("a")
    meta.Start()
    assert meta["state"] == "meta"
    run(conn, "a/b", "true")
    wait(conn, "a/b")
    meta.Stop()
    assert meta["state"] == "stopped"
    assert conn.GetProperty("a/b", "state") == "stopped"


def test_a_meta_container_without_isolation_has_no_process(conn) -> None:
    meta = conn.Create("a")
    meta["isolate"] = "false"
    meta.Start()
    assert meta["state"] == "meta"
    assert meta["process_count"] == "0"
    child = run(conn, "a/b", "sh -c 'echo in'", isolate="false")
    wait(conn, "a/b")
    assert child["stdout"] == "in\n"


@pytest.mark.parametrize(
    ("command", "error", "words"),
    [
        ("/does/not/exist", InvalidCommand, "No such file"),
        ("no-such-program", InvalidCommand, "no-such-program"),
        ("/etc/passwd", InvalidCommand, "ermission denied"),
        ("echo $UNDEFINED_VARIABLE", InvalidCommand, "undefined"),
        ("echo $(id)", InvalidCommand, "command"),
        ("echo a | cat", InvalidCommand, "character"),
        ("echo 'open", InvalidCommand, "yntax"),
    ],
)
def test_a_bad_command_fails_the_start_and_leaves_it_stopped(conn, command, error, words) -> None:
    container = conn.Create("a")
    container["command"] = command
    with pytest.raises(error, match=words) as caught:
        container.Start()
    assert "a" in str(caught.value)
    assert container["state"] == "stopped"
    assert words in container["start_error"]


def test_the_command_is_expanded_with_the_containers_environment(conn) -> None:
    container = run(conn, "a", "echo $NAME 'a  b' \"$NAME\"", env="NAME=some thing")
    wait(conn, "a")
    assert container["stdout"] == "some thing a  b some thing\n"


def test_environment(conn) -> None:
    container = run(conn, "a", "env", env="A=1;PATH=/bin:/usr/bin;HOME")
    wait(conn, "a")
    lines = dict(line.split("=", 1) for line in container["stdout"].splitlines())
    assert lines["A"] == "1"
    assert lines["PATH"] == "/bin:/usr/bin"
    assert "HOME" not in lines
    assert lines["PORTO_NAME"] == "a"
    assert lines["container"] == "lxc"
    assert lines["USER"] == "root"
    assert "PORTO_SOCKET" not in lines


def test_environment_is_inherited_without_isolation(conn) -> None:
    run(conn, "a", "sleep 1000", env="A=parent;B=parent")
    child = run(conn, "a/b", "env", env="B=child", isolate="false")
    other = run(conn, "a/c", "env")
    wait(conn, "a/b")
    wait(conn, "a/c")
    assert "A=parent\n" in child["stdout"]
    assert "B=child\n" in child["stdout"]
    assert "A=parent" not in other["stdout"]


def test_cwd_user_group_umask_and_limits(conn) -> None:
    mark = f"porto-umask-{os.getpid()}"
    container = run(
        conn,
        "a",
        "sh -c 'pwd; id -u; id -g; umask; ulimit -Sn; ulimit -Hn; touch /tmp/$MARK'",
        env=f"MARK={mark}",
        cwd="/tmp",
        user="nobody",
        group="nogroup",
        umask="027",
        ulimit="nofile: 100 200",
    )
    wait(conn, "a")
    made = Path("/tmp", mark)
    try:
        assert container["stderr"] == ""
        assert container["stdout"].split() == ["/tmp", "65534", "65534", "0027", "100", "200"]
        assert made.stat().st_mode & 0o777 == 0o640
        assert made.stat().st_uid == 65534
    finally:
        made.unlink(missing_ok=True)


def test_the_default_directory_belongs_to_the_task(conn, daemon) -> None:
    container = run(conn, "a", "sh -c 'pwd; touch mine; sleep 1000'", user="nobody")
    until(lambda: container["stdout"] != "", "the task runs")
    work = daemon.place / "porto" / "a"
    assert container["stdout"] == f"{work}\n"
    until(lambda: (work / "mine").exists(), "the task may write its directory")
    assert (work / "stdout").stat().st_mode & 0o777 == 0o660
    container.Stop(timeout=0)
    assert not work.exists()


def test_a_missing_cwd_fails_the_start(conn) -> None:
    container = conn.Create("a")
    container["command"] = "true"
    container["cwd"] = "/does/not/exist"
    with pytest.raises(InvalidValue, match="/does/not/exist"):
        container.Start()


def test_isolation(conn) -> None:
    isolated = run(
        conn, "a", "sh -c 'echo $$; ls /proc | grep -c ^[0-9]; readlink /proc/self/ns/ipc'"
    )
    shared = run(
        conn, "b", "sh -c 'readlink /proc/self/ns/pid; readlink /proc/self/ns/ipc'", isolate="false"
    )
    wait(conn, "a")
    wait(conn, "b")
    pid, processes, ipc = isolated["stdout"].split()
    assert pid == "2"
    assert int(processes) <= 6
    assert ipc != os.readlink("/proc/self/ns/ipc")
    assert shared["stdout"].split() == [
        os.readlink("/proc/self/ns/pid"),
        os.readlink("/proc/self/ns/ipc"),
    ]


def test_a_child_without_isolation_shares_its_parents_namespaces(conn) -> None:
    parent = run(
        conn,
        "a",
        "sh -c 'readlink /proc/self/ns/pid /proc/self/ns/ipc /proc/self/ns/uts; exec sleep 1000'",
    )
    until(lambda: parent["stdout"].count("\n") == 3, "the parent runs")
    child = run(
        conn,
        "a/b",
        "sh -c 'readlink /proc/self/ns/pid /proc/self/ns/ipc /proc/self/ns/uts'",
        isolate="false",
    )
    wait(conn, "a/b")
    assert child["stdout"] == parent["stdout"]
    assert child["exit_code"] == "0"


def test_root_pid_depends_on_the_viewer(conn) -> None:
    container = run(conn, "a", "sleep 1000")
    pid = int(container["root_pid"])
    assert Path(f"/proc/{pid}/comm").read_text() == "sleep\n"
    status = Path(f"/proc/{pid}/status").read_text()
    assert "NSpid:" in status
    assert status.split("NSpid:")[1].split("\n")[0].split() == [str(pid), "2"]


def test_a_container_cannot_reach_the_daemons_state(conn, daemon) -> None:
    container = run(conn, "a", f"ls -A {daemon.runtime}/porto/kvs")
    wait(conn, "a")
    assert container["stdout"] == ""
    container = run(conn, "b", "sh -c 'echo 1 > /proc/sys/kernel/sysrq'")
    wait(conn, "b")
    assert container["exit_code"] != "0"


def test_respawn_follows_the_limit(conn) -> None:
    container = conn.Create("a")
    container["command"] = "false"
    container["respawn"] = "true"
    container["max_respawns"] = "2"
    container["respawn_delay"] = "50ms"
    container.Start()
    until(
        lambda: (container["respawn_count"], container["state"]) == ("2", "dead"),
        "two respawns, then dead",
    )
    assert container["exit_code"] == "1"


def test_respawn_waits_for_its_delay(conn) -> None:
    container = conn.Create("a")
    container["command"] = "sh -c 'date +%s.%N'"
    container["respawn"] = "true"
    container["max_respawns"] = "1"
    assert container["respawn_delay"] == "1000000000ns"
    container.Start()
    until(lambda: (container["respawn_count"], container["state"]) == ("1", "dead"), "one respawn")
    first, second = map(float, container["stdout"].split())
    assert second - first >= 1.0


def test_aging_destroys_a_dead_container(conn) -> None:
    container = run(conn, "a", "true", aging_time="1")
    wait(conn, "a")
    until(lambda: "a" not in conn.List(), "the dead container ages")
    with pytest.raises(ContainerDoesNotExist):
        container.GetProperty("state")


def test_a_weak_container_goes_with_its_client(daemon, conn) -> None:
    client = daemon.connection()
    client.CreateWeakContainer("weak")
    kept = client.CreateWeakContainer("kept")
    kept["weak"] = "false"
    kept["command"] = "sleep 1000"
    kept.Start()
    client.disconnect()
    until(lambda: "weak" not in conn.List(), "the weak container is destroyed")
    assert conn.GetProperty("kept", "state") == "running"


def test_private_and_labels(conn) -> None:
    container = run(conn, "a", "sleep 1000")
    container["private"] = "line one\nline; two"
    assert container["private"] == "line one\nline; two"
    with pytest.raises(InvalidValue):
        container["private"] = "x" * 4097
    container.SetLabel("TEST.key", "value")
    assert container.GetLabel("TEST.key") == "value"
    assert conn.GetProperty("a", "TEST.key") == "value"
    assert container.IncLabel("TEST.n", 5) == 5


def test_times_and_names(conn) -> None:
    run(conn, "a", "sleep 1000")
    child = run(conn, "a/b", "sleep 1000")
    assert child["absolute_name"] == "/porto/a/b"
    assert child["absolute_namespace"] == "/porto/"
    assert int(child["time"]) < TIMEOUT_S
    raw = float(child["start_time[raw]"])
    assert abs(raw - time.time()) < TIMEOUT_S
    assert child["creation_time"].startswith("20")
    assert conn.GetProperty("/", "state") == "meta"
    assert conn.GetProperty("/porto/a/b", "level") == "2"


def test_thread_limit(conn, daemon) -> None:
    container = run(conn, "a", "sleep 1000", thread_limit="50")
    knob = Path(f"/sys/fs/cgroup/pids/{daemon.cgroup}%a/pids.max")
    if knob.exists():
        assert knob.read_text() == "50\n"
    container["thread_limit"] = "1K"
    assert container["thread_limit"] == "1024"
    if knob.exists():
        assert knob.read_text() == "1024\n"
    with pytest.raises(InvalidValue):
        container["thread_limit"] = "12Q"
    assert container["thread_limit"] == "1024"


def test_drift_is_repaired(conn, daemon) -> None:
    container = run(conn, "a", "sleep 1000", thread_limit="50")
    if "pids" not in str(container["controllers"]):
        pytest.skip("no pids controller here")
    knob = Path(container["cgroups[pids]"]) / "pids.max"
    own = Path(container["cgroups[freezer]"])
    frozen, asked, wanted = own / "freezer.state", "FROZEN", "THAWED\n"
    if not frozen.exists():
        frozen, asked, wanted = own / "cgroup.freeze", "1", "0\n"
    knob.write_text("7")
    until(lambda: knob.read_text() == "50\n", "the knob is put back")
    frozen.write_text(asked)
    until(lambda: frozen.read_text() == wanted, "the freezer is thawed")
    assert container["state"] == "running"


def test_wait_with_several_names_masks_and_timeout(conn) -> None:
    run(conn, "w1", "sleep 1000")
    run(conn, "w2", "true")
    assert conn.WaitContainers(["w1", "w2"], timeout=TIMEOUT_S) == "w2"
    with pytest.raises(porto.exceptions.WaitContainerTimeout):
        conn.WaitContainers(["w1"], timeout=0)
    assert conn.WaitContainers(["w*"], timeout=TIMEOUT_S) == "w2"
    with pytest.raises(ContainerDoesNotExist):
        conn.WaitContainers(["nobody"], timeout=0)


def test_output_is_rotated_without_the_writer_noticing(conn) -> None:
    container = run(
        conn,
        "a",
        "sh -c 'i=0; while [ $i -lt 3000 ]; do echo line-$i-"
        + "x" * 80
        + "; i=$((i+1)); done; echo end; exec sleep 1000'",
        stdout_limit="64K",
    )
    until(lambda: container["stdout"].endswith("end\n"), "all is written")
    until(lambda: int(container["stdout_offset"]) > 0, "the head is cut")
    offset = int(container["stdout_offset"])
    assert offset % 4096 == 0
    kept = container["stdout"]
    assert len(kept) <= 64 << 10
    assert container["stdout[:4]"] == "end\n"
    assert container[f"stdout[{offset}:10]"] == kept[:10]
    with pytest.raises(porto.exceptions.InvalidData):
        container.GetProperty("stdout[0:10]")


def test_names(conn) -> None:
    for bad in (
        "",
        "a//b",
        "a/",
        "/x",
        "a b",
        "a\n",
        "self",
        ".",
        "x/self",
        "é",
        "a" * 129,
        "/".join(["a" * 66] * 3) + "aa",
    ):
        with pytest.raises(InvalidValue):
            conn.Create(bad)
    with pytest.raises(ContainerDoesNotExist):
        conn.Create("no/child")
    conn.Create("a" * 128)
    conn.Create("A.b-c_d@e:f")


def test_nothing_is_left_behind(make_daemon) -> None:
    daemon = make_daemon()
    conn = daemon.connection()
    run(conn, "a", "sleep 1000")
    run(conn, "a/b", "sleep 1000")
    run(conn, "c", "true")
    conn.disconnect()
    daemon.stop()
    assert daemon.leftovers() == []
    assert not (daemon.place / "porto" / "a").exists()


def test_limits_change_live_and_drift_back(conn) -> None:
    container = run(conn, "a", "sleep 1000", ulimit="nofile: 100 200")
    pid = int(container["root_pid"])
    assert resource.prlimit(pid, resource.RLIMIT_NOFILE) == (100, 200)
    container["ulimit"] = "nofile: 50 150"
    assert resource.prlimit(pid, resource.RLIMIT_NOFILE) == (50, 150)
    assert container["ulimit[nofile]"] == "50 150"


def test_limits_of_another_users_container_are_only_read(conn) -> None:
    """A pass that has nothing to change must not need the right to change."""
    container = run(conn, "a", "sleep 1000", ulimit="nofile: 100 200", user="nobody")
    container["private"] = "another pass"
    assert container["state"] == "running"
    assert json.loads(container["porto_status"])["conditions"] == []
