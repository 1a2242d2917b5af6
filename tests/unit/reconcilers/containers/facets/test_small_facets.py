"""Facets of one knob each, what a launch opens, and the effects of a container's life."""

import errno
import os
from collections.abc import Mapping
from typing import Any

import pytest

from porto.kernel.cgroup.group import Group
from porto.reconcilers.containers.effects import (
    BOOKKEEPING,
    DropLaunch,
    ForgetLaunch,
    Kill,
    Signal,
    TakeLaunch,
)
from porto.reconcilers.containers.facets.hugetlb import Hugetlb
from porto.reconcilers.containers.facets.pids import Pids
from porto.reconcilers.containers.facets.pressure import Pressure
from porto.reconcilers.containers.facets.rotation import Rotation
from porto.reconcilers.containers.target import Target, Verdict
from porto.reconcilers.engine.change import Change
from porto.spec.config import ContainerConfig
from porto.spec.containers.status import State
from porto.spec.errors import InvalidState, InvalidValue, NotSupported
from tests.fakes.ports import apply, make_ports
from tests.fakes.scenes import Scene
from tests.fakes.starts import record


class Driver:
    """One group with all controllers; a table of knobs, and a share of huge pages in use."""

    def __init__(self) -> None:
        self.knobs: dict[str, str] = {}
        self.used = 0
        self.inside: list[int] = []
        self.own: list[int] = []
        self.pids: Any = self
        self.memory: Any = self
        self.hugetlb: Any = self
        self.ports = make_ports(self)

    def render(self, limit: int | None) -> Mapping[str, str]:
        return {"knob": str(limit) if limit else "max"}

    def render_pressure(self, limit: int) -> Mapping[str, str]:
        return {"soft": str(limit)}

    def usage(self, group: Group) -> int:
        return self.used

    def fresh(self, controller: str, knob: str) -> str:
        return "max"

    def canonical(self, knob: str, text: str) -> str:
        return text.strip()

    def read(self, group: Group, controller: str, knob: str) -> str:
        return self.knobs.get(f"{controller} {knob}", "max") + "\n"

    def write(self, group: Group, controller: str, knob: str, text: str) -> None:
        self.knobs[f"{controller} {knob}"] = text

    def subtree_processes(self, group: Group) -> list[int]:
        return self.inside

    def processes(self, group: Group) -> list[int]:
        return self.own


OWN = Group("a", dict.fromkeys(("pids", "memory", "hugetlb"), "/own"), ("/own",))
SHARED = Group("a/b", dict.fromkeys(("pids", "memory", "hugetlb"), "/own"), ("/mine",))


@pytest.fixture
def driver() -> Driver:
    return Driver()


def target(
    name: str = "a", group: Group = OWN, *, new: bool = False, state: str = "", **values: str
) -> Target:
    found = record(name, **values)
    if state:
        found = found.with_status(state=State(state))
    return Target(found, (), group, is_new=new)


def told(changes: Any) -> list[tuple[str, str, str, str]]:
    return [(item.facet, item.subject, item.have, item.want) for item in changes]


# -- threads -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "default", "values", "want"),
    [
        ("a", 100, {}, "100"),
        ("a", 0, {}, "max"),
        ("a/b", 100, {}, "max"),
        ("a", 100, {"thread_limit": "7"}, "7"),
        ("a/b", 100, {"thread_limit": "7"}, "7"),
    ],
)
def test_a_limit_of_threads(
    driver: Driver, name: str, default: int, values: dict[str, str], want: str
) -> None:
    facet = Pids(driver, default_limit=default)  # type: ignore[arg-type]
    changes = facet.plan(target(name, **values))
    assert told(changes) == ([("pids", "knob", "max", want)] if want != "max" else [])
    apply(driver.ports, changes)
    assert driver.knobs == ({"pids knob": want} if want != "max" else {})
    assert facet.plan(target(name, **values)) == []


def test_without_the_controller_only_a_default_is_possible(driver: Driver) -> None:
    facet = Pids(driver, default_limit=100)  # type: ignore[arg-type]
    assert list(facet.plan(target("a/b", SHARED))) == []
    with pytest.raises(NotSupported) as caught:
        facet.plan(target("a/b", SHARED, thread_limit="7"))
    text = "cannot set thread_limit of a/b to 7: it has no pids controller"
    assert caught.value.text == text


# -- huge pages ----------------------------------------------------------------


def test_a_limit_of_huge_pages(driver: Driver) -> None:
    facet = Hugetlb(driver)  # type: ignore[arg-type]
    assert list(facet.plan(target())) == []
    changes = facet.plan(target(hugetlb_limit="8M"))
    assert told(changes) == [("hugetlb", "knob", "max", str(8 << 20))]
    apply(driver.ports, changes)
    assert driver.knobs == {"hugetlb knob": str(8 << 20)}


@pytest.mark.parametrize(("used", "refused"), [(8 << 20, False), ((8 << 20) + 1, True)])
def test_a_limit_below_what_is_used_is_refused(driver: Driver, used: int, refused: bool) -> None:
    facet = Hugetlb(driver)  # type: ignore[arg-type]
    driver.used = used
    if not refused:
        assert len(facet.plan(target(hugetlb_limit="8M"))) == 1
        return
    with pytest.raises(InvalidValue) as caught:
        facet.plan(target(hugetlb_limit="8M"))
    text = f"cannot set hugetlb_limit of a to {8 << 20}: {used} bytes are used"
    assert caught.value.text == text
    # Of a new group nothing is used yet, and what is true already is not refused.
    assert len(facet.plan(target(new=True, hugetlb_limit="8M"))) == 1
    driver.knobs["hugetlb knob"] = str(8 << 20)
    assert facet.plan(target(hugetlb_limit="8M")) == []
    driver.knobs["hugetlb knob"] = "5"
    assert len(facet.plan(target())) == 1


# -- pressure ------------------------------------------------------------------


def pressure(driver: Driver, *, default: bool = True) -> Pressure:
    config = ContainerConfig(pressurize_on_death=default, dead_memory_soft_limit=4096)
    return Pressure(driver, config)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "inside", "own", "want"),
    [
        ("running", [], [], "0"),
        ("paused", [], [], "0"),
        ("dead", [], [], "4096"),
        ("meta", [], [], "4096"),
        ("meta", [1], [1], "4096"),
        ("meta", [1, 2], [1], "0"),
    ],
)
def test_what_has_no_tasks_is_squeezed(
    driver: Driver, state: str, inside: list[int], own: list[int], want: str
) -> None:
    driver.inside, driver.own = inside, own
    changes = pressure(driver).plan(target(state=state))
    assert told(changes) == [("pressure", "soft", "max", want)]
    # Nobody else writes there; the container's own life does.
    assert [item.is_drift for item in changes] == [False]


def test_one_that_is_about_to_start_again_is_not_squeezed(driver: Driver) -> None:
    found = record("a").with_intent(launch=2).with_status(state=State.DEAD, launched=1)
    changes = pressure(driver).plan(Target(found, (), OWN))
    assert told(changes) == [("pressure", "soft", "max", "0")]


@pytest.mark.parametrize(
    ("default", "values", "want"),
    [
        (False, {}, None),
        (False, {"pressurize_on_death": "true"}, "4096"),
        (True, {"pressurize_on_death": "false"}, "0"),
        (False, {"pressurize_on_death": "false"}, "0"),
    ],
)
def test_who_wants_it(
    driver: Driver, default: bool, values: dict[str, str], want: str | None
) -> None:
    changes = pressure(driver, default=default).plan(target(state="dead", **values))
    assert [item.want for item in changes] == ([] if want is None else [want])
    assert [item.is_drift for item in changes if want == "0"] == ([True] if want == "0" else [])


# -- output --------------------------------------------------------------------


@pytest.mark.parametrize(("size", "cut"), [(1000, False), (1001, True)])
def test_output_that_is_too_long_is_cut(size: int, cut: bool) -> None:
    scene = Scene()
    scene.put("a", State.RUNNING, stdout_limit="1000", stdout_path="/log/out")
    facet = Rotation(scene.ports, scene.work)
    scene.files.sizes["/log/out"] = size
    changes = facet.plan(scene.world.target(scene.get("a")))
    expected = [("rotation", "/log/out", str(size), "at most 1000")] if cut else []
    assert told(changes) == expected
    assert not any(item.is_drift for item in changes)
    scene.apply(changes)
    assert scene.get("a").status.streams.stdout_offset == (1 if cut else 0)
    assert scene.counters.counts == ({"log_rotate_bytes": 1} if cut else {})


def test_output_that_lost_nothing_is_not_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    before = scene.put("a", State.RUNNING, stdout_limit="1000")
    facet = Rotation(scene.ports, scene.work)
    scene.files.sizes["/place/porto/a/stderr"] = 2000
    changes = facet.plan(scene.world.target(before))
    monkeypatch.setattr(scene.files, "collapse_head", lambda path, limit: 0)
    scene.apply(changes)
    assert (scene.get("a"), scene.counters.counts) == (before, {})


def test_output_that_cannot_be_cut_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    scene.put("a", State.RUNNING, stdout_limit="1000")
    facet = Rotation(scene.ports, scene.work)
    scene.files.sizes["/place/porto/a/stderr"] = 2000
    changes = facet.plan(scene.world.target(scene.get("a")))

    def collapse(path: str, limit: int) -> int:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported", path)

    monkeypatch.setattr(scene.files, "collapse_head", collapse)
    with pytest.raises(OSError, match="not supported"):
        scene.apply(changes)
    assert scene.counters.counts == {"log_rotate_errors": 1}


def test_output_that_goes_nowhere_is_no_file() -> None:
    scene = Scene()
    scene.put("a", State.RUNNING, stdout_path="/dev/null")
    files = Rotation(scene.ports, scene.work).kept_files(scene.world.target(scene.get("a")))
    assert files == {"stderr": "/place/porto/a/stderr"}


# -- notices of the OOM killer -----------------------------------------------------


@pytest.mark.parametrize(
    ("told_at", "verdict"),
    [
        (100.0, Verdict({}, wait=0.02)),
        (99.5078125, Verdict({}, wait=0.0078125)),
        (99.5, Verdict({"oom_killed": True})),
        (None, None),
    ],
)
def test_a_victim_is_given_a_moment_to_be_counted(
    told_at: float | None, verdict: Verdict | None
) -> None:
    scene = Scene()
    found = scene.put("a", State.RUNNING, oom_is_fatal="true")
    if told_at is not None:
        scene.notices.oom[found.key] = told_at
    (facet,) = (each for each in scene.world.chain.witnesses if each.name == "oom")
    assert facet.verdict(scene.world.target(found)) == verdict


# -- what a launch opens --------------------------------------------------------


def launch_of(scene: Scene) -> Change:
    scene.put("a", State.RUNNING)
    scene.put("a/b", State.STARTING)
    return scene.decide("a/b").changes[-1]


def test_descriptors_of_a_launch_are_opened_for_it_and_closed() -> None:
    scene = Scene()
    before = len(os.listdir("/proc/self/fd"))
    scene.apply([launch_of(scene)])
    (request,) = scene.launches.requests
    assert (request.launch_id, len(request.fds), request.timeout) == ("5:1", 2, 300.0)
    assert (request.pid_ns, request.cgroup_fd) == (1, None)
    assert request.ops == launch_of_request(scene).ops
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_child_is_born_in_its_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    monkeypatch.setattr(scene.driver, "launch_directory", lambda group: f"/fake/{group.name}")
    scene.apply([launch_of(scene)])
    (request,) = scene.launches.requests
    assert (request.cgroup_fd, len(request.fds)) == (0, 3)


def launch_of_request(scene: Scene) -> Any:
    scene.launches.setup.clear()
    return scene.decide("a/b").changes[-1].effect


def test_a_descriptor_that_cannot_be_opened_closes_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    launch = launch_of(scene)
    before = len(os.listdir("/proc/self/fd"))

    def open_pidfd(pid: int, start: int) -> int:
        assert (pid, start) == (40, 5)
        raise ProcessLookupError(errno.ESRCH, "No such process")

    monkeypatch.setattr(scene.processes, "open_pidfd", open_pidfd)
    with pytest.raises(InvalidState) as caught:
        scene.apply([launch])
    text = "cannot start a/b: its parent a has no process any more"
    assert caught.value.text == text
    assert len(os.listdir("/proc/self/fd")) == before
    assert scene.launches.requests == []


# -- effects of a life -----------------------------------------------------------


def carried(scene: Scene, effect: Any) -> None:
    scene.apply([Change("life", "it", "want", "have", effect)])


def test_a_kill_awaits_the_end() -> None:
    scene = Scene()
    found = scene.put("a", State.RUNNING)
    carried(scene, Kill(found.key, scene.group("a")))
    assert scene.driver.tasks["a"] == set()
    assert scene.vacancies.watched == {found.key}


def test_a_signal_is_sent_to_the_process_that_is_meant() -> None:
    scene = Scene()
    carried(scene, Signal(41, 6, 15))
    assert scene.processes.signals == [(41, 6, 15)]


def test_what_becomes_of_launches() -> None:
    scene = Scene()
    carried(scene, DropLaunch("4:1"))
    carried(scene, TakeLaunch("4:2"))
    carried(scene, ForgetLaunch("4:3"))
    assert scene.launches.log == [("drop", "4:1"), ("take", "4:2"), ("take", "4:3")]
    assert scene.exits.acknowledged == ["4:3"]


def test_what_the_records_tell_is_no_event() -> None:
    names = {effect.__name__ for effect in BOOKKEEPING}
    assert {"Note", "Wish", "Delete", "Count", "TakeLaunch", "ForgetLaunch"} <= names
    assert not {"Kill", "Signal", "Freeze", "WriteKnob", "LaunchTask"} & names


def test_a_notice_is_armed_anew_at_a_start_only() -> None:
    scene = Scene()
    found = scene.put("a", State.STARTING)
    scene.carry("a")
    assert scene.notices.log == [("forget", found.key), ("arm", found.key)]
    scene = Scene()
    found = scene.put("a", State.RUNNING)
    scene.notices.armed.clear()
    scene.notices.log.clear()
    scene.carry("a")
    assert scene.notices.log == [("arm", found.key)]
