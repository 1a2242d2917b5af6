"""CPU time as knobs of v1 and v2, and readings, on the fake kernel."""

import dataclasses
import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.cpu import CORE, CpuTime, nice_of_weight, realtime_runtime
from porto.kernel.process import scheduling
from porto.spec.containers.admission import unsupported
from tests.fakes.hosts import FakeHost

HOSTS = {"v1": ("freezer", "cpu", "cpuacct"), "co": ("freezer", "cpu,cpuacct"), "v2": ("v2",)}


class World(FakeHost):
    """A fake host of one kind."""

    def __init__(self, root: Path, kind: str) -> None:
        self.kind = kind
        super().__init__(root, HOSTS[kind])

    def apply(self, group: Group, time: CpuTime) -> None:
        wanted = self.driver.cpu.render(time)
        for knob, text in wanted.items():
            if self.have(group, knob) != text:
                self.driver.cpu.write(group, knob, wanted)
        assert {knob: self.have(group, knob) for knob in wanted} == wanted


@pytest.fixture(params=list(HOSTS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, request.param)
    yield made
    made.close()


@pytest.fixture
def v1(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "v1")
    yield made
    made.close()


@pytest.fixture
def v2(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "v2")
    yield made
    made.close()


def shares(world: World, **values: object) -> int:
    wanted = world.driver.cpu.render(CpuTime(**values))  # type: ignore[arg-type]
    return int(wanted["cpu.weight" if world.kind == "v2" else "cpu.shares"])


def limit(world: World, **values: object) -> str:
    wanted = world.driver.cpu.render(CpuTime(**values))  # type: ignore[arg-type]
    if world.kind == "v2":
        return wanted["cpu.max"]
    return f"{wanted['cpu.cfs_quota_us'].replace('-1', 'max')} {wanted['cpu.cfs_period_us']}"


def test_a_new_group_is_what_nothing_said_asks_for(world: World) -> None:
    group = world.made("a")
    wanted = world.driver.cpu.render(CpuTime())
    assert {knob: world.have(group, knob) for knob in wanted} == wanted


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "max 100000"),
        ({"limit": CORE // 2}, "50000 100000"),
        ({"limit": 3 * CORE, "period": 10_000}, "30000 10000"),
        ({"limit": 1}, "1000 100000"),
        ({"limit": 5 * CORE // 1000, "period": 1000}, "1000 1000"),
        ({"limit": CORE // 3, "period": 100_000}, "33334 100000"),
        ({"limit": 10**15 * CORE, "period": 10**6}, "max 1000000"),
    ],
)
def test_limits(world: World, values: dict[str, int], expected: str) -> None:
    assert limit(world, **values) == expected
    world.apply(world.made("a"), CpuTime(**values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "v1_shares", "v2_weight"),
    [
        ({}, 1024, 100),
        ({"weight": 2.5}, 2560, 250),
        ({"weight": 0.01}, 10, 1),
        ({"weight": 100}, 102400, 10000),
        ({"guarantee": CORE // 2}, 1024, 100),
        ({"guarantee": 3 * CORE // 2}, 1536, 150),
        ({"guarantee": 3 * CORE // 2, "weight": 0.5}, 768, 75),
        ({"policy": "high"}, 16384, 1600),
        ({"policy": "iso"}, 16384, 1600),
        ({"policy": "rt"}, 262144, 10000),
        ({"policy": "rt", "weight": 100}, 262144, 10000),
        ({"policy": "idle"}, 64, 6),
        ({"policy": "idle", "weight": 0.01}, 2, 1),
        ({"policy": "batch"}, 1024, 100),
        ({"guarantee": 10**9 * CORE, "weight": 100}, 262144, 10000),
    ],
)
def test_weights(world: World, values: dict[str, object], v1_shares: int, v2_weight: int) -> None:
    assert shares(world, **values) == (v2_weight if world.kind == "v2" else v1_shares)
    world.apply(world.made("a"), CpuTime(**values))  # type: ignore[arg-type]


def test_limits_go_up_and_down_with_their_periods(world: World) -> None:
    parent, child = world.made("a", "cpu"), world.made("a/b", "cpu")
    world.apply(parent, CpuTime(limit=2 * CORE))
    for power, period in ((1.5, 10_000), (0.25, 1_000_000), (1, 1000), (2, 500_000), (0, 1000)):
        world.apply(child, CpuTime(limit=int(power * CORE), period=period))
    world.apply(child, CpuTime(limit=CORE, period=1000))
    world.apply(parent, CpuTime(limit=2 * CORE, period=1_000_000))
    world.apply(parent, CpuTime(limit=3 * CORE, period=5000))


def test_a_lowered_limit_takes_those_below_off(v1: World) -> None:
    groups = [v1.made(name, "cpu") for name in ("a", "a/b", "a/b/c", "a/d", "e")]
    for group, power in zip(groups, (4, 3, 2, 1, 4), strict=True):
        v1.apply(group, CpuTime(limit=power * CORE))
    v1.apply(groups[0], CpuTime(limit=2 * CORE))
    quotas = [v1.have(group, "cpu.cfs_quota_us") for group in groups]
    assert quotas == ["200000", "-1", "-1", "100000", "400000"]


def test_a_limit_above_the_parents_stays_refused(v1: World) -> None:
    parent, child = v1.made("a", "cpu"), v1.made("a/b", "cpu")
    v1.apply(parent, CpuTime(limit=CORE))
    with pytest.raises(OSError, match="Invalid argument") as caught:
        v1.apply(child, CpuTime(limit=2 * CORE))
    assert caught.value.errno == errno.EINVAL
    assert v1.have(parent, "cpu.cfs_quota_us") == "100000"


def test_an_idle_group_gets_its_weight_back(world: World) -> None:
    group = world.made("a")
    world.driver.write(group, "cpu", "cpu.idle", "1")
    world.apply(group, CpuTime(weight=2))
    assert world.have(group, "cpu.idle") == "0"


def test_comparison_is_of_what_the_kernel_would_compare() -> None:
    one = CpuTime(limit=CORE)
    assert dataclasses.replace(one, limit=CORE - 20_000).is_within(one)
    assert not one.is_within(one)
    assert one.is_within(CpuTime())
    assert not CpuTime().is_within(one)
    # A quota has a least value: a tenth of a core in a millisecond is a whole one.
    assert not CpuTime(limit=CORE // 10, period=1000).is_within(CpuTime(limit=CORE // 2))


def test_nice_follows_the_weight() -> None:
    weights = (1, 1.11, 1.22, 2, 0.5, 100, 0.01)
    assert [nice_of_weight(0, w) for w in weights] == [0, -1, -2, -7, 7, -20, 19]
    assert nice_of_weight(-10, 0.5) == -2
    assert nice_of_weight(-10, 100) == -20


# -- realtime, offstream -------------------------------------------------------


def test_realtime_bandwidth_is_asked_for_realtime_tasks_only(v1: World) -> None:
    time = CpuTime(limit=CORE // 2, policy="rt", realtime=True)
    assert "cpu.rt_runtime_us" not in v1.driver.cpu.render(time)
    v1.root_knob("cpu.rt_period_us", "1000000")
    v1.root_knob("cpu.rt_runtime_us", "950000")
    cpu = v1.probed().cpu
    assert "cpu.rt_runtime_us" not in cpu.render(dataclasses.replace(time, realtime=False))
    wanted = cpu.render(time)
    assert list(wanted)[-2:] == ["cpu.rt_period_us", "cpu.rt_runtime_us"]


@pytest.mark.parametrize(("left", "given"), [(95_000, "47500"), (47_500, "23750"), (2000, None)])
def test_realtime_without_a_limit_is_half_of_what_is_left(
    v1: World, monkeypatch: pytest.MonkeyPatch, left: int, given: str | None
) -> None:
    v1.root_knob("cpu.rt_period_us", "1000000")
    v1.root_knob("cpu.rt_runtime_us", "950000")
    v1.driver = v1.probed()
    group = v1.made("a")
    for knob, text in (("cpu.rt_period_us", "100000"), ("cpu.rt_runtime_us", "0")):
        Path(group.directories["cpu"], knob).write_text(text)
    real = v1.fake.write

    def write(path: str, text: str) -> None:
        if path.endswith("rt_runtime_us") and not 0 <= int(text) <= left:
            raise OSError(errno.EINVAL, "Invalid argument", path)
        real(path, text)

    monkeypatch.setattr(v1.fake, "write", write)
    cpu = v1.driver.cpu
    wanted = cpu.render(CpuTime(policy="rt", realtime=True))
    knob = "cpu.rt_runtime_us"
    assert wanted[knob] == "-1"
    if given is None:
        with pytest.raises(OSError, match="no realtime is left") as caught:
            cpu.write(group, knob, wanted)
        assert caught.value.errno == errno.EAGAIN
        return
    cpu.write(group, knob, wanted)
    assert v1.have(group, knob) == given
    assert cpu.is_met(knob, "-1", given)
    assert not cpu.is_met(knob, "-1", "0")
    assert not cpu.is_met(knob, "5000", given)


@pytest.mark.parametrize(
    ("power", "root", "runtime"),
    [
        (CORE // 2, 950_000, 12_500),
        (1, 950_000, 1000),
        (0, 950_000, -1),
        (4 * CORE, 950_000, -1),
        (39 * CORE // 10, 950_000, -1),
        (39 * CORE // 10, -1, 97_500),
    ],
)
def test_realtime_runtime(power: int, root: int, runtime: int) -> None:
    assert realtime_runtime(CpuTime(limit=power), 4, 1_000_000, root) == runtime


def test_the_offstream_reserve(v1: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("porto.kernel.cgroup.v1.cpu.CpuV1._cores", 4)
    for knob in ("cpu.cfs_reserve_us", "cpu.cfs_reserve_shares"):
        v1.root_knob(knob, "0")
    cpu = v1.probed().cpu

    def rendered(**values: object) -> tuple[str, ...]:
        wanted = cpu.render(CpuTime(**values))  # type: ignore[arg-type]
        return tuple(wanted[f"cpu.{k}"] for k in ("shares", "cfs_reserve_shares", "cfs_reserve_us"))

    assert rendered() == ("1024", "1024", "0")
    assert rendered(guarantee=CORE // 2) == ("1024", "16384", "50000")
    assert rendered(guarantee=9 * CORE) == ("1024", "16384", "400000")
    assert rendered(policy="high") == ("16384", "262144", "0")
    assert rendered(policy="idle", guarantee=CORE) == ("64", "1024", "100000")


# -- what the kernel lacks -------------------------------------------------------


def test_what_this_kernel_lacks_is_named(world: World) -> None:
    reasons = unsupported(world.driver.unsupported())
    assert {"cpu_wait", "cpu_unconstrained_wait"} <= reasons.keys()
    assert not {"cpu_limit", "cpu_usage", "cpu_throttled", "cpu_weight", "cpu_policy"} & set(
        reasons
    )
    assert ("cpu.iso" in world.driver.unsupported()) is not scheduling.knows(scheduling.ISO)
    assert "cpu_burst_usage" not in reasons


def test_a_kernel_without_bandwidth(v1: World) -> None:
    v1.root_knob("cpu.cfs_quota_us", None)
    driver = v1.probed()
    assert {"cpu_limit", "cpu_period", "cpu_throttled"} <= unsupported(driver.unsupported()).keys()
    assert "cpu_guarantee" not in unsupported(driver.unsupported())
    assert driver.cpu.render(CpuTime()) == {"cpu.shares": "1024"}


def test_a_kernel_without_the_controllers(tmp_path: Path) -> None:
    driver = FakeHost(tmp_path, ("freezer",)).driver
    names = {"cpu_limit", "cpu_guarantee", "cpu_period", "cpu_usage", "cpu_usage_system"}
    assert names <= unsupported(driver.unsupported()).keys()
    assert not {"cpu_weight", "cpu_policy"} & unsupported(driver.unsupported()).keys()
    with pytest.raises(FileNotFoundError):
        driver.cpu.usage(driver.locate("a", lambda _: frozenset()))


# -- readings ---------------------------------------------------------------------


def test_accounts_of_v1(v1: World) -> None:
    group = v1.made("a")
    shown = {
        "cpuacct.usage": "1234567890123\n",
        "cpuacct.stat": "user 300\nsystem 25\n",
        "cpu.stat": "nr_periods 9\nnr_throttled 2\nthrottled_time 777\nburst_time 5\n",
        "cpuacct.wait": "1000\n",
    }
    for knob, text in shown.items():
        Path(group.directories[knob.partition(".")[0]], knob).write_text(text)
    cpu = v1.driver.cpu
    assert cpu.usage(group) == 1234567890123
    assert cpu.usage_system(group) == 250_000_000
    assert (cpu.throttled(group), cpu.burst_usage(group), cpu.wait(group)) == (777, 5, 1000)
    assert cpu.unconstrained_wait(group) == 1000


def test_bursts_of_a_kernel_that_measures_them(v1: World) -> None:
    for knob in ("cpu.cfs_burst_usage", "cpu.cfs_burst_load"):
        v1.root_knob(knob, "0")
    v1.driver = v1.probed()
    group = v1.made("a")
    shown = {
        "cpu.cfs_burst_usage": "30",
        "cpu.cfs_burst_load": "50",
        "cpu.stat": "h_throttled_time 300\n",
    }
    for knob, text in shown.items():
        Path(group.directories["cpu"], knob).write_text(text)
    Path(group.directories["cpuacct"], "cpuacct.wait").write_text("1000\n")
    cpu = v1.driver.cpu
    assert cpu.burst_usage(group) == 30
    assert cpu.unconstrained_wait(group) == 1000 - 20 - 300
    Path(group.directories["cpu"], "cpu.stat").write_text("h_throttled_time 5000\n")
    assert cpu.unconstrained_wait(group) == 0


def test_accounts_of_v2(v2: World) -> None:
    group = v2.made("a")
    text = "usage_usec 12\nuser_usec 8\nsystem_usec 4\nthrottled_usec 3\nburst_usec 2\n"
    Path(group.directories["cpu"], "cpu.stat").write_text(text)
    cpu = v2.driver.cpu
    assert (cpu.usage(group), cpu.usage_system(group)) == (12_000, 4000)
    assert (cpu.throttled(group), cpu.burst_usage(group)) == (3000, 2000)
    for reading in (cpu.wait, cpu.unconstrained_wait):
        with pytest.raises(FileNotFoundError):
            reading(group)


def test_a_child_without_the_controller_shows_its_parents_throttling(world: World) -> None:
    parent, child = world.made("a"), world.made("a/b")
    knob = "throttled_usec" if world.kind == "v2" else "throttled_time"
    Path(parent.directories["cpu"], "cpu.stat").write_text(f"{knob} 8\n")
    assert world.driver.cpu.throttled(child) == world.driver.cpu.throttled(parent) > 0


def test_the_host_is_read_too(world: World) -> None:
    root = world.driver.locate("/", lambda _: frozenset())
    cpu = world.driver.cpu
    assert (cpu.usage(root), cpu.usage_system(root), cpu.throttled(root)) == (0, 0, 0)


def test_threads_are_the_containers_own(world: World) -> None:
    parent, child = world.made("a"), world.made("a/b")
    mine, theirs = world.fake.spawn(threads=3), world.fake.spawn()
    world.driver.attach(parent, mine)
    world.driver.attach(child, theirs)
    assert len(world.driver.cpu.threads(parent)) == 3
    assert world.driver.cpu.threads(child) == [theirs]
    world.driver.kill(parent)
    world.driver.remove(child)
    world.driver.remove(parent)
    assert world.driver.cpu.threads(parent) == []
