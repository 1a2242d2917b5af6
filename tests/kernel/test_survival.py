"""Nothing is lost when the daemon or the master dies at any moment."""

import contextlib
import os
import select
import signal
import threading
from pathlib import Path

import pytest

import porto
from porto.cli.instance import be_alone
from tests.patience import patient, until

TIMEOUT_S = patient(30)


def start(conn, name: str, command: str, **properties: str):
    container = conn.Create(name)
    container["command"] = command
    for key, value in properties.items():
        container[key] = value
    container.Start()
    return container


def test_containers_survive_the_daemon_and_exits_are_reported_once(own_daemon) -> None:
    conn = own_daemon.connection()
    start(conn, "stays", "sleep 1000")
    start(conn, "ends", "sh -c 'echo before; sleep 1; echo after; exit 5'")
    start(conn, "loop", "sh -c 'exit 3'", respawn="true", max_respawns="1", respawn_delay="100ms")
    pid = int(conn.GetProperty("stays", "root_pid"))
    ended: list[str] = []

    def waiter() -> None:
        ended.append(own_daemon.connection().WaitContainers(["ends"], timeout=TIMEOUT_S))

    thread = threading.Thread(target=waiter)
    thread.start()
    old = own_daemon.kill("daemon")
    own_daemon.await_new_daemon(old)
    thread.join(TIMEOUT_S)
    assert ended == ["ends"]
    assert int(conn.GetProperty("stays", "root_pid")) == pid
    assert conn.GetProperty("stays", "state") == "running"
    assert conn.GetProperty("ends", "exit_code") == "5"
    assert conn.GetProperty("ends", "stdout") == "before\nafter\n"
    until(
        lambda: (
            (conn.GetProperty("loop", "respawn_count"), conn.GetProperty("loop", "state"))
            == ("1", "dead")
        ),
        "the respawn happens once",
    )


def test_an_exit_while_no_daemon_lives_is_kept(own_daemon) -> None:
    conn = own_daemon.connection()
    start(conn, "a", "sleep 1000")
    pid = int(conn.GetProperty("a", "root_pid"))
    daemon = own_daemon.pid("daemon")
    os.kill(daemon, signal.SIGSTOP)
    os.kill(pid, signal.SIGTERM)
    until(lambda: not os.path.exists(f"/proc/{pid}/cwd"), "the task ends")
    own_daemon.kill("daemon")
    own_daemon.await_new_daemon(daemon)
    assert conn.WaitContainers(["a"], timeout=TIMEOUT_S) == "a"
    assert conn.GetProperty("a", "exit_code") == "-15"


def test_kills_at_many_moments_lose_nothing(own_daemon) -> None:
    """The client works on while the daemon is killed again and again."""
    stop = threading.Event()
    failures: list[BaseException] = []
    finished: list[int] = []

    def work(number: int) -> None:
        try:
            conn = own_daemon.connection()
            turn = 0
            while not stop.is_set():
                name = f"w{number}-{turn}"
                turn += 1
                _insist(conn.Create, name, done=porto.exceptions.ContainerAlreadyExists)
                _insist(conn.SetProperty, name, "command", f"sh -c 'exit {turn % 100}'")
                _insist(conn.Start, name, done=porto.exceptions.InvalidState)
                _insist(conn.WaitContainers, [name], TIMEOUT_S)
                code = _insist(conn.GetProperty, name, "exit_code")
                assert code == str(turn % 100), (name, code)
                _insist(conn.Destroy, name, done=porto.exceptions.ContainerDoesNotExist)
                finished.append(turn)
        except BaseException as error:
            failures.append(error)

    def _insist(call, *arguments, done: "type[Exception] | None" = None):
        again = False
        while True:
            try:
                return call(*arguments)
            except (porto.exceptions.SocketError, porto.exceptions.SocketUnavailable):
                again = True
            except Exception as error:
                if done is not None and again and isinstance(error, done):
                    return None
                raise

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    old = own_daemon.pid("daemon")
    for turn in range(6):
        before = len(finished)
        until(lambda b=before, t=turn: failures or len(finished) > b + t, "work goes on")
        if failures:
            break
        os.kill(old, signal.SIGKILL)
        own_daemon.await_new_daemon(old)
        old = own_daemon.pid("daemon")
    stop.set()
    for thread in threads:
        thread.join(2 * TIMEOUT_S)
    assert failures == []
    assert own_daemon.connection().List() == []


def test_the_masters_death_loses_no_container(own_daemon) -> None:
    conn = own_daemon.connection()
    start(conn, "a", "sh -c 'echo up; exec sleep 1000'")
    pid = int(conn.GetProperty("a", "root_pid"))
    conn.disconnect()
    own_daemon.kill("master")
    until(lambda: own_daemon.portod("start", check=False).returncode == 0, "a new pair starts")
    conn = own_daemon.connection()
    assert conn.GetProperty("a", "state") == "running"
    assert int(conn.GetProperty("a", "root_pid")) == pid
    assert conn.GetProperty("a", "stdout") == "up\n"
    os.kill(pid, signal.SIGKILL)
    assert conn.WaitContainers(["a"], timeout=TIMEOUT_S) == "a"
    assert conn.GetProperty("a", "exit_code") == "-9"


def test_a_daemon_that_was_stopped_does_nothing_after_its_master(own_daemon) -> None:
    """It is frozen in the middle of its work, and would be thawed beside its successor."""
    conn = own_daemon.connection()
    start(conn, "a", "sleep 1000")
    pid = int(conn.GetProperty("a", "root_pid"))
    conn.disconnect()
    records = own_daemon.runtime / "porto"
    with pytest.raises(OSError, match="another daemon"):
        be_alone(str(records), 0)
    stopped = own_daemon.pid("daemon")
    ended = os.pidfd_open(stopped)
    os.kill(stopped, signal.SIGSTOP)
    own_daemon.kill("master")
    until(lambda: own_daemon.portod("start", check=False).returncode == 0, "a new pair starts")
    assert own_daemon.pid("daemon") != stopped
    assert select.select([ended], [], [], 0)[0], "the old one ended before the new one answered"
    os.close(ended)
    conn = own_daemon.connection()
    assert int(conn.GetProperty("a", "root_pid")) == pid
    assert conn.GetProperty("a", "state") == "running"
    with pytest.raises(OSError, match="another daemon"):
        be_alone(str(records), 0)


@pytest.mark.parametrize("command", ["reload", "upgrade"])
def test_the_master_replaces_itself_under_running_containers(own_daemon, command) -> None:
    conn = own_daemon.connection()
    start(conn, "a", "sleep 1000")
    start(conn, "b", "sh -c 'sleep 1; exit 9'")
    pid = int(conn.GetProperty("a", "root_pid"))
    old = own_daemon.pid("daemon")
    done = own_daemon.portod(command)
    assert done.returncode == 0, done.stderr
    assert own_daemon.pid("daemon") != old
    assert int(conn.GetProperty("a", "root_pid")) == pid
    assert conn.WaitContainers(["b"], timeout=TIMEOUT_S) == "b"
    assert conn.GetProperty("b", "exit_code") == "9"


def test_a_pause_survives(own_daemon) -> None:
    conn = own_daemon.connection()
    start(conn, "a", "sleep 1000")
    conn.Pause("a")
    old = own_daemon.kill("daemon")
    own_daemon.await_new_daemon(old)
    assert conn.GetProperty("a", "state") == "paused"
    conn.Resume("a")
    assert conn.GetProperty("a", "state") == "running"


def test_a_stop_under_way_is_finished_by_the_next_daemon(own_daemon) -> None:
    conn = own_daemon.connection()
    container = start(conn, "a", "sh -c 'trap \"\" TERM; echo up; while :; do sleep 0.1; done'")
    until(lambda: container["stdout"] == "up\n", "the task runs")

    def stop() -> None:
        with contextlib.suppress(porto.exceptions.SocketError):
            own_daemon.connection().Stop("a", timeout=2)

    thread = threading.Thread(target=stop)
    thread.start()
    until(lambda: conn.GetProperty("a", "state") == "stopping", "the stop begins")
    old = own_daemon.kill("daemon")
    own_daemon.await_new_daemon(old)
    until(lambda: conn.GetProperty("a", "state") == "stopped", "the stop ends")
    thread.join(TIMEOUT_S)


def test_weak_containers_do_not_survive_the_daemon(own_daemon) -> None:
    conn = own_daemon.connection(auto_reconnect=True)
    conn.CreateWeakContainer("weak")
    conn.Create("strong")
    old = own_daemon.kill("daemon")
    own_daemon.await_new_daemon(old)
    until(lambda: own_daemon.connection().List() == ["strong"], "the weak container is gone")


def test_a_damaged_record_is_set_aside_and_reported(own_daemon) -> None:
    conn = own_daemon.connection()
    conn.Create("good")
    bad_id = conn.Create("bad")["id"]
    conn.disconnect()
    own_daemon.portod("kill", check=False)
    record = own_daemon.runtime / "porto" / "kvs" / bad_id
    record.write_bytes(b"porto-record 1 00000000\n{}")
    own_daemon.start()
    conn = own_daemon.connection()
    assert conn.List() == ["good"]
    assert list((own_daemon.runtime / "porto" / "kvs").glob("*.bad"))
    assert "checksum" in own_daemon.portoctl("status", check=False).stdout


def test_file_sources_come_back_after_a_reboot(own_daemon) -> None:
    own_daemon.containers.mkdir(parents=True, exist_ok=True)
    (own_daemon.containers / "web.CT").write_text("name = web\ncommand = sleep 1000\n")
    conn = own_daemon.connection()
    until(lambda: "web" in conn.List() and conn.GetProperty("web", "state") == "running", "started")
    conn.disconnect()
    own_daemon.stop()
    assert not list(Path(own_daemon.runtime).glob("porto/kvs/[0-9]*"))
    own_daemon.start()
    conn = own_daemon.connection()
    until(lambda: "web" in conn.List() and conn.GetProperty("web", "state") == "running", "back")


@pytest.mark.parametrize("victims", [("master",), ("daemon", "master")])
def test_what_a_file_was_told_to_have_started_is_not_run_again(own_daemon, victims) -> None:
    """Killed the moment after: with a task that goes on, and with one that has ended."""
    own_daemon.containers.mkdir(parents=True, exist_ok=True)
    runs = own_daemon.directory / "runs"
    runs.mkdir()
    ends = {"stays": "; exec sleep 1000", "ended": ""}
    names = [f"{end}{number}" for number in range(3) for end in ends]
    told = set()
    for name in names:
        conn = own_daemon.connection()
        conn.AsyncWait(["***"], lambda **event: told.add((event["name"], event["state"])))
        text = f"echo ran >> {runs}/{name}{ends[name[:5]]}"
        aside = own_daemon.containers / f".{name}"
        aside.write_text(f"command = sh -c '{text}'\n")
        aside.rename(own_daemon.containers / f"{name}.CT")
        until(
            lambda item=name, each=conn: each.Version() and (item, "running") in told,
            "it is told as started",
        )
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                own_daemon.kill(victim)
        conn.disconnect()
        until(lambda: own_daemon.portod("start", check=False).returncode == 0, "a new pair starts")
    conn = own_daemon.connection()
    for name in names:
        state = "running" if name.startswith("stays") else "dead"
        until(
            lambda item=name, end=state: conn.GetProperty(item, "state") == end, f"{name} {state}"
        )
    assert {name: (runs / name).read_text() for name in names} == dict.fromkeys(names, "ran\n")
