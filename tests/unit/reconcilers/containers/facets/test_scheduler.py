"""Which threads are scheduled how; the kernel is a table of threads."""

import itertools
import os
from collections.abc import Callable
from typing import Any

import pytest

from porto.kernel.cgroup.group import Group
from porto.kernel.process.scheduling import BATCH, IDLE, ISO, OTHER, RR, Schedule
from porto.launcher.ops import SetScheduler
from porto.reconcilers.containers.facets.scheduler import IOPRIOS, Scheduler
from porto.reconcilers.containers.memory import Remembered
from porto.reconcilers.containers.target import LaunchPlan, Target
from porto.reconcilers.containers.upkeep import settle as keep
from porto.reconcilers.containers.upkeep import with_drift
from porto.spec.config import ContainerConfig
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, ContainerSpec, find_property
from porto.spec.containers.status import ContainerStatus, Process, State
from porto.spec.errors import NotSupported, PortoError
from tests.fakes.ports import again, apply, make_ports, settle

MAIN, START = 100, 7
OTHERS = (MAIN, 101, 102)


class Threads:
    """Threads of the one container; also the driver and its cpu twin."""

    def __init__(self) -> None:
        self.cpu = self
        self.schedules = dict.fromkeys(OTHERS, Schedule(OTHER, 0))
        self.ioprios = dict.fromkeys(OTHERS, 0)
        self.refuse: OSError | None = None
        self.on_list: Callable[[], None] = lambda: None
        self.ports = make_ports(self, scheduling=self, processes=self)
        self.listed = self.reads = 0

    def threads(self, group: Group) -> list[int]:
        self.listed += 1
        self.on_list()
        return list(self.schedules)

    def read(self, thread: int) -> Schedule:
        self.reads += 1
        return self._of(self.schedules, thread)

    def read_ioprio(self, thread: int) -> int:
        self.reads += 1
        return self._of(self.ioprios, thread)

    def is_ordinary(self, thread: int) -> bool:
        return (self.read(thread), self.read_ioprio(thread)) == (Schedule(OTHER, 0), 0)

    def write(self, thread: int, schedule: Schedule) -> None:
        self._of(self.schedules, thread)
        if self.refuse is not None:
            raise self.refuse
        self.schedules[thread] = schedule

    def write_ioprio(self, thread: int, value: int) -> None:
        self._of(self.ioprios, thread)
        if self.refuse is not None:
            raise self.refuse
        self.ioprios[thread] = value

    def is_alive(self, pid: int, start: int) -> bool:
        return (pid, start) == (MAIN, START)

    @staticmethod
    def _of(table: dict[int, Any], thread: int) -> Any:
        if thread not in table:
            raise ProcessLookupError(3, "No such process", thread)
        return table[thread]


MASTER = os.getppid()


@pytest.fixture
def threads() -> Threads:
    return Threads()


def spec_of(**values: str) -> ContainerSpec:
    spec = DEFAULT_SPEC
    for name, text in values.items():
        prop = find_property(name)
        spec = spec.with_value(prop, prop.parse("a", text))
    return spec


def target(*lineage: ContainerSpec, start: int = START, task: int = MAIN) -> Target:
    process = Process("1:1", MAIN - 1, START, task, start, 2)
    specs = lineage or (DEFAULT_SPEC,)
    names = ["/".join("abcd"[: len(specs) - i]) for i in range(len(specs))]
    records = [
        ContainerRecord(
            i + 1,
            name,
            spec,
            status=ContainerStatus().changed(
                state=State.RUNNING, process=process, observed_generation=1
            ),
        )
        for i, (name, spec) in enumerate(zip(names, specs, strict=True))
    ]
    return Target(records[0], tuple(records[1:]), Group(names[0], {}, ()))


def facet(threads: Threads, **config: int) -> Scheduler:
    return Scheduler(threads.ports, ContainerConfig(**config), launcher=MASTER)


def converge(threads: Threads, facet: Scheduler, target: Target) -> list[str]:
    return [change.subject for change in settle(threads.ports, facet, target)]


@pytest.mark.parametrize(
    ("values", "config", "schedule"),
    [
        ({}, {}, Schedule(OTHER, 0)),
        ({"cpu_policy": "high"}, {}, Schedule(OTHER, -10)),
        ({"cpu_policy": "high"}, {"high_nice": -5}, Schedule(OTHER, -5)),
        ({"cpu_policy": "rt"}, {}, Schedule(RR, -20, 10)),
        ({"cpu_policy": "rt"}, {"rt_priority": 0}, Schedule(OTHER, -20)),
        ({"cpu_policy": "rt"}, {"rt_priority": 0, "rt_nice": -15}, Schedule(OTHER, -15)),
        ({"cpu_policy": "rt"}, {"rt_priority": 20}, Schedule(RR, -20, 20)),
        ({"cpu_policy": "rt"}, {"rt_priority": 1000}, Schedule(RR, -20, 99)),
        ({"cpu_policy": "rt", "cpu_weight": "9"}, {"rt_priority": 10}, Schedule(RR, -20, 10)),
        ({"cpu_policy": "batch"}, {}, Schedule(BATCH, 0)),
        ({"cpu_policy": "idle"}, {}, Schedule(IDLE, 0)),
        ({"cpu_policy": "iso"}, {}, Schedule(ISO, -10)),
        ({"cpu_weight": "2"}, {}, Schedule(OTHER, -7)),
        ({"cpu_weight": "0.5"}, {}, Schedule(OTHER, 7)),
        ({"cpu_weight": "0.01"}, {}, Schedule(OTHER, 19)),
        ({"cpu_policy": "high", "cpu_weight": "100"}, {}, Schedule(OTHER, -20)),
        ({"cpu_policy": "batch", "cpu_weight": "0.5"}, {}, Schedule(BATCH, 7)),
    ],
)
def test_the_table_of_policies(
    threads: Threads, values: dict[str, str], config: dict[str, int], schedule: Schedule
) -> None:
    converge(threads, facet(threads, **config), target(spec_of(**values)))
    assert set(threads.schedules.values()) == {schedule}


@pytest.mark.parametrize("policy", sorted(set(IOPRIOS) - {""}))
def test_disk_priority(threads: Threads, policy: str) -> None:
    converge(threads, facet(threads), target(spec_of(io_policy=policy)))
    assert set(threads.ioprios.values()) == {IOPRIOS[policy]}
    assert set(threads.schedules.values()) == {Schedule(OTHER, 0)}


def test_all_threads_are_one_change_of_each_kind(threads: Threads) -> None:
    one = target(spec_of(cpu_policy="batch", io_policy="idle"))
    changes = facet(threads).plan(one)
    assert [(c.subject, c.want) for c in changes] == [
        ("sched", "SCHED_BATCH nice 0"),
        ("ioprio", "idle"),
    ]
    assert changes[0].have == "SCHED_OTHER nice 0 of 3 threads"
    assert threads.listed == 1


def test_by_default_one_thread_is_looked_at(threads: Threads) -> None:
    one = facet(threads)
    assert list(one.plan(target())) == []
    assert (threads.listed, threads.reads) == (0, 2)
    for thread in OTHERS:
        threads.schedules[thread] = Schedule(OTHER, 5)
        threads.ioprios[thread] = 3 << 13
    assert converge(threads, one, target()) == ["sched", "ioprio"]
    assert threads.schedules == {MAIN: Schedule(OTHER, 0), 101: Schedule(OTHER, 5)} | {
        102: Schedule(OTHER, 5)
    }
    assert threads.ioprios == {MAIN: 0, 101: 3 << 13, 102: 3 << 13}


def test_a_policy_of_an_ancestor_is_for_every_thread(threads: Threads) -> None:
    one = facet(threads)
    assert converge(threads, one, target(DEFAULT_SPEC, spec_of(cpu_policy="idle"))) == ["sched"]
    assert set(threads.schedules.values()) == {Schedule(IDLE, 0)}
    lineage = (spec_of(cpu_weight="2"), DEFAULT_SPEC, spec_of(cpu_policy="batch"))
    assert converge(threads, one, target(*lineage)) == ["sched"]
    assert set(threads.schedules.values()) == {Schedule(BATCH, -7)}


def test_a_policy_that_an_ancestor_changed_is_no_drift(threads: Threads) -> None:
    one, remembered = facet(threads), Remembered()

    def drift(policy: str) -> list[bool]:
        there = target(DEFAULT_SPEC, spec_of(cpu_policy=policy))
        wishing = {one.name: one}
        changes = with_drift(wishing, remembered, there, one.plan(there))
        converge(threads, one, again(there))
        keep(wishing, remembered, there)
        return [change.is_drift for change in changes]

    drift("idle")
    assert drift("batch") == [False]
    threads.schedules[101] = Schedule(OTHER, 0)
    assert drift("batch") == [True]


def test_another_process_with_the_number_is_left_alone(threads: Threads) -> None:
    threads.schedules[MAIN] = Schedule(OTHER, 5)
    assert list(facet(threads).plan(target(start=START + 1))) == []
    assert list(facet(threads).plan(target(task=0))) == []
    assert threads.schedules[MAIN] == Schedule(OTHER, 5)


def test_threads_that_appear_meanwhile_are_changed_too(threads: Threads) -> None:
    newcomers = iter(range(200, 205))

    def spawn() -> None:
        for number in itertools.islice(newcomers, 1):
            threads.schedules[number] = Schedule(OTHER, 0)

    one, wanted = facet(threads), target(spec_of(cpu_policy="batch"))
    (change,) = one.plan(wanted)
    threads.on_list = spawn
    apply(threads.ports, [change])
    assert len(threads.schedules) == 8
    assert set(threads.schedules.values()) == {Schedule(BATCH, 0)}


def test_threads_without_end_do_not_hold_the_pass(threads: Threads) -> None:
    numbers = itertools.count(200)

    def spawn() -> None:
        threads.schedules[next(numbers)] = Schedule(OTHER, 0)

    threads.on_list = spawn
    one, wanted = facet(threads), target(spec_of(cpu_policy="batch"))
    (change,) = one.plan(wanted)
    apply(threads.ports, [change])
    assert threads.listed < 100


def test_threads_that_end_meanwhile_are_nothing(threads: Threads) -> None:
    one, wanted = facet(threads), target(spec_of(cpu_policy="batch"))
    (change,) = one.plan(wanted)
    threads.cpu = threads
    listed = list(threads.schedules)
    threads.threads = lambda group: listed  # type: ignore[method-assign]
    del threads.schedules[101]
    apply(threads.ports, [change])
    assert threads.schedules == dict.fromkeys((MAIN, 102), Schedule(BATCH, 0))


def test_refusals_name_the_property(threads: Threads) -> None:
    one = facet(threads, rt_priority=10)
    threads.refuse = PermissionError(1, "Operation not permitted")
    for values, text in (
        ({"cpu_policy": "rt"}, "cannot set cpu_policy of a to 'rt': its cgroup"),
        ({"io_policy": "rt"}, "cannot set io_policy of a to 'rt': Operation not permitted"),
    ):
        wanted = target(spec_of(**values))
        with pytest.raises(PortoError, match=text):
            apply(threads.ports, one.plan(wanted)[:1])
    threads.refuse = OSError(22, "Invalid argument")
    wanted = target(spec_of(cpu_policy="iso"))
    with pytest.raises(NotSupported, match="cpu_policy of a to 'iso': the kernel has no SCHED_ISO"):
        apply(threads.ports, one.plan(wanted)[:1])


# -- launch --------------------------------------------------------------------


def prepared(threads: Threads, *lineage: ContainerSpec) -> list[object]:
    plan = LaunchPlan()
    facet(threads).prepare(target(*lineage), plan)
    return list(plan.ops)


def test_a_child_sets_what_it_does_not_inherit(threads: Threads) -> None:
    threads.schedules[MASTER], threads.ioprios[MASTER] = Schedule(OTHER, 0), 0
    assert prepared(threads) == []
    assert prepared(threads, spec_of(cpu_policy="normal", io_policy="none")) == []
    assert prepared(threads, spec_of(cpu_policy="high")) == [SetScheduler(OTHER, 0, -10, 0)]
    assert prepared(threads, DEFAULT_SPEC, spec_of(cpu_policy="idle")) == [
        SetScheduler(IDLE, 0, 0, 0)
    ]
    assert prepared(threads, spec_of(io_policy="idle")) == [SetScheduler(OTHER, 0, 0, 3 << 13)]


def test_a_master_that_is_niced_itself(threads: Threads) -> None:
    threads.schedules[MASTER], threads.ioprios[MASTER] = Schedule(OTHER, 5), 0
    assert prepared(threads) == [SetScheduler(OTHER, 0, 0, 0)]
    threads.schedules[MASTER], threads.ioprios[MASTER] = Schedule(OTHER, 0), 2 << 13
    assert prepared(threads) == [SetScheduler(OTHER, 0, 0, 0)]
    del threads.schedules[MASTER]
    assert prepared(threads) == [SetScheduler(OTHER, 0, 0, 0)]
