"""Controllers, the places of cgroups, raw knobs and leftovers, on a whole daemon."""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import porto
from porto.exceptions import (
    InvalidProperty,
    InvalidState,
    InvalidValue,
    NotSupported,
    Permission,
    Unknown,
)
from porto.kernel.cgroup.hierarchies import parse_mountinfo
from porto.kernel.cgroup.knobs import MARK
from porto.spec.codecs.controllers import WORDS
from porto.wire import rpc_pb2
from tests.kernel.conftest import Daemon
from tests.kernel.peers import Peer
from tests.patience import patient, until

pytestmark = pytest.mark.needs("root", "cgroup")

SLEEP = "sleep 100000"
END_S = patient(20.0)


def mounted() -> list[frozenset[str]]:
    """Controllers of each v1 hierarchy; empty on a v2 host."""
    found = parse_mountinfo(Path("/proc/self/mountinfo").read_text().splitlines())
    split = [hierarchy.controllers for hierarchy in found if not hierarchy.unified]
    return split if any("freezer" in controllers for controllers in split) else []


def together(words: set[str]) -> set[str]:
    """What comes with these on this host."""
    hierarchies = mounted()
    if not hierarchies:
        return words | {"freezer", "cpuacct"}
    words = words | {"freezer"}
    return words.union(*(bound for bound in hierarchies if bound & words))


def listed(text: str) -> set[str]:
    words = text.split(";")
    assert words == [word for word in WORDS if word in words]
    return set(words)


def places(container: "porto.Container") -> dict[str, str]:
    return dict(pair.split(": ") for pair in container["cgroups"].split("; "))


def started(conn: "porto.Connection", name: str, **values: str) -> "porto.Container":
    container = conn.Create(name)
    for key, value in {"command": SLEEP, **values}.items():
        container[key] = value
    container.Start()
    return container


def where(pid: str) -> dict[str, str]:
    """Path of a process by controller, "" for the unified hierarchy."""
    found = {}
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, words, path = line.split(":", 2)
        found.update(dict.fromkeys(words.split(","), path))
    return found


def test_the_first_level_has_all_and_the_next_shares(conn) -> None:
    host = listed(conn.GetProperty("/", "controllers"))
    first = started(conn, "a")
    second = started(conn, "a/b")
    assert listed(first["controllers"]) == host
    assert listed(second["controllers"]) == together(
        {"freezer"} | ({"cpuacct"} if {"cpuacct"} in map(set, mounted()) else set())
    )
    assert set(places(first)) == set(places(second)) == host
    for word, path in places(second).items():
        assert os.path.isdir(path)
        shares = word not in listed(second["controllers"])
        assert shares == (path == places(first)[word])
    roots = dict(pair.split(": ") for pair in conn.GetProperty("/", "cgroups").split("; "))
    assert all(os.path.ismount(path) for path in roots.values())
    assert set(roots) == host


def test_what_is_shown_before_the_start_is_what_the_start_makes(conn) -> None:
    container = conn.Create("a")
    container["command"] = SLEEP
    container["controllers"] = "pids;memory;freezer"
    shown, paths = container["controllers"], places(container)
    assert listed(shown) == together({"freezer", "memory", "pids"})
    assert not os.path.isdir(paths["memory"])
    container.Start()
    assert container["controllers"] == shown
    assert places(container) == paths
    task = where(container["root_pid"])
    roots = dict(pair.split(": ") for pair in conn.GetProperty("/", "cgroups").split("; "))
    for word, path in paths.items():
        assert container[f"cgroups[{word}]"] == path
        own = word in listed(shown)
        assert own == (path != roots[word])
        if word in task:
            inside = path.removeprefix(roots[word]) or "/"
            assert task[word] == inside
    container.Stop()
    assert container["controllers"] == shown
    assert not os.path.isdir(paths["memory"])


def test_one_controller_at_a_time(conn) -> None:
    parent = conn.Create("a")
    child = conn.Create("a/b")
    assert child["controllers[memory]"] is False
    child["controllers[memory]"] = "true"
    child["controllers[pids]"] = "true"
    assert listed(child["controllers"]) >= {"freezer", "memory", "pids"}
    assert child["controllers[memory;pids]"] is True
    assert child["controllers[memory;blkio]"] is False
    child["controllers[memory]"] = "false"
    assert child["controllers[memory]"] is False
    parent["controllers[memory]"] = "false"
    assert "memory" not in listed(parent["controllers"])
    for container in (parent, child):
        container["command"] = SLEEP
        container.Start()
    roots = dict(pair.split(": ") for pair in conn.GetProperty("/", "cgroups").split("; "))
    assert places(child)["memory"] == places(parent)["memory"] == roots["memory"]
    assert places(child)["pids"] != places(parent)["pids"]
    for container in (parent, child):
        for name, value in (
            ("controllers", container["controllers"]),
            ("controllers[memory]", "true"),
            ("controllers[memory]", "nonsense"),
        ):
            with pytest.raises(InvalidState, match="cannot set controllers"):
                container[name] = value
    # A child of one without it: the directory's name tells.
    third = conn.Create("a/c")
    third["controllers[memory]"] = "true"
    third["command"] = SLEEP
    third.Start()
    if mounted():
        assert places(third)["memory"].endswith("%a%c")
    assert os.path.isdir(places(third)["memory"])


@pytest.mark.parametrize("index", ["nonsense", "Memory", ";", "memory;nonsense", " "])
def test_an_index_that_names_no_controller(conn, index) -> None:
    container = conn.Create("a")
    for name in ("a", "/"):
        with pytest.raises(InvalidValue, match="controllers"):
            conn.GetProperty(name, f"controllers[{index}]")
        with pytest.raises(InvalidProperty, match="cgroups"):
            conn.GetProperty(name, f"cgroups[{index}]")
    with pytest.raises(InvalidValue, match="cannot set controllers"):
        container[f"controllers[{index}]"] = "true"
    for name in ("controllers[]", "cgroups[]"):
        with pytest.raises(InvalidProperty):
            conn.GetProperty("a", name)


def test_what_a_property_needs_is_switched_on_and_kept_on(conn) -> None:
    started(conn, "a")
    child = conn.Create("a/b")
    child["thread_limit"] = "100"
    assert "pids" in listed(child["controllers"])
    before = child["controllers"]
    for name, value in (("controllers", "freezer"), ("controllers[pids]", "false")):
        with pytest.raises(InvalidValue, match="pids is required by thread_limit"):
            child[name] = value
    with pytest.raises(InvalidValue, match="freezer is required by porto"):
        child["controllers[freezer]"] = "false"
    with pytest.raises(Unknown):
        child["controllers[pids]"] = "no"
    with pytest.raises(NotSupported, match="no controller systemd"):
        child["controllers[systemd]"] = "true"
    assert child["controllers"] == before
    child["command"] = SLEEP
    child.Start()
    assert child["pids.max"] == "100\n"
    assert Path(places(child)["pids"], "pids.max").read_text() == "100\n"


def test_a_bad_value_leaves_no_controller_behind(conn) -> None:
    conn.Create("a")
    child = conn.Create("a/b")
    before = child["controllers"]
    with pytest.raises(InvalidValue):
        child["thread_limit"] = "many"
    assert child["controllers"] == before


def test_a_set_before_a_property_does_not_take_its_controller(conn) -> None:
    container = conn.Create("a")
    container["controllers"] = "freezer"
    container["thread_limit"] = "77"
    container["command"] = SLEEP
    container.Start()
    assert listed(container["controllers"]) == together({"freezer", "pids"})
    assert container["pids.max"] == "77\n"


def test_a_running_container_without_the_controller_is_refused(conn) -> None:
    started(conn, "a")
    child = started(conn, "a/b")
    with pytest.raises(NotSupported, match="cannot set thread_limit of a/b"):
        child["thread_limit"] = "100"
    assert child["thread_limit"] == ""
    assert "pids" not in listed(child["controllers"])
    child.Stop()
    assert "pids" not in listed(child["controllers"])
    child["thread_limit"] = "100"
    child.Start()
    child["thread_limit"] = "200"
    assert child["pids.max"] == "200\n"


def test_controllers_survive_the_daemon(own_daemon) -> None:
    conn = own_daemon.connection()
    first = started(conn, "a", controllers="freezer;pids")
    second = started(conn, "a/b", thread_limit="50")
    shown = [(c["controllers"], c["cgroups"], c["root_pid"]) for c in (first, second)]
    own_daemon.await_new_daemon(own_daemon.kill("daemon"))
    conn = own_daemon.connection()
    found = [conn.Find(name) for name in ("a", "a/b")]
    assert [(c["controllers"], c["cgroups"], c["root_pid"]) for c in found] == shown
    assert found[1]["pids.max"] == "50\n"
    found[0].Stop()
    assert found[0]["controllers"] == shown[0][0]


def test_a_dead_and_a_meta_container_have_theirs(conn) -> None:
    meta = conn.Create("m")
    meta.Start()
    assert meta["state"] == "meta"
    assert os.path.isdir(places(meta)["memory"])
    done = started(conn, "d", command="true")
    assert done.Wait(timeout_s=END_S) == "d"
    assert listed(done["controllers"]) == listed(conn.GetProperty("/", "controllers"))
    assert os.path.isdir(places(done)["memory"])
    assert done["pids.current"] == "0\n"


def test_the_message_form_of_both(daemon, conn) -> None:
    container = started(conn, "a", controllers="freezer;memory")
    with Peer(daemon.socket) as peer:
        asked = rpc_pb2.TContainerRequest()
        asked.ListContainersBy.filters.add(name="a")
        answer = peer.call(asked)
        assert answer.error == rpc_pb2.Success, answer.errorMsg
        (found,) = answer.ListContainersBy.containers
        assert set(found.spec.controllers.controller) == listed(container["controllers"])
        cgroups = {item.controller: item.path for item in found.status.cgroups.cgroup}
        assert cgroups == places(container)
        asked = rpc_pb2.TContainerRequest()
        asked.CreateFromSpec.container.name = "from-spec"
        asked.CreateFromSpec.container.controllers.controller.extend(["freezer", "pids"])
        assert peer.call(asked).error == rpc_pb2.Success
        assert listed(conn.GetProperty("from-spec", "controllers")) == together({"pids"})
        asked.CreateFromSpec.container.name = "from-bad"
        asked.CreateFromSpec.container.controllers.controller.append("nonsense")
        assert peer.call(asked).error == rpc_pb2.InvalidValue
    assert "from-bad" not in conn.List()


# -- raw knobs ---------------------------------------------------------------------


def test_raw_knobs_are_the_files(conn) -> None:
    parent = started(conn, "a", thread_limit="100")
    child = started(conn, "a/b")
    for container in (parent, child):
        # The child shows its nearest ancestor's.
        text = Path(places(parent)["pids"], "pids.max").read_text()
        assert container["pids.max"] == text == "100\n"
    memory = "memory.stat"
    assert set(parent[memory].split()) >= {"pgfault"}
    assert parent[memory].endswith("\n")
    own = Path(places(child)["freezer"])
    assert (own / ("freezer.state" if mounted() else "cgroup.events")).is_file()
    if mounted():
        assert child["freezer.state"] == "THAWED\n"
    else:
        assert "populated 1" in child["cgroup.events"]
        assert child["io.stat"] is not None
    found = conn.Get(["a", "a/b", "/"], ["pids.current", "no.such", "memory.no_such"])
    assert int(found["a"]["pids.current"]) >= 2
    for name in ("a", "a/b", "/"):
        for knob in ("no.such", "memory.no_such"):
            assert isinstance(found[name][knob], InvalidProperty)
    assert "pgfault" in conn.GetProperty("/", memory)
    # Names are those of the kernel, the controller's exactly.
    for name in ("Memory.stat", "memory", "mem.stat", "memor.y.stat", "pids.stat"):
        with pytest.raises(InvalidProperty):
            conn.GetProperty("a", name)


@pytest.mark.parametrize(
    "knob",
    [
        "memory.../memory.stat",
        "memory./../../../../etc/passwd",
        "memory.stat/",
        "memory.stat/x",
        "memory.",
        "memory.stat\n",
        "memory. stat",
        "memory.stat\0",
        ".memory.stat",
        "..",
        ".",
        "./memory.stat",
        "/memory.stat",
        "freezer.%leaf/cgroup.procs",
        "memory.\u017ftat",
        "memory." + "x" * 100_000,
    ],
    ids=lambda knob: repr(knob[:24]),
)
def test_hostile_names_of_knobs(conn, knob) -> None:
    started(conn, "a")
    for name in ("a", "/"):
        with pytest.raises(InvalidProperty) as caught:
            conn.GetProperty(name, knob)
        assert len(str(caught.value)) < 1000


def test_raw_knobs_of_a_stopped_container(conn) -> None:
    container = conn.Create("a")
    with pytest.raises(InvalidState, match=r"cannot get memory\.stat of a"):
        container.GetProperty("memory.stat")
    container["command"] = SLEEP
    container.Start()
    with pytest.raises(InvalidProperty):
        container["pids.max"] = "1"
    with pytest.raises(Permission):
        conn.SetProperty("/", "pids.max", "1")
    assert container["pids.max"] == "10000\n"


LEGACY = [
    ("cpu.smart", "1", "cpu_policy", "rt"),
    ("cpu.smart", "0", "cpu_policy", "normal"),
    ("memory.limit_in_bytes", "64M", "memory_limit", str(64 << 20)),
    ("memory.low_limit_in_bytes", "0", "memory_guarantee", "0"),
    ("memory.recharge_on_pgfault", "1", "recharge_on_pgfault", "true"),
]


@pytest.mark.parametrize(("old", "value", "new", "shown"), LEGACY)
def test_legacy_names_set_the_properties(conn, old, value, new, shown) -> None:
    container = conn.Create("a")
    if new not in conn.Plist():
        with pytest.raises(NotSupported, match=f"cannot set {new}"):
            container[old] = value
        return
    container[old] = value
    assert container[new] == shown


# -- leftovers ---------------------------------------------------------------------


@pytest.fixture
def dirs() -> Iterator[Callable[[str], str]]:
    """Makes groups by hand, and removes what is left of them."""
    made: list[str] = []

    def make(path: str) -> str:
        os.mkdir(path)
        made.append(path)
        if "cpuset" in path and os.path.exists(f"{path}/cpuset.cpus"):
            for knob in ("cpuset.cpus", "cpuset.mems"):
                above = Path(os.path.dirname(path), knob).read_text()
                with contextlib.suppress(OSError):
                    Path(path, knob).write_text(above)
        return path

    yield make
    for path in reversed(made):
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(path)


@pytest.fixture
def sleeper() -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Processes of this test."""
    made: list[subprocess.Popen[bytes]] = []

    def spawn() -> "subprocess.Popen[bytes]":
        made.append(subprocess.Popen(["sleep", "100000"], stdin=subprocess.DEVNULL))
        return made[-1]

    yield spawn
    for process in made:
        process.kill()
        process.wait()


def put_into(path: str, pid: int) -> None:
    Path(path, "cgroup.procs").write_text(str(pid))


def restart(daemon: Daemon) -> "porto.Connection":
    """A new daemon looks for leftovers."""
    daemon.await_new_daemon(daemon.kill("daemon"))
    return daemon.connection()


def await_gone(path: str) -> None:
    until(lambda: not os.path.exists(path), f"{path} is gone")


def test_leftovers_go_with_their_processes(own_daemon, dirs, sleeper) -> None:
    conn = own_daemon.connection()
    kept = started(conn, "kept")
    paths = places(kept)
    left, mine = [], []
    for path in sorted(set(paths.values())):
        lost = dirs(path.removesuffix("kept") + "lost")
        below = dirs(f"{lost}/below")
        mine.append(sleeper())
        for word in ("freezer", "memory"):
            if path == paths[word]:
                put_into(below, mine[-1].pid)
        left.append(lost)
    # On v1 whose a process is, the freezer tells.
    freezer = paths["freezer"].removesuffix("kept") + "lost"
    put_into(f"{freezer}/below", mine[0].pid)
    conn = restart(own_daemon)
    for path in left:
        await_gone(path)
    assert mine[0].wait(END_S) == -9
    assert conn.GetProperty("kept", "root_pid") == kept["root_pid"]


def test_what_is_not_ours_stays(own_daemon, dirs, sleeper) -> None:
    conn = own_daemon.connection()
    kept = started(conn, "kept")
    stay = []
    for path in sorted(set(places(kept).values())):
        above = os.path.dirname(path)
        top = above if path.endswith("%kept") else os.path.dirname(above)
        name = own_daemon.cgroup
        stay += [dirs(f"{top}/{name}foo"), dirs(f"{top}/{name}-x%a")]
        # Groups that tasks, or somebody else, made within a container's.
        stay.append(dirs(f"{path}/nested"))
        stay.append(dirs(f"{path}/nested/deeper"))
        stay.append(dirs(f"{path}/not a name"))
    other = sleeper()
    # On v1 also within the container: whose a process is, the freezer tells.
    for path in stay[: 3 if mounted() else 2]:
        put_into(path, other.pid)
    nested = f"{places(kept)['freezer']}/nested/deeper"
    inside = sleeper()
    put_into(nested, inside.pid)
    conn = restart(own_daemon)
    assert conn.GetProperty("kept", "state") == "running"
    assert [path for path in stay if not os.path.isdir(path)] == []
    assert other.poll() is None
    assert inside.poll() is None
    # What is within a container goes with it.
    conn.Find("kept").Destroy()
    assert inside.wait(END_S) == -9
    assert not os.path.exists(nested)
    assert other.poll() is None


@pytest.mark.needs("cgroup-v1")
def test_a_process_of_the_host_in_our_leftover_is_spared(own_daemon, dirs, sleeper) -> None:
    """It is in none of our freezer groups, so it is not ours: moved out, not killed."""
    conn = own_daemon.connection()
    paths = places(conn.Create("lost"))
    lost = dirs(paths["memory"])
    other = sleeper()
    put_into(lost, other.pid)
    restart(own_daemon)
    await_gone(lost)
    assert other.poll() is None
    assert where(str(other.pid))["memory"] == "/"


@pytest.mark.needs("cgroup-v1")
def test_directories_of_an_earlier_set_of_controllers_go(own_daemon, dirs, sleeper) -> None:
    conn = own_daemon.connection()
    kept = started(conn, "kept", controllers="freezer;pids")
    child = started(conn, "kept/child", thread_limit="5")
    roots = dict(pair.split(": ") for pair in conn.GetProperty("/", "cgroups").split("; "))
    pid = int(child["root_pid"])
    stale = dirs(f"{roots['memory']}/{own_daemon.cgroup}%kept")
    below = dirs(f"{stale}/child")
    os.setxattr(below, MARK, b"1")
    put_into(below, pid)
    restart(own_daemon)
    await_gone(stale)
    assert where(str(pid))["memory"] == "/"
    assert kept["state"] == "running"
    assert os.path.isdir(places(child)["pids"])
