"""Memory and huge pages through the whole daemon, on the real kernel."""

import errno
import mmap
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import porto
from porto.exceptions import Busy, InvalidState, InvalidValue, NotSupported, ResourceNotAvailable
from porto.kernel.cgroup.amounts import rendered
from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.memory import MemoryLimits
from porto.kernel.cgroup.probe import probe
from porto.spec.containers import admission
from tests.patience import patient, until

pytestmark = pytest.mark.needs("root", "cgroup", "controller:memory")

MIB = 1 << 20
TIMEOUT_S = patient(30)
GUARANTEES = ("memory_guarantee", "memory_guarantee_total")

# Holds memory of several kinds, says so, and waits to be killed.
HOLD = """
import mmap, signal, sys
anonymous, shared = (int(word) << 20 for word in sys.argv[1:])
kept = b"x" * anonymous
if shared:
    segment = mmap.mmap(-1, shared)
    segment.write(b"y" * shared)
print("ready", flush=True)
signal.pause()
"""
# Leaves its file in the cache, written to disk.
CACHE = """
import os, signal, sys
with open(sys.argv[1], "wb") as file:
    file.write(b"z" * (int(sys.argv[2]) << 20))
    os.fsync(file.fileno())
    print("ready", flush=True)
    signal.pause()
"""
HUGE = """
import mmap, signal, sys
area = mmap.mmap(-1, 4 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)
area[0] = area[2 << 20] = 1
print("ready", flush=True)
signal.pause()
"""


def run(conn: "porto.Connection", name: str, program: str, *words: object, **values: str):
    """A started container with a Python program that has said that it is ready."""
    container = conn.Create(name)
    container["command_argv"] = "\t".join([sys.executable, "-S", "-c", program, *map(str, words)])
    for key, value in values.items():
        container[key] = value
    container.Start()
    until(
        lambda: container["stdout"] == "ready\n" or container["state"] != "running",
        "the program does not get ready",
    )
    assert container["state"] == "running", container["stderr"]
    return container


def bytes_of(container, name: str) -> int:
    return int(container.GetProperty(name))


def meminfo() -> dict[str, int]:
    pairs = (line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return {name: int(rest.split()[0]) for name, rest in pairs}


class Knobs:
    """The knobs of a daemon's containers, as somebody else sees them."""

    def __init__(self, daemon, conn: "porto.Connection") -> None:
        self.driver: CgroupDriver = probe(daemon.cgroup)
        self._conn = conn

    def group(self, name: str) -> Group:
        return self.driver.locate(
            name, lambda full: frozenset(self._conn.GetProperty(full, "controllers").split(";"))
        )

    def differing(self, name: str, limits: MemoryLimits) -> dict[str, str]:
        """Knobs that do not say what `limits` means."""
        group = self.group(name)
        texts = self.driver.memory.render(limits)
        have = {
            knob: self.driver.canonical(knob, self.driver.read(group, "memory", knob))
            for knob in texts
        }
        return {knob: have[knob] for knob, text in texts.items() if have[knob] != text}

    def meddle(self, name: str, limits: MemoryLimits) -> None:
        """Write the knobs by hand."""
        group = self.group(name)
        for knob, text in self.driver.memory.render(limits).items():
            self.driver.memory.write(group, knob, text)


@pytest.fixture
def knobs(daemon, conn) -> Knobs:
    return Knobs(daemon, conn)


@pytest.fixture
def disk() -> Iterator[Path]:
    """A directory whose files are kept on a disk, so that their cache can be reclaimed."""
    for place in (os.environ.get("PORTO_TEST_DISK_DIR"), "/var/tmp"):
        if place and Path(place).is_dir():
            kind = subprocess.run(
                ["stat", "-f", "-c", "%T", place], capture_output=True, text=True, check=True
            )
            if kind.stdout.strip() not in ("tmpfs", "ramfs"):
                break
    else:
        pytest.skip("no directory on a disk")
    path = Path(place) / f"portotest-{os.getpid()}-cache"
    yield path
    path.unlink(missing_ok=True)


def unsupported(knobs: Knobs) -> set[str]:
    return set(admission.unsupported(knobs.driver.unsupported()))


def can_guarantee(knobs: Knobs) -> bool:
    return "memory_guarantee" not in unsupported(knobs)


# -- limits ------------------------------------------------------------------


def test_a_limit_is_in_force_from_the_start(conn, knobs) -> None:
    run(conn, "a", HOLD, 1, 0, memory_limit="64M")
    assert knobs.differing("a", MemoryLimits(limit=64 * MIB)) == {}
    assert conn.GetProperty("a", "memory_limit") == str(64 * MIB)


def test_who_allocates_more_than_the_limit_is_killed(conn) -> None:
    container = conn.Create("a")
    container["command"] = f"{sys.executable} -S -c \"b'x' * (400 << 20)\""
    container["memory_limit"] = "48M"
    container.Start()
    assert conn.WaitContainers(["a"], timeout=TIMEOUT_S) == "a"
    assert container["exit_code"] == "-99"
    assert container["oom_killed"] is True


def test_a_limit_of_a_running_container_is_raised_lowered_and_lifted(conn, knobs) -> None:
    container = run(conn, "a", HOLD, 1, 0)
    assert knobs.differing("a", MemoryLimits()) == {}
    for text, limit in (("64M", 64), ("1G", 1024), ("40M", 40), ("0", 0)):
        container["memory_limit"] = text
        assert knobs.differing("a", MemoryLimits(limit=limit * MIB)) == {}
    assert container["state"] == "running"


@pytest.mark.parametrize("text", ["1M", "1048577", "123456789", "15E", "18446744073709551615"])
def test_every_amount_is_kept(conn, knobs, text) -> None:
    """The kernel rounds; what it made of a value is not drift."""
    container = conn.Create("a")
    container.Start()
    container["memory_limit"] = text
    assert knobs.differing("a", MemoryLimits(limit=int(container["memory_limit"]))) == {}


def test_below_what_cannot_be_reclaimed_is_busy(conn, knobs) -> None:
    container = run(conn, "a", HOLD, 40, 0, memory_limit="128M")
    pid = container["root_pid"]
    with pytest.raises(Busy, match=r"of a to .*reclaimed"):
        container["memory_limit"] = "16M"
    assert container["memory_limit"] == str(128 * MIB)
    assert knobs.differing("a", MemoryLimits(limit=128 * MIB)) == {}
    assert (container["state"], container["root_pid"]) == ("running", pid)
    container["memory_limit"] = "96M"
    assert knobs.differing("a", MemoryLimits(limit=96 * MIB)) == {}


def test_below_the_first_limit_of_a_running_container_is_busy(conn, knobs) -> None:
    container = run(conn, "a", HOLD, 40, 0)
    with pytest.raises(Busy):
        container["memory_limit"] = "16M"
    assert knobs.differing("a", MemoryLimits()) == {}
    assert container["state"] == "running"


def test_others_are_set_while_a_limit_far_below_the_usage_is_tried(daemon, conn, knobs) -> None:
    """The kernel reclaims within the write: it is made beside the passes, and fails at the end."""
    run(conn, "a", HOLD, 64, 0, memory_limit="128M")
    other = conn.Create("b")
    other.Start()
    tries, meanwhile = daemon.connection(), 0

    def lower() -> None:
        for _ in range(5):
            with pytest.raises(Busy):
                tries.SetProperty("a", "memory_limit", "8M")

    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(lower)
        while not trying.done():
            meanwhile += 1
            other["memory_limit"] = f"{meanwhile % 32 + 32}M"
            assert knobs.differing("b", MemoryLimits(limit=(meanwhile % 32 + 32) * MIB)) == {}
        trying.result()
    assert meanwhile
    assert knobs.differing("a", MemoryLimits(limit=128 * MIB)) == {}


def test_below_the_cache_reclaims_it(conn, knobs, disk) -> None:
    container = run(conn, "a", CACHE, disk, 60, memory_limit="256M")
    assert bytes_of(container, "cache_usage") >= 50 * MIB
    container["memory_limit"] = "32M"
    assert knobs.differing("a", MemoryLimits(limit=32 * MIB)) == {}
    assert bytes_of(container, "memory_usage") <= 32 * MIB
    assert bytes_of(container, "memory_reclaimed") >= 20 * MIB
    assert container["state"] == "running"


@pytest.mark.parametrize("text", ["1", "1048575", "-1", "-1G", "12Q", "NaN", "", "1e30", "0x"])
@pytest.mark.parametrize("started", [False, True])
def test_a_bad_limit_leaves_the_old_one(conn, knobs, text, started) -> None:
    container = conn.Create("a")
    container["memory_limit"] = "64M"
    if started:
        container.Start()
    with pytest.raises(InvalidValue, match="cannot set memory_limit of a to"):
        container["memory_limit"] = text
    assert container["memory_limit"] == str(64 * MIB)
    if started:
        assert knobs.differing("a", MemoryLimits(limit=64 * MIB)) == {}


def test_a_dead_container_takes_no_limit(conn) -> None:
    container = conn.Create("a")
    container["command"] = "true"
    container.Start()
    conn.WaitContainers(["a"], timeout=TIMEOUT_S)
    with pytest.raises(InvalidState):
        container["memory_limit"] = "64M"


def test_a_running_container_without_the_controller_takes_no_limit(conn) -> None:
    conn.Create("a").Start()
    child = conn.Create("a/b")
    child.Start()
    with pytest.raises(NotSupported, match="cannot set memory_limit of a/b"):
        child["memory_limit"] = "64M"
    assert child["memory_limit"] == "0"
    child.Stop()
    child["memory_limit"] = "64M"
    child.Start()
    assert "memory" in child["controllers"]


def test_a_limit_counts_for_all_below(conn) -> None:
    """A child with a higher limit of its own cannot exceed its parent's."""
    parent = conn.Create("a")
    parent["memory_limit"] = "64M"
    child = conn.Create("a/b")
    child["memory_limit"] = "1G"
    child["command"] = f"{sys.executable} -S -c \"b'x' * (400 << 20)\""
    child.Start()
    conn.WaitContainers(["a/b"], timeout=TIMEOUT_S)
    assert int(child["exit_code"]) < 0


def test_the_smallest_limit_of_the_way_up_is_the_total(conn) -> None:
    for name, limit in (("a", "2G"), ("a/b", "1G"), ("a/b/c", "0"), ("a/b/c/d", "3G")):
        conn.Create(name)["memory_limit"] = limit
    ram = int(conn.GetProperty("/", "memory_limit"))
    gib = 1 << 30
    totals = [min(limit * gib, ram) for limit in (2, 1, 1, 1)]
    names = ["a", "a/b", "a/b/c", "a/b/c/d"]
    assert [int(conn.GetProperty(n, "memory_limit_total")) for n in names] == totals
    conn.SetProperty("a/b", "memory_limit", "0")
    assert conn.GetProperty("a/b/c", "memory_limit_total") == str(min(2 * gib, ram))


# -- drift, restart ------------------------------------------------------------


@pytest.mark.parametrize("other", [0, 32, 512])
def test_a_limit_written_by_hand_is_put_back(conn, knobs, other) -> None:
    run(conn, "a", HOLD, 1, 0, memory_limit="128M")
    before = int(conn.GetProperty("/", "porto_stat[drift_repaired]"))
    knobs.meddle("a", MemoryLimits(limit=other * MIB))
    until(lambda: not knobs.differing("a", MemoryLimits(limit=128 * MIB)), "the limit stays")
    until(
        lambda: int(conn.GetProperty("/", "porto_stat[drift_repaired]")) > before,
        "the repair is not counted",
    )


def test_a_new_daemon_keeps_limit_and_task(own_daemon) -> None:
    conn = own_daemon.connection()
    knobs = Knobs(own_daemon, conn)
    container = run(conn, "a", HOLD, 8, 0, memory_limit="128M")
    pid = container["root_pid"]
    old = own_daemon.kill("daemon")
    knobs.meddle("a", MemoryLimits(limit=256 * MIB))
    own_daemon.await_new_daemon(old)
    assert conn.GetProperty("a", "memory_limit") == str(128 * MIB)
    until(lambda: not knobs.differing("a", MemoryLimits(limit=128 * MIB)), "the limit stays")
    assert conn.GetProperty("a", "root_pid") == str(pid)


# -- guarantees ----------------------------------------------------------------


def test_without_the_kernel_a_guarantee_is_refused_by_name(conn, knobs) -> None:
    if can_guarantee(knobs):
        pytest.skip("this kernel guarantees")
    container = conn.Create("a")
    with pytest.raises(NotSupported, match=r"cannot set memory_guarantee of a: .*low_limit"):
        container["memory_guarantee"] = "1M"
    with pytest.raises(NotSupported, match="cannot get memory_guarantee_total of a"):
        container.GetProperty("memory_guarantee_total")


@pytest.fixture
def guaranteeing(knobs) -> Knobs:
    if not can_guarantee(knobs):
        pytest.skip("this kernel knows no guarantee")
    return knobs


def low(knobs: Knobs, name: str) -> int:
    group = knobs.group(name)
    knob = knobs.driver.memory.guarantee_knob
    assert knob is not None
    return int(knobs.driver.read(group, "memory", knob))


def test_a_guarantee_reaches_the_ancestors(conn, guaranteeing) -> None:
    parent, child = conn.Create("a"), conn.Create("a/b")
    parent["memory_guarantee"] = "8M"
    child["memory_guarantee"] = "12M"
    assert parent["memory_guarantee_total"] == "0"
    child.Start()
    assert (low(guaranteeing, "a/b"), low(guaranteeing, "a")) == (12 * MIB, 12 * MIB)
    assert guaranteeing.driver.memory.promised() == 12 * MIB
    assert parent["memory_guarantee_total"] == str(12 * MIB)
    child["memory_guarantee"] = "4M"
    assert (low(guaranteeing, "a/b"), low(guaranteeing, "a")) == (4 * MIB, 8 * MIB)
    child["memory_guarantee"] = "16M"
    child.Stop()
    assert low(guaranteeing, "a") == 8 * MIB
    assert guaranteeing.driver.memory.promised() == 8 * MIB
    parent.Stop()
    assert guaranteeing.driver.memory.promised() in (None, 0)


def test_guarantees_are_not_overcommitted(conn, guaranteeing) -> None:
    ram = int(conn.GetProperty("/", "memory_limit"))
    fields = meminfo()
    huge = fields["HugePages_Total"] * fields["Hugepagesize"] * 1024
    room = ram - huge - (2 << 30)
    a, b = conn.Create("a"), conn.Create("b")
    with pytest.raises(ResourceNotAvailable, match="bytes"):
        a["memory_guarantee"] = str(max(room, 0) + 1)
    if room <= 4 * MIB:
        pytest.skip("this machine has nothing to guarantee")
    a["memory_guarantee"] = str(room)
    b["memory_guarantee"] = str(room)
    a.Start()
    with pytest.raises(ResourceNotAvailable, match="cannot start b"):
        b.Start()
    a["memory_guarantee"] = str(room - 4 * MIB)
    b["memory_guarantee"] = "2M"
    b.Start()
    with pytest.raises(ResourceNotAvailable):
        b["memory_guarantee"] = "5M"
    assert low(guaranteeing, "b") == 2 * MIB


def test_a_guarantee_written_by_hand_is_put_back(conn, guaranteeing) -> None:
    container = conn.Create("a")
    container["memory_guarantee"] = "8M"
    container.Start()
    guaranteeing.meddle("a", MemoryLimits(guarantee=MIB, guarantee_total=MIB))
    until(lambda: low(guaranteeing, "a") == 8 * MIB, "the guarantee stays")


# -- what a kernel cannot do ---------------------------------------------------


def test_what_the_kernel_lacks_is_not_listed(conn, knobs) -> None:
    container = conn.Create("a")
    missing = unsupported(knobs)
    listed = {*conn.Plist(), *conn.Dlist()}
    assert not listed & missing
    for name in sorted(missing & {"anon_limit", "dirty_limit", "recharge_on_pgfault"}):
        with pytest.raises(NotSupported, match=f"{name} of a"):
            container[name] = "true" if name.startswith("recharge") else "4M"


# -- readings ------------------------------------------------------------------


def test_figures_of_a_known_allocation(conn) -> None:
    container = run(conn, "a", HOLD, 48, 16)
    usage, anon = bytes_of(container, "memory_usage"), bytes_of(container, "anon_usage")
    assert 60 * MIB <= anon <= 120 * MIB
    assert anon - 8 * MIB <= usage <= 256 * MIB
    assert 16 * MIB <= bytes_of(container, "shmem_usage") <= 24 * MIB
    assert bytes_of(container, "mlock_usage") == 0
    assert bytes_of(container, "minor_faults") > 0
    assert 0 <= bytes_of(container, "major_faults") < 100_000
    assert bytes_of(container, "virtual_memory[VmRSS]") >= 60 * MIB
    sizes = dict(item.split(": ") for item in container.GetProperty("virtual_memory").split("; "))
    assert int(sizes["VmSize"]) >= int(sizes["VmRSS"])


def test_an_unknown_sum_is_refused(conn) -> None:
    container = run(conn, "a", HOLD, 1, 0)
    with pytest.raises(porto.exceptions.InvalidProperty, match=r"virtual_memory\[VmX\] of a"):
        container.GetProperty("virtual_memory[VmX]")


def test_what_is_not_started_has_no_figures(conn) -> None:
    container = conn.Create("a")
    for name in ("memory_usage", "anon_usage", "minor_faults", "virtual_memory"):
        with pytest.raises(InvalidState):
            container.GetProperty(name)


def test_what_is_dead_has_figures(conn) -> None:
    container = conn.Create("a")
    container["command"] = "true"
    container.Start()
    conn.WaitContainers(["a"], timeout=TIMEOUT_S)
    assert bytes_of(container, "memory_usage") < 256 * MIB
    assert container.GetProperty("virtual_memory") == ""


def test_a_container_without_the_controller_shows_its_parents_figures(conn) -> None:
    conn.Create("a").Start()
    run(conn, "a/b", HOLD, 40, 0)
    assert "memory" not in conn.GetProperty("a/b", "controllers").split(";")
    found = conn.Get(["a", "a/b"], ["anon_usage"])
    parent, child = (int(found[name]["anon_usage"]) for name in ("a", "a/b"))
    assert parent >= 40 * MIB
    assert abs(parent - child) < 8 * MIB


def test_figures_of_the_host(conn) -> None:
    ram = meminfo()["MemTotal"] * 1024
    root = {
        name: int(conn.GetProperty("/", name))
        for name in ("memory_limit", "memory_limit_total", "memory_usage", "anon_usage")
    }
    assert root["memory_limit"] == root["memory_limit_total"] == ram
    assert 0 < root["memory_usage"] < ram
    assert 0 < root["anon_usage"] < ram
    assert int(conn.GetProperty("/", "minor_faults")) > 0
    assert int(conn.GetProperty("/", "virtual_memory[VmRSS]")) > 0


# -- after death ---------------------------------------------------------------


@pytest.fixture
def soft(knobs) -> Callable[[str], str]:
    """The soft limit of a container."""
    texts = knobs.driver.memory.render_pressure(MIB)
    if "pressurize_on_death" in unsupported(knobs):
        pytest.skip("this kernel knows no soft limit")
    (knob,) = texts

    def read(name: str) -> str:
        text = knobs.driver.read(knobs.group(name), "memory", knob)
        return knobs.driver.canonical(knob, text)

    return read


def test_a_dead_container_is_under_pressure(daemon, conn, soft) -> None:
    container = conn.Create("a")
    container["command"] = "sleep 1000"
    container["pressurize_on_death"] = "true"
    container.Start()
    assert soft("a") == "-1"
    container.Kill(9)
    conn.WaitContainers(["a"], timeout=TIMEOUT_S)
    until(lambda: soft("a") == str(MIB), "no soft limit")
    daemon.portoctl("respawn", "a")
    assert container["state"] == "running"
    until(lambda: soft("a") == "-1", "the soft limit stays")


def test_a_container_whose_children_ended_is_under_pressure(conn, soft) -> None:
    parent = conn.Create("a")
    parent["pressurize_on_death"] = "true"
    child = conn.Create("a/b")
    child["command"] = "sleep 1000"
    child.Start()
    until(lambda: soft("a") == "-1", "the soft limit is there")
    child.Stop()
    until(lambda: soft("a") == str(MIB), "no soft limit")
    child.Start()
    until(lambda: soft("a") == "-1", "the soft limit stays")
    parent["pressurize_on_death"] = "false"
    child.Stop()
    assert soft("a") == "-1"


# -- huge pages ----------------------------------------------------------------


@pytest.fixture
def huge(knobs) -> Knobs:
    if "hugetlb_limit" in unsupported(knobs):
        pytest.skip("no hugetlb controller here")
    return knobs


def huge_knobs(knobs: Knobs, name: str) -> dict[str, str]:
    group = knobs.group(name)
    return {
        knob: knobs.driver.canonical(knob, knobs.driver.read(group, "hugetlb", knob))
        for knob in knobs.driver.hugetlb.render(0)
    }


def test_a_limit_of_huge_pages(conn, huge) -> None:
    container = conn.Create("a")
    container.Start()
    assert huge_knobs(huge, "a") == huge.driver.hugetlb.render(0)
    for text in ("8M", "5M", "1", "0"):
        container["hugetlb_limit"] = text
        assert huge_knobs(huge, "a") == huge.driver.hugetlb.render(int(container["hugetlb_limit"]))
    assert container["hugetlb_usage"] == "0"


def test_huge_pages_are_counted_and_keep_a_limit_above_them(conn, huge) -> None:
    try:
        mmap.mmap(-1, 4 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000).close()
    except OSError as error:
        assert error.errno == errno.ENOMEM  # noqa: PT017
        pytest.skip("no huge pages are reserved here")
    container = run(conn, "a", HUGE, hugetlb_limit="8M")
    assert container["hugetlb_usage"] == str(4 * MIB)
    with pytest.raises(InvalidValue, match=f"hugetlb_limit of a to .*{4 * MIB} bytes are used"):
        container["hugetlb_limit"] = "2M"
    assert container["hugetlb_limit"] == str(8 * MIB)
    assert huge_knobs(huge, "a") == huge.driver.hugetlb.render(8 * MIB)
    assert rendered(8 * MIB, "max") in huge_knobs(huge, "a").values()
    container["hugetlb_limit"] = "4M"


def test_without_the_controller_huge_pages_are_refused_by_name(conn, knobs) -> None:
    if "hugetlb_limit" not in unsupported(knobs):
        pytest.skip("there is a hugetlb controller")
    container = conn.Create("a")
    with pytest.raises(NotSupported, match="cannot set hugetlb_limit of a"):
        container["hugetlb_limit"] = "2M"
