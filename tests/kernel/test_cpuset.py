"""CPU sets through the API: what tasks really may use, who yields, what is refused."""

import contextlib
import json
import os
from collections.abc import Iterator

import pytest

import porto
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.cpuset import CPUS
from porto.kernel.cgroup.probe import probe
from porto.kernel.host.topology import read_topology
from porto.spec.cpulist import each_cpu, format_cpus, parse_cpus
from tests.kernel.conftest import Daemon
from tests.patience import until

pytestmark = pytest.mark.needs("root", "cgroup", "controller:cpuset")

MACHINE = read_topology()
ALL = format_cpus(MACHINE.online)
FIRST, *_, LAST = [str(cpu) for cpu in each_cpu(MACHINE.online)] * 2
COUNT = MACHINE.online.bit_count()
needs_two = pytest.mark.skipif(COUNT < 2, reason="one CPU only")


def run(conn: porto.Connection, name: str, cpu_set: str = "", **values: str) -> None:
    conn.Create(name)
    for key, value in {"command": "sleep 1000", **values}.items():
        conn.SetProperty(name, key, value)
    if cpu_set:
        conn.SetProperty(name, "cpu_set", cpu_set)
    conn.Start(name)


def affinity(conn: porto.Connection, name: str) -> str:
    return conn.GetProperty(name, "cpu_set_affinity")


def scheduled(conn: porto.Connection, name: str) -> str:
    """Where the main task may really run."""
    pid = int(conn.GetProperty(name, "root_pid"))
    return format_cpus(sum(1 << cpu for cpu in os.sched_getaffinity(pid)))


def settles(conn: porto.Connection, **expected: str) -> None:
    """Both the property and the task come to what is expected."""
    for name, cpus in expected.items():
        until(lambda name=name, cpus=cpus: affinity(conn, name) == cpus)
        until(lambda name=name, cpus=cpus: scheduled(conn, name) == cpus)


def without(cpus: str) -> str:
    return format_cpus(MACHINE.online & ~parse_cpus(cpus))


def group(daemon: Daemon, name: str) -> Group:
    driver = probe(daemon.cgroup)
    return driver.locate(name, lambda _: driver.controllers)


def drift(conn: porto.Connection) -> int:
    return int(conn.GetProperty("/", "porto_stat[drift_repaired]"))


# -- forms ---------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "all", "inherit"])
def test_no_wish(conn: porto.Connection, text: str) -> None:
    conn.Create("a")
    conn.SetProperty("a", "cpu_set", text)
    assert conn.GetProperty("a", "cpu_set") == ""
    assert affinity(conn, "a") == ""
    conn.SetProperty("a", "command", "sleep 1000")
    conn.Start("a")
    assert affinity(conn, "a") == scheduled(conn, "a") == ALL


@pytest.mark.parametrize(
    ("text", "shown", "cpus"),
    [
        (FIRST, FIRST, FIRST),
        (f"{LAST},{LAST}", LAST, LAST),
        (f" {ALL}, ", ALL, ALL),
        ("node 0", "node 0", format_cpus(MACHINE.nodes[0])),
    ],
)
def test_masks_and_nodes(conn: porto.Connection, text: str, shown: str, cpus: str) -> None:
    run(conn, "a", text)
    assert conn.GetProperty("a", "cpu_set") == shown
    assert affinity(conn, "a") == scheduled(conn, "a") == cpus


@needs_two
@pytest.mark.parametrize("kind", ["threads", "cores", "reserve"])
def test_exclusive_ones_and_their_neighbours(conn: porto.Connection, kind: str) -> None:
    if kind == "cores" and MACHINE.cores[int(FIRST)] == MACHINE.online:
        pytest.skip("one core only")
    run(conn, "n")
    run(conn, "a", f"{kind} 1")
    assert conn.GetProperty("a", "cpu_set") == f"{kind} 1"
    held = MACHINE.cores[int(FIRST)] if kind == "cores" else 1 << int(FIRST)
    mine = ALL if kind == "reserve" else FIRST
    assert affinity(conn, "a") == scheduled(conn, "a") == mine
    settles(conn, n=without(format_cpus(held)))
    run(conn, "later")
    assert affinity(conn, "later") == scheduled(conn, "later") == without(format_cpus(held))
    conn.Stop("a")
    settles(conn, n=ALL, later=ALL)
    assert affinity(conn, "a") == ""


@needs_two
def test_changed_while_running(conn: porto.Connection) -> None:
    run(conn, "a")
    run(conn, "n")
    for text, mine, theirs in (
        (FIRST, FIRST, ALL),
        (LAST, LAST, ALL),
        ("threads 1", FIRST, without(FIRST)),
        ("reserve 1", ALL, without(FIRST)),
        ("", ALL, ALL),
    ):
        conn.SetProperty("a", "cpu_set", text)
        assert affinity(conn, "a") == scheduled(conn, "a") == mine
        settles(conn, n=theirs)


@needs_two
def test_neighbours_that_follow_are_no_drift(conn: porto.Connection) -> None:
    before = drift(conn)
    run(conn, "n")
    run(conn, "a", "threads 1")
    settles(conn, n=without(FIRST))
    conn.Destroy("a")
    settles(conn, n=ALL)
    assert drift(conn) == before


@needs_two
def test_the_dead_hold_nothing(conn: porto.Connection) -> None:
    run(conn, "n")
    run(conn, "a", "threads 1", command="sleep 1", respawn="true", respawn_delay="1s")
    for cpus in (without(FIRST), ALL, without(FIRST), ALL):
        settles(conn, n=cpus)


# -- what cannot be had ----------------------------------------------------------

LACKING = [
    str(MACHINE.online.bit_length() + 3),
    "65535",
    "node 60000",
    f"threads {COUNT}",
    f"threads {COUNT + 1}",
    f"reserve {COUNT}",
    f"cores {COUNT + 1}",
]


@pytest.mark.parametrize("text", LACKING)
def test_a_start_that_cannot_be_satisfied(conn: porto.Connection, text: str) -> None:
    run(conn, "n")
    conn.Create("a")
    conn.SetProperty("a", "command", "sleep 1000")
    conn.SetProperty("a", "cpu_set", text)
    with pytest.raises(porto.exceptions.ResourceNotAvailable, match="cpu_set of a to"):
        conn.Start("a")
    assert conn.GetProperty("a", "state") == "stopped"
    assert conn.GetProperty("a", "cpu_set") == text
    assert affinity(conn, "n") == scheduled(conn, "n") == ALL


@pytest.mark.parametrize("text", LACKING)
def test_a_change_that_cannot_be_satisfied(conn: porto.Connection, text: str) -> None:
    run(conn, "n")
    run(conn, "a", FIRST)
    with pytest.raises(porto.exceptions.ResourceNotAvailable, match="cpu_set of a to"):
        conn.SetProperty("a", "cpu_set", text)
    assert conn.GetProperty("a", "cpu_set") == FIRST
    assert affinity(conn, "a") == scheduled(conn, "a") == FIRST
    assert affinity(conn, "n") == scheduled(conn, "n") == ALL


@pytest.mark.parametrize(
    "text",
    [
        "-1", "1-0", "65536", "0-65536", "x", "0x1", "1 2", "node", "node -1", "node 1 2",
        "threads 0", "threads -1", "cores 0", "reserve 0", "cores 1.5", "threads 65536",
        "some 1", "jail 1", "0; mems 0", "threads 1; jail 2", "\u0661", "0,,1", ",", "+1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("running", [False, True])
def test_malformed(conn: porto.Connection, text: str, running: bool) -> None:
    conn.Create("a")
    conn.SetProperty("a", "cpu_set", FIRST)
    if running:
        conn.Start("a")
    with pytest.raises(porto.exceptions.InvalidValue, match="cpu_set of a"):
        conn.SetProperty("a", "cpu_set", text)
    assert conn.GetProperty("a", "cpu_set") == FIRST
    assert affinity(conn, "a") == (FIRST if running else "")


@needs_two
def test_the_second_one_finds_nothing_left(conn: porto.Connection) -> None:
    run(conn, "a", f"threads {COUNT - 1}")
    with pytest.raises(porto.exceptions.ResourceNotAvailable):
        run(conn, "b", "threads 1")
    held = affinity(conn, "a")
    conn.Stop("a")
    conn.Start("b")
    assert affinity(conn, "b") == FIRST
    assert held.startswith(FIRST)


@needs_two
def test_guarantees_above_what_is_left(conn: porto.Connection) -> None:
    run(conn, "n", cpu_guarantee=f"{COUNT}c")
    with pytest.raises(porto.exceptions.ResourceNotAvailable, match="guaranteed"):
        run(conn, "a", "threads 1")
    assert affinity(conn, "n") == ALL
    conn.SetProperty("n", "cpu_guarantee", "0.5c")
    conn.Start("a")
    with pytest.raises(porto.exceptions.ResourceNotAvailable):
        conn.SetProperty("n", "cpu_guarantee", f"{COUNT}c")
    assert conn.GetProperty("n", "cpu_guarantee") == "0.5c"


# -- the tree ----------------------------------------------------------------------


@needs_two
def test_a_child_stays_within_its_parent(conn: porto.Connection) -> None:
    run(conn, "a", FIRST)
    run(conn, "a/b", FIRST)
    assert affinity(conn, "a/b") == scheduled(conn, "a/b") == FIRST
    with pytest.raises(porto.exceptions.ResourceNotAvailable, match="a does not have CPU"):
        conn.SetProperty("a/b", "cpu_set", LAST)
    with pytest.raises(porto.exceptions.ResourceNotAvailable):
        conn.SetProperty("a", "cpu_set", LAST)
    assert affinity(conn, "a") == affinity(conn, "a/b") == scheduled(conn, "a/b") == FIRST


@needs_two
def test_a_family_moves_together(conn: porto.Connection) -> None:
    run(conn, "a", FIRST, command="")
    run(conn, "a/b", controllers="freezer;cpuset")
    run(conn, "a/b/c")
    run(conn, "a/b/d", controllers="freezer;cpuset")
    for cpus in (LAST, ALL, FIRST, LAST):
        conn.SetProperty("a", "cpu_set", cpus)
        settles(conn, **{"a/b": cpus, "a/b/c": cpus, "a/b/d": cpus})
    assert affinity(conn, "a") == LAST


@needs_two
def test_exclusive_ones_below_a_parent(conn: porto.Connection) -> None:
    run(conn, "a", command="")
    run(conn, "a/b", "threads 1")
    run(conn, "a/c")
    assert affinity(conn, "a/b") == scheduled(conn, "a/b") == FIRST
    assert affinity(conn, "a/c") == scheduled(conn, "a/c") == without(FIRST)
    assert "cpuset" in conn.GetProperty("a/c", "controllers")
    run(conn, "d")
    assert affinity(conn, "d") == ALL
    conn.Stop("a/b")
    settles(conn, **{"a/c": ALL})


# -- what others do ------------------------------------------------------------------


@needs_two
def test_a_knob_that_somebody_wrote_is_put_back(conn: porto.Connection, daemon: Daemon) -> None:
    run(conn, "a", "threads 1")
    run(conn, "n")
    before = drift(conn)
    driver = probe(daemon.cgroup)
    for name, want in (("a", FIRST), ("n", without(FIRST))):
        driver.write(group(daemon, name), "cpuset", CPUS, ALL if want != ALL else LAST)
        settles(conn, **{name: want})
    until(lambda: drift(conn) >= before + 2)
    assert json.loads(conn.GetProperty("/", "porto_status"))["drift"]["cpuset"] >= 2


@needs_two
def test_a_parent_and_a_child_that_somebody_widened(conn: porto.Connection, daemon: Daemon) -> None:
    run(conn, "a", FIRST, command="")
    run(conn, "a/b", FIRST)
    driver = probe(daemon.cgroup)
    for name in ("a", "a/b"):
        driver.write(group(daemon, name), "cpuset", CPUS, ALL)
    settles(conn, **{"a/b": FIRST})
    until(lambda: driver.cpuset.configured(group(daemon, "a")) == FIRST)


# -- restarts --------------------------------------------------------------------------


@pytest.fixture
def own(own_daemon: Daemon) -> Iterator[Daemon]:
    yield own_daemon
    connection = own_daemon.connection()
    for name in connection.List():
        with contextlib.suppress(porto.exceptions.ContainerDoesNotExist):
            connection.Destroy(name)


@needs_two
@pytest.mark.parametrize("kind", ["threads 1", "reserve 1"])
def test_a_restart_moves_nobody(own: Daemon, kind: str) -> None:
    conn = own.connection()
    names = ["b", "n"]
    run(conn, "n")
    if COUNT > 2:
        # So that whoever is left does not sit where a new allocation would put him.
        run(conn, "a", kind)
    run(conn, "b", kind)
    until(lambda: affinity(conn, "n") != ALL)
    if COUNT > 2:
        conn.Destroy("a")
        until(lambda: parse_cpus(affinity(conn, "n")).bit_count() == COUNT - 1)
    before = {name: (affinity(conn, name), scheduled(conn, name)) for name in names}
    old = own.kill("daemon")
    own.await_new_daemon(old)
    conn = own.connection()
    for name in names:
        conn.SetProperty(name, "private", "a pass")
    assert {name: (affinity(conn, name), scheduled(conn, name)) for name in names} == before
    assert drift(conn) == 0
    run(conn, "later")
    assert affinity(conn, "later") == before["n"][0]


@needs_two
def test_what_was_held_before_a_restart_is_released_after(own: Daemon) -> None:
    conn = own.connection()
    run(conn, "a", "threads 1")
    run(conn, "n")
    old = own.kill("daemon")
    own.await_new_daemon(old)
    conn = own.connection()
    assert affinity(conn, "n") == without(FIRST)
    conn.Destroy("a")
    settles(conn, n=ALL)


def test_the_host(conn: porto.Connection) -> None:
    assert conn.GetProperty("/", "cpu_set_affinity") == ALL
    assert conn.GetProperty("/", "cpu_set") == ""
