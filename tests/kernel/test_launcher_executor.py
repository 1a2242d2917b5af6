"""The executor process: its size, its secrets, its death, and requests that make no sense."""

import asyncio
import errno
import os
import random
import shutil
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from porto.kernel import syscalls
from porto.launcher import build, client, encoding, ops
from porto.launcher.ops import Execute, LaunchFailed
from tests.kernel.masters import (
    ENV,
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
from tests.patience import patient

pytestmark = pytest.mark.needs("root")

PID = syscalls.CLONE_NEWPID
NOWHERE = Execute(None, ("/no/such/program",), ENV, False)


def executor_of(master: Master) -> int:
    """The child of the master that makes the others: the leader of its own session."""
    for pid in children_of(master.pid):
        name, _, fields = Path(f"/proc/{pid}/stat").read_text().partition(")")
        if name.endswith("(portod-executor") and int(fields.split()[3]) == pid:
            return pid
    raise LookupError("no executor")


async def failure(link: Link, launch_id: str, operations: Sequence[Any]) -> LaunchFailed:
    with pytest.raises(LaunchFailed) as caught:
        await link.client.launch(request(launch_id, *operations))
    return caught.value


async def runs(link: Link, launch_id: str) -> None:
    await link.client.launch(request(launch_id, command="true"))
    assert await link.exit_of(launch_id) == 0


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(patient(10)):
        while not done():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", build.PROGRAMS)
def test_it_compiles_without_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    monkeypatch.setenv("CC", f"{compiler} -Werror")
    assert build.build(name, tmp_path).read_bytes()[:4] == b"\x7fELF"


def test_it_is_small_and_keeps_nothing_of_a_launch(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        pid = executor_of(master)
        fds = sorted(os.listdir(f"/proc/{pid}/fd"))
        null = os.open("/dev/null", os.O_RDONLY)
        for number, size in enumerate((10, 10_000, 100_000)):
            env = (*ENV, *((name, "portotest-secret-" + "s" * size) for name in ("A", "B", "C")))
            task = Execute("true", (), env, bool(number % 2))
            wanted = request(
                f"t:{number}", ops.UseDescriptor(0, 0), task, fds=(null,), clone_flags=PID
            )
            await link.client.launch(wanted)
            assert await link.exit_of(f"t:{number}") == 0
            assert (await failure(link, f"f:{number}", [ops.UseDescriptor(9, 0)])).errno
        os.close(null)
        await until(lambda: sorted(os.listdir(f"/proc/{pid}/fd")) == fds)
        assert executor_of(master) == pid
        # Its text is that of the memfd, which is there once.
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        assert int(rollup.split("Anonymous:")[1].split()[0]) < 300
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
                if " rw-p " in line:
                    first, last = (int(word, 16) for word in line.split()[0].split("-"))
                    memory.seek(first)
                    assert b"portotest-secret" not in memory.read(last - first)
        assert {os.readlink(f"/proc/{pid}/fd/{fd}").split(":")[0] for fd in fds} == {
            *("/dev/null", "/memfd", "socket", "pid"),
        }

    run(tmp_path, body)


def test_it_may_die_between_launches(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        running = await link.client.launch(request("a:1", command="sleep 1000"))
        first = executor_of(master)
        kill(first)
        await gone(first)
        await runs(link, "b:1")
        assert executor_of(master) != first
        assert "executor ended" in master.log()
        kill(running.init_pid)
        assert await link.exit_of("a:1") == signal.SIGKILL

    run(tmp_path, body)


def test_a_launch_that_it_took_to_its_grave_fails(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    async def body(master: Master, link: Link) -> None:
        blocked = request("b:1", ops.OpenStream(0, str(fifo), os.O_RDONLY), execute("cat"))
        waiting = asyncio.ensure_future(link.client.launch(blocked))
        # It runs, so the former is in its setup.
        runner = await link.client.launch(request("r:1", command="sleep 100"))
        pid = executor_of(master)
        os.kill(pid, signal.SIGSTOP)
        launching = asyncio.ensure_future(link.client.launch(request("a:1", command="true")))
        await asyncio.sleep(0)  # it sends its request when it begins to run
        # r:1 runs, so the answer to this one tells that the master has passed on the former.
        assert (await failure(link, "r:1", [NOWHERE])).errno == errno.EEXIST
        kill(pid)
        with pytest.raises(LaunchFailed) as caught:
            await launching
        assert (caught.value.op, caught.value.subject) == (
            "setup",
            "the launched child: never born",
        )
        await runs(link, "a:1")
        with fifo.open("w"):  # a child that lives needs it no more
            await waiting
        assert await link.exit_of("b:1") == 0
        os.kill(runner.init_pid, signal.SIGKILL)
        assert await link.exit_of("r:1") == signal.SIGKILL

    run(tmp_path, body)


def test_one_that_does_not_answer_is_replaced(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        pid = executor_of(master)
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(LaunchFailed) as caught:
            await link.client.launch(request("a:1", command="true", timeout=0.1))
        assert (caught.value.op, caught.value.errno) == ("timeout", 0)
        await gone(pid)
        await runs(link, "a:1")

    run(tmp_path, body)


def test_it_ends_with_the_master(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        pid = executor_of(master)
        master.signal(signal.SIGKILL)
        await gone(pid)

    run(tmp_path, body)


@pytest.fixture
def raw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operations of a request are bytes already."""
    monkeypatch.setattr(client, "encode", b"".join)


@pytest.mark.usefixtures("raw")
def test_operations_that_end_too_early(tmp_path: Path) -> None:
    """Whatever is cut off: a report, and never a signal."""
    listed = [
        ops.SetUmask(0),
        ops.SetCredentials(0, 0, (0,)),
        ops.OpenStream(0, "/dev/null", os.O_RDONLY),
        NOWHERE,
    ]
    ends = [len(encoding.encode(listed[:count])) for count in range(len(listed))]
    whole = encoding.encode(listed)

    async def body(master: Master, link: Link) -> None:
        for size in range(len(whole)):
            found = await failure(link, f"t:{size}", [whole[:size]])
            assert (found.op, found.errno) != ("Execute", errno.ENOENT)
            assert found.errno == errno.EINVAL
            expected = "the end of the list" if size in ends else "operations"
            assert found.subject.startswith(expected)
        assert (await failure(link, "t", [whole])).errno == errno.ENOENT

    run(tmp_path, body)


@pytest.mark.usefixtures("raw")
def test_operations_with_wrong_bytes(tmp_path: Path) -> None:
    """Sizes, counts and texts that are not meant: a report, and never a signal."""
    dice = random.Random(1)
    whole = encoding.encode(
        [ops.SetUmask(0), ops.ChangeDirectory("/"), ops.SetHostname(""), ops.NewSession(), NOWHERE]
    )

    async def body(master: Master, link: Link) -> None:
        for turn in range(300):
            data = bytearray(whole)
            for _ in range(dice.choice((1, 1, 2, 8))):
                data[dice.randrange(len(data))] = dice.choice(
                    (0, 1, 0x7F, 0xFF, dice.randrange(256))
                )
            isolated = encoding.encode([ops.Unshare(syscalls.CLONE_NEWUTS)]) + bytes(data)
            found = await failure(link, f"t:{turn}", [isolated])
            assert "signal" not in found.subject, bytes(data)

    run(tmp_path, body)


@pytest.mark.usefixtures("raw")
def test_an_operation_of_another_version(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        for number, name in enumerate((b"Fly i", b"SetUmask s", b"SetUmask ii", b"SetUmask", b"")):
            data = len(name).to_bytes(4, "little") + name + bytes(100)
            found = await failure(link, f"t:{number}", [data])
            assert (found.op, found.errno) == ("setup", errno.EINVAL)
            assert found.subject == f"operations: unknown {name.decode()}"

    run(tmp_path, body)


@pytest.mark.parametrize(
    ("options", "op", "code"),
    [
        ({"pid_ns": 1}, "setup", errno.EINVAL),
        ({"pid_ns": -2}, "setup", errno.EINVAL),
        ({"cgroup_fd": 1 << 30}, "setup", errno.EINVAL),
        ({"cgroup_fd": 0}, "clone3", errno.EBADF),
        ({"pid_ns": 0}, "setns", errno.EINVAL),
        ({"clone_flags": 1 << 60}, "clone3", errno.EINVAL),
        ({"clone_flags": 0x100}, "clone3", errno.EINVAL),  # CLONE_VM: our own memory
    ],
)
def test_a_child_that_cannot_be_made(
    tmp_path: Path, options: dict[str, Any], op: str, code: int
) -> None:
    async def body(master: Master, link: Link) -> None:
        null = os.open("/dev/null", os.O_RDONLY)
        with pytest.raises(LaunchFailed) as caught:
            await link.client.launch(request("t:1", execute("true"), fds=(null,), **options))
        os.close(null)
        assert (caught.value.op, caught.value.errno) == (op, code)
        await runs(link, "t:1")

    run(tmp_path, body)


def test_many_descriptors_and_operations(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        null = os.open("/dev/null", os.O_RDONLY)
        many = [ops.WriteFile(f"/no/where/{number}", "x" * 100, False) for number in range(1000)]
        wanted = request(
            "t:1", *many, ops.UseDescriptor(0, 249), execute("true"), fds=(null,) * 250
        )
        await link.client.launch(wanted)
        assert await link.exit_of("t:1") == 0
        os.close(null)

    run(tmp_path, body)


# -- words and programs, at their edges --------------------------------------------------


def test_words_and_their_environment(tmp_path: Path) -> None:
    out = tmp_path / "out"
    stream = ops.OpenStream(1, str(out), os.O_WRONLY | os.O_APPEND, True, 0o600)
    cases = {
        "  a\tb  ": ["a", "b"],
        "a:b": ["a:b"],
        "$A '$A'": ["1", "2", "$A"],
        "~root/x ~": ["/root/x", "/home/x"],
        "x=${B:=new} $B": ["x=new", "new"],
        "$C": ["x", "y"],  # split by its IFS
        '"" $D a': ["", "a"],
        "/de[v]/nul? /no/where*": ["/dev/null", "/no/where*"],
        "-%\\n@,+=": ["-%n@,+="],
        "y" * 10_000: ["y" * 10_000],
    }
    env = (("HOME", "/home/x"), ("A", "1 2"), ("IFS", ": "), ("C", "x:y"), ("D", ""), ("B", ""))

    async def body(master: Master, link: Link) -> None:
        for number, (command, expected) in enumerate(cases.items()):
            out.unlink(missing_ok=True)
            task = Execute(f"/usr/bin/printf '[%s]' {command}", (), env, False)
            await link.client.launch(request(f"t:{number}", stream, task))
            assert await link.exit_of(f"t:{number}") == 0
            assert out.read_text() == "".join(f"[{word}]" for word in expected)

    run(tmp_path, body)


def test_the_masters_environment_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTOTEST_OURS", "ours")

    async def body(master: Master, link: Link) -> None:
        found = await failure(link, "t:1", [execute("echo $PORTOTEST_OURS")])
        assert found.subject.endswith("undefined variable")

    run(tmp_path, body)


@pytest.mark.parametrize("reaper", [False, True])
def test_places_of_a_program(tmp_path: Path, reaper: bool) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\nexit 7\n")
    (tmp_path / "tool").chmod(0o755)
    here = ops.ChangeDirectory(str(tmp_path))
    flags = PID if reaper else 0

    async def body(master: Master, link: Link) -> None:
        for number, path in enumerate(("/none::", ":/none", "", "/none:.", str(tmp_path))):
            tool = Execute(None, ("tool",), (("PATH", path),), reaper)
            await link.client.launch(request(f"t:{number}", here, tool, clone_flags=flags))
            assert await link.exit_of(f"t:{number}") == 7 << 8
        for program, code in (("x" * 5000, errno.ENAMETOOLONG), ("x" * 300, errno.ENAMETOOLONG)):
            tool = Execute(None, (program,), ENV, reaper)
            with pytest.raises(LaunchFailed) as caught:
                await link.client.launch(request("f", tool, clone_flags=flags))
            assert (caught.value.errno, caught.value.subject) == (code, program)
        for argv in ((), ("a\0b",)):
            with pytest.raises(LaunchFailed) as caught:
                await link.client.launch(request("f", Execute(None, argv, ENV, reaper)))
            assert (caught.value.op, caught.value.errno) == ("Execute", errno.EINVAL)

    run(tmp_path, body)


def test_the_task_is_pid_2_after_a_search(tmp_path: Path) -> None:
    (tmp_path / "sh").write_text("")  # found first, and may not be executed

    async def body(master: Master, link: Link) -> None:
        env = (("PATH", f"{tmp_path}:/bin"),)
        task = Execute(None, ("sh", "-c", "exit $$"), env, True)
        launched = await link.client.launch(request("t:1", task, clone_flags=PID))
        assert launched.task_vpid == 2
        assert await link.exit_of("t:1") == 2 << 8
        await link.client.launch(request("t:2", shell("exit 3")))
        assert await link.exit_of("t:2") == 3 << 8

    run(tmp_path, body)
