"""CPU time and scheduling through the whole daemon, on the real kernel."""

import os
import sys
from pathlib import Path

import pytest

import porto
from porto.exceptions import InvalidState, InvalidValue, NotSupported, ResourceNotAvailable
from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.cpu import CORE, CpuTime, nice_of_weight
from porto.kernel.cgroup.probe import probe
from porto.kernel.process import scheduling
from porto.kernel.process.scheduling import BATCH, IDLE, OTHER, RR, Schedule
from porto.spec.containers.admission import unsupported
from tests.patience import until

pytestmark = pytest.mark.needs("root", "cgroup", "controller:cpu")

CORES = os.sysconf("SC_NPROCESSORS_CONF")

# Four threads and a child with two, which wait to be killed.
THREADS = """
import os, signal, sys, threading
ready = threading.Barrier(4)
def wait():
    ready.wait()
    threading.Event().wait()
def crowd():
    for _ in range(3):
        threading.Thread(target=wait, daemon=True).start()
    ready.wait()
crowd()
sides = os.pipe()
if os.fork() == 0:
    ready = threading.Barrier(4)
    crowd()
    os.write(sides[1], b"x")
    signal.pause()
os.read(sides[0], 1)
print("ready", flush=True)
signal.pause()
"""
# Starts and ends threads all the time.
CHURN = """
import threading
print("ready", flush=True)
while True:
    crowd = [threading.Thread(target=threading.Event().wait, args=(0.005,)) for _ in range(3)]
    for thread in crowd: thread.start()
    for thread in crowd: thread.join()
"""
BUSY = "print('ready', flush=True)\nwhile True: pass"
NICED = "import os, signal\nos.nice(7)\nprint('ready', flush=True)\nsignal.pause()"


def run(conn: "porto.Connection", name: str, program: str = THREADS, **values: str):
    """A started container with a Python program that has said that it is ready."""
    container = conn.Create(name)
    container["command_argv"] = "\t".join([sys.executable, "-S", "-c", program])
    for key, value in values.items():
        container[key] = value
    container.Start()
    until(
        lambda: container["stdout"] == "ready\n" or container["state"] != "running",
        "the program does not get ready",
    )
    assert container["state"] == "running", container["stderr"]
    return container


class Kernel:
    """The containers of a daemon, as the kernel shows them."""

    def __init__(self, daemon, conn: "porto.Connection") -> None:
        self.driver: CgroupDriver = probe(daemon.cgroup)
        self._conn = conn

    def group(self, name: str) -> Group:
        return self.driver.locate(
            name, lambda full: frozenset(self._conn.GetProperty(full, "controllers").split(";"))
        )

    def differing(self, name: str, wanted: CpuTime) -> dict[str, str]:
        """Knobs that do not say what `wanted` means."""
        group, texts = self.group(name), self.driver.cpu.render(wanted)
        have = {
            knob: self.driver.canonical(knob, self.driver.read(group, "cpu", knob))
            for knob in texts
        }
        met = self.driver.cpu.is_met
        return {knob: have[knob] for knob, text in texts.items() if not met(knob, text, have[knob])}

    def meddle(self, name: str, wanted: CpuTime) -> None:
        """Write the knobs by hand."""
        group, texts = self.group(name), self.driver.cpu.render(wanted)
        for knob in texts:
            self.driver.cpu.write(group, knob, texts)

    def threads(self, name: str) -> list[int]:
        return self.driver.cpu.threads(self.group(name))

    def schedules(self, name: str) -> set[Schedule]:
        return {scheduling.read(thread) for thread in self.threads(name)}

    def ioprios(self, name: str) -> set[int]:
        return {scheduling.read_ioprio(thread) for thread in self.threads(name)}


@pytest.fixture
def kernel(daemon, conn) -> Kernel:
    return Kernel(daemon, conn)


def repaired(conn: "porto.Connection") -> int:
    return int(conn.GetProperty("/", "porto_stat[drift_repaired]"))


# -- knobs -------------------------------------------------------------------


def test_without_properties_a_group_is_as_the_kernel_makes_it(conn, kernel) -> None:
    container = run(conn, "a")
    assert kernel.differing("a", CpuTime()) == {}
    shown = [container[f"cpu_{n}"] for n in ("limit", "guarantee", "weight", "period", "policy")]
    assert shown == ["0c", "0c", "1", "100000000", "normal"]
    assert kernel.schedules("a") == {Schedule(OTHER, 0)}


CASES = [
    ({"cpu_limit": "0.5c"}, CpuTime(limit=CORE // 2)),
    ({"cpu_limit": "50"}, CpuTime(limit=CORES * CORE // 2)),
    ({"cpu_limit": "7c", "cpu_period": "10ms"}, CpuTime(limit=7 * CORE, period=10_000)),
    ({"cpu_limit": "0.001c", "cpu_period": "1ms"}, CpuTime(limit=10**6, period=1000)),
    ({"cpu_period": "1s"}, CpuTime(period=10**6)),
    ({"cpu_guarantee": "1.5c"}, CpuTime(guarantee=3 * CORE // 2)),
    ({"cpu_weight": "2.5"}, CpuTime(weight=2.5)),
    ({"cpu_weight": "0.01"}, CpuTime(weight=0.01)),
    ({"cpu_weight": "100"}, CpuTime(weight=100)),
    *(({"cpu_policy": p}, CpuTime(policy=p)) for p in ("normal", "high", "batch", "idle")),
    ({"cpu_policy": "rt"}, CpuTime(policy="rt", realtime=True)),
]


def test_properties_are_in_force_from_the_start(conn, kernel) -> None:
    for number, (values, wanted) in enumerate(CASES):
        container = conn.Create(f"a{number}")
        container["command"] = "sleep 1000"
        for key, value in values.items():
            container[key] = value
        container.Start()
        assert kernel.differing(f"a{number}", wanted) == {}, values
        container.Destroy()


def test_properties_of_a_running_container_are_in_force_at_once(conn, kernel) -> None:
    container = run(conn, "a")
    defaults = {
        "cpu_limit": "0",
        "cpu_guarantee": "0",
        "cpu_weight": "1",
        "cpu_period": "100ms",
        "cpu_policy": "normal",
    }
    for values, wanted in CASES:
        for key, value in values.items():
            container[key] = value
        assert kernel.differing("a", wanted) == {}, values
        for key in values:
            container[key] = defaults[key]
        assert kernel.differing("a", CpuTime()) == {}, values
    assert container["state"] == "running"


def test_a_limit_holds_a_busy_loop_back(conn) -> None:
    container = run(conn, "a", BUSY, cpu_limit="0.1c", cpu_period="10ms")
    until(lambda: int(container["cpu_throttled"]) > 0, "never throttled")
    container["cpu_limit"] = "0"
    before = int(container["cpu_throttled"])
    used = int(container["cpu_usage"])
    until(lambda: int(container["cpu_usage"]) > used + 50_000_000, "does not run")
    # What was held back when the limit went away may still be booked.
    assert int(container["cpu_throttled"]) <= before + 100_000_000


def test_limits_of_a_tree(conn, kernel) -> None:
    """The kernel of v1 wants no child above its parent; whatever the order, it gets its way."""
    parent = conn.Create("a")
    parent["cpu_limit"] = "1c"
    parent.Start()
    child = run(conn, "a/b", cpu_limit="0.5c")
    assert kernel.differing("a/b", CpuTime(limit=CORE // 2)) == {}
    parent["cpu_limit"] = "0.25c"
    assert kernel.differing("a", CpuTime(limit=CORE // 4)) == {}
    assert kernel.differing("a/b", CpuTime()) == {}
    assert child["cpu_limit"] == "0.5c"
    assert child["cpu_limit_bound"] == "0.25c"
    child["cpu_limit"] = "2c"
    assert kernel.differing("a/b", CpuTime()) == {}
    parent["cpu_limit"] = "3c"
    until(lambda: not kernel.differing("a/b", CpuTime(limit=2 * CORE)), "not given back")
    child["cpu_period"] = "1s"
    parent["cpu_period"] = "5ms"
    assert kernel.differing("a/b", CpuTime(limit=2 * CORE, period=10**6)) == {}
    assert kernel.differing("a", CpuTime(limit=3 * CORE, period=5000)) == {}
    assert parent["cpu_limit_total"] == "2c"


def test_period_and_policy_come_from_the_parent(conn, kernel) -> None:
    parent = conn.Create("a")
    parent["cpu_policy"] = "batch"
    parent["cpu_period"] = "20ms"
    parent.Start()
    child = run(conn, "a/b", cpu_limit="1c")
    assert (child["cpu_policy"], child["cpu_period"]) == ("batch", "20000000")
    wanted = CpuTime(limit=CORE, period=20_000, policy="batch")
    assert kernel.differing("a/b", wanted) == {}
    assert kernel.schedules("a/b") == {Schedule(BATCH, 0)}
    before = repaired(conn)
    parent["cpu_policy"] = "high"
    parent["cpu_period"] = "30ms"
    assert child["cpu_policy"] == "high"
    wanted = CpuTime(limit=CORE, period=30_000, policy="high")
    until(lambda: not kernel.differing("a/b", wanted), "the child's knobs do not follow")
    until(lambda: kernel.schedules("a/b") == {Schedule(OTHER, -10)}, "its tasks do not follow")
    assert repaired(conn) == before


def test_a_parents_guarantee_covers_its_running_children(conn, kernel) -> None:
    parent = conn.Create("a")
    parent["cpu_guarantee"] = "1c"
    parent.Start()
    children = [conn.Create(f"a/{number}") for number in range(2)]
    before = repaired(conn)
    for child in children:
        child["command"] = "sleep 1000"
        child["cpu_guarantee"] = "1.5c"
        child.Start()
    until(lambda: not kernel.differing("a", CpuTime(guarantee=3 * CORE)), "not raised")
    assert parent["cpu_guarantee_total"] == "3c"
    assert conn.GetProperty("/", "cpu_guarantee_total") == "3c"
    children[0]["cpu_guarantee"] = "0.5c"
    until(lambda: not kernel.differing("a", CpuTime(guarantee=2 * CORE)), "not lowered")
    for child in children:
        child.Stop()
    until(lambda: not kernel.differing("a", CpuTime(guarantee=CORE)), "not taken back")
    assert parent["cpu_guarantee_total"] == "1c"
    assert repaired(conn) == before


# -- tasks -------------------------------------------------------------------

POLICIES = {
    "normal": Schedule(OTHER, 0),
    "high": Schedule(OTHER, -10),
    "rt": Schedule(RR, -20, 10),
    "batch": Schedule(BATCH, 0),
    "idle": Schedule(IDLE, 0),
}


def test_policies_of_new_tasks(conn, kernel) -> None:
    for policy, schedule in POLICIES.items():
        container = run(conn, "a", cpu_policy=policy)
        assert len(kernel.threads("a")) >= 8
        assert kernel.schedules("a") == {schedule}, policy
        container.Destroy()


def test_policies_of_every_thread_that_exists(conn, kernel) -> None:
    container = run(conn, "a")
    threads = kernel.threads("a")
    assert len(threads) >= 8
    for policy, schedule in [*POLICIES.items(), ("normal", POLICIES["normal"])]:
        container["cpu_policy"] = policy
        assert kernel.schedules("a") == {schedule}, policy
    assert kernel.threads("a") == threads


def test_a_weight_is_niceness_too(conn, kernel) -> None:
    container = run(conn, "a", cpu_weight="2")
    for weight in ("2", "0.5", "100", "0.01", "1"):
        container["cpu_weight"] = weight
        wanted = Schedule(OTHER, nice_of_weight(0, float(weight)))
        assert kernel.schedules("a") == {wanted}, weight
    container["cpu_policy"] = "high"
    container["cpu_weight"] = "0.5"
    assert kernel.schedules("a") == {Schedule(OTHER, nice_of_weight(-10, 0.5))}


def test_threads_that_come_and_go_are_caught(conn, kernel) -> None:
    container = run(conn, "a", CHURN)
    container["cpu_policy"] = "batch"
    pid = int(container["root_pid"])
    assert scheduling.read(pid) == Schedule(BATCH, 0)
    for _ in range(20):
        for thread in kernel.threads("a"):
            try:
                assert scheduling.read(thread) == Schedule(BATCH, 0)
            except ProcessLookupError:
                continue


def test_disk_priority_of_every_thread(conn, kernel) -> None:
    container = run(conn, "a", io_policy="batch")
    assert kernel.ioprios("a") == {2 << 13 | 7}
    for policy, ioprio in (
        ("rt", 1 << 13 | 4),
        ("high", 2 << 13),
        ("normal", 2 << 13 | 4),
        ("idle", 3 << 13),
        ("none", 0),
    ):
        container["io_policy"] = policy
        assert kernel.ioprios("a") == {ioprio}, policy
    assert kernel.schedules("a") == {Schedule(OTHER, 0)}


def test_a_child_has_its_own(conn, kernel) -> None:
    """Also one that shares its parent's namespaces, and one without the controller."""
    parent = run(conn, "a", cpu_policy="normal")
    run(conn, "a/b", isolate="false", cpu_policy="idle")
    run(conn, "a/c", isolate="false", cpu_weight="0.5")
    assert not kernel.group("a/b").owns("cpu")
    parent["cpu_policy"] = "high"
    until(
        lambda: kernel.schedules("a/c") == {Schedule(OTHER, nice_of_weight(-10, 0.5))},
        "what inherits does not follow",
    )
    assert kernel.schedules("a") == {Schedule(OTHER, -10)}
    assert kernel.schedules("a/b") == {Schedule(IDLE, 0)}


# -- drift -------------------------------------------------------------------


def test_knobs_are_put_back(conn, kernel) -> None:
    run(conn, "a", cpu_limit="0.5c", cpu_weight="2")
    wanted = CpuTime(limit=CORE // 2, weight=2)
    for other in (CpuTime(), CpuTime(limit=CORE, period=5000), CpuTime(policy="idle")):
        kernel.meddle("a", other)
        until(lambda: not kernel.differing("a", wanted), "knobs are not put back")


def test_a_group_made_idle_is_put_back(conn, kernel) -> None:
    run(conn, "a", cpu_weight="2")
    group = kernel.group("a")
    try:
        kernel.driver.write(group, "cpu", "cpu.idle", "1")
    except FileNotFoundError:
        pytest.skip("this kernel has no cpu.idle")
    until(lambda: not kernel.differing("a", CpuTime(weight=2)), "still idle")
    assert kernel.driver.read(group, "cpu", "cpu.idle").strip() == "0"


def test_one_event_for_all_renices_of_a_container(own_daemon) -> None:
    conn = own_daemon.connection()
    kernel = Kernel(own_daemon, conn)
    run(conn, "a", cpu_policy="high", io_policy="idle")
    before = repaired(conn)
    threads = kernel.threads("a")
    for thread in threads:
        scheduling.write(thread, Schedule(OTHER, 3))
    until(lambda: kernel.schedules("a") == {Schedule(OTHER, -10)}, "niceness is not put back")
    until(lambda: repaired(conn) == before + 1, "not counted")
    for thread in threads:
        scheduling.write_ioprio(thread, 0)
    until(lambda: kernel.ioprios("a") == {3 << 13}, "disk priority is not put back")
    until(lambda: repaired(conn) == before + 2, "not counted")
    lines = [line for line in own_daemon.log.read_text().splitlines() if "drift repaired" in line]
    assert len(lines) == 2
    assert "SCHED_OTHER nice 3" in lines[0]
    assert f"of {len(threads)} threads" in lines[0]


def test_by_default_only_the_main_thread_is_kept(conn, kernel) -> None:
    container = run(conn, "a")
    main = int(container["root_pid"])
    others = [thread for thread in kernel.threads("a") if thread != main]
    for thread in (main, *others):
        scheduling.write(thread, Schedule(BATCH, 4))
        scheduling.write_ioprio(thread, 2 << 13)
    until(lambda: scheduling.read(main) == Schedule(OTHER, 0), "niceness is not put back")
    until(lambda: scheduling.read_ioprio(main) == 0, "disk priority is not put back")
    assert {scheduling.read(thread) for thread in others if thread in kernel.threads("a")} <= {
        Schedule(BATCH, 4),
        Schedule(OTHER, 0),  # the reaper above the main task
    }
    assert Schedule(BATCH, 4) in kernel.schedules("a")


def test_what_is_not_asked_for_leaves_tasks_alone(conn, kernel) -> None:
    run(conn, "a", io_policy="idle")
    thread = kernel.threads("a")[-1]
    scheduling.write(thread, Schedule(OTHER, 5))
    scheduling.write_ioprio(thread, 0)
    until(lambda: scheduling.read_ioprio(thread) == 3 << 13, "disk priority is not put back")
    assert scheduling.read(thread) == Schedule(OTHER, 5)


def test_nothing_changes_after_a_restart_of_the_daemon(own_daemon) -> None:
    conn = own_daemon.connection()
    kernel = Kernel(own_daemon, conn)
    run(conn, "a", cpu_policy="batch", cpu_weight="0.5", cpu_limit="0.5c", cpu_period="20ms")
    run(conn, "a/b", cpu_limit="3c")
    before = (kernel.threads("a"), kernel.schedules("a"), kernel.schedules("a/b"))
    own_daemon.await_new_daemon(own_daemon.kill("daemon"))
    conn = own_daemon.connection()
    limits = CpuTime(limit=CORE // 2, period=20_000, weight=0.5, policy="batch")
    assert kernel.differing("a", limits) == {}
    scheduling.write(kernel.threads("a")[0], Schedule(OTHER, 0))
    kernel.meddle("a", CpuTime())
    until(lambda: not kernel.differing("a", limits), "knobs are not put back")
    until(
        lambda: before == (kernel.threads("a"), kernel.schedules("a"), kernel.schedules("a/b")),
        "tasks are not as before",
    )
    assert conn.GetProperty("a", "cpu_limit") == "0.5c"


# -- refusals ----------------------------------------------------------------


def test_a_refused_value_leaves_the_old_one(conn, kernel) -> None:
    container = run(conn, "a", cpu_limit="0.5c", cpu_weight="2", cpu_policy="batch")
    wanted = CpuTime(limit=CORE // 2, weight=2, policy="batch")
    for name, text in (
        ("cpu_limit", "-1c"),
        ("cpu_limit", "nan"),
        ("cpu_guarantee", "infc"),
        ("cpu_weight", "0"),
        ("cpu_weight", "1c"),
        ("cpu_period", "1us"),
        ("cpu_policy", "fifo"),
    ):
        before = container[name]
        with pytest.raises(InvalidValue, match=f"cannot set {name} of a to"):
            container[name] = text
        assert container[name] == before
    assert kernel.differing("a", wanted) == {}
    for name in ("cpu_usage", "cpu_throttled", "cpu_limit_total"):
        with pytest.raises(InvalidValue, match="read-only"):
            container[name] = "1"


def test_iso_where_the_kernel_has_it_not(conn, kernel) -> None:
    if scheduling.knows(scheduling.ISO):
        pytest.skip("this kernel has SCHED_ISO")
    container = run(conn, "a", cpu_policy="idle")
    with pytest.raises(NotSupported, match="cpu_policy of a to 'iso'"):
        container["cpu_policy"] = "iso"
    assert container["cpu_policy"] == "idle"
    assert kernel.schedules("a") == {Schedule(IDLE, 0)}


def test_a_limit_needs_the_controller(conn, kernel) -> None:
    run(conn, "a")
    child = run(conn, "a/b")
    for name, text in (("cpu_limit", "1c"), ("cpu_guarantee", "1c"), ("cpu_period", "1ms")):
        with pytest.raises(NotSupported, match=f"cannot set {name} of a/b"):
            child[name] = text
    child["cpu_weight"] = "2"
    assert kernel.schedules("a/b") == {Schedule(OTHER, nice_of_weight(0, 2))}
    assert child["cpu_limit"] == "0c"


def test_readings_have_their_states(conn, kernel) -> None:
    container = conn.Create("a")
    for name in ("cpu_usage", "cpu_usage_system", "cpu_throttled"):
        with pytest.raises(InvalidState):
            container.GetProperty(name)
    assert container["cpu_limit_total"] == container["cpu_limit_bound"] == ""
    container["command"] = "true"
    container.Start()
    container.Wait()
    assert int(container["cpu_usage"]) > 0
    assert int(container["cpu_usage"]) >= int(container["cpu_usage_system"])
    reasons = unsupported(kernel.driver.unsupported())
    for name in ("cpu_wait", "cpu_burst_usage", "cpu_unconstrained_wait"):
        if name in reasons:
            with pytest.raises(NotSupported):
                container.GetProperty(name)
        else:
            assert int(container[name]) >= 0


def test_the_host(conn) -> None:
    assert conn.GetProperty("/", "cpu_limit") == f"{CORES}c"
    assert conn.GetProperty("/", "cpu_limit_bound") == f"{CORES}c"
    assert conn.GetProperty("/", "cpu_period") == "100000000"
    assert conn.GetProperty("/", "cpu_policy") == "normal"
    before = int(conn.GetProperty("/", "cpu_usage"))
    assert before > 10**9
    until(lambda: int(conn.GetProperty("/", "cpu_usage")) > before, "the host stands still")
    assert 0 < int(conn.GetProperty("/", "cpu_usage_system")) < before * 2


def test_usage_counts_the_subtree(conn) -> None:
    parent = conn.Create("a")
    parent.Start()
    run(conn, "a/b", BUSY, cpu_limit="0.2c")
    until(lambda: int(parent["cpu_usage"]) > 20_000_000, "the child's time is not the parent's")


# -- realtime ----------------------------------------------------------------


def test_realtime(conn, kernel) -> None:
    """Groups of some kernels need time for it."""
    container = run(conn, "a", cpu_limit=f"{CORES * 0.05:g}c", cpu_period="1s")
    container["cpu_policy"] = "rt"
    assert kernel.schedules("a") == {Schedule(RR, -20, 10)}
    wanted = CpuTime(limit=int(CORES * 0.05 * CORE), period=10**6, policy="rt", realtime=True)
    assert kernel.differing("a", wanted) == {}
    for thread in kernel.threads("a"):
        scheduling.write(thread, Schedule(OTHER, 0))
    until(lambda: kernel.schedules("a") == {Schedule(RR, -20, 10)}, "not put back")
    container["cpu_policy"] = "normal"
    assert kernel.schedules("a") == {Schedule(OTHER, 0)}
    run(conn, "b", cpu_limit=f"{CORES * 0.05:g}c", cpu_period="1s", cpu_policy="rt")
    assert kernel.schedules("b") == {Schedule(RR, -20, 10)}


def test_realtime_without_a_limit_leaves_some_to_others(conn, kernel) -> None:
    for name in "abc":
        run(conn, name, cpu_policy="rt")
        assert kernel.schedules(name) == {Schedule(RR, -20, 10)}
    before = repaired(conn)
    kernel.meddle("a", CpuTime(weight=2))
    until(lambda: repaired(conn) > before, "a share of realtime hides drift")
    assert repaired(conn) == before + 1
    conn.Find("a")["cpu_period"] = "10ms"
    conn.Find("b")["cpu_policy"] = "normal"
    assert kernel.schedules("a") == kernel.schedules("c") == {Schedule(RR, -20, 10)}
    assert kernel.schedules("b") == {Schedule(OTHER, 0)}


def test_no_realtime_where_the_configuration_has_none(make_daemon) -> None:
    daemon = make_daemon("container { rt_priority: 0 }")
    conn = daemon.connection()
    run(conn, "a", cpu_policy="rt")
    assert Kernel(daemon, conn).schedules("a") == {Schedule(OTHER, -20)}


def test_realtime_that_the_parents_group_has_not(conn, kernel) -> None:
    run(conn, "a")
    child = run(conn, "a/b")
    share = Path(kernel.group("a").directories["cpu"], "cpu.rt_runtime_us")
    if not share.exists() or share.read_text() != "0\n":
        pytest.skip("this kernel shares out no realtime")
    with pytest.raises(ResourceNotAvailable, match="cannot set cpu_policy of a/b to 'rt': its cg"):
        child["cpu_policy"] = "rt"
    assert child["cpu_policy"] == "normal"
    child.Stop()
    child["cpu_policy"] = "rt"
    with pytest.raises(ResourceNotAvailable, match="cannot set cpu_policy of a/b to 'rt': its cg"):
        child.Start()
    assert child["state"] == "stopped"
    run(conn, "c", cpu_policy="rt")
    run(conn, "c/d")
    assert kernel.schedules("c/d") == {Schedule(RR, -20, 10)}
