"""Namespaces made by runs, kept by the master, joined by launches: on the real kernel."""

import asyncio
import errno
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel import syscalls
from porto.launcher import ops, slots
from porto.launcher.ops import Finish, Finished, LaunchFailed, LaunchRequest, Pin, RunOutcome
from tests.fakes.waiting import heard
from tests.kernel.launches import NS, PRIVATE, stream
from tests.kernel.masters import Link, Master, children_of, execute, kill, request, run, shell
from tests.kernel.test_launcher_slots import open_directory
from tests.kernel.test_launcher_survival import die, gate, reload

pytestmark = pytest.mark.needs("root")

UTS, IPC, NET = syscalls.CLONE_NEWUTS, syscalls.CLONE_NEWIPC, syscalls.CLONE_NEWNET
USER, CGROUP = syscalls.CLONE_NEWUSER, syscalls.CLONE_NEWCGROUP
ALL = NS | UTS | IPC | NET | CGROUP
FILES = {NS: "mnt", UTS: "uts", IPC: "ipc", NET: "net", USER: "user", CGROUP: "cgroup"}


async def pinned(link: Link, name: str, *operations: ops.Op, keep: int = ALL) -> Finished:
    outcome = await link.client.prepared(request(name, *operations, Finish(keep)))
    assert isinstance(outcome, Finished), outcome
    return outcome


async def fetched(link: Link, pin: Pin) -> int | None:
    return await heard(lambda done: link.client.fetch(pin, done))


def joins(name: str, kinds: list[int]) -> tuple[list[ops.Op], tuple[Pin, ...]]:
    """Operations that join these namespaces in this order, and what they name."""
    listed = [ops.JoinNamespaces(number, kind) for number, kind in enumerate(kinds)]
    return listed, tuple(Pin(name, kind) for kind in kinds)


async def printed(link: Link, path: Path, wanted: LaunchRequest) -> str:
    path.unlink(missing_ok=True)
    await link.client.launch(wanted)
    assert await link.exit_of(wanted.launch_id) == 0, path.read_text()
    return path.read_text()


def descriptors(master: Master) -> list[str]:
    """What the master has open of namespaces."""
    found = []
    for fd in os.listdir(f"/proc/{master.pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{master.pid}/fd/{fd}"))
        except FileNotFoundError:
            continue
    return sorted(name for name in found if name.split(":")[0] in FILES.values())


SETUP = (
    ops.Unshare(ALL),
    PRIVATE,
    ops.SetHostname("portotest-pinned"),
    ops.Mount("portotest", "/mnt", "tmpfs", 0, "size=64k"),
    open_directory(0, "/mnt"),
    slots.MakeDirectoriesAt(0, "prepared", 0o755, 0, 0),
)


def test_what_was_prepared_is_found_by_a_later_launch(tmp_path: Path) -> None:
    out = tmp_path / "out"

    async def body(master: Master, link: Link) -> None:
        made = await pinned(link, "n:1", *SETUP)
        children = set(children_of(master.pid))
        assert len(children) == 2  # the daemon and the executor: nobody lives in them
        operations, fds = joins("n:1", [UTS, IPC, NET, CGROUP, NS])
        links = "; ".join(f"readlink /proc/self/ns/{FILES[kind]}" for kind in FILES)
        script = f"uname -n; ls /mnt; {links}; ls /proc/self/fd"
        wanted = request("a:1", stream(out), *operations, shell(script), fds=fds)
        host, found, *rest = (await printed(link, out, wanted)).split()
        assert (host, found) == ("portotest-pinned", "prepared")
        identities = {FILES[each.flag]: each.inode for each in made.namespaces}
        assert set(identities) == set(FILES.values()) - {"user"}
        assert {line for line in rest if "user" not in line} >= {
            f"{name}:[{inode}]" for name, inode in identities.items()
        }
        assert rest[6:] == ["0", "1", "2", "3"]  # ls has one more: the directory it reads

    run(tmp_path, body)
    assert "prepared" not in os.listdir("/mnt")  # the host saw nothing of it


def test_pins_outlive_daemons_and_the_masters_program(tmp_path: Path) -> None:
    out = tmp_path / "out"

    async def body(master: Master, link: Link) -> None:
        made = await pinned(link, "n:1", *SETUP)
        before = descriptors(master)
        assert len(before) == 5
        await die(link)
        link = await master.connected()
        assert link.client.pins == {"n:1": made.namespaces}
        link = await reload(master, link)
        assert link.client.pins == {"n:1": made.namespaces}
        link = await reload(master, link)
        assert descriptors(master) == before
        operations, fds = joins("n:1", [UTS, NS])
        script = "uname -n; ls /mnt; ls /proc/self/fd"
        wanted = request("a:1", stream(out), *operations, shell(script), fds=fds)
        text = await printed(link, out, wanted)
        assert text.split() == ["portotest-pinned", "prepared", "0", "1", "2", "3"]
        for child in children_of(master.pid):  # the next executor and daemon inherit nothing
            place = f"/proc/{child}/fd"
            names = {os.readlink(f"{place}/{fd}") for fd in os.listdir(place)}
            assert not names & set(before)
        link.client.forget("n:1")
        assert await fetched(link, Pin("n:1", NET)) is None
        assert descriptors(master) == []

    run(tmp_path, body)


def test_a_fetched_descriptor_is_the_namespace(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        made = await pinned(link, "n:1", *SETUP)
        for each in made.namespaces:
            fd = await fetched(link, Pin("n:1", each.flag))
            assert fd is not None
            status = os.fstat(fd)
            assert (status.st_dev, status.st_ino) == (each.device, each.inode)
            os.close(fd)

    run(tmp_path, body)


def test_a_hundred_runs_leave_no_descriptor(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        await pinned(link, "first", ops.Unshare(UTS), keep=UTS)
        link.client.forget("first")
        await pinned(link, "idle", keep=0)
        before = len(os.listdir(f"/proc/{master.pid}/fd"))
        for number in range(100):
            if number % 3 == 0:
                await pinned(link, f"n:{number}", ops.Unshare(UTS | NET), keep=UTS | NET)
                link.client.forget(f"n:{number}")
            elif number % 3 == 1:
                bad = request("n:x", ops.Unshare(UTS), ops.ChangeDirectory("/no"), Finish(UTS))
                assert isinstance(await link.client.prepared(bad), LaunchFailed)
            else:
                link.client.prepare(request("n:f", Finish(UTS)), lambda _: None)
                link.client.forget("n:f")
        await pinned(link, "idle", keep=0)
        assert len(os.listdir(f"/proc/{master.pid}/fd")) == before

    run(tmp_path, body)


def test_a_run_that_is_killed_pins_nothing(tmp_path: Path) -> None:
    fifo, mark = gate(tmp_path / "fifo"), tmp_path / "mark"
    mark.touch()

    async def body(master: Master, link: Link) -> None:
        await pinned(link, "n:1", ops.Unshare(UTS), keep=UTS)
        others = set(children_of(master.pid))
        told: asyncio.Queue[RunOutcome] = asyncio.Queue()
        blocked = request(
            "n:2",
            ops.Unshare(UTS),
            ops.JoinCgroup(str(mark)),  # "0" tells that the child has come so far
            ops.OpenStream(0, str(fifo), os.O_RDONLY),
            Finish(UTS),
        )
        link.client.prepare(blocked, told.put_nowait)
        while not mark.read_text():
            await asyncio.sleep(0)
        for child in set(children_of(master.pid)) - others:
            os.kill(child, signal.SIGKILL)
        outcome = await told.get()
        assert isinstance(outcome, LaunchFailed)
        assert outcome.subject == "the launched child: killed by signal 9"
        assert len(descriptors(master)) == 1

    run(tmp_path, body)


def test_a_run_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    fifo = gate(tmp_path / "fifo")

    async def body(master: Master, link: Link) -> None:
        wanted = request(
            *("n:1", ops.Unshare(UTS), ops.OpenStream(0, str(fifo), os.O_RDONLY), Finish(UTS)),
            timeout=0.2,
        )
        outcome = await link.client.prepared(wanted)
        assert isinstance(outcome, LaunchFailed)
        assert outcome.op == "timeout"
        assert descriptors(master) == []

    run(tmp_path, body)


def test_a_run_in_its_middle_does_not_outlive_a_reload(tmp_path: Path) -> None:
    fifo = gate(tmp_path / "fifo")

    async def body(master: Master, link: Link) -> None:
        await pinned(link, "n:1", ops.Unshare(UTS), keep=UTS)
        wanted = request(
            "n:2", ops.Unshare(UTS), ops.OpenStream(0, str(fifo), os.O_RDONLY), Finish(UTS)
        )
        link.client.prepare(wanted, lambda _: None)
        await pinned(link, "n:3", keep=0)  # it answers after the former was passed on
        link = await reload(master, link)
        assert set(link.client.pins) == {"n:1"}
        assert link.client.in_flight == frozenset()
        await pinned(link, "n:2", ops.Unshare(UTS), keep=UTS)
        assert len(descriptors(master)) == 2

    run(tmp_path, body)


@pytest.mark.parametrize("flags", [syscalls.CLONE_NEWPID, 1, UTS | 0x80])
def test_kinds_that_cannot_be_pinned(tmp_path: Path, flags: int) -> None:
    async def body(master: Master, link: Link) -> None:
        outcome = await link.client.prepared(request("n:1", Finish(flags)))
        assert isinstance(outcome, LaunchFailed)
        assert (outcome.op, outcome.errno) == ("Finish", errno.EINVAL)
        assert outcome.subject == f"namespaces {flags:#x}"
        assert descriptors(master) == []

    run(tmp_path, body)


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("few_descriptors")
def test_pins_never_take_what_launches_need(tmp_path: Path) -> None:
    async def body(master: Master, link: Link) -> None:
        for number in range(6):
            await pinned(link, f"n:{number}", ops.Unshare(ALL))
        refused = await link.client.prepared(request("n:6", ops.Unshare(ALL), Finish(ALL)))
        assert isinstance(refused, LaunchFailed)
        assert (refused.op, refused.errno) == ("Finish", errno.EMFILE)
        assert refused.subject == "5 more pinned namespaces"
        assert len(descriptors(master)) == 30
        await link.client.launch(request("a:1", command="true"))
        assert await link.exit_of("a:1") == 0
        link.client.forget("n:0")
        await pinned(link, "n:6", ops.Unshare(ALL))

    run(tmp_path, body)


def test_namespaces_of_a_user_are_joined_after_the_user(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.touch(mode=0o666)
    maps = ops.UnshareUsers("0 100000 1000", "0 100000 1000")

    async def body(master: Master, link: Link) -> None:
        operations = (ops.Unshare(IPC), maps, ops.Unshare(NET | UTS))
        await pinned(link, "n:1", *operations, keep=USER | UTS | NET | IPC)
        listed, fds = joins("n:1", [USER, NET, UTS])
        as_root = (ops.SetCredentials(0, 0, ()), ops.SetHostname("portotest-own"))
        script = "id -u; cat /proc/self/uid_map; uname -n"
        wanted = request("a:1", stream(out), *listed, *as_root, shell(script), fds=fds)
        text = await printed(link, out, wanted)
        assert text.split() == ["0", "0", "100000", "1000", "portotest-own"]
        # The user may do nothing with what was not made as his.
        listed, fds = joins("n:1", [USER, IPC])
        with pytest.raises(LaunchFailed) as caught:
            await link.client.launch(request("b:1", *listed, execute("true"), fds=fds))
        assert (caught.value.op, caught.value.errno) == ("JoinNamespaces", errno.EPERM)
        # In the other order he need not: all were opened before.
        listed, fds = joins("n:1", [IPC, USER])
        await link.client.launch(request("c:1", *listed, execute("true"), fds=fds))
        assert await link.exit_of("c:1") == 0

    run(tmp_path, body)


@pytest.mark.needs("kernel>=6.3")  # for tmpfs
def test_a_mount_gets_the_map_of_a_pinned_user_namespace(tmp_path: Path) -> None:
    out, source, target = tmp_path / "out", tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()

    async def body(master: Master, link: Link) -> None:
        maps = ops.UnshareUsers("0 100000 1", "0 200000 1")
        await pinned(link, "n:1", maps, keep=USER)
        wanted = request(
            "a:1",
            stream(out),
            ops.Unshare(NS),
            PRIVATE,
            slots.NewFilesystem(0, "tmpfs", ("mode=755",), 0),
            open_directory(1, source),
            slots.MoveMount(0, 1),
            slots.MakeFileAt(0, "file", 0o644, 0, 0),
            slots.CloneTree(2, 0, False),
            slots.FillSlot(3, 0),
            slots.SetMountAttributes(2, 0, 0, 0, False, user_ns=3),
            open_directory(4, target),
            slots.MoveMount(2, 4),
            shell(f"stat -c '%u %g' {target}/file"),
            fds=(Pin("n:1", USER),),
        )
        assert await printed(link, out, wanted) == "100000 200000\n"

    run(tmp_path, body)


def test_a_volume_is_linked_into_a_running_container(tmp_path: Path) -> None:
    """A run joins the container's mount namespace with a tree that it cloned on the host."""
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "data").write_text("of the volume\n")
    root = tmp_path / "root"
    (root / "yard").mkdir(parents=True)
    (root / "yard/link").symlink_to(tmp_path)  # set by the container: leads nowhere

    async def body(master: Master, link: Link) -> None:
        container = await link.client.launch(
            request("a:1", ops.Unshare(NS), PRIVATE, ops.Rest(), clone_flags=syscalls.CLONE_NEWPID)
        )
        pidfd = os.pidfd_open(container.init_pid)

        def linking(name: str, path: str) -> LaunchRequest:
            return request(
                name,
                open_directory(0, volume),
                slots.CloneTree(1, 0, False),
                slots.SetMountAttributes(1, syscalls.MOUNT_ATTR_RDONLY, 0, 0, False),
                ops.JoinNamespaces(0, NS),
                open_directory(2, root),
                slots.MakeDirectoriesAt(2, path, 0o755, 0, 0),
                slots.OpenSlot(3, 2, path, os.O_PATH, syscalls.RESOLVE_IN_ROOT),
                slots.MoveMount(1, 3),
                Finish(),
                fds=(pidfd,),
            )

        assert await link.client.prepared(linking("v:1", "yard/volume")) == Finished("v:1", ())
        inside = Path(f"/proc/{container.init_pid}/root{root}/yard/volume")
        assert (inside / "data").read_text() == "of the volume\n"
        refused = await link.client.prepared(linking("v:2", "yard/link/volume"))
        assert isinstance(refused, LaunchFailed)
        assert (refused.op, refused.errno) == ("MakeDirectoriesAt", errno.ENOTDIR)
        os.close(pidfd)
        kill(container.init_pid)
        assert await link.exit_of("a:1") == signal.SIGKILL

    run(tmp_path, body)
    assert list((root / "yard/volume").iterdir()) == []  # nothing of it on the host
    assert not (tmp_path / "volume/volume").exists()
