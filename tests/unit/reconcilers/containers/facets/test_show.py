"""All that each live facet shows of a container: subject, want and have of every item.

A line is ``FACET SUBJECT: HAVE -> WANT``, "-" for what is absent. Drivers are real ones over
fake cgroups where knobs are shown, and the fake driver where processes are.
"""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.group import Group
from porto.kernel.process.scheduling import IDLE, Schedule
from porto.reconcilers.containers.target import Shown
from porto.reconcilers.engine.change import Change
from porto.spec.containers.status import Process, State
from tests.fakes.hosts import FakeHost
from tests.fakes.scenes import Scene, lines

ALL = ("memory", "cpu", "cpuset", "blkio", "pids", "devices", "hugetlb")
HOSTS = {"v1": ("freezer", *ALL), "v2": ("v2",)}
WANTED = {
    "pressurize_on_death": "false",
    "memory_limit": "64M",
    "thread_limit": "7",
    "cpu_limit": "0.5c",
    "io_policy": "rt",
}

FOREIGN = {
    "v1": (
        ("memory", "memory.limit_in_bytes", "33554432"),
        ("memory", "memory.soft_limit_in_bytes", "4096"),
        ("hugetlb", "hugetlb.1GB.limit_in_bytes", "0"),
        ("cpuset", "cpuset.cpus", "1"),
        ("cpu", "cpu.cfs_quota_us", "25000"),
        ("blkio", "blkio.bfq.weight", "500"),
        ("pids", "pids.max", "9"),
    ),
    "v2": (
        ("memory", "memory.low", "4096"),
        ("hugetlb", "hugetlb.1GB.max", "0"),
        ("cpuset", "cpuset.cpus", "1"),
        ("cpu", "cpu.max", "25000 100000"),
        ("blkio", "io.weight", "500"),
        ("pids", "pids.max", "9"),
    ),
}
"""Controller, knob and text of what somebody else wrote."""

DEVICES = "c 1:3 rwm; c 1:5 rwm; c 1:7 rwm; c 1:8 rwm; c 1:9 rwm; c 5:0 rwm; c 5:2 rw; c 136:* rw"
"""What a container of the first level may use: DEFAULT in the tables."""

WRITTEN = {
    "v1": """
        cgroups directories: present -> present
        cgroups controllers: enabled -> enabled
        memory memory.limit_in_bytes: 33554432 -> 67108864
        memory memory.memsw.limit_in_bytes: 67108864 -> 67108864
        pressure memory.soft_limit_in_bytes: 4096 -> -1
        oom notice: armed -> armed
        hugetlb hugetlb.2MB.limit_in_bytes: -1 -> -1
        hugetlb hugetlb.1GB.limit_in_bytes: 0 -> -1
        cpuset cpuset.cpus: 1 -> 0-1
        cpuset cpuset.mems: 0 -> 0
        cpu cpu.cfs_period_us: 100000 -> 100000
        cpu cpu.cfs_quota_us: 25000 -> 50000
        cpu cpu.shares: 1024 -> 1024
        io blkio.bfq.weight: 500 -> 1000
        io blkio.throttle.read_bps_device: - -> -
        io blkio.throttle.write_bps_device: - -> -
        io blkio.throttle.read_iops_device: - -> -
        io blkio.throttle.write_iops_device: - -> -
        devices devices.list: DEFAULT -> DEFAULT
        pids pids.max: 9 -> 7
    """,
    "v2": """
        cgroups directories: present -> present
        cgroups controllers: enabled -> enabled
        memory memory.max: 67108864 -> 67108864
        memory memory.high: max -> max
        memory memory.swap.max: 0 -> 0
        memory memory.low: 4096 -> 0
        oom notice: armed -> armed
        hugetlb hugetlb.2MB.max: max -> max
        hugetlb hugetlb.1GB.max: 0 -> max
        cpuset cpuset.cpus: 1 -> 0-1
        cpuset cpuset.mems: 0 -> 0
        cpu cpu.max: 25000 100000 -> 50000 100000
        cpu cpu.weight: 100 -> 100
        io io.weight: 500 -> 1000
        io io.bfq.weight: 1000 -> 1000
        io io.max: - -> -
        pids pids.max: 9 -> 7
    """,
}

NEW = {
    "v1": """
        cgroups directories: absent -> present
        cgroups controllers: enabled -> enabled
        memory memory.limit_in_bytes: -1 -> 67108864
        memory memory.memsw.limit_in_bytes: -1 -> 67108864
        pressure memory.soft_limit_in_bytes: -1 -> -1
        oom notice: - -> armed
        hugetlb hugetlb.2MB.limit_in_bytes: -1 -> -1
        hugetlb hugetlb.1GB.limit_in_bytes: -1 -> -1
        cpuset cpuset.cpus: - -> 0-1
        cpuset cpuset.mems: - -> 0
        cpu cpu.cfs_period_us: 100000 -> 100000
        cpu cpu.cfs_quota_us: -1 -> 50000
        cpu cpu.shares: 1024 -> 1024
        io blkio.bfq.weight: 100 -> 1000
        io blkio.throttle.read_bps_device: - -> -
        io blkio.throttle.write_bps_device: - -> -
        io blkio.throttle.read_iops_device: - -> -
        io blkio.throttle.write_iops_device: - -> -
        devices devices.list: - -> DEFAULT
        pids pids.max: max -> 7
    """,
    "v2": """
        cgroups directories: absent -> present
        cgroups controllers: enabled -> enabled
        memory memory.max: max -> 67108864
        memory memory.high: max -> max
        memory memory.swap.max: max -> 0
        memory memory.low: 0 -> 0
        oom notice: - -> armed
        hugetlb hugetlb.2MB.max: max -> max
        hugetlb hugetlb.1GB.max: max -> max
        cpuset cpuset.cpus: 0-1 -> 0-1
        cpuset cpuset.mems: 0 -> 0
        cpu cpu.max: max 100000 -> 50000 100000
        cpu cpu.weight: 100 -> 100
        io io.weight: 100 -> 1000
        io io.bfq.weight: 100 -> 1000
        io io.max: - -> -
        pids pids.max: max -> 7
    """,
}


GUARANTEE = {
    "v1": [],
    "v2": ["memory memory.low: 0 -> 1048576"],
}


def shown(scene: Scene, name: str, *facets: str) -> list[str]:
    """What these facets show, or all of them."""
    target = scene.world.target(scene.get(name))
    return [
        line(facet.name, item)
        for facet in scene.world.chain.live
        if not facets or facet.name in facets
        for item in facet.show(target)
    ]


def planned(scene: Scene, name: str) -> list[str]:
    """What all facets would change."""
    target = scene.world.target(scene.get(name))
    return [
        line(change.facet, change)
        for facet in scene.world.chain.live
        for change in facet.plan(target)
    ]


def is_true(line: str) -> bool:
    have, want = line.partition(": ")[2].split(" -> ")
    return have == want


def line(facet: str, item: Shown | Change) -> str:
    have, want = ("-" if text == "" else text for text in (item.have, item.want))
    return f"{facet} {item.subject}: {have} -> {want}"


def table(text: str) -> list[str]:
    return lines(text.replace("DEFAULT", DEVICES))


@pytest.fixture(params=HOSTS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def host(kind: str, tmp_path: Path) -> Iterator[FakeHost]:
    host = FakeHost(tmp_path, HOSTS[kind])
    yield host
    host.close()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def on(host: FakeHost, state: State) -> Scene:
    """A container with all controllers, without processes."""
    scene = Scene(driver=host.driver)
    scene.put("a", state, status={"process": None}, controllers=";".join(ALL), **WANTED)
    return scene


# -- knobs ---------------------------------------------------------------------


def test_knobs_show_what_somebody_else_wrote(kind: str, host: FakeHost) -> None:
    scene = on(host, State.RUNNING)
    for controller, knob, text in FOREIGN[kind]:
        host.driver.write(scene.group("a"), controller, knob, text)
    assert shown(scene, "a") == table(WRITTEN[kind])


def test_what_is_shown_as_different_is_what_is_planned(kind: str, host: FakeHost) -> None:
    scene = on(host, State.RUNNING)
    for controller, knob, text in FOREIGN[kind]:
        host.driver.write(scene.group("a"), controller, knob, text)
    different = [each for each in table(WRITTEN[kind]) if not is_true(each)]
    assert len(different) == len(FOREIGN[kind])
    assert planned(scene, "a") == different


def test_a_guarantee_is_shown_with_the_other_limits_of_memory(kind: str, host: FakeHost) -> None:
    scene = Scene(driver=host.driver)
    scene.put("a", State.STARTING, memory_guarantee="1M", controllers="memory")
    assert [each for each in shown(scene, "a", "memory") if not is_true(each)] == GUARANTEE[kind]


def test_knobs_of_a_start_show_what_a_new_group_has(kind: str, host: FakeHost) -> None:
    assert shown(on(host, State.STARTING), "a") == table(NEW[kind])


def test_a_container_without_controllers_shows_its_groups_only(host: FakeHost) -> None:
    scene = on(host, State.RUNNING)
    scene.put("a/b", State.RUNNING, status={"process": None}, controllers="")
    assert shown(scene, "a/b") == [
        "cgroups directories: present -> present",
        "cgroups controllers: enabled -> enabled",
    ]


# -- groups, and who is in them --------------------------------------------------


def test_groups_that_are_gone_are_absent(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.put("a", State.RUNNING)
    monkeypatch.setattr(scene.driver, "exists", lambda group: False)
    assert shown(scene, "a", "cgroups") == [
        "cgroups directories: absent -> present",
        "cgroups pid 40: a -> a",
        "cgroups pid 41: a -> a",
        "cgroups controllers: enabled -> enabled",
    ]


def test_a_new_group_is_not_looked_at(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(group: Group) -> bool:
        raise AssertionError("looked at")

    scene.put("a", State.STARTING)
    monkeypatch.setattr(scene.driver, "exists", look)
    monkeypatch.setattr(scene.driver, "lacking", look)
    assert shown(scene, "a", "cgroups") == [
        "cgroups directories: absent -> present",
        "cgroups controllers: enabled -> enabled",
    ]


def test_controllers_that_are_missing_are_named(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.put("a", State.RUNNING, status={"process": None})
    monkeypatch.setattr(scene.driver, "lacking", lambda group: ["cpu", "io"])
    assert shown(scene, "a", "cgroups") == [
        "cgroups directories: present -> present",
        "cgroups controllers: without cpu io -> enabled",
    ]


PLACES = {
    "both at home": ((40, 41), (), ["pid 40: a -> a", "pid 41: a -> a"]),
    "the task elsewhere": ((40,), (41,), ["pid 40: a -> a", "pid 41: b -> a"]),
    "the first elsewhere": ((41,), (40,), ["pid 40: b -> a", "pid 41: a -> a"]),
    "the task at the top": ((40,), (), ["pid 40: a -> a", "pid 41: / -> a"]),
    "both elsewhere": ((), (40, 41), ["pid 40: b -> a", "pid 41: b -> a"]),
}


@pytest.mark.parametrize(("home", "away", "found"), PLACES.values(), ids=PLACES)
def test_the_first_processes_are_shown_where_they_are(
    scene: Scene, home: tuple[int, ...], away: tuple[int, ...], found: list[str]
) -> None:
    scene.put("a", State.RUNNING)
    scene.put("b", State.RUNNING)
    scene.driver.tasks["a"] = set(home)
    scene.driver.place("b", *away)
    assert shown(scene, "a", "cgroups")[1:-1] == [f"cgroups {item}" for item in found]


@pytest.mark.parametrize(
    ("process", "pids"),
    [
        (Process("4:1", 40, 5), [40]),
        (Process("4:1", 0, 0, 41, 6, 2), [41]),
        (Process("4:1", 40, 5, 40, 5, 1), [40]),
        (Process("4:1", 43, 5, 42, 6, 2), [42, 43]),
        (None, []),
    ],
)
def test_each_process_that_there_is_is_shown_once_by_number(
    scene: Scene, process: Process | None, pids: list[int]
) -> None:
    scene.put("a", State.RUNNING, status={"process": process})
    scene.driver.tasks["a"] = {40, 41, 42, 43}
    assert shown(scene, "a", "cgroups")[1:-1] == [f"cgroups pid {pid}: a -> a" for pid in pids]


def test_a_process_that_nobody_can_find_is_shown_at_home(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.put("a", State.RUNNING)

    def membership(pid: int) -> bytes:
        raise ProcessLookupError(errno.ESRCH, "No such process")

    monkeypatch.setattr(scene.driver, "membership", membership)
    found = ["cgroups pid 40: a -> a", "cgroups pid 41: a -> a"]
    assert shown(scene, "a", "cgroups")[1:-1] == found


# -- limits, scheduling, notices -------------------------------------------------


def test_limits_show_the_explicit_ones_by_kind(scene: Scene) -> None:
    scene.put("a", State.RUNNING, ulimit="nofile: 5 6; core: 7 unlimited; stack: unlimited")
    scene.put("a/b", State.RUNNING, ulimit="nofile: 0 8; core: 0 0")
    limits = scene.processes.limits
    limits[51] = {
        "Max open files": (1, 2),
        "Max core file size": (7, -1),
        "Max stack size": (0, 9),
    }
    assert shown(scene, "a/b", "limits") == [
        "limits ulimit[core]: 7 unlimited -> 0 0",
        "limits ulimit[nofile]: 1 2 -> 0 8",
        "limits ulimit[stack]: 0 9 -> unlimited unlimited",
    ]


@pytest.mark.parametrize("process", [None, Process("4:1", 40, 5)])
def test_nothing_is_shown_of_a_task_that_there_is_not(
    scene: Scene, process: Process | None
) -> None:
    scene.put("a", State.META, status={"process": process}, ulimit="nofile: 5 6")
    assert shown(scene, "a", "limits") == []


def test_nothing_is_shown_of_a_task_that_has_ended(scene: Scene) -> None:
    scene.put("a", State.RUNNING, ulimit="nofile: 5 6", cpu_policy="high")
    scene.processes.ended.add(41)
    scene.threads.gone.add(41)
    assert shown(scene, "a", "limits", "scheduler") == []


def test_scheduling_shows_both_kinds_of_the_main_thread(scene: Scene) -> None:
    scene.put("a", State.RUNNING, cpu_policy="high", io_policy="rt")
    scene.threads.schedules[40] = Schedule(IDLE, 3)
    assert shown(scene, "a", "scheduler") == [
        "scheduler sched: SCHED_OTHER nice 0 -> SCHED_OTHER nice -10",
        "scheduler ioprio: none -> rt 4",
    ]
    scene.threads.schedules[41] = Schedule(IDLE, 0)
    scene.threads.ioprios[41] = 3 << 13
    assert shown(scene, "a", "scheduler") == [
        "scheduler sched: SCHED_IDLE nice 0 -> SCHED_OTHER nice -10",
        "scheduler ioprio: idle -> rt 4",
    ]


def test_a_notice_is_shown_when_there_is_none(scene: Scene) -> None:
    scene.put("a", State.RUNNING)
    assert shown(scene, "a", "oom") == ["oom notice: armed -> armed"]
    scene.notices.armed.clear()
    assert shown(scene, "a", "oom") == ["oom notice: - -> armed"]
