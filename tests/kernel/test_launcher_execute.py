"""What is executed: words, programs, the reaper as pid 1, and how ends are told."""

import asyncio
import errno
import os
import resource
import signal
import stat
from pathlib import Path

import pytest

from porto.kernel import syscalls
from porto.launcher import ops, slots
from porto.launcher.ops import Execute, Launched, LaunchFailed
from porto.launcher.programs import open_program
from tests.kernel.masters import (
    ENV,
    Link,
    Master,
    children_of,
    execute,
    gone,
    request,
    run,
    shell,
)
from tests.patience import patient

pytestmark = pytest.mark.needs("root")

PID = syscalls.CLONE_NEWPID
BOTH = pytest.mark.parametrize("reaper", [False, True], ids=["direct", "reaper"])


def options(reaper: bool) -> dict[str, int]:
    return {"clone_flags": PID} if reaper else {}


def to_file(path: Path) -> ops.Op:
    return ops.OpenStream(1, str(path), os.O_WRONLY | os.O_APPEND, True, 0o660, 0, 0)


async def resting(proc: Path) -> None:
    """Wait until a reaper is in its loop: the task is told of before that."""
    async with asyncio.timeout(patient(10)):
        while "sigtimedwait" not in (proc / "wchan").read_text():
            await asyncio.sleep(0.01)


def refused(directory: Path, operation: ops.Op, *before: ops.Op, **given: int) -> LaunchFailed:
    async def body(master: Master, link: Link) -> LaunchFailed:
        with pytest.raises(LaunchFailed) as caught:
            await link.client.launch(request("t:1", *before, operation, **given))
        return caught.value

    return run(directory, body)


# -- words and programs --------------------------------------------------------------


@BOTH
def test_words_are_expanded_with_the_given_environment(tmp_path: Path, reaper: bool) -> None:
    path = tmp_path / "out"
    env = (("PATH", "/usr/bin"), ("NAME", "two words"), ("HOME", "/some/home"))
    command = """printf '%s|' "$NAME" $NAME ~ 'single $NAME' a\\ b $((2+3)) ${NAME:+да}"""

    async def body(master: Master, link: Link) -> None:
        operation = execute(command, reaper=reaper, env=env)
        await link.client.launch(request("t:1", to_file(path), operation, **options(reaper)))
        assert await link.exit_of("t:1") == 0

    run(tmp_path, body)
    expected = ["two words", "two", "words", "/some/home", "single $NAME", "a b", "5", "да"]
    assert path.read_text() == "".join(f"{word}|" for word in expected)


@BOTH
def test_the_program_gets_exactly_the_environment(tmp_path: Path, reaper: bool) -> None:
    path = tmp_path / "out"

    async def body(master: Master, link: Link) -> None:
        env = (("B", "2=3"), ("A", ""), ("PATH", "/usr/bin"))
        operation = Execute(None, ("env",), env, reaper)
        await link.client.launch(request("t:1", to_file(path), operation, **options(reaper)))
        assert await link.exit_of("t:1") == 0

    run(tmp_path, body)
    assert sorted(path.read_text().splitlines()) == ["A=", "B=2=3", "PATH=/usr/bin"]


@pytest.mark.parametrize(
    ("command", "cause"),
    [
        ("echo a | cat", "bad character"),
        ("echo a; true", "bad character"),
        ("echo $UNDEFINED_HERE", "undefined variable"),
        ("echo ${UNDEFINED_HERE:-x}", "undefined variable"),
        ("echo $(id)", "command substitution"),
        ("echo `id`", "command substitution"),
        ("echo 'open", "syntax"),
        ("", "empty"),
        ("  \t ", "empty"),
        ("$NOTHING", "empty"),
        ("a\0b", "bad character"),
    ],
)
def test_words_that_cannot_be_expanded(tmp_path: Path, command: str, cause: str) -> None:
    found = refused(tmp_path, execute(command, env=(*ENV, ("NOTHING", ""))))
    assert (found.op, found.errno) == ("Execute", errno.EINVAL)
    assert found.subject == f"command '{command}': {cause}"


@BOTH
@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("no-such-program",), errno.ENOENT),
        (("/no/such/program",), errno.ENOENT),
        (("",), errno.ENOENT),
        (("/etc/passwd",), errno.EACCES),
        (("/usr",), errno.EACCES),
        (("/etc/passwd/x",), errno.ENOTDIR),
    ],
)
def test_programs_that_cannot_be_executed(
    tmp_path: Path, argv: tuple[str, ...], code: int, reaper: bool
) -> None:
    found = refused(tmp_path, Execute(None, argv, ENV, reaper), **options(reaper))
    assert (found.op, found.errno, found.subject) == ("Execute", code, argv[0])


@BOTH
def test_a_program_is_searched_as_execvp_does(tmp_path: Path, reaper: bool) -> None:
    """A file that may not be executed is passed over, and remembered."""
    first, second = tmp_path / "first", tmp_path / "second"
    for directory, mode in ((first, 0o644), (second, 0o755)):
        directory.mkdir()
        (directory / "tool").write_text("#!/bin/sh\nexit 3\n")
        (directory / "tool").chmod(mode)
    (tmp_path / "file").touch()

    async def body(master: Master, link: Link) -> None:
        path = f"/no/where:{tmp_path}/file:{first}:{second}"
        tool = Execute(None, ("tool",), (("PATH", path),), reaper)
        await link.client.launch(request("t:1", tool, **options(reaper)))
        assert await link.exit_of("t:1") == 3 << 8
        tool = Execute(None, ("tool",), (("PATH", f"{first}:/no/where"),), reaper)
        with pytest.raises(LaunchFailed) as caught:
            await link.client.launch(request("t:2", tool, **options(reaper)))
        assert caught.value.errno == errno.EACCES
        # No PATH at all: the C library's default.
        plain = Execute(None, ("true",), (), reaper)
        await link.client.launch(request("t:3", plain, **options(reaper)))
        assert await link.exit_of("t:3") == 0

    run(tmp_path, body)


@BOTH
def test_a_script_without_interpreter_is_run_by_sh(tmp_path: Path, reaper: bool) -> None:
    script = tmp_path / "script"
    script.write_text('echo "$0 $1 $2"\nexit 4\n')
    script.chmod(0o755)

    async def body(master: Master, link: Link) -> None:
        operation = Execute(None, (str(script), "a", "b c"), ENV, reaper)
        out = to_file(tmp_path / "out")
        await link.client.launch(request("t:1", out, operation, **options(reaper)))
        assert await link.exit_of("t:1") == 4 << 8

    run(tmp_path, body)
    assert (tmp_path / "out").read_text() == f"{script} a b c\n"


@BOTH
@pytest.mark.parametrize("env", [(("", "x"),), (("A=B", "x"),), (("A", "x\0y"),)])
def test_an_environment_that_cannot_be(
    tmp_path: Path, env: tuple[tuple[str, str], ...], reaper: bool
) -> None:
    found = refused(tmp_path, Execute(None, ("true",), env, reaper), **options(reaper))
    assert (found.op, found.errno, found.subject) == ("Execute", errno.EINVAL, "environment")


def test_a_process_limit_is_told_by_its_errno(tmp_path: Path) -> None:
    """The reaper's fork is counted for the task's user, who has used up the limit."""
    user = 900_000 + os.getpid() % 50_000
    found = refused(
        tmp_path,
        execute("true", reaper=True),
        ops.SetLimit(resource.RLIMIT_NPROC, 1, 1),
        ops.SetCredentials(user, user, ()),
        ops.SetCapabilities(0, 0),
        clone_flags=PID,
    )
    assert (found.op, found.errno, found.subject) == ("Execute", errno.EAGAIN, "true")


@BOTH
def test_the_program_starts_with_default_signals_and_three_descriptors(
    tmp_path: Path, reaper: bool
) -> None:
    async def body(master: Master, link: Link) -> None:
        operation = Execute(
            None, ("sh", "-c", "cat /proc/self/status; ls /proc/self/fd"), ENV, reaper
        )
        fds = tuple(os.open("/dev/null", os.O_RDONLY) for _ in range(5))
        wanted = request("t:1", to_file(tmp_path / "out"), operation, fds=fds, **options(reaper))
        await link.client.launch(wanted)
        for fd in fds:
            os.close(fd)
        assert await link.exit_of("t:1") == 0

    run(tmp_path, body)
    lines = (tmp_path / "out").read_text().splitlines()
    masks = dict(line.split("\t", 1) for line in lines if line.startswith("Sig"))
    for name in ("SigBlk:", "SigIgn:", "SigCgt:", "SigPnd:"):
        # posix_spawn(3) ignores the two signals that the C library keeps to itself; a master
        # started by it passes that on.
        internal = 3 << 31 if name == "SigIgn:" else 0
        assert int(masks[name], 16) & ~internal == 0, name
    assert lines[-4:] == ["0", "1", "2", "3"]  # 3 is the directory that ls reads


# -- the end -------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("code", [0, 1, 127, 128, 129, 137, 143, 255])
def test_an_exit_code_is_an_exit_code(tmp_path: Path, code: int, reaper: bool) -> None:
    async def body(master: Master, link: Link) -> int:
        operation = shell(f"exit {code}", reaper=reaper)
        await link.client.launch(request("t:1", operation, **options(reaper)))
        return await link.exit_of("t:1")

    assert run(tmp_path, body) == code << 8


@BOTH
@pytest.mark.parametrize("signo", [signal.SIGHUP, signal.SIGKILL, signal.SIGTERM, 40, 64])
def test_a_signal_is_a_signal(tmp_path: Path, signo: int, reaper: bool) -> None:
    async def body(master: Master, link: Link) -> int:
        operation = shell(f"kill -{int(signo)} $$", reaper=reaper)
        await link.client.launch(request("t:1", operation, **options(reaper)))
        return await link.exit_of("t:1")

    assert run(tmp_path, body) == signo


@BOTH
def test_a_core_dump_is_told(tmp_path: Path, reaper: bool) -> None:
    async def body(master: Master, link: Link) -> int:
        wanted = request(
            "t:1",
            ops.SetLimit(resource.RLIMIT_CORE, 1 << 20, 1 << 20),
            ops.ChangeDirectory(str(tmp_path)),
            shell("kill -SEGV $$", reaper=reaper),
            **options(reaper),
        )
        await link.client.launch(wanted)
        return await link.exit_of("t:1")

    status = run(tmp_path, body)
    assert status & 0x7F == signal.SIGSEGV
    plain = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if "/" not in plain and not plain.startswith("|"):
        assert bool(status & 0x80) == bool(list(tmp_path.glob(f"{plain}*")))


def test_a_task_cannot_pretend_a_signal(tmp_path: Path) -> None:
    """The name that tells a signal counts only on the reaper, which only we can name."""

    async def body(master: Master, link: Link) -> list[int]:
        script = "printf porto-sig:9 > /proc/self/comm; exit 137"
        reaper = "printf porto-sig:9 > /proc/1/comm; exit 137"
        found = []
        for number, (text, with_reaper) in enumerate(((script, False), (reaper, True))):
            wanted = request(
                f"t:{number}",
                ops.Unshare(syscalls.CLONE_NEWNS),
                ops.Mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE),
                ops.Mount("proc", "/proc", "proc", 0),
                shell(text, reaper=with_reaper),
                **options(with_reaper),
            )
            await link.client.launch(wanted)
            found.append(await link.exit_of(f"t:{number}"))
        return found

    assert run(tmp_path, body) == [137 << 8, 137 << 8]


# -- pid 1 ---------------------------------------------------------------------------


def test_the_reaper_is_pid_1_and_the_task_pid_2(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    async def body(master: Master, link: Link) -> None:
        script = f"echo $$ $PPID; read x < {fifo}"
        launched = await link.client.launch(
            request("t:1", to_file(tmp_path / "out"), shell(script, reaper=True), clone_flags=PID)
        )
        assert (launched.task_vpid, (tmp_path / "out").exists()) == (2, True)
        assert launched.init_pid in children_of(master.pid)
        assert children_of(launched.init_pid) == [launched.task_pid]
        await resting(Path(f"/proc/{launched.init_pid}"))
        assert Path(f"/proc/{launched.init_pid}/comm").read_text() == "portoinit\n"
        assert Path(f"/proc/{launched.init_pid}/cmdline").read_bytes() == b"portoinit\0002\0"
        for pid, start in (
            (launched.init_pid, launched.init_start),
            (launched.task_pid, launched.task_start),
        ):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            assert int(fields[19]) == start
        fifo.write_text("go\n")
        assert await link.exit_of("t:1") == 0

    run(tmp_path, body)
    assert (tmp_path / "out").read_text() == "2 1\n"


@pytest.mark.parametrize("size", [0, 1 << 20], ids=["small", "big"])
def test_a_waiting_reaper_is_small_and_holds_nothing(tmp_path: Path, size: int) -> None:
    """Its arguments and environment are the task's secrets, and up to megabytes."""
    env = (*ENV, *((f"SECRET{n}", "s" * 1000) for n in range(size // 1000)))
    if not size:
        env = (*ENV, *((f"SECRET{n}", "") for n in range(40)))

    async def body(master: Master, link: Link) -> None:
        task = Execute("sleep 1000", (), env, True)
        launched = await link.client.launch(request("t:1", task, clone_flags=PID))
        proc = Path(f"/proc/{launched.init_pid}")
        await resting(proc)
        rollup = (proc / "smaps_rollup").read_text()
        private = sum(
            int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private")
        )
        assert private <= 24
        assert list((proc / "fd").iterdir()) == []
        assert b"SECRET" not in (proc / "environ").read_bytes()
        os.kill(launched.task_pid, signal.SIGKILL)
        assert await link.exit_of("t:1") == signal.SIGKILL

    run(tmp_path, body)


def test_the_reaper_of_a_user_cannot_be_traced_by_that_user(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        theirs, ours = os.pipe()
        launched = await link.client.launch(
            request(
                "t:1",
                ops.UseDescriptor(0, 0),
                ops.SetCredentials(65534, 65534, ()),
                ops.SetCapabilities(0, 0),
                execute("cat", reaper=True),
                clone_flags=PID,
                fds=(theirs,),
            )
        )
        os.close(theirs)
        proc = Path(f"/proc/{launched.init_pid}")
        await resting(proc)
        assert (proc / "environ").stat().st_uid == 0  # the sign of not dumpable
        assert proc.joinpath("status").read_text().split("Uid:")[1].split()[0] == "65534"
        assert "memfd:portoinit" in os.readlink(proc / "exe")
        with pytest.raises(OSError, match=r"Text file busy|Operation not permitted"):
            # Not even root can write to what all reapers execute.
            os.open(proc / "exe", os.O_WRONLY)
        os.close(ours)
        assert await link.exit_of("t:1") == 0

    run(tmp_path, body)


def test_the_task_finds_nothing_in_pid_1_that_was_passed_for_its_setup(tmp_path: Path) -> None:
    """It runs already while pid 1 is about to execute the reaper."""

    async def body(master: Master, link: Link) -> None:
        directory = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
        script = "for i in 1 2 3 4 5 6 7 8 9; do ls -l /proc/1/fd; done 2>&1"
        for number in range(10):
            wanted = request(
                f"t:{number}",
                ops.Unshare(syscalls.CLONE_NEWNS),
                ops.Mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE),
                ops.Mount("proc", "/proc", "proc", 0),
                slots.FillSlot(0, 0),
                slots.OpenSlot(1, 0, "tmp", os.O_PATH, 0),
                to_file(tmp_path / "out"),
                shell(script, reaper=True),
                clone_flags=PID,
                fds=(directory,),
            )
            await link.client.launch(wanted)
            assert await link.exit_of(f"t:{number}") == 0
        os.close(directory)

    run(tmp_path, body)
    targets = {
        line.split(" -> ")[1]
        for line in (tmp_path / "out").read_text().splitlines()
        if "->" in line
    }
    kinds = {target.split(":")[0] for target in targets - {"anon_inode:[pidfd]"}}
    assert kinds <= {"/dev/null", str(tmp_path / "out"), str(tmp_path / "log"), "socket", "/memfd"}


def test_orphans_are_reaped_by_pid_1(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    async def body(master: Master, link: Link) -> None:
        # Each inner shell ends at once and leaves a child that ends a moment later.
        script = f"for i in 1 2 3 4 5; do sh -c 'sh -c : &'; done; read x < {fifo}"
        launched = await link.client.launch(
            request("t:1", shell(script, reaper=True), clone_flags=PID)
        )
        with fifo.open("w") as gate:  # opens when the loop is through
            async with asyncio.timeout(patient(10)):
                while children_of(launched.init_pid) != [launched.task_pid]:
                    await asyncio.sleep(0.01)
            gate.write("go\n")
        assert await link.exit_of("t:1") == 0

    run(tmp_path, body)


def test_orphans_without_pid_1_are_reaped_by_the_master(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        launched = await link.client.launch(
            request("t:1", to_file(tmp_path / "out"), shell("sleep 1000 & echo $!"))
        )
        assert await link.exit_of("t:1") == 0
        orphan = int((tmp_path / "out").read_text())
        assert orphan in children_of(master.pid)
        assert launched.init_pid not in children_of(master.pid)
        os.kill(orphan, signal.SIGKILL)
        await gone(orphan)
        async with asyncio.timeout(patient(10)):
            while orphan in children_of(master.pid):
                await asyncio.sleep(0.01)
        assert set(link.exits) == {"t:1"}

    run(tmp_path, body)


def test_the_end_of_the_task_ends_its_namespace(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    async def body(master: Master, link: Link) -> None:
        script = f"sleep 1000 & read x < {fifo}; exit 5"
        launched = await link.client.launch(
            request("t:1", shell(script, reaper=True), clone_flags=PID)
        )
        with fifo.open("w") as gate:
            (sleeper,) = children_of(launched.task_pid)
            gate.write("go\n")
        assert await link.exit_of("t:1") == 5 << 8
        assert not Path(f"/proc/{sleeper}").exists()

    run(tmp_path, body)


@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGKILL])
def test_rest_waits_until_it_is_ended(tmp_path: Path, signo: int) -> None:
    async def body(master: Master, link: Link) -> Launched:
        launched = await link.client.launch(request("t:1", ops.Rest(), clone_flags=PID))
        assert (launched.task_pid, launched.task_start, launched.task_vpid) == (0, 0, 0)
        proc = Path(f"/proc/{launched.init_pid}")
        await resting(proc)
        os.kill(launched.init_pid, signo)
        assert await link.exit_of("t:1") == signo
        return launched

    run(tmp_path, body)


def test_pid_1_passes_signals_on(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)

    async def body(master: Master, link: Link) -> None:
        script = f"trap 'exit 9' TERM; echo > {ready}; while :; do sleep 0.05; done"
        launched = await link.client.launch(
            request("t:1", shell(script, reaper=True), clone_flags=PID)
        )
        assert ready.read_text() == "\n"
        os.kill(launched.init_pid, signal.SIGTERM)
        assert await link.exit_of("t:1") == 9 << 8

    run(tmp_path, body)


# -- nested pid namespaces -------------------------------------------------------------


def test_a_launch_into_the_pid_namespace_of_another(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        parent = await link.client.launch(request("p:1", ops.Rest(), clone_flags=PID))
        pidfd = os.pidfd_open(parent.init_pid)
        out = {name: tmp_path / name for name in ("plain", "isolated", "after")}
        sleep = "sleep 1000"
        plain = await link.client.launch(request("c:1", execute(sleep), pid_ns=0, fds=(pidfd,)))
        isolated = await link.client.launch(
            request("c:2", execute(sleep, reaper=True), clone_flags=PID, pid_ns=0, fds=(pidfd,))
        )
        after = await link.client.launch(request("h:1", to_file(out["after"]), shell("echo $$")))
        os.close(pidfd)

        def namespaced(pid: int) -> list[str]:
            text = Path(f"/proc/{pid}/status").read_text()
            return text.split("NSpid:")[1].split("\n")[0].split()

        assert namespaced(plain.task_pid) == [str(plain.task_pid), str(plain.task_vpid)]
        assert plain.task_pid == plain.init_pid
        assert len(namespaced(isolated.task_pid)) == 3
        assert (isolated.task_vpid, namespaced(isolated.init_pid)[2]) == (2, "1")
        # Born elsewhere, and yet our master's own children.
        assert {plain.init_pid, isolated.init_pid} <= set(children_of(master.pid))
        # The next launch is back on the host.
        assert await link.exit_of("h:1") == 0
        assert out["after"].read_text().strip() == str(after.task_pid)
        # The end of the parent's pid 1 ends all of them.
        os.kill(parent.init_pid, signal.SIGKILL)
        for name in ("c:1", "c:2", "p:1"):
            assert await link.exit_of(name) == signal.SIGKILL
        pidfd = os.open("/dev/null", os.O_RDONLY)
        with pytest.raises(LaunchFailed) as caught:
            await link.client.launch(request("c:3", execute("true"), pid_ns=0, fds=(pidfd,)))
        os.close(pidfd)
        assert (caught.value.op, caught.value.errno) == ("setns", errno.EINVAL)

    run(tmp_path, body)


@pytest.mark.needs("cgroup2-mounted")
def test_a_launch_into_a_unified_cgroup(tmp_path: Path) -> None:
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    point = next(line.split()[4] for line in mounts if " - cgroup2 " in line)
    group = Path(point, f"portotest-{os.getpid()}-launcher")
    group.mkdir()
    try:

        async def body(master: Master, link: Link) -> None:
            fd = os.open(group, os.O_RDONLY | os.O_DIRECTORY)
            wanted = request("t:1", execute("sleep 1000"), cgroup_fd=0, fds=(fd,))
            launched = await link.client.launch(wanted)
            os.close(fd)
            assert (group / "cgroup.procs").read_text().split() == [str(launched.init_pid)]
            os.kill(launched.init_pid, signal.SIGKILL)
            assert await link.exit_of("t:1") == signal.SIGKILL

        run(tmp_path, body)
    finally:
        group.rmdir()


@pytest.mark.parametrize("name", ["reaper", "executor"])
def test_a_program_cannot_be_changed_or_read(name: str) -> None:
    fd = open_program(name, "portotest")
    assert stat.S_IMODE(os.fstat(fd).st_mode) == 0o111
    with pytest.raises(OSError, match=os.strerror(errno.EPERM)):
        os.write(fd, b"x")
    os.close(fd)
