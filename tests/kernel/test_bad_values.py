"""Every row of bad values on a daemon: the code, the message, spec and kernel unchanged.

Rows come from the property registry (tests/rows.py). One stopped and one running
container serve all of them, so each row also shows that the ones before left nothing.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import porto
from porto.spec.codecs.controllers import WORDS
from porto.spec.containers.spec import PROPERTIES
from porto.spec.errors import EError
from porto.spec.prop import Property
from porto.wire import rpc_pb2
from porto.wire.framing import frame
from tests import rows
from tests.kernel.peers import Peer, request
from tests.rows import ROWS, Row

pytestmark = pytest.mark.needs("root", "cgroup")

STATES = ("stopped", "running")
CHILD = "bad-running/child"
"""Started without the controllers that first-level containers have."""
CHANGES = {"anon_only": "true", "recharge_on_pgfault": "true", "memory_guarantee": "1M"}
"""Values other than the default, where the example is the default or more than there is."""

UNSET = {"weak", "controllers"}
"""Whose examples would end the container or take its limits away."""

PARSED_FIRST = {"owner_user", "owner_group"}
"""The client's right to the value is looked at before the container's state."""

COUNTERS = ("failcnt", "max_usage_in_bytes", ".peak", ".pressure", "event_control", "usage")
MEMBERS = {"tasks", "cgroup.procs", "cgroup.threads"}
FACTS = ("Cpus_allowed_list", "Seccomp", "CapBnd")


@dataclass
class Bench:
    """The containers of this module, and what is known of the host."""

    conn: "porto.Connection"
    socket: str
    peer: Peer
    supported: frozenset[str]
    groups: list[str]
    pid: int
    before: dict[str, str] = field(default_factory=dict)

    def put(self, row: Row, state: str) -> "rpc_pb2.TContainerResponse":
        """One setProperty."""
        asked = request("setProperty", name=name_of(state), property=row.name, value=row.text)
        return self.peer.call(asked)

    def put_bytes(self, row: Row, state: str) -> EError | None:
        """The same for a text that is not UTF-8; None when the daemon hangs up.

        proto2 strings are not checked by every parser: an answer or the end.
        """
        raw = row.text.encode(errors="surrogateescape")
        stand_in = "\x02" * len(raw)
        asked = request("setProperty", name=name_of(state), property=row.name, value=stand_in)
        data = asked.SerializeToString().replace(stand_in.encode(), raw)
        with Peer(self.socket) as peer:
            peer.send(frame(data))
            with contextlib.suppress(ConnectionResetError):
                return EError(peer.receive().error)
        return None

    def kernel(self) -> dict[str, str]:
        """Every knob of the running container, and what the kernel keeps of its task."""
        found = {}
        for directory in self.groups:
            for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
                if entry.is_dir() or entry.name in MEMBERS or entry.name.endswith(COUNTERS):
                    continue
                if entry.stat().st_mode & 0o600 == 0o600:
                    # EINVAL, EOPNOTSUPP: not for reading, whatever its mode says.
                    with contextlib.suppress(OSError):
                        found[entry.path] = Path(entry.path).read_text()
        proc = Path(f"/proc/{self.pid}")
        found["limits"] = (proc / "limits").read_text()
        found["oom_score_adj"] = (proc / "oom_score_adj").read_text()
        lines = (proc / "status").read_text().splitlines()
        found["status"] = "\n".join(line for line in lines if line.startswith(FACTS))
        found["policy"] = str(os.sched_getscheduler(self.pid))
        found["nice"] = str(os.getpriority(os.PRIO_PROCESS, self.pid))
        return found


def name_of(state: str) -> str:
    return f"bad-{state}"


def own_groups(container: "porto.Container") -> list[str]:
    """Directories that are this container's alone, their leaves included."""
    paths = {pair.split(": ")[1] for pair in container["cgroups"].split("; ")}
    own = [path for path in sorted(paths) if path.endswith(container.name)]
    assert own
    leaves = [f"{path}/%leaf" for path in own if os.path.isdir(f"{path}/%leaf")]
    return own + leaves


def fill(container: "porto.Container") -> None:
    """Set what can be set to the example, so that an old value is not just the default."""
    for prop in rows.settable():
        if prop.name not in UNSET:
            with contextlib.suppress(porto.exceptions.PortoException):
                container.SetProperty(prop.name, prop.prop.example)


@pytest.fixture(scope="module")
def bench(shared_daemon) -> Iterator[Bench]:
    conn = shared_daemon.connection()
    stopped, running = (conn.Create(name_of(state)) for state in STATES)
    fill(stopped)
    running["command"] = "sleep 100000"
    running.Start()
    fill(running)
    child = conn.Create(CHILD)
    child["command"] = "sleep 100000"
    child.Start()
    peer = Peer(shared_daemon.socket)
    supported = frozenset(conn.Plist())
    made = Bench(
        conn, shared_daemon.socket, peer, supported, own_groups(running), int(running["root_pid"])
    )
    made.before = made.kernel()
    yield made
    assert made.kernel() == made.before
    peer.socket.close()
    for container in (stopped, running):
        container.Destroy()
    conn.disconnect()


def expected(row: Row, state: str, supported: frozenset[str]) -> EError:
    """The code; whether there is such an element is looked at before the state."""
    prop = PROPERTIES[row.prop]
    code = row.stopped if state == "stopped" else row.running
    assert code is not None
    if row.index is not None and not prop.indexed:
        return EError.InvalidValue
    if prop.name not in supported and not prop.prop.hidden:
        return EError.NotSupported
    if state == "running" and not prop.prop.dynamic and prop.name not in PARSED_FIRST:
        return EError.InvalidState
    return code


def cases() -> list[object]:
    return [
        pytest.param(row, state, id=f"{row.prop}-{row.id}-{state}")
        for row in ROWS
        for state, code in zip(STATES, (row.stopped, row.running), strict=True)
        if code is not None
    ]


@pytest.mark.lengthy
@pytest.mark.parametrize(("row", "state"), cases())
def test_a_bad_value_changes_nothing(bench: Bench, row: Row, state: str) -> None:
    name = name_of(state)
    code = expected(row, state, bench.supported)
    readable = row.prop in bench.supported
    before = bench.conn.GetProperty(name, row.prop) if readable else None
    if rows.NOT_UTF8 in row.text:
        assert bench.put_bytes(row, state) in (EError.InvalidValue, None)
    else:
        answer = bench.put(row, state)
        text = answer.errorMsg
        assert EError(answer.error) is code, text
        assert f"cannot set {row.prop}" in text
        assert f" of {name}" in text
        assert len(text) < 1000
        if code not in (EError.InvalidState, EError.NotSupported):
            assert shown(row.text) in text
    if readable:
        assert bench.conn.GetProperty(name, row.prop) == before
    assert bench.conn.GetProperty(name, "state") == state
    if state == "running" and (row.host or row.id in ("word", "huge", "beyond", "nonsense")):
        assert bench.kernel() == bench.before


def shown(text: str) -> str:
    """The beginning of a value as messages quote it."""
    stripped = text.strip(" \t\n")
    return repr(stripped[:20])[1:-1]


NEEDING = [
    prop
    for prop in rows.settable()
    if prop.prop.dynamic and set(prop.prop.needs).intersection(WORDS)
]


@pytest.mark.parametrize("prop", NEEDING, ids=lambda prop: prop.name)
def test_a_running_container_without_the_controller_is_refused(
    bench: Bench, prop: Property
) -> None:
    enabled = bench.conn.GetProperty(CHILD, "controllers")
    readable = prop.name in bench.supported
    before = bench.conn.GetProperty(CHILD, prop.name) if readable else None
    value = CHANGES.get(prop.name, prop.prop.example)
    asked = request("setProperty", name=CHILD, property=prop.name, value=value)
    answer = bench.peer.call(asked)
    assert EError(answer.error) is EError.NotSupported, answer.errorMsg
    assert f"cannot set {prop.name} of {CHILD}" in answer.errorMsg
    if readable:
        assert bench.conn.GetProperty(CHILD, prop.name) == before
    assert bench.conn.GetProperty(CHILD, "controllers") == enabled
    assert bench.conn.GetProperty(CHILD, "state") == "running"
    assert bench.kernel() == bench.before


@pytest.mark.parametrize("prop", rows.read_only())
def test_what_is_only_read_is_not_set(bench: Bench, prop: str) -> None:
    code = EError.InvalidValue
    if prop not in bench.supported and not PROPERTIES[prop].prop.hidden:
        code = EError.NotSupported
    for state in STATES:
        answer = bench.put(Row(prop, "", "1", code, code), state)
        assert EError(answer.error) is code, answer.errorMsg
        assert f"cannot set {prop} of {name_of(state)}" in answer.errorMsg


@pytest.mark.parametrize(
    ("prop", "code"),
    [
        ("", EError.InvalidProperty),
        ("nonsense", EError.InvalidProperty),
        ("memory_limit[]", EError.InvalidProperty),
        ("[x]", EError.InvalidProperty),
        ("env[", EError.InvalidProperty),
        ("memory.no_such_knob", EError.InvalidProperty),
        ("cgroup.procs", EError.InvalidProperty),
        ("pids.max", EError.InvalidProperty),
        ("..", EError.InvalidProperty),
        ("x" * 100_000, EError.InvalidProperty),
    ],
    ids=lambda item: item[:20] if isinstance(item, str) else "",
)
def test_an_unknown_property_is_told_as_such(bench: Bench, prop: str, code: EError) -> None:
    for state in STATES:
        answer = bench.put(Row(prop, "", "1", code, code), state)
        assert EError(answer.error) is code, answer.errorMsg
        assert len(answer.errorMsg) < 1000
    assert bench.kernel() == bench.before


def test_nobody_sets_a_property_of_the_host(bench: Bench) -> None:
    for prop in ("memory_limit", "controllers", "private", "state", "nonsense"):
        asked = request("setProperty", name="/", property=prop, value="1")
        assert EError(bench.peer.call(asked).error) is EError.Permission


def test_all_rows_left_the_kernel_as_it_was(bench: Bench) -> None:
    """The last test: where a row did change something, this one says what."""
    assert bench.kernel() == bench.before
