"""Running out of memory: who dies, what is said, what is counted; on the real kernel."""

import os
import signal
import sys
from pathlib import Path

import pytest

import porto
from porto.exceptions import InvalidState, InvalidValue
from tests.patience import patient, until

TIMEOUT_S = patient(60)
LIMIT = "24M"


def eater() -> str:
    """A command that allocates until somebody stops it."""
    return (
        f'{sys.executable} -Sc \'while 1: globals().setdefault("x", []).append(b"1" * (1 << 20))\''
    )


def make(conn: "porto.Connection", name: str, command: str = "", **values: str):
    container = conn.Create(name)
    if command:
        container.SetProperty("command", command)
    for key, value in values.items():
        container.SetProperty(key, value)
    return container


@pytest.fixture(autouse=True)
def memory(conn) -> None:
    if "memory_limit" not in conn.Plist():
        pytest.skip("no memory controller here")


def test_the_main_task_is_killed(conn) -> None:
    container = make(conn, "oom", eater(), memory_limit=LIMIT)
    container.Start()
    assert conn.WaitContainers(["oom"], timeout=TIMEOUT_S) == "oom"
    assert container["state"] == "dead"
    assert container["exit_code"] == "-99"
    assert container["exit_status"] == str(int(signal.SIGKILL))
    assert container["oom_killed"] is True
    assert int(container["oom_kills"]) >= 1
    container.Stop()
    with pytest.raises(InvalidState):
        container.GetProperty("oom_kills")
    assert int(container["oom_kills_total"]) >= 1


def test_a_killed_child_is_fatal_to_the_container(conn) -> None:
    container = make(conn, "oom", f"sh -c '{_quoted(eater())}; sleep 1000'", memory_limit=LIMIT)
    container.Start()
    assert conn.WaitContainers(["oom"], timeout=TIMEOUT_S) == "oom"
    assert container["exit_code"] == "-99"
    assert container["oom_killed"] is True


def test_without_oom_is_fatal_only_the_victim_dies(conn) -> None:
    container = make(
        conn,
        "oom",
        f"sh -c '{_quoted(eater())}; echo survived; sleep 1000'",
        memory_limit=LIMIT,
        oom_is_fatal="false",
    )
    container.Start()
    until(lambda: container["stdout"] == "survived\n", "the main task did not go on")
    until(lambda: int(container["oom_kills"]) >= 1, "the kill was not counted")
    assert container["state"] == "running"
    container.SetProperty("oom_is_fatal", "false")
    assert container["state"] == "running"


def test_a_limit_above_is_fatal_to_its_whole_subtree(conn) -> None:
    top = make(conn, "top", memory_limit=LIMIT)
    calm = make(conn, "top/calm", "sleep 1000")
    hungry = make(conn, "top/hungry", eater())
    bystander = make(conn, "other", "sleep 1000")
    for container in (calm, bystander, hungry):
        container.Start()
    for container in (top, calm, hungry):
        until(lambda c=container: c["state"] == "dead", f"{container.name} lives")
        assert container["oom_killed"] is True
        assert container["exit_code"] == "-99"
    assert bystander["state"] == "running"


def test_a_limit_below_leaves_its_ancestors_alone(conn) -> None:
    top = make(conn, "top")
    hungry = make(conn, "top/hungry", eater(), memory_limit=LIMIT)
    hungry.Start()
    assert conn.WaitContainers(["top/hungry"], timeout=TIMEOUT_S) == "top/hungry"
    assert hungry["oom_killed"] is True
    assert top["state"] == "meta"
    hungry.Destroy()
    assert int(top["oom_kills_total"]) >= 1


def test_a_new_life_starts_with_a_clean_slate(conn) -> None:
    container = make(conn, "oom", eater(), memory_limit=LIMIT)
    container.Start()
    conn.WaitContainers(["oom"], timeout=TIMEOUT_S)
    container.Stop()
    container.SetProperty("command", "sh -c 'kill -9 $$'")
    container.Start()
    conn.WaitContainers(["oom"], timeout=TIMEOUT_S)
    assert container["exit_code"] == "-9"
    assert container["oom_killed"] is False


def test_respawn_after_oom(conn) -> None:
    container = make(
        conn,
        "oom",
        eater(),
        memory_limit=LIMIT,
        respawn="true",
        max_respawns="1",
        respawn_delay="1ms",
    )
    container.Start()
    until(lambda: container["respawn_count"] == "1", "not respawned")
    until(lambda: container["state"] == "dead", "did not die again")
    assert container["exit_code"] == "-99"


def test_oom_score_adj(conn) -> None:
    container = make(conn, "oom", "sleep 1000", oom_score_adj="700")
    container.Start()
    score = Path(f"/proc/{container['root_pid']}/oom_score_adj")
    assert score.read_text().strip() == "700"
    container.Stop()
    container.SetProperty("oom_score_adj", "0")
    container.Start()
    assert Path(f"/proc/{container['root_pid']}/oom_score_adj").read_text().strip() == "0"


@pytest.mark.parametrize("text", ["-1001", "1001", "x", "1.5", "", "99999999999999999999"])
def test_bad_scores(conn, text: str) -> None:
    container = make(conn, "oom", oom_score_adj="5")
    with pytest.raises(InvalidValue):
        container.SetProperty("oom_score_adj", text)
    assert container["oom_score_adj"] == "5"


def test_the_daemon_may_die_in_between(own_daemon) -> None:
    """An OOM while nobody looks is still an OOM."""
    conn = own_daemon.connection()
    container = make(conn, "oom", f"sh -c 'read x; {_quoted(eater())}'", memory_limit=LIMIT)
    pipe = own_daemon.directory / "go"
    os.mkfifo(pipe)
    container.SetProperty("stdin_path", str(pipe))
    write = None
    try:
        # A reader of a FIFO waits for its writer; both ends here, so that nobody waits.
        write = os.open(pipe, os.O_RDWR)
        container.Start()
        old = own_daemon.kill("daemon")
        os.write(write, b"go\n")
        own_daemon.await_new_daemon(old)
        conn = own_daemon.connection()
        assert conn.WaitContainers(["oom"], timeout=TIMEOUT_S) == "oom"
        assert conn.GetProperty("oom", "exit_code") == "-99"
    finally:
        if write is not None:
            os.close(write)


def _quoted(command: str) -> str:
    return command.replace("'", "'\\''")
