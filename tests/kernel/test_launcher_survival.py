"""The master outlives its daemons, replaces itself, and loses nothing."""

import asyncio
import errno
import json
import os
import signal
import socket
import stat
from pathlib import Path

import pytest

from porto.kernel import syscalls
from porto.launcher import ops
from porto.launcher.ops import LaunchFailed
from porto.launcher.settings import master_command
from tests.kernel.masters import (
    Link,
    Master,
    children_of,
    execute,
    gone,
    kill,
    request,
    run,
    shell,
)

pytestmark = pytest.mark.needs("root")

PID = syscalls.CLONE_NEWPID
SLEEP = "sleep 1000"


def gate(path: Path) -> Path:
    """A FIFO on which a launch or a task waits."""
    os.mkfifo(path)
    return path


def blocked(launch_id: str, fifo: Path, command: str = SLEEP, **options: int) -> ops.LaunchRequest:
    """A launch that stays in its setup until somebody opens the FIFO."""
    return request(
        launch_id, ops.OpenStream(0, str(fifo), os.O_RDONLY), execute(command), **options
    )


async def die(link: Link) -> None:
    """The daemon is killed at this instruction."""
    os.kill(link.pid, signal.SIGKILL)
    link.close()
    await gone(link.pid)


async def reload(master: Master, link: Link) -> Link:
    """SIGHUP until the next daemon is connected."""
    master.signal(signal.SIGHUP)
    assert await link.signalled() == "SIGHUP"
    link.client.close()
    link.listener.close()
    link.end()
    return await master.connected()


# -- the daemon dies -------------------------------------------------------------------


def test_the_next_daemon_hears_of_running_and_ended_launches(tmp_path: Path) -> None:
    fifo = gate(tmp_path / "fifo")

    async def body(master: Master, link: Link) -> None:
        running = await link.client.launch(request("a:1", command=SLEEP))
        await link.client.launch(request("b:1", shell("exit 200", reaper=True), clone_flags=PID))
        await link.until(lambda: "b:1" in link.exits)  # heard, not acknowledged
        waiting = await link.client.launch(
            request("c:1", shell(f"read x < {fifo}; exit 3", reaper=True), clone_flags=PID)
        )
        await link.client.launch(request("d:1", command="true"))
        assert await link.exit_of("d:1") == 0  # acknowledged
        await die(link)
        with fifo.open("w") as file:
            file.write("go\n")
        await gone(waiting.init_pid)  # while there is no daemon, or just so

        second = await master.daemon()
        survivors = await second.client.connect()
        assert [found.launch_id for found in survivors] == ["a:1", "b:1", "c:1"]
        assert survivors[0] == running
        assert second.exits == {}  # they come after the survivors
        await second.until(lambda: len(second.exits) == 2)
        assert second.exits["b:1"].status == 200 << 8
        assert second.exits["c:1"].status == 3 << 8
        second.client.acknowledge("b:1")
        await die(second)

        third = await master.daemon()
        survivors = await third.client.connect()
        assert [found.launch_id for found in survivors] == ["a:1", "c:1"]
        kill(running.init_pid)
        assert await third.exit_of("a:1") == signal.SIGKILL
        assert third.exits["c:1"].status == 3 << 8
        assert third.exit_count == 2

    run(tmp_path, body)


def test_a_daemon_killed_in_the_middle_of_launches(tmp_path: Path) -> None:
    fifo = gate(tmp_path / "fifo")

    async def body(master: Master, link: Link) -> None:
        launching = [
            asyncio.ensure_future(link.client.launch(wanted))
            for wanted in (
                blocked("a:1", fifo),
                blocked("b:1", tmp_path / "fifo", "no-such-program"),
            )
        ]
        # The answer to a later launch tells that both are in the master's hands.
        await link.client.launch(request("x:1", command="true"))
        await die(link)
        for future in launching:
            with pytest.raises(LaunchFailed, match="launcher"):
                await future

        second = await master.connected()
        assert second.client.in_flight == {"a:1", "b:1"}
        with pytest.raises(LaunchFailed) as caught:
            await second.client.launch(request("a:1", command="true"))
        assert (caught.value.op, caught.value.errno) == ("launch", errno.EEXIST)
        with fifo.open("w"):
            launched = await second.client.outcome("a:1")
            with pytest.raises(LaunchFailed) as caught:
                await second.client.outcome("b:1")
        assert caught.value.errno == errno.ENOENT
        assert os.readlink(f"/proc/{launched.task_pid}/exe").endswith("/sleep")
        await die(second)

        third = await master.daemon()
        survivors = await third.client.connect()
        assert [found.launch_id for found in survivors] == ["x:1", "a:1"]
        kill(launched.task_pid)
        assert await third.exit_of("a:1") == signal.SIGKILL

    run(tmp_path, body)


def test_clients_queue_while_there_is_no_daemon(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        await die(link)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(master.settings.socket)
            client.sendall(b"hello")
            second = await master.daemon()
            served, _ = second.listener.accept()
            with served:
                assert served.recv(16) == b"hello"

    run(tmp_path, body)


def test_without_respawn_the_master_ends_with_the_daemon(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        await die(link)
        assert await master.ended() == 1
        assert not Path(master.settings.socket).exists()

    run(tmp_path, body, norespawn=True)


def test_the_daemon_gets_its_arguments(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        words = link.arguments
        first = words.index("--master-start")
        assert words[:4] == ["--listen-fd", "3", "--link-fd", "4"]
        assert float(words[first + 1]) > 1e9
        assert words[first + 2 :] == [
            *("--spawned", "1", "--config", "/a b", "--config", "/c"),
            *("--verbose", "--discard"),
        ]
        await die(link)
        second = await master.connected()
        assert second.arguments[first + 2 :] == [
            *("--spawned", "2", "--config", "/a b", "--config", "/c", "--verbose"),
        ]
        assert second.arguments[: first + 2] == words[: first + 2]

    run(tmp_path, body, config=["/a b", "/c"], verbose=True, discard=True)


def test_a_daemon_that_closes_its_link_is_replaced(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        link.client.close()
        master.signal(signal.SIGTERM)  # its end is still waited for
        assert await link.signalled() == "SIGTERM"
        link.end()
        assert await master.ended() == 0

    run(tmp_path, body)


# -- forgetting --------------------------------------------------------------------------


def test_a_forgotten_launch_runs_on_without_a_word(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        launched = await link.client.launch(request("a:1", command=SLEEP))
        link.client.forget("a:1")
        await link.client.launch(request("a:1", command="true"))  # the name is free again
        assert await link.exit_of("a:1") == 0
        assert launched.init_pid in children_of(master.pid)
        kill(launched.init_pid)
        await gone(launched.init_pid)
        await link.client.launch(request("b:1", command="true"))
        assert await link.exit_of("b:1") == 0
        assert set(link.exits) == {"a:1", "b:1"}
        assert link.exit_count == 2

    run(tmp_path, body)


def test_a_cancelled_launch_is_killed_in_its_setup(tmp_path: Path) -> None:
    fifo = gate(tmp_path / "fifo")

    async def body(master: Master, link: Link) -> None:
        launching = asyncio.ensure_future(link.client.launch(blocked("a:1", fifo)))
        await link.client.launch(request("b:1", command="true"))
        launching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await launching
        await link.client.launch(request("a:1", command="true"))
        assert await link.exit_of("a:1") == 0
        assert await link.exit_of("b:1") == 0

    run(tmp_path, body)


# -- reload --------------------------------------------------------------------------------


def test_a_reload_keeps_children_launches_exits_and_socket(tmp_path: Path) -> None:
    fifo, door = gate(tmp_path / "fifo"), gate(tmp_path / "door")

    async def body(master: Master, link: Link) -> None:
        running = await link.client.launch(
            request("a:1", shell(f"read x < {door}; kill -9 $$", reaper=True), clone_flags=PID)
        )
        await link.client.launch(request("b:1", shell("exit 201", reaper=True), clone_flags=PID))
        await link.until(lambda: "b:1" in link.exits)
        launching = asyncio.ensure_future(link.client.launch(blocked("c:1", fifo)))
        await link.client.launch(request("x:1", command="true"))
        assert await link.exit_of("x:1") == 0
        pid, inode = master.pid, os.stat(master.settings.socket).st_ino
        client = socket.socket(socket.AF_UNIX)

        master.signal(signal.SIGHUP)
        assert await link.signalled() == "SIGHUP"
        link.client.close()
        link.listener.close()
        with pytest.raises(LaunchFailed):
            await launching
        client.connect(master.settings.socket)  # nobody serves it now
        client.sendall(b"hello")
        link.end()
        second = await master.daemon()
        survivors = await second.client.connect()

        assert [found.launch_id for found in survivors] == ["a:1", "b:1"]
        assert survivors[0] == running
        assert second.client.in_flight == {"c:1"}
        assert second.exits == {}
        with fifo.open("w"):
            launched = await second.client.outcome("c:1")
        assert second.exits["b:1"].status == 201 << 8
        served, _ = second.listener.accept()
        assert served.recv(16) == b"hello"
        served.close()
        client.close()
        assert (master.pid, os.stat(master.settings.socket).st_ino) == (pid, inode)
        assert int(Path(master.settings.master_pid).read_text()) == pid
        assert second.arguments[second.arguments.index("--spawned") + 1] == "2"
        # The children are still its own, and the reaper still tells a signal.
        assert {running.init_pid, launched.init_pid} <= set(children_of(pid))
        door.write_text("go\n")
        assert await second.exit_of("a:1") == signal.SIGKILL
        kill(launched.init_pid)
        assert await second.exit_of("c:1") == signal.SIGKILL

    run(tmp_path, body)


def test_exits_during_a_reload_are_told(tmp_path: Path) -> None:
    door = gate(tmp_path / "door")

    async def body(master: Master, link: Link) -> None:
        running = await link.client.launch(
            request("a:1", shell(f"read x < {door}; exit 130", reaper=True), clone_flags=PID)
        )
        # Stopped, the master can neither reap nor notice; then both happen at once.
        master.signal(signal.SIGHUP)
        assert await link.signalled() == "SIGHUP"
        link.client.close()
        master.signal(signal.SIGSTOP)
        door.write_text("go\n")
        await gone(running.init_pid)
        link.end()
        master.signal(signal.SIGCONT)
        second = await master.connected()
        assert await second.exit_of("a:1") == 130 << 8

    run(tmp_path, body)


def test_many_reloads_leave_no_descriptors_behind(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        link = await reload(master, link)
        await link.client.launch(request("a:1", command="true"))
        assert await link.exit_of("a:1") == 0
        link = await reload(master, link)
        before = sorted(os.listdir(f"/proc/{master.pid}/fd"))
        for _ in range(3):
            link = await reload(master, link)
        assert sorted(os.listdir(f"/proc/{master.pid}/fd")) == before

    run(tmp_path, body)


def install(master: Master, answer: str) -> None:
    """Put a program behind RUNTIME/portod that answers for the next master."""
    program = Path(master.settings.program)
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)


def test_an_upgrade_executes_what_the_new_program_says(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        launched = await link.client.launch(request("a:1", command=SLEEP))
        words = master_command(master.settings)
        words = [word.replace("--version=1", "--version=2") for word in words]
        (tmp_path / "words").write_text(json.dumps(words))
        install(master, f'[ "$1 $2" = "--config x" ] && cat {tmp_path}/words')
        second = await reload(master, link)
        assert Path(master.settings.version_file).read_text() == "2\n"
        kill(launched.init_pid)
        assert await second.exit_of("a:1") == signal.SIGKILL

    run(tmp_path, body, successor=["--config", "x"])


@pytest.mark.parametrize(
    "answer",
    ["exit 1", "echo no json", "echo '[]'", "echo '[1]'", "kill -9 $$", """echo '["/nowhere"]'"""],
)
def test_an_upgrade_to_a_broken_program_goes_on_with_this_one(tmp_path: Path, answer: str) -> None:
    async def body(master: Master, link: Link) -> None:
        launched = await link.client.launch(request("a:1", command=SLEEP))
        install(master, answer)
        second = await reload(master, link)
        assert Path(master.settings.version_file).read_text() == "1\n"
        kill(launched.init_pid)
        assert await second.exit_of("a:1") == signal.SIGKILL

    run(tmp_path, body, successor=["launcher-command"])


# -- ends ------------------------------------------------------------------------------------


@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGINT])
def test_the_master_ends_after_its_daemon(tmp_path: Path, signo: signal.Signals) -> None:
    async def body(master: Master, link: Link) -> None:
        launched = await link.client.launch(request("a:1", command=SLEEP))
        master.signal(signo)
        assert await link.signalled() == signo.name
        # The daemon still works: it may have containers to destroy.
        await link.client.launch(request("b:1", command="true"))
        assert await link.exit_of("b:1") == 0
        link.end()
        assert await master.ended() == 0
        assert Path(f"/proc/{launched.init_pid}").exists()  # not ours to end
        kill(launched.init_pid)
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {"log", "rendezvous"}

    run(tmp_path, body)


def test_a_daemon_that_does_not_end_is_killed(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        master.signal(signal.SIGTERM)
        assert await link.signalled() == "SIGTERM"
        assert await master.ended() == 0
        await gone(link.pid)

    run(tmp_path, body, stop_timeout_s=1)


@pytest.mark.parametrize("crash_first", [True, False])
def test_sigint_without_a_daemon_starts_one_to_destroy_the_containers(
    tmp_path: Path, crash_first: bool
) -> None:
    async def body(master: Master, link: Link) -> None:
        if crash_first:
            await die(link)
            while Path(master.settings.daemon_pid).exists():
                await asyncio.sleep(0.01)
            master.signal(signal.SIGINT)
        else:
            master.signal(signal.SIGINT)
            assert await link.signalled() == "SIGINT"
            await die(link)
        second = await master.daemon()
        await second.client.connect()
        assert await second.signalled() == "SIGINT"  # not before its hello
        second.end()
        assert await master.ended() == 0

    run(tmp_path, body, respawn_delay_ms=3_600_000)


def test_after_a_killed_master_tasks_run_and_a_new_master_starts(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        launched = await link.client.launch(
            request("a:1", execute(SLEEP, reaper=True), clone_flags=PID)
        )
        master.signal(signal.SIGKILL)
        await master.ended()
        await gone(link.pid)  # the kernel kills the daemon
        await link.until(lambda: link.lost)
        link.close()
        assert Path(f"/proc/{launched.task_pid}").exists()

        master.start()
        second = await master.daemon()
        assert await second.client.connect() == []
        await second.client.launch(request("a:1", command="true"))
        assert await second.exit_of("a:1") == 0
        kill(launched.init_pid)
        await gone(launched.task_pid)

    run(tmp_path, body)


def test_a_launch_in_its_setup_dies_with_the_master(tmp_path: Path) -> None:
    fifo = gate(tmp_path / "fifo")

    async def body(master: Master, link: Link) -> None:
        launching = asyncio.ensure_future(link.client.launch(blocked("a:1", fifo)))
        await link.client.launch(request("b:1", command="true"))
        assert await link.exit_of("b:1") == 0
        children = children_of(master.pid)
        master.signal(signal.SIGKILL)
        await master.ended()
        for pid in children:
            await gone(pid)
        with pytest.raises(LaunchFailed):
            await launching

    run(tmp_path, body)


# -- one instance and its files ----------------------------------------------------------------


def test_a_second_master_is_refused(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        process = await asyncio.create_subprocess_exec(
            *master_command(master.settings), stderr=asyncio.subprocess.PIPE
        )
        _, text = await process.communicate()
        assert process.returncode == 1
        assert text.decode() == (
            f"cannot start portod: portod is already running: pid {master.pid}"
            f" in {master.settings.master_pid}\n"
        )
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(master.settings.socket)

    run(tmp_path, body)


def test_a_socket_that_somebody_else_serves_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "portod.socket"

    async def main() -> None:
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            other.listen()
            master = Master(tmp_path).start()
            try:
                assert await master.ended() == 1
            finally:
                master.close()
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))

    asyncio.run(main())


def test_the_files_in_the_runtime_directory(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        settings = master.settings
        found = os.stat(settings.socket)
        assert stat.S_IMODE(found.st_mode) == 0o666
        assert int(Path(settings.master_pid).read_text()) == master.pid
        assert int(Path(settings.daemon_pid).read_text()) == link.pid
        assert os.readlink(settings.link) == settings.program
        assert Path(settings.version_file).read_text() == "1\n"
        assert Path(f"/proc/{master.pid}/comm").read_text() == "portod-master\n"
        assert stat.S_IMODE(os.stat(settings.log).st_mode) == 0o644

    run(tmp_path, body)


def test_a_socket_that_vanished_is_made_again(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        os.unlink(master.settings.socket)
        assert await link.signalled() == "SIGTERM"  # a new daemon gets the new socket
        link.end()
        second = await master.connected()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(master.settings.socket)
            served, _ = second.listener.accept()
            served.close()

    run(tmp_path, body)


def test_the_log_is_opened_again(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        moved = tmp_path / "log.1"
        os.rename(master.settings.log, moved)
        master.signal(signal.SIGUSR1)
        assert await link.signalled() == "SIGUSR1"
        await die(link)
        await master.connected()
        assert "daemon ended" in master.log()
        assert "daemon ended" not in moved.read_text()

    run(tmp_path, body)


# -- bounds -------------------------------------------------------------------------------------


def test_fifty_launches_in_flight(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        names = [f"t:{number}" for number in range(50)]
        launched = await asyncio.gather(
            *(
                link.client.launch(
                    request(name, shell(f"exit {n}", reaper=bool(n % 2)), clone_flags=n % 2 * PID)
                )
                for n, name in enumerate(names)
            )
        )
        assert [found.launch_id for found in launched] == names
        for number, name in enumerate(names):
            assert await link.exit_of(name) == number << 8

    run(tmp_path, body)


def test_launches_leak_neither_descriptors_nor_memory(tmp_path: Path) -> None:
    big = "x" * 90_000

    async def round_of(link: Link, count: int, label: str) -> None:
        fd = os.open("/dev/null", os.O_RDONLY)
        for number in range(count):
            name = f"{label}:{number}"
            reaper = bool(number % 2)
            await link.client.launch(
                request(
                    name,
                    ops.UseDescriptor(0, 0),
                    execute("true", reaper=reaper, env=(("PATH", "/bin"), ("BIG", big))),
                    clone_flags=PID if reaper else 0,
                    fds=(fd,),
                )
            )
            assert await link.exit_of(name) == 0
            with pytest.raises(LaunchFailed):
                await link.client.launch(request(f"f{name}", command="no-such-program"))
        os.close(fd)

    async def body(master: Master, link: Link) -> None:
        await round_of(link, 30, "warm")
        # A child made ahead of its launch holds one descriptor, now or a moment later.
        before = set(os.listdir(f"/proc/{master.pid}/fd"))
        size = int(master.status("VmRSS").split()[0])
        await round_of(link, 100, "hot")
        after = set(os.listdir(f"/proc/{master.pid}/fd"))
        assert len(after) <= len(before) + 1
        assert int(master.status("VmRSS").split()[0]) <= size + 512
        assert size <= 14 << 10

    run(tmp_path, body)


def test_tasks_do_not_inherit_the_masters_oom_score(tmp_path: Path) -> None:
    out = tmp_path / "out"

    async def body(master: Master, link: Link) -> None:
        stream = ops.OpenStream(1, str(out), os.O_WRONLY | os.O_APPEND, True, 0o600)
        for number in range(2):  # the second one may be a child made ahead
            await link.client.launch(
                request(f"t:{number}", stream, execute("cat /proc/self/oom_score_adj"))
            )
            assert await link.exit_of(f"t:{number}") == 0

    run(tmp_path, body)
    assert out.read_text() == "0\n0\n"


def test_messages_that_make_no_sense_do_no_harm(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        for text in (b"no json", b"{}", b"[]", b"[1]", b'["launch"]', b'["ack"]', b'["?"]', b"\0"):
            link.sock.send(text)
        for ops_text in (b"", b"[]", b"[[]]", b'[["Nothing"]]', b'[["Mount",1]]', b"no json"):
            link.sock.send(b'["launch","x:1",0,null,null,1]\n' + ops_text)
        for pins in (b"1", b"[1]", b"[[0]]", b'[[0,"p",[]]]', b'[[[],"p",1]]'):
            link.sock.send(b'["run","x:2",0,null,null,1,' + pins + b"]\n")
        for text in (b'["run"]', b'["fetch"]', b'["fetch","p"]', b'["fetch",[],1]'):
            link.sock.send(text)
        link.sock.send(b'["launch","y:1",0,7,null,1]\n[]')
        await link.client.launch(request("a:1", command="true"))
        assert await link.exit_of("a:1") == 0
        assert "unexpected" not in master.log()

    run(tmp_path, body)
