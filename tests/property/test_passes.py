"""Passes come to rest: what was decided is made, and then nothing is left to do."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from porto.launcher.ops import Launched, LaunchFailed
from porto.reconcilers.engine.result import Again, Done, Result, Stuck
from porto.spec.containers.status import State
from porto.spec.records.record import Run
from tests.fakes.cgroupfs import SPLIT
from tests.fakes.hosts import FakeHost
from tests.fakes.scenes import Scene

PASSES_MAX = 12
NOT_STARTED = frozenset({State.STOPPED, State.STARTING, State.DEAD})
SIZES = ("0", "8M", "64M", "1G")
PROPERTIES = {
    "thread_limit": ("1", "50", "10000"),
    "memory_limit": SIZES,
    "memory_guarantee": SIZES,
    "anon_limit": SIZES,
    "dirty_limit": SIZES,
    "recharge_on_pgfault": ("true", "false"),
    "pressurize_on_death": ("true", "false"),
    "cpu_limit": ("0", "0.5c", "1c", "2c"),
    "cpu_guarantee": ("0", "0.5c"),
    "cpu_weight": ("0.01", "1", "2.5", "100"),
    "cpu_policy": ("normal", "high", "idle", "batch"),
    "cpu_period": ("10ms", "100ms", "1s"),
    "io_weight": ("0.01", "1", "100"),
    "io_policy": ("none", "idle", "high"),
    "ulimit": ("nofile: 5 6", "core: unlimited"),
    "oom_is_fatal": ("true", "false"),
    "isolate": ("true", "false"),
}
DRIFTS = (
    ("pids", "pids.max", "7"),
    ("memory", "memory.limit_in_bytes", "33554432"),
    ("memory", "memory.soft_limit_in_bytes", "33554432"),
    ("memory", "memory.max", "33554432"),
    ("memory", "memory.high", "33554432"),
    ("memory", "memory.low", "33554432"),
    ("cpu", "cpu.shares", "77"),
    ("cpu", "cpu.cfs_quota_us", "-1"),
    ("cpu", "cpu.weight", "77"),
    ("cpu", "cpu.max", "20000 100000"),
    ("cpuset", "cpuset.cpus", "0"),
    ("blkio", "blkio.weight", "500"),
    ("io", "io.weight", "500"),
    ("devices", "devices.deny", "c 1:3 rwm"),
)

specs = st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in PROPERTIES.items()})


@contextlib.contextmanager
def host_of(*, v2: bool) -> Iterator[tuple[FakeHost, Scene]]:
    with tempfile.TemporaryDirectory() as root:
        host = FakeHost(Path(root), ("v2",) if v2 else SPLIT)
        try:
            yield host, Scene(driver=host.driver)
        finally:
            host.close()


def started(host: FakeHost, scene: Scene, name: str) -> bool:
    """Carry a start; whether it succeeded."""
    result = scene.carry(name)
    if isinstance(result, Stuck):
        return False
    for request in scene.launches.requests[-1:]:
        init, main = host.fake.spawn(), host.fake.spawn()
        for pid in (init, main):
            host.driver.attach(scene.group(name), pid)
        scene.launches.setup.discard(request.launch_id)
        launched = Launched(request.launch_id, init, 5, main, 6, 2)
        scene.launches.outcomes[request.launch_id] = launched
    assert scene.carry(name) == Done()
    return True


def at_rest(scene: Scene, name: str) -> None:
    """A pass has nothing to make and nothing to write down."""
    decision = scene.decide(name)
    assert (list(decision.changes), list(decision.refused)) == ([], [])
    before = scene.get(name)
    assert scene.carry(name) == Done()
    assert scene.get(name) == before


@settings(max_examples=25, deadline=None)
@given(v2=st.booleans(), spec=specs, child=specs, drifts=st.lists(st.sampled_from(DRIFTS)))
def test_a_started_container_comes_to_rest_and_back_to_it(
    v2: bool, spec: dict[str, str], child: dict[str, str], drifts: list[tuple[str, str, str]]
) -> None:
    with host_of(v2=v2) as (host, scene):
        scene.put("a", State.STARTING, **spec)
        if not started(host, scene, "a"):
            assert scene.get("a").status.life.state is State.STOPPED
            at_rest(scene, "a")
            return
        scene.carry("a")
        at_rest(scene, "a")
        scene.put("a/b", State.STARTING, **child)
        if started(host, scene, "a/b"):
            for name in ("a/b", "a", "a/b"):
                scene.carry(name)
            at_rest(scene, "a/b")
        scene.carry("a")
        at_rest(scene, "a")
        for name in ("a", "a/b"):
            for controller, knob, text in drifts:
                with contextlib.suppress(OSError, KeyError):
                    host.driver.write(scene.group(name), controller, knob, text)
        for _ in range(2):
            scene.carry("a")
            if scene.get("a/b").status.life.state is not State.STOPPED:
                scene.carry("a/b")
        at_rest(scene, "a")


def moved_on(scene: Scene, name: str, *, fails: bool) -> None:
    """What the launcher and the kernel would have done by the next pass."""
    process = scene.get(name).status.life.process
    if process is not None and process.init_pid not in scene.driver.tasks.get(name, ()):
        scene.exits.ended.setdefault(process.launch_id, 9)
    for launch_id in list(scene.launches.setup):
        scene.launches.setup.remove(launch_id)
        outcome: Launched | LaunchFailed = Launched(launch_id, 40, 5, 41, 6, 2)
        if fails:
            outcome = LaunchFailed(launch_id, "Execute", 2, "x")
        else:
            scene.driver.place(name, 40, 41)
        scene.launches.outcomes[launch_id] = outcome


@settings(max_examples=100, deadline=None)
@given(
    state=st.sampled_from(list(State)[:7]),
    run=st.sampled_from(Run),
    paused=st.booleans(),
    frozen=st.booleans(),
    relaunch=st.booleans(),
    exited=st.booleans(),
    left=st.booleans(),
    fails=st.booleans(),
    command=st.sampled_from(["", "sleep 1"]),
    isolate=st.sampled_from(["true", "false"]),
    struck=st.booleans(),
)
@example(State.META, Run.RUNNING, False, False, False, False, False, False, "", "false", False)
def test_any_state_comes_to_rest(
    state: State,
    run: Run,
    paused: bool,
    frozen: bool,
    relaunch: bool,
    exited: bool,
    left: bool,
    fails: bool,
    command: str,
    isolate: str,
    struck: bool,
) -> None:
    scene = Scene()
    # Who asks for a start asks for a thawed one, also while it is being stopped.
    is_asked = relaunch or (state is State.STOPPING and run is Run.RUNNING)
    intent = {"paused": paused and state not in NOT_STARTED and not is_asked}
    record = scene.put("a", state, run=run, intent=intent, command=command, isolate=isolate)
    if relaunch and state is not State.STOPPED:
        again = record.with_intent(launch=record.intent.launch + 1)
        record = scene.store.put(again, now=0.0)
    process = record.status.life.process
    if exited and process is not None:
        scene.exits.ended[process.launch_id] = 256
    if left and state not in (State.STOPPED, State.STARTING):
        scene.driver.place("a", 99)
    if frozen and state not in (State.STOPPED, State.STARTING):
        scene.driver.frozen.add("a")
    if struck and state not in NOT_STARTED:
        scene.driver.oom.counts["a"] = 1
    result: Result | None = None
    for _ in range(PASSES_MAX):
        result = scene.carry("a")
        if isinstance(result, Done | Stuck):
            break
        assert isinstance(result, Again)
        moved_on(scene, "a", fails=fails)
    else:
        raise AssertionError(f"no rest after {PASSES_MAX} passes: {result}")
    if scene.store.find("a") is None:
        assert scene.driver.groups == {}
        return
    if isinstance(result, Stuck):
        scene.carry("a")
    decision = scene.decide("a")
    assert (list(decision.changes), isinstance(decision.result, Done)) == ([], True)
    before = scene.get("a")
    scene.carry("a")
    assert scene.get("a") == before
