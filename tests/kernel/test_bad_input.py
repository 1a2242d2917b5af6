"""Hostile input meets a real daemon: exact answers, bounded memory, others are served."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import porto
from porto.exceptions import (
    ContainerDoesNotExist,
    InvalidLabel,
    InvalidProperty,
    InvalidValue,
    NoSpace,
    Unknown,
)
from porto.wire import rpc_pb2
from porto.wire.framing import frame, varint
from tests.kernel.conftest import Daemon
from tests.kernel.peers import (
    TIMEOUT_S,
    Peer,
    children,
    open_files,
    request,
    resident_kb,
)
from tests.patience import until

MIB = 1 << 20
GROWTH_KB = 64 << 10
MAX_MSG_LEN = 32 << 20
VERSION = frame(request("version").SerializeToString())


@pytest.fixture
def peer(daemon: Daemon) -> Iterator[Peer]:
    with Peer(daemon.socket) as made:
        yield made


@pytest.fixture(autouse=True)
def _nothing_else_changes(request: pytest.FixtureRequest) -> Iterator[None]:
    """A container of somebody else and the daemon itself survive every test."""
    daemon = next(
        (
            request.getfixturevalue(name)
            for name in ("daemon", "own_daemon", "small_daemon", "tight_daemon")
            if name in request.fixturenames
        ),
        None,
    )
    if daemon is None:
        yield
        return
    conn = daemon.connection()
    other = conn.Create("somebody-else")
    other["command"] = "sleep 1000"
    other["private"] = "untouched"
    other.Start()
    before = (other["root_pid"], other["creation_time[raw]"])
    pids = (daemon.pid("master"), daemon.pid("daemon"))
    yield
    assert (daemon.pid("master"), daemon.pid("daemon")) == pids
    assert other["state"] == "running"
    assert other["private"] == "untouched"
    assert (other["root_pid"], other["creation_time[raw]"]) == before
    other.Destroy()
    conn.disconnect()


def served(daemon: Daemon) -> bool:
    """Whether a new client gets its answer."""
    with Peer(daemon.socket) as other:
        return other.call(request("version")).error == rpc_pb2.Success


# -- frames ------------------------------------------------------------------


@pytest.mark.parametrize("size", [MAX_MSG_LEN + 1, 1 << 40, (1 << 64) - 1])
def test_an_oversized_frame_closes_the_connection(daemon, peer, size) -> None:
    peer.send(varint(size))
    assert peer.hung_up()
    assert served(daemon)


def test_a_frame_of_the_largest_size_is_read(daemon, peer) -> None:
    before = resident_kb(daemon.pid("daemon"))
    padded = request("version").SerializeToString()
    # An unknown field beside a known one is ignored, and can have any length.
    room = MAX_MSG_LEN - len(padded) - 7
    padded += varint(3000 << 3 | 2) + varint(room) + bytes(room)
    assert len(padded) == MAX_MSG_LEN
    peer.send(frame(padded))
    assert peer.receive().error == rpc_pb2.Success
    # Given back: the largest frame was in memory, it does not stay there.
    until(
        lambda: resident_kb(daemon.pid("daemon")) < before + GROWTH_KB, "the memory is given back"
    )


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff" * 100,
        b"\x00" * 3,  # field number 0
        b"\x0b",  # a group that never ends
        b"\x0b" * 5000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        bytes(range(1, 256)),
        b"\x0a\x7f",  # create, 127 bytes announced, none there
        b"\x0a\x00",  # create without its required name
        b"\x0a\x04\x0a\x02\xff\xff\x0a",
    ],
    ids=lambda data: data[:8].hex(),
)
def test_garbage_closes_the_connection(daemon, peer, garbage) -> None:
    peer.send(frame(garbage))
    assert peer.hung_up()
    assert served(daemon)


def test_garbage_after_a_request_spares_its_answer(daemon, peer) -> None:
    peer.send(VERSION + frame(b"\xff" * 100) + VERSION)
    assert peer.receive().error == rpc_pb2.Success
    assert peer.hung_up()


def test_a_name_that_is_no_utf8_is_refused(peer, daemon) -> None:
    peer.send(frame(b"\x0a\x04\x0a\x02\xff\xfe"))
    # proto2 strings are not checked by every parser: an answer or the end, never a container.
    with suppress(ConnectionResetError):
        assert peer.receive().error == rpc_pb2.InvalidValue
    assert daemon.connection().List() == ["somebody-else"]


def test_a_count_that_never_ends_keeps_no_memory(daemon, peer) -> None:
    before = resident_kb(daemon.pid("daemon"))
    for _ in range(128):
        peer.send(b"\xff" * MIB)
    assert served(daemon)
    assert peer.silent()
    assert resident_kb(daemon.pid("daemon")) < before + GROWTH_KB


@pytest.mark.parametrize("message", [b"", b"\xfa\xff\x03\x00", b"\xf8\xff\x03\x05"])
def test_no_known_method_is_answered(peer, message) -> None:
    """The empty frame, and methods of another world; the connection goes on."""
    peer.send(frame(message))
    answer = peer.receive()
    assert (answer.error, answer.errorMsg) == (
        rpc_pb2.InvalidMethod,
        "cannot run a request without a known method",
    )
    assert peer.call(request("version")).error == rpc_pb2.Success


def test_several_methods_run_none_of_them(daemon, peer) -> None:
    several = request("create", name="a")
    several.destroy.name = "somebody-else"
    answer = peer.call(several)
    assert answer.error == rpc_pb2.InvalidMethod
    assert "create, destroy" in answer.errorMsg
    assert daemon.connection().List() == ["somebody-else"]
    assert peer.call(request("version")).error == rpc_pb2.Success


def test_a_method_of_a_later_release_is_answered(peer) -> None:
    answer = peer.call(request("ResizeMetaStorage", name="x", place=""))
    assert answer.error in (rpc_pb2.NotSupported, rpc_pb2.InvalidMethod)
    assert answer.errorMsg
    assert peer.call(request("version")).error == rpc_pb2.Success


# -- names and properties ------------------------------------------------------


def test_unknown_properties(conn) -> None:
    container = conn.Create("a")
    for name in ("nonsense", "", "command ", "COMMAND", "no.such_knob", "x" * MIB, "state\n", "é"):
        with pytest.raises(InvalidProperty):
            container.SetProperty(name, "x")
        with pytest.raises((InvalidProperty, porto.exceptions.InvalidState)):
            container.GetProperty(name)
    with pytest.raises(InvalidProperty, match="nonsense"):
        container.GetProperty("nonsense")
    with pytest.raises((InvalidProperty, porto.exceptions.InvalidValue)):
        container.SetProperty("command[0]", "x")
    with pytest.raises(InvalidProperty):
        container.GetData("nonsense")
    found = conn.Get(["a", "nobody"], ["state", "nonsense"])
    assert found["a"]["state"] == "stopped"
    assert isinstance(found["a"]["nonsense"], InvalidProperty)
    assert isinstance(found["nobody"]["state"], ContainerDoesNotExist)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/a",
        "a/",
        "a//b",
        "//",
        "self/self",
        "a/self",
        "a/.",
        "self",
        ".",
        "a\nb",
        "a\tb",
        "a\x00b",
        "a\x7fb",
        "a\x1b[31m",
        "a b",
        "a;b",
        "ä",
        "a" * 129,
        "b/" + "a" * 129,
        "/".join(["a" * 67] * 3),
        "a" * MIB,
        "/".join(["a"] * 17),
        "/" * MIB,
        "%s",
        "$(id)",
        "*",
    ],
    ids=lambda name: repr(name[:12]),
)
def test_bad_names(conn, name) -> None:
    parts = name.split("/")
    made = []
    if all(parts) and name.isascii() and len(name) < 200 and len(parts) > 1:
        # With its parents there, the name alone is at fault.
        for depth in range(1, min(len(parts), 17)):
            parent = "/".join(parts[:depth])
            if parent not in ("self",):
                made.append(conn.Create(parent))
    with pytest.raises(InvalidValue):
        conn.Create(name)
    with pytest.raises(InvalidValue):
        conn.CreateWeakContainer(name)
    for call in (conn.Start, conn.Destroy, conn.Stop, conn.Pause):
        with pytest.raises((ContainerDoesNotExist, InvalidValue, porto.exceptions.Permission)):
            call(name or "nobody")


def test_names_of_the_largest_size(conn) -> None:
    conn.Create("a" * 128)
    name = "d"
    conn.Create(name)
    for _ in range(15):
        name += "/d"
        conn.Create(name)
    long = "x" * 99
    conn.Create(long)
    conn.Create(f"{long}/{'y' * 100}")
    assert len(f"{long}/{'y' * 100}") == 200
    assert conn.GetProperty(name, "level") == "16"


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("command", "x" * MIB, InvalidValue),
        ("command_argv", "x\t" * (MIB // 2), InvalidValue),
        ("private", "x" * MIB, InvalidValue),
        ("env", "A=" + "x" * MIB, (InvalidValue, Unknown)),
        ("env", "A=1;" * (MIB // 4), None),
        ("labels", "TEST.a: " + "x" * MIB, (InvalidLabel, InvalidValue)),
        ("TEST.a", "x" * MIB, (InvalidLabel, InvalidValue)),
        ("cwd", "/" + "x" * MIB, InvalidValue),
        ("stdout_path", "/" + "x" * MIB, InvalidValue),
        ("user", "x" * MIB, InvalidValue),
        ("ulimit", "nofile: 1 1;" * (MIB // 12), None),
        ("ulimit", "x" * MIB, InvalidValue),
        ("thread_limit", "9" * MIB, InvalidValue),
        ("umask", "7" * MIB, InvalidValue),
        ("isolate", "t" * MIB, Unknown),
        ("aging_time", "1" * MIB, InvalidValue),
        ("enable_porto", "t" * MIB, InvalidValue),
        ("porto_namespace", "n" * MIB, (InvalidValue, Unknown)),
        ("stdout_limit", "1" * MIB, InvalidValue),
    ],
    ids=lambda item: item[:20] if isinstance(item, str) else "",
)
def test_a_value_of_one_mebibyte(conn, name, value, error) -> None:
    container = conn.Create("a")
    before = container.GetProperty(name) if name != "TEST.a" else None
    if error is None:
        container.SetProperty(name, value)
        return
    with pytest.raises(error) as caught:
        container.SetProperty(name, value)
    assert len(str(caught.value)) < 1000
    if before is not None:
        assert container.GetProperty(name) == before
    container["command"] = "true"
    container.Start()
    assert conn.WaitContainers(["a"], timeout=TIMEOUT_S) == "a"


def test_an_environment_too_large_for_exec_fails_the_start(conn) -> None:
    container = conn.Create("a")
    container["command"] = "true"
    container["env"] = "A=" + "x" * (200 << 10)
    with pytest.raises((InvalidValue, porto.exceptions.InvalidCommand, Unknown)) as caught:
        container.Start()
    assert "cannot start a" in str(caught.value)
    assert container["state"] == "stopped"
    container["env"] = ""
    container.Start()


# -- files -----------------------------------------------------------------------


def problems(daemon: Daemon) -> str:
    return daemon.portoctl("status", check=False).stdout


def test_a_huge_file_and_noise_change_nothing(daemon, conn) -> None:
    before = resident_kb(daemon.pid("daemon"))
    daemon.containers.mkdir(parents=True, exist_ok=True)
    huge, noise, zeros, real = (
        daemon.containers / f"{name}.CT" for name in ("huge", "noise", "zeros", "real")
    )
    with huge.open("wb") as file:
        file.truncate(100 * MIB)
    noise.write_bytes(os.urandom(512 << 10))
    zeros.write_bytes(bytes(900_000))
    with real.open("wb") as file:
        for _ in range(100):
            file.write(b"name = real\n" * (MIB // 12))
    try:
        for path in (huge, noise, zeros, real):
            until(lambda p=path: str(p) in problems(daemon), f"{path} is reported")
        listed = problems(daemon)
        assert "larger" in listed
        assert len(listed) < 100_000
        assert conn.List() == ["somebody-else"]
        assert resident_kb(daemon.pid("daemon")) < before + GROWTH_KB
    finally:
        for path in (huge, noise, zeros, real):
            path.unlink()
    until(lambda: str(noise) not in problems(daemon), "what is gone is not reported")


# -- full disks --------------------------------------------------------------------


@pytest.fixture
def small_disk(daemon: Daemon) -> Iterator[Path]:
    """A tmpfs of 1 MiB where containers may write."""
    path = daemon.directory / "small"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "portotest", path], check=True)
    yield path
    subprocess.run(["umount", "-l", path], check=True)
    path.rmdir()


def test_a_full_disk_under_stdout_is_the_tasks_problem(daemon, conn, small_disk) -> None:
    container = conn.Create("a")
    container["command"] = "sh -c 'head -c 4M /dev/zero; echo $? >&2; exec sleep 1000'"
    container["stdout_path"] = str(small_disk / "out")
    container.Start()
    until(lambda: container["stderr"].endswith("1\n"), "the task sees ENOSPC")
    assert "No space left" in container["stderr"]
    assert (small_disk / "out").stat().st_size == MIB
    assert container["state"] == "running"
    assert len(container["stdout"]) == MIB
    # A start on a full disk.
    second = conn.Create("b")
    second["command"] = "sh -c 'echo hello; echo $? >&2'"
    second["stdout_path"] = str(small_disk / "second")
    second.Start()
    assert conn.WaitContainers(["b"], timeout=TIMEOUT_S) == "b"
    assert second["stdout"] == ""
    container.Stop(timeout=0)
    container.Destroy()
    second.Destroy()


@pytest.fixture(scope="module")
def tight_daemon(make_daemon) -> Daemon:
    """A daemon with room for few records."""
    return make_daemon("keyvalue_size: 262144")


def test_a_full_store_refuses_and_still_destroys(tight_daemon) -> None:
    conn = tight_daemon.connection()
    kept = conn.Create("kept")
    kept["command"] = "sleep 1000"
    kept["private"] = "old"
    kept.Start()

    def fill() -> None:
        for number in range(1000):
            conn.Create(f"fill-{number}")["private"] = "x" * 3900

    def add_one() -> None:
        for _ in range(100):
            conn.Create("one-more")
            kept["private"] = "y" * 4096

    with pytest.raises(NoSpace, match="cannot"):
        fill()
    names = set(conn.List())
    # Whatever the last step was, the next ones fail the same way and change nothing.
    with pytest.raises(NoSpace, match="cannot save the record of"):
        add_one()
    if "one-more" in conn.List():
        names.add("one-more")
    assert set(conn.List()) == names
    with pytest.raises(NoSpace):
        kept["private"] = "z" * 4000
    assert kept["private"] == "old"
    assert kept["state"] == "running"
    # Not one page is left, and yet everything can go.
    for name in sorted(names - {"somebody-else"}):
        conn.Destroy(name)
    assert conn.List() == ["somebody-else"]
    again = conn.Create("again")
    again["private"] = "there is room"
    again.Destroy()


# -- clients that do not behave -------------------------------------------------------


@pytest.mark.lengthy
def test_two_hundred_hostile_clients(daemon, conn) -> None:
    pid = daemon.pid("daemon")
    # Statistics that were read once stay open, whoever has read them.
    conn.Get(["***", "somebody-else"], conn.Plist())
    files, memory = open_files(pid), resident_kb(pid)
    silent = [Peer(daemon.socket) for _ in range(50)]
    halves = [Peer(daemon.socket) for _ in range(50)]
    greedy = [Peer(daemon.socket) for _ in range(50)]
    deaf = [Peer(daemon.socket) for _ in range(50)]
    try:
        for half in halves:
            half.send(varint(MAX_MSG_LEN)[:3])
            assert half.silent()
        for one in greedy:
            one.send(varint(MAX_MSG_LEN) + b"\x0a")
            one.socket.setblocking(False)
            try:
                while True:
                    one.socket.send(bytes(64 << 10))
                    if resident_kb(pid) > memory + GROWTH_KB:
                        break
            except BlockingIOError:
                pass
        much = frame(
            request("get", name=["***", "somebody-else"], variable=conn.Plist()).SerializeToString()
        )
        for one in deaf:
            assert one.send_ahead(much) > 1
        for _ in range(100):
            assert conn.GetProperty("somebody-else", "state") == "running"
        assert served(daemon)
        other = conn.Create("served")
        other["command"] = "true"
        other.Start()
        assert conn.WaitContainers(["served"], timeout=TIMEOUT_S) == "served"
        other.Destroy()
        assert resident_kb(pid) < memory + GROWTH_KB
        assert all(one.silent() for one in silent)
    finally:
        for one in (*silent, *halves, *greedy, *deaf):
            one.socket.close()
    until(lambda: open_files(pid) <= files, f"the descriptors are back to {files}")
    assert resident_kb(pid) < memory + GROWTH_KB
    assert "Z" not in children(daemon.pid("master")).values()


@pytest.fixture(scope="module")
def small_daemon(make_daemon) -> Daemon:
    """A daemon whose frames are small, so that its limits are reached soon."""
    return make_daemon("daemon { max_msg_len: 1048576 }")


def test_large_replies_that_nobody_reads_are_bounded(small_daemon) -> None:
    """Many clients ask for kept output and read none of it."""
    conn = small_daemon.connection()
    talker = conn.Create("talker")
    talker["command"] = "sh -c 'head -c 2M /dev/zero | tr \"\\0\" x; exec sleep 1000'"
    talker.Start()
    until(lambda: len(talker["stdout"]) == 2 * MIB, "all is written")
    pid = small_daemon.pid("daemon")
    memory = resident_kb(pid)
    ask = frame(request("getProperty", name="talker", property="stdout").SerializeToString())
    deaf = [Peer(small_daemon.socket) for _ in range(60)]
    try:
        for one in deaf:
            one.send(ask * 10)
        assert served(small_daemon)
        assert resident_kb(pid) < memory + GROWTH_KB
        # Who reads gets all of it.
        assert len(conn.GetProperty("talker", "stdout")) == 2 * MIB
    finally:
        for one in deaf:
            one.socket.close()
    talker.Destroy()


def test_one_request_cannot_ask_for_gigabytes(small_daemon) -> None:
    conn = small_daemon.connection()
    talker = conn.Create("talker")
    talker["command"] = "sh -c 'head -c 1M /dev/zero | tr \"\\0\" x; exec sleep 1000'"
    talker.Start()
    until(lambda: len(talker["stdout"]) == MIB, "all is written")
    memory = resident_kb(small_daemon.pid("daemon"))
    with Peer(small_daemon.socket) as greedy:
        for asked in (
            request("get", name=["talker"], variable=["stdout"] * 1000),
            request("get", name=["talker"] * 1000, variable=["stdout"]),
            request("get", name=["talker"] * 3, variable=["stdout[0:1048576]", "state"] * 1000),
        ):
            answer = greedy.call(asked)
            assert answer.error == rpc_pb2.ResourceNotAvailable
            assert "cannot get" in answer.errorMsg
    assert resident_kb(small_daemon.pid("daemon")) < memory + GROWTH_KB
    talker.Destroy()


def test_a_half_frame_is_finished_after_a_long_time(peer, daemon) -> None:
    message = VERSION
    for byte in message:
        peer.send(bytes((byte,)))
        assert served(daemon)
    assert peer.receive().error == rpc_pb2.Success


def test_a_client_that_dies_within_its_request_is_forgotten(daemon, conn) -> None:
    pid = daemon.pid("daemon")
    conn.Version()
    sleeper = conn.Create("sleeper")
    sleeper["command"] = "sleep 1000"
    sleeper.Start()
    files = open_files(pid)
    peers = [Peer(daemon.socket) for _ in range(20)]
    for peer in peers:
        peer.send(frame(request("wait", name=["sleeper"]).SerializeToString()))
    assert served(daemon)
    for peer in peers:
        peer.socket.close()
    until(lambda: open_files(pid) <= files, "waiting clients are let go")
