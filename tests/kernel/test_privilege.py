"""Who may do what: users without rights, and clients inside containers."""

import contextlib
import grp
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.message import Message

import porto
from porto.api import dispatch
from porto.exceptions import Permission, PortoException
from porto.wire import rpc_pb2
from tests.kernel.conftest import Daemon
from tests.kernel.peers import TIMEOUT_S, Peer, request
from tests.patience import until

NOBODY = 65534
ROOT = Path(porto.__file__).parents[1]

READS = {
    "list": {},
    "version": {},
    "propertyList": {},
    "dataList": {},
    "getProperty": {"name": "theirs", "property": "state"},
    "getData": {"name": "theirs", "data": "command"},
    "get": {"name": ["***"], "variable": ["state", "private"]},
    "wait": {"name": ["theirs"], "timeout_ms": 0},
    "ListContainersBy": {},
    "GetSystem": {},
}
WRITES = sorted(name for name, method in dispatch.table().items() if method.writes)


@contextlib.contextmanager
def acting_as(uid: int, gid: int) -> Iterator[None]:
    """Connections that are opened meanwhile are this user's."""
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


@pytest.fixture
def nobody(daemon: Daemon) -> Iterator[Peer]:
    """A connection of a user without any rights."""
    with acting_as(NOBODY, NOBODY):
        peer = Peer(daemon.socket)
    with peer:
        yield peer


@pytest.fixture
def theirs(conn) -> "object":
    """A container that belongs to that user, made by root."""
    container = conn.Create("theirs")
    container["command"] = "sleep 1000"
    container["owner_user"] = "nobody"
    container["user"] = "nobody"
    container.Start()
    return container


def complete(message: Message) -> None:
    """Give every required field a value."""
    for field in message.DESCRIPTOR.fields:
        if not field.is_required:
            continue
        if field.message_type is not None:
            inner = getattr(message, field.name)
            inner.SetInParent()
            complete(inner)
        elif field.cpp_type == field.CPPTYPE_STRING:
            own = field.name in ("name", "container")
            setattr(message, field.name, "theirs" if own else "private")
        else:
            setattr(message, field.name, 1)


@pytest.mark.parametrize("method", READS)
def test_everybody_may_read(nobody, theirs, method) -> None:
    answer = nobody.call(request(method, **READS[method]))
    assert answer.error == rpc_pb2.Success, answer.errorMsg


@pytest.mark.parametrize("method", WRITES)
def test_nobody_may_write(nobody, theirs, daemon, method) -> None:
    asked = rpc_pb2.TContainerRequest()
    inner = getattr(asked, method)
    inner.SetInParent()
    complete(inner)
    assert asked.IsInitialized()
    pid = theirs["root_pid"]
    answer = nobody.call(asked)
    assert answer.error == rpc_pb2.Permission, answer.errorMsg
    assert "Write access denied" in answer.errorMsg
    assert (theirs["state"], theirs["root_pid"]) == ("running", pid)
    assert daemon.connection().List() == ["theirs"]


def test_the_writes_are_all_there() -> None:
    assert {
        "create",
        "createWeak",
        "destroy",
        "start",
        "stop",
        "pause",
        "resume",
        "kill",
        "Respawn",
        "setProperty",
        "SetLabel",
        "IncLabel",
        "CreateFromSpec",
        "UpdateFromSpec",
        "attachProcess",
    } <= set(WRITES)
    assert set(READS).isdisjoint(WRITES)


def test_python_clients_get_the_exception(daemon, theirs) -> None:
    conn = daemon.connection(auto_reconnect=False)
    with acting_as(NOBODY, NOBODY):
        conn.connect()
    assert conn.List() == ["theirs"]
    for call in (
        lambda: conn.Create("mine"),
        lambda: conn.CreateWeakContainer("mine"),
        lambda: conn.SetProperty("theirs", "private", "x"),
        lambda: conn.Stop("theirs"),
        lambda: conn.Destroy("theirs"),
        lambda: conn.Kill("theirs", 9),
        lambda: conn.Run("mine", command="id"),
    ):
        with pytest.raises(Permission):
            call()


def test_files_of_the_daemon_are_closed_to_others(daemon) -> None:
    store = daemon.runtime / "porto" / "kvs"
    assert store.stat().st_mode & 0o007 == 0
    assert Path(daemon.socket).stat().st_mode & 0o777 == 0o666
    with acting_as(NOBODY, NOBODY):
        with pytest.raises(PermissionError):
            os.listdir(store)
        with pytest.raises(PermissionError):
            (daemon.containers / "evil.CT").write_text("command = id\n")


def test_members_of_group_porto_own_what_they_make(daemon, conn) -> None:
    try:
        group = grp.getgrnam("porto")
    except KeyError:
        pytest.skip("there is no group porto here")
    member = daemon.connection(auto_reconnect=False)
    with acting_as(NOBODY, group.gr_gid):
        member.connect()
    mine = member.Create("mine")
    assert mine["owner_user"] == "nobody"
    mine["command"] = "id -un"
    mine.Start()
    assert member.WaitContainers(["mine"], timeout=TIMEOUT_S) == "mine"
    assert mine["stdout"] == "nobody\n"
    conn.Create("roots")
    with pytest.raises(Permission):
        member.Destroy("roots")
    mine.Stop()
    mine["user"] = "root"
    with pytest.raises(Permission):
        mine.Start()
    with pytest.raises(Permission):
        mine["owner_user"] = "root"


# -- clients inside containers -------------------------------------------------------


class Inside:
    """Runs portoctl as the command of a container."""

    def __init__(self, daemon: Daemon, conn: "porto.Connection") -> None:
        self.daemon = daemon
        self.conn = conn
        self.serial = 0

    def box(self, name: str = "box", **properties: str) -> "object":
        """A container whose processes can be clients."""
        container = self.conn.Create(name)
        for key, value in properties.items():
            container[key] = value
        return container

    def portoctl(self, box: str, *words: str) -> "tuple[int, str, str]":
        """Exit code, output and errors of one command run in the box."""
        command = shlex.join([sys.executable, "-m", "porto.cli.portoctl", *words])
        self.conn.SetProperty(box, "command", command)
        self.conn.SetProperty(box, "env", f"PORTO_SOCKET: {self.daemon.socket}; PYTHONPATH: {ROOT}")
        self.conn.SetProperty(box, "cwd", "/")
        self.conn.Start(box)
        assert self.conn.WaitContainers([box], timeout=TIMEOUT_S) == box
        found = tuple(
            self.conn.GetProperty(box, prop) for prop in ("exit_code", "stdout", "stderr")
        )
        return int(found[0]), found[1], found[2]

    def again(self, box: str) -> None:
        """Ready for the next command."""
        self.conn.Stop(box)


@pytest.fixture
def inside(daemon: Daemon, conn) -> Inside:
    return Inside(daemon, conn)


def test_a_client_inside_acts_as_the_owner(inside, conn) -> None:
    inside.box()
    code, out, err = inside.portoctl("box", "run", "self/sub", "command=sleep 1000")
    assert (code, out, err) == (0, "", "")
    # The main task has ended and all below with it, but the container is there.
    assert conn.List() == ["box", "box/sub"]
    assert conn.GetProperty("box/sub", "owner_user") == "root"
    inside.again("box")
    code, out, err = inside.portoctl("box", "get", "self", "absolute_name")
    assert (code, out) == (0, "/porto/box\n")


def test_a_client_inside_a_poor_owners_box_cannot_write(inside, conn, tmp_path) -> None:
    if not readable_to_nobody():
        pytest.skip("the interpreter is not readable to user nobody")
    conn.Create("other")
    inside.box(owner_user="nobody", user="nobody", group="nogroup")
    code, out, _ = inside.portoctl("box", "list", "-1")
    assert (code, out) == (0, "box\nother\n")
    for words in (("create", "self/sub"), ("destroy", "other"), ("set", "self", "private=x")):
        inside.again("box")
        code, _, err = inside.portoctl("box", *words)
        assert code == rpc_pb2.Permission, (words, err)
        assert "Permission" in err
    assert conn.List() == ["box", "other"]


def readable_to_nobody() -> bool:
    done = subprocess.run(
        [sys.executable, "-c", "import porto.cli.portoctl.main"],
        check=False,
        capture_output=True,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return done.returncode == 0


def test_a_client_without_access_is_refused(inside, conn) -> None:
    inside.box(enable_porto="false")
    code, out, err = inside.portoctl("box", "list")
    assert code != 0
    assert out == ""
    assert "lost portod" in err
    # The word counts from the parents down.
    conn.Stop("box")
    inside.box("box/inner", enable_porto="true")
    conn.SetProperty("box", "command", "")
    code, _, err = inside.portoctl("box/inner", "list")
    assert code != 0
    assert "lost portod" in err


def test_read_only_sees_all_and_changes_nothing(inside, conn) -> None:
    conn.Create("other")
    inside.box(enable_porto="read-only")
    code, out, _ = inside.portoctl("box", "list", "-1")
    assert (code, out) == (0, "box\nother\n")
    for words in (("create", "self/sub"), ("destroy", "other"), ("create", "new")):
        inside.again("box")
        code, _, err = inside.portoctl("box", *words)
        assert code == rpc_pb2.Permission
        assert "Write access denied" in err
    assert conn.List() == ["box", "other"]


def test_read_isolate_sees_its_own_subtree_only(inside, conn) -> None:
    conn.Create("other")
    inside.box(enable_porto="read-isolate")
    conn.Create("box/sub")
    code, out, _ = inside.portoctl("box", "list", "-1")
    assert (code, out) == (0, "sub\n")
    for words, status in (
        (("get", "sub", "absolute_name"), 0),
        (("pget", "other", "state"), rpc_pb2.ContainerDoesNotExist),
        (("pget", "/porto/other", "state"), rpc_pb2.Permission),
        (("pget", "/porto/box/../other", "state"), rpc_pb2.Permission),
        (("destroy", "sub"), rpc_pb2.Permission),
        (("create", "new"), rpc_pb2.Permission),
    ):
        inside.again("box")
        code, _, err = inside.portoctl("box", *words)
        assert code == status, (words, code, err)
    assert conn.List() == ["box", "box/sub", "other"]


def test_isolate_writes_below_itself_only(inside, conn) -> None:
    conn.Create("other")
    inside.box(enable_porto="isolate")
    code, _, err = inside.portoctl("box", "create", "new")
    assert (code, err) == (0, "")
    assert conn.List() == ["box", "box/new", "other"]
    for words in (("destroy", "/porto/other"), ("create", "/porto/second"), ("destroy", "self")):
        inside.again("box")
        code, _, err = inside.portoctl("box", *words)
        assert code == rpc_pb2.Permission, (words, code, err)
    assert conn.List() == ["box", "box/new", "other"]


def test_access_that_is_withdrawn_ends_the_connection(inside, conn, daemon) -> None:
    box = inside.box()
    box["command"] = shlex.join(
        [sys.executable, "-m", "porto.cli.portoctl", "wait", "-A", "-T", "60", "***"]
    )
    box["env"] = f"PORTO_SOCKET: {daemon.socket}; PYTHONPATH: {ROOT}"
    box["cwd"] = "/"
    box.Start()
    until(lambda: "running" in box["stdout"], "the client is served")
    box["enable_porto"] = "false"
    box.Stop(timeout=5)
    code, _, err = inside.portoctl("box", "list")
    assert code != 0
    assert "lost portod" in err


def test_descriptors_of_the_client_only_with_its_own_rights(daemon, conn, tmp_path) -> None:
    """/dev/fd/N of a client is what that client has open, nothing of the daemon's."""
    container = conn.Create("a")
    container["command"] = "true"
    container["stdout_path"] = "/dev/fd/1000"
    with pytest.raises(PortoException) as caught:
        container.Start()
    assert "/dev/fd/1000" in str(caught.value)
