"""Any sequence of sets, drifts and restarts ends with the kernel saying what the spec says.

Two witnesses: a table of knobs by property, written here from the kernel's documents, and
the facets' own plans, made by this process from the daemon's records, which must be empty.
"""

import contextlib
import itertools
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from porto.exceptions import PortoException
from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.probe import probe
from porto.observers.clock import Clock
from porto.observers.exits import Exits
from porto.observers.kernel_events import KernelEvents
from porto.reconcilers.containers.assembly import assemble
from porto.reconcilers.containers.facets.cpuset import HOST
from porto.reconcilers.containers.facets.knobs import KnobFacet
from porto.reconcilers.containers.target import Target
from porto.reconcilers.containers.world import World
from porto.reconcilers.engine.change import Change
from porto.spec.config import Config, PathsConfig
from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.store import ContainerStore
from porto.spec.key import Key
from tests.fakes.ports import apply, make_ports
from tests.patience import patient

pytestmark = pytest.mark.needs("root", "cgroup")

SETTLE_S = patient(15)
NAMES = ("c", "c/d")

VALUES = {
    "thread_limit": ("100", "5000", "0"),
    "memory_limit": ("64M", "128M", "0"),
    "cpu_limit": ("1c", "0.5c", "0c"),
    "cpu_guarantee": ("0c", "0.5c"),
    "cpu_weight": ("1", "0.5", "3"),
    "cpu_period": ("100ms", "50ms"),
    "cpu_policy": ("normal", "batch", "idle"),
    "cpu_set": ("", "0"),
    "io_policy": ("none", "normal", "idle"),
    "io_weight": ("1", "2"),
    "ulimit": ("nofile: 100 1000", "nofile: 512 1000"),
}

Step = tuple[Any, ...]

names = st.sampled_from(NAMES)
settings_of = st.sampled_from(sorted(VALUES)).flatmap(
    lambda key: st.tuples(st.just("set"), names, st.just(key), st.sampled_from(VALUES[key]))
)
drifts = st.tuples(st.just("drift"), names, st.integers(0, 30), st.sampled_from("1359"))
steps = st.one_of(
    settings_of,
    drifts,
    st.tuples(st.just("bounce"), names),
    st.tuples(st.just("move"), names),
    st.just(("kill",)),
)


class AllArmed(KernelEvents):
    """Of the kernel's notices those of the daemon are enough."""

    def is_armed(self, key: Key, group: Group) -> bool:
        return True


class Bench:
    """A daemon, its two containers, and a second look at what it keeps."""

    def __init__(self, daemon: Any) -> None:
        self.daemon = daemon
        self.conn = daemon.connection()
        supported = set(self.conn.Plist())
        self.values = {key: texts for key, texts in VALUES.items() if key in supported}
        self.driver: CgroupDriver = probe(daemon.cgroup)
        self.spec: dict[tuple[str, str], str] = {}
        self.copies = itertools.count()
        for name in NAMES:
            container = self.conn.Create(name)
            container.SetProperty("command", "sleep 100000")
            for controller in ("memory", "cpu", "pids", "cpuset", "blkio"):
                with contextlib.suppress(PortoException):
                    container.SetProperty(f"controllers[{controller}]", "true")
            container.Start()

    def run(self, step: Step) -> None:
        """One step; what the daemon refuses leaves everything as it was."""
        kind, arguments = step[0], step[1:]
        getattr(self, f"do_{kind}")(*arguments)

    def do_set(self, name: str, key: str, text: str) -> None:
        if key not in self.values:
            return
        try:
            self.conn.SetProperty(name, key, text)
        except PortoException:
            return
        self.spec[name, key] = self.conn.GetProperty(name, key)

    def do_drift(self, name: str, number: int, digit: str) -> None:
        """Somebody writes a number into one of the knobs that a facet keeps."""
        wanted = [
            (Path(target.group.directories[facet.controller]) / knob, text)
            for facet, target in self.facets(name)
            if target.group.owns(facet.controller)
            for knob, text in facet.want(target).items()
        ]
        if not wanted:
            return
        knob, text = wanted[number % len(wanted)]
        other = digit * 7 if text.isdecimal() or text in ("-1", "max") else text
        with contextlib.suppress(OSError):
            knob.write_text(other)

    def do_move(self, name: str) -> None:
        """Somebody moves the main task to the top of a hierarchy."""
        pid = self.conn.GetProperty(name, "root_pid")
        top = Path(self.conn.GetProperty(name, "cgroups[freezer]"))
        while top.name != self.daemon.cgroup:
            top = top.parent
        (top.parent / "cgroup.procs").write_text(pid)

    def do_bounce(self, name: str) -> None:
        self.conn.Stop(name)
        for inner in NAMES[NAMES.index(name) :]:
            if self.conn.GetProperty(inner, "state") == "stopped":
                self.conn.Start(inner)

    def do_kill(self) -> None:
        self.conn.disconnect()
        self.daemon.await_new_daemon(self.daemon.kill("daemon"))
        self.conn = self.daemon.connection()

    # -- the second look -----------------------------------------------------

    def look(self) -> World:
        """The daemon's records and facets of our own over them."""
        copy = self.daemon.directory / f"records-{next(self.copies)}"
        shutil.copytree(self.daemon.runtime / "porto" / "kvs", copy)
        store = ContainerStore(copy)
        store.load()
        shutil.rmtree(copy)
        config = Config(paths=PathsConfig(place=str(self.daemon.place), cgroup=self.daemon.cgroup))
        ports = make_ports(self.driver)
        world = assemble(
            config,
            ports,
            store,
            exits=Exits(lambda launch_id: None, ports.processes),
            notices=AllArmed(ports, Clock(), lambda key: None),
            enqueue=lambda key: None,
            launcher=int(self.daemon.pid("master")),
        ).world
        for record in store.records():
            # Who has which CPUs is told by the knobs, once everybody was let in.
            apply(ports, (c for c in self.plans_of(world, record) if c.subject == HOST))
        return world

    @staticmethod
    def plans_of(world: World, record: ContainerRecord) -> list[Change]:
        target = world.target(record)
        return [change for facet in world.chain.live for change in facet.plan(target)]

    def facets(self, name: str) -> Iterator[tuple[KnobFacet, Target]]:
        """The knob facets and one container as they see it."""
        world = self.look()
        for facet in world.chain.live:
            if isinstance(facet, KnobFacet):
                yield facet, world.target(world.store.get(name))

    def plans(self) -> list[Change]:
        """What the facets would change now."""
        world = self.look()
        return [c for record in world.store.records() for c in self.plans_of(world, record)]

    def check(self) -> None:
        """Both witnesses, within the time that a resync takes."""
        deadline = time.monotonic() + SETTLE_S
        while (left := self.differences()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not left, f"{left}\n{self.daemon.tail()}"
        for (name, key), text in self.spec.items():
            assert self.conn.GetProperty(name, key) == text, (name, key)

    def differences(self) -> list[str]:
        found = [f"{c.facet} {c.subject}: want {c.want}, have {c.have}" for c in self.plans()]
        for name in NAMES:
            state = self.conn.GetProperty(name, "state")
            if state != "running":
                found.append(f"{name} is {state}")
        for (name, key), text in self.spec.items():
            knob = KNOBS.get((self.driver.version == "v2", key))
            if knob is None or not text or f"{text}" in ("0", "0c"):
                continue
            controller, file, render = knob
            directory = Path(self.conn.GetProperty(name, f"cgroups[{controller}]"))
            have = (directory / file).read_text().strip()
            if have != render(text):
                found.append(f"{name} {key}={text}: {file} says {have}")
        return found


def _plain(text: str) -> str:
    return text


KNOBS: dict[tuple[bool, str], tuple[str, str, Callable[[str], str]]] = {
    (False, "thread_limit"): ("pids", "pids.max", _plain),
    (True, "thread_limit"): ("pids", "pids.max", _plain),
    (False, "memory_limit"): ("memory", "memory.limit_in_bytes", _plain),
    (True, "memory_limit"): ("memory", "memory.max", _plain),
    (False, "cpu_set"): ("cpuset", "cpuset.cpus", _plain),
    (True, "cpu_set"): ("cpuset", "cpuset.cpus", _plain),
}
"""(cgroup v2, property) to (controller, knob, what the knob says for a value that limits)."""


@pytest.mark.lengthy
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(sequence=st.lists(steps, min_size=3, max_size=8))
def test_any_sequence_ends_with_kernel_and_spec_agreed(
    shared_bench: Bench, sequence: list[Step]
) -> None:
    for step in sequence:
        shared_bench.run(step)
    shared_bench.check()


@pytest.fixture(scope="module")
def shared_bench(make_daemon: Any) -> Iterator[Bench]:
    """One pair of containers for all sequences: each starts where the last one ended."""
    daemon = make_daemon("daemon { resync_s: 1 }")
    yield Bench(daemon)
    daemon.stop()


def stored(runtime: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of each record's file: writing one makes another file of it."""
    files = {path.name: path.stat() for path in (runtime / "porto" / "kvs").iterdir()}
    assert files
    return {name: (found.st_ino, found.st_mtime_ns) for name, found in files.items()}


def test_a_second_plan_is_empty_and_nothing_is_written(make_daemon: Any) -> None:
    """Idle containers: after every property was set no knob's file changes any more."""
    daemon = make_daemon("daemon { resync_s: 1 }")
    bench = Bench(daemon)
    for key, texts in bench.values.items():
        bench.do_set("c", key, texts[0])
    bench.check()
    repaired = bench.conn.GetProperty(ROOT, "porto_stat[drift_repaired]")
    clock = Clock()
    records = stored(daemon.runtime)
    until = clock.mono() + 3
    while clock.mono() < until:
        assert bench.plans() == []
        time.sleep(0.5)
    assert bench.conn.GetProperty(ROOT, "porto_stat[drift_repaired]") == repaired
    assert stored(daemon.runtime) == records
    daemon.stop()
