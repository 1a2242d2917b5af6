"""Every setup operation on the real kernel, and the reports of failing ones."""

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
from porto.launcher.ops import LaunchFailed
from tests.kernel.launches import NOBODY, NS, PRIVATE, failure, output, stream
from tests.kernel.masters import ENV, Link, Master, children_of, execute, request, run, shell

pytestmark = pytest.mark.needs("root")


def test_mounts_nodes_and_pivot_make_a_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    operations = [
        ops.Unshare(NS | syscalls.CLONE_NEWUTS),
        PRIVATE,
        ops.Mount("tmpfs", str(root), "tmpfs", syscalls.MS_NOSUID, "mode=755,size=1m"),
        ops.MakeDirectory(f"{root}/usr", 0o755, 0, 0),
        ops.Mount("/usr", f"{root}/usr", None, syscalls.MS_BIND | syscalls.MS_REC),
        *(ops.MakeLink(f"{root}/{name}", f"usr/{name}") for name in ("bin", "lib", "lib64")),
        ops.MakeDirectory(f"{root}/own", 0o1770, NOBODY, 12),
        ops.MakeDirectory(f"{root}/own", 0o700, 0, 0),  # is there: stays as it is
        ops.MakeNode(f"{root}/null", stat.S_IFCHR | 0o642, 1, 3, 7, 8),
        ops.MakeDirectory(f"{root}/proc", 0o555, 0, 0),
        ops.Mount("proc", f"{root}/proc", "proc", syscalls.MS_NOSUID),
        ops.Unmount(f"{root}/proc", syscalls.MNT_DETACH),
        ops.Unmount(f"{root}/proc", syscalls.MNT_DETACH),  # not mounted: no error
        slots.OpenSlot(0, slots.NO_SLOT, str(root), os.O_PATH | os.O_DIRECTORY, 0),
        slots.PivotRoot(0),
        ops.SetHostname("portotest-host"),
        ops.ChangeDirectory("/own"),
    ]
    text = output(
        tmp_path,
        *operations,
        script="pwd; ls -a / | sort | tr '\n' ' '; echo; uname -n; stat -c '%a %u %g' /own;"
        " stat -c '%F %a %t:%T %u %g' /null; ls /proc | wc -l",
    )
    assert text.splitlines() == [
        "/own",
        ". .. bin lib lib64 null own proc usr ",
        "portotest-host",
        f"1770 {NOBODY} 12",
        "character special file 642 1:3 7 8",
        "0",
    ]
    assert list(root.iterdir()) == []  # the host saw nothing of it
    assert os.uname().nodename != "portotest-host"


def test_join_cgroup_and_write_file_write_into_existing_files(tmp_path: Path) -> None:
    procs, knob, absent = tmp_path / "tasks", tmp_path / "knob", tmp_path / "absent"
    procs.touch()
    knob.write_text("old text")
    output(
        tmp_path,
        ops.JoinCgroup(str(procs)),
        ops.WriteFile(str(knob), "new"),
        ops.WriteFile(str(absent), "x", required=False),
        script=":",
    )
    assert procs.read_text() == "0"
    assert knob.read_text() == "new text"
    assert not absent.exists()


def test_limits_session_umask_scheduler(tmp_path: Path) -> None:
    text = output(
        tmp_path,
        ops.SetLimit(resource.RLIMIT_NOFILE, 100, 200),
        ops.SetLimit(resource.RLIMIT_CORE, 0, 0),
        ops.NewSession(),
        ops.SetUmask(0o027),
        ops.SetScheduler(os.SCHED_BATCH, 0, 5, 2 << 13 | 6),
        script="ulimit -Sn; ulimit -Hn; ulimit -c; umask; awk '{print $1 == $6}' /proc/$$/stat;"
        " awk '{print $19, $41}' /proc/$$/stat; ionice -p $$",
    )
    assert text.split("\n")[:7] == ["100", "200", "0", "0027", "1", "5 3", "best-effort: prio 6"]


def test_a_limit_that_is_not_required_is_clamped(tmp_path: Path) -> None:
    operations = [
        ops.SetLimit(resource.RLIMIT_NPROC, 5000, 6000),
        ops.SetCredentials(NOBODY, NOBODY, ()),
        ops.SetCapabilities(0, 0),
        ops.SetLimit(resource.RLIMIT_NPROC, 5500, 7000, required=False),
        ops.SetLimit(resource.RLIMIT_NPROC, -1, -1, required=False),
    ]
    script = "awk '/Max processes/ {print $3, $4}' /proc/self/limits"
    assert output(tmp_path, *operations, script=script) == "6000 6000\n"


def test_credentials_and_capabilities_of_a_user(tmp_path: Path) -> None:
    bounding, ambient = 1 << 10 | 1 << 13 | 1 << 0, 1 << 10
    text = output(
        tmp_path,
        ops.SetCredentials(NOBODY, 12, (7, 8)),
        ops.SetCapabilities(bounding, ambient),
        script="grep -E '^(Uid|Gid|Groups|Cap)' /proc/self/status",
    )
    found = {line.split(":")[0]: line.split(":")[1].split() for line in text.splitlines()}
    assert found["Uid"] == [str(NOBODY)] * 4
    assert found["Gid"] == ["12"] * 4
    assert found["Groups"] == ["7", "8"]
    assert int(found["CapBnd"][0], 16) == bounding
    for name in ("CapEff", "CapPrm", "CapAmb", "CapInh"):
        assert int(found[name][0], 16) == ambient


def test_a_user_without_ambient_capabilities_has_none(tmp_path: Path) -> None:
    text = output(
        tmp_path,
        ops.SetCredentials(NOBODY, NOBODY, ()),
        ops.SetCapabilities((1 << 41) - 1, 0),
        script="grep -E '^Cap(Eff|Prm|Amb)' /proc/self/status",
    )
    assert {int(line.split()[1], 16) for line in text.splitlines()} == {0}


def test_root_keeps_the_bounding_set(tmp_path: Path) -> None:
    bounding = 1 << 0 | 1 << 1 | 1 << 7
    text = output(
        tmp_path,
        ops.SetCapabilities(bounding, 0),
        script="grep -E '^Cap(Eff|Prm|Bnd)' /proc/self/status",
    )
    assert {int(line.split()[1], 16) for line in text.splitlines()} == {bounding}


def test_change_root_takes_the_root_of_another_process(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name in ("usr", "own"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    path = tmp_path / "output"

    async def body(master: Master, link: Link) -> None:
        first = await link.client.launch(
            request(
                "host:1",
                ops.Unshare(NS),
                PRIVATE,
                ops.Mount(str(root), str(root), None, syscalls.MS_BIND),
                ops.Mount("/usr", f"{root}/usr", None, syscalls.MS_BIND),
                slots.OpenSlot(0, slots.NO_SLOT, str(root), os.O_PATH | os.O_DIRECTORY, 0),
                slots.PivotRoot(0),
                ops.Rest(),
            )
        )
        fds = (
            os.pidfd_open(first.init_pid),
            os.open(f"/proc/{first.init_pid}/root", os.O_PATH | os.O_DIRECTORY),
        )
        guest = request(
            "guest:1",
            stream(path),
            ops.JoinNamespaces(0, NS),
            slots.FillSlot(0, 1),
            slots.ChangeRoot(0),
            shell("pwd; ls /"),
            fds=fds,
        )
        await link.client.launch(guest)
        for fd in fds:
            os.close(fd)
        assert await link.exit_of("guest:1") == 0
        os.kill(first.init_pid, signal.SIGKILL)
        assert await link.exit_of("host:1") == signal.SIGKILL

    run(tmp_path, body)
    assert path.read_text().split() == ["/", "bin", "lib", "lib64", "own", "usr"]


def test_join_namespaces_of_another_launch(tmp_path: Path) -> None:
    path = tmp_path / "output"

    async def body(master: Master, link: Link) -> None:
        first = await link.client.launch(
            request(
                "host:1",
                ops.Unshare(NS | syscalls.CLONE_NEWUTS),
                PRIVATE,
                ops.SetHostname("portotest-joined"),
                ops.Mount("tmpfs", "/mnt", "tmpfs", 0, "size=64k"),
                ops.Rest(),
            )
        )
        fd = os.pidfd_open(first.init_pid)
        try:
            await link.client.launch(
                request(
                    "guest:1",
                    stream(path),
                    ops.JoinNamespaces(0, NS | syscalls.CLONE_NEWUTS),
                    shell("uname -n; stat -fc %T /mnt"),
                    fds=(fd,),
                )
            )
        finally:
            os.close(fd)
        assert await link.exit_of("guest:1") == 0
        os.kill(first.init_pid, signal.SIGKILL)
        assert await link.exit_of("host:1") == signal.SIGKILL

    run(tmp_path, body)
    assert path.read_text().split() == ["portotest-joined", "tmpfs"]


def test_streams(tmp_path: Path) -> None:
    source, target, errors = tmp_path / "in", tmp_path / "out", tmp_path / "err"
    source.write_text("from the file\n")

    async def body(master: Master, link: Link) -> None:
        fd = os.open(errors, os.O_WRONLY | os.O_CREAT, 0o600)
        wanted = request(
            "t:1",
            ops.OpenStream(0, str(source), os.O_RDONLY),
            ops.OpenStream(1, str(target), os.O_WRONLY | os.O_APPEND, True, 0o640, NOBODY, 12),
            ops.UseDescriptor(2, 0),
            shell("cat; echo bad >&2; ls /proc/self/fd"),
            fds=(fd,),
        )
        await link.client.launch(wanted)
        os.close(fd)
        assert await link.exit_of("t:1") == 0

    run(tmp_path, body)
    # ls has one more: the directory it reads.
    assert target.read_text().split("\n") == ["from the file", "0", "1", "2", "3", ""]
    assert errors.read_text() == "bad\n"
    found = target.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o640, NOBODY, 12)


def test_a_terminal_becomes_the_controlling_one(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        ours, theirs = os.openpty()
        wanted = request(
            "t:1",
            ops.NewSession(),
            ops.UseDescriptor(0, 0),
            ops.UseDescriptor(1, 0),
            shell("stty -opost; echo through > /dev/tty; ps -o tty= -p $$"),
            fds=(theirs,),
        )
        await link.client.launch(wanted)
        name = os.ttyname(theirs).removeprefix("/dev/")
        assert await link.exit_of("t:1") == 0
        text = b""
        while text.count(b"\n") < 2:
            text += os.read(ours, 4096)
        os.close(ours)
        os.close(theirs)
        assert text.split() == [b"through", name.encode()]

    run(tmp_path, body)


def test_the_operations_of_a_launch_can_be_big(tmp_path: Path) -> None:
    big = "x" * 100_000
    env = (*ENV, *((f"V{n}", big) for n in range(15)))

    async def body(master: Master, link: Link) -> None:
        operation = shell('echo "$V3$V14" | wc -c', env=env)
        path = tmp_path / "output"
        await link.client.launch(request("t:1", stream(path), operation))
        assert await link.exit_of("t:1") == 0
        assert path.read_text().strip() == "200001"
        # The kernel's limit for all strings is the program's error, not ours.
        with pytest.raises(LaunchFailed) as caught:
            await link.client.launch(request("t:2", shell("true", env=(("V", "x" * (4 << 20)),))))
        assert (caught.value.op, caught.value.errno) == ("Execute", errno.E2BIG)

    run(tmp_path, body)


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    name = os.fsdecode(b"bad-\xff-name")
    text = output(
        tmp_path,
        ops.MakeDirectory(str(tmp_path / name), 0o755, 0, 0),
        ops.ChangeDirectory(str(tmp_path / name)),
        script="pwd | od -An -tx1 | tr -d ' \n'",
    )
    assert text.endswith(b"bad-\xff-name\n".hex())


FAILURES = [
    (ops.JoinCgroup("/nowhere/tasks"), errno.ENOENT, "/nowhere/tasks"),
    (ops.JoinNamespaces(5, 0), errno.EINVAL, "descriptor 5: not passed"),
    (ops.Unshare(1), errno.EINVAL, "0x1"),
    (ops.Mount("a", "/nowhere", "tmpfs", 0), errno.ENOENT, "a on /nowhere"),
    (ops.Mount(None, "/nowhere", None, syscalls.MS_PRIVATE), errno.ENOENT, "/nowhere"),
    (ops.Mount("a", "/tmp\0x", "tmpfs", 0), errno.EINVAL, "a"),
    (ops.Mount("a", "/", "nosuchfs", 0), errno.ENODEV, "a on /"),
    (ops.MakeDirectory("/nowhere/a", 0o755, 0, 0), errno.ENOENT, "/nowhere/a"),
    (ops.MakeNode("/dev/null", stat.S_IFCHR, 1, 3, 0, 0), errno.EEXIST, "/dev/null"),
    (ops.MakeLink("/dev/null", "x"), errno.EEXIST, "/dev/null"),
    (ops.WriteFile("/nowhere/knob", "1"), errno.ENOENT, "/nowhere/knob"),
    (ops.WriteFile("/proc/self/oom_score_adj", "x"), errno.EINVAL, "/proc/self/oom_score_adj"),
    (ops.SetHostname("h" * 65), errno.EINVAL, "h" * 65),
    (ops.SetLimit(99, 1, 1), errno.EINVAL, "rlimit 99"),
    (ops.SetLimit(resource.RLIMIT_NOFILE, 20, 10), errno.EINVAL, "rlimit 7"),
    (ops.ChangeDirectory("/nowhere"), errno.ENOENT, "/nowhere"),
    (ops.OpenStream(1, "/nowhere/out", os.O_WRONLY, True, 0o600), errno.ENOENT, "/nowhere/out"),
    (ops.OpenStream(1, "/nowhere", os.O_WRONLY), errno.ENOENT, "/nowhere"),
    (ops.UseDescriptor(0, 1), errno.EINVAL, "descriptor 1: not passed"),
    (ops.SetScheduler(77, 0, 0, 0), errno.EINVAL, "policy 77 priority 0 nice 0 ioprio 0"),
    (ops.SetCredentials(NOBODY, 1, (-5,)), errno.EINVAL, "65534"),
    (ops.SetCapabilities(0, 1 << 60), errno.EPERM, "ambient capability 60"),
]


@pytest.mark.parametrize(("operation", "code", "subject"), FAILURES, ids=lambda x: str(x)[:40])
def test_a_failing_operation_is_named(
    tmp_path: Path, operation: ops.Op, code: int, subject: str
) -> None:
    # In namespaces of its own: nothing here may touch the host, should it not fail.
    found = failure(tmp_path, ops.Unshare(NS | syscalls.CLONE_NEWUTS), PRIVATE, operation)
    assert (found.op, found.errno, found.subject) == (type(operation).__name__, code, subject)


def test_namespaces_that_clone_refuses(tmp_path: Path) -> None:
    found = failure(tmp_path, clone_flags=NS | 0x200)  # CLONE_FS does not go with it
    assert (found.op, found.errno) == ("clone3", errno.EINVAL)


def test_a_list_that_executes_nothing(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> LaunchFailed:
        with pytest.raises(LaunchFailed) as caught:
            await link.client.launch(request("t:1", ops.SetUmask(0)))
        return caught.value

    found = run(tmp_path, body)
    assert found.errno == errno.EINVAL
    assert found.subject == "the end of the list"


def test_a_launch_that_does_not_finish_is_killed(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    async def body(master: Master, link: Link) -> LaunchFailed:
        blocked = ops.OpenStream(0, str(fifo), os.O_RDONLY)
        with pytest.raises(LaunchFailed) as caught:
            await link.client.launch(request("t:1", blocked, execute("true"), timeout=0.2))
        await link.client.launch(request("t:2", command="true"))
        assert await link.exit_of("t:2") == 0
        return caught.value

    found = run(tmp_path, body)
    assert (found.op, found.errno) == ("timeout", 0)


def test_a_child_killed_in_its_setup(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    pid_file = tmp_path / "pid"

    async def body(master: Master, link: Link) -> LaunchFailed:
        pid_file.touch()
        blocked = request(
            "t:1",
            ops.JoinCgroup(str(pid_file)),  # "0" tells that the child has come so far
            ops.OpenStream(0, str(fifo), os.O_RDONLY),
            execute("true"),
        )
        launching = asyncio.ensure_future(link.client.launch(blocked))
        while not pid_file.read_text():
            await asyncio.sleep(0)
        for pid in children_of(master.pid):
            if pid != link.pid:
                os.kill(pid, signal.SIGKILL)
        with pytest.raises(LaunchFailed) as caught:
            await launching
        return caught.value

    found = run(tmp_path, body)
    assert (found.op, found.subject) == ("setup", "the launched child: killed by signal 9")
