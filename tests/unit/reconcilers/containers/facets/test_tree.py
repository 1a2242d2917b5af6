"""The container's groups and who is in them, its own directory, its limits, its variables."""

import errno
import platform

import pytest

from porto.kernel.cgroup.group import Group
from porto.launcher.ops import SetLimit
from porto.reconcilers.containers.facets.environment import environment
from porto.reconcilers.containers.target import LaunchPlan
from porto.spec.containers.status import Process, State
from porto.spec.errors import PortoError
from porto.spec.records.record import Run
from tests.fakes.scenes import Scene

BOTH = {40, 41}
"""The first processes of the first container."""


@pytest.fixture
def scene() -> Scene:
    return Scene()


def differences(scene: Scene, name: str, facet: str) -> list[tuple[str, str, str]]:
    """Subject, have and want of what one facet would change."""
    changes = scene.decide(name).changes
    return [(item.subject, item.have, item.want) for item in changes if item.facet == facet]


# -- groups --------------------------------------------------------------------


@pytest.mark.parametrize("pid", [40, 41])
def test_each_of_the_first_processes_is_put_back(scene: Scene, pid: int) -> None:
    scene.put("a", State.RUNNING)
    scene.put("b", State.RUNNING)
    scene.driver.tasks["a"] = BOTH - {pid}
    scene.driver.place("b", pid)
    assert differences(scene, "a", "cgroups") == [(f"pid {pid}", "b", "a")]
    scene.carry("a")
    assert scene.driver.tasks["a"] == BOTH
    assert differences(scene, "a", "cgroups") == []


def test_one_that_somebody_took_out_of_all_containers_is_put_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.put("a", State.RUNNING)
    scene.driver.tasks["a"] = {40}
    assert differences(scene, "a", "cgroups") == [("pid 41", "/", "a")]


def test_a_process_without_a_task_is_one_process(scene: Scene) -> None:
    scene.put("a", State.META, status={"process": Process("4:1", 40, 5)})
    scene.driver.place("a", 40)
    assert differences(scene, "a", "cgroups") == []


def test_one_that_is_about_to_exit_is_left_alone(scene: Scene) -> None:
    """The kernel shows it at the top."""
    scene.put("a", State.RUNNING)
    scene.driver.tasks["a"] = {40}
    scene.processes.ended.add(41)
    assert differences(scene, "a", "cgroups") == []


def test_one_that_was_at_the_top_for_a_moment_is_left_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.put("a", State.RUNNING)
    monkeypatch.setattr(scene.driver, "membership", lambda pid: b"/")
    assert differences(scene, "a", "cgroups") == []


def test_one_that_is_gone_is_left_alone(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.put("a", State.RUNNING)

    def membership(pid: int) -> bytes:
        raise ProcessLookupError(errno.ESRCH, "No such process")

    monkeypatch.setattr(scene.driver, "membership", membership)
    assert differences(scene, "a", "cgroups") == []


def test_controllers_that_were_taken_away(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.put("a", State.RUNNING)
    made: list[Group] = []
    monkeypatch.setattr(scene.driver, "lacking", lambda group: ["cpu", "io"])
    monkeypatch.setattr(scene.driver, "create", made.append)
    assert differences(scene, "a", "cgroups") == [("controllers", "without cpu io", "enabled")]
    scene.carry("a")
    assert made == [scene.group("a")]


def test_groups_are_removed_with_what_is_watched_of_them(scene: Scene) -> None:
    record = scene.put("a", State.RUNNING)
    scene.vacancies.watched.add(record.key)
    scene.driver.tasks.clear()
    again = scene.store.put(record.with_intent(run=Run.STOPPED), now=0.0)
    scene.carry("a")
    assert scene.driver.groups == {}
    assert (scene.vacancies.watched, scene.notices.armed) == (set(), set())
    assert scene.removals.names == ["a"]
    assert again.generation == scene.get("a").generation


# -- the own directory ---------------------------------------------------------


def begun(scene: Scene) -> None:
    """Carry a start as far as the launch."""
    scene.carry("a")


def test_the_directory_is_made_anew(scene: Scene) -> None:
    scene.put("a", State.STARTING)
    scene.files.made.add("a")
    begun(scene)
    assert (scene.removals.names, scene.files.made) == (["a"], {"a"})


def test_a_respawn_keeps_the_directory(scene: Scene) -> None:
    scene.put("a", State.DEAD, intent={"launch": 2}, status={"launched": 1, "process": None})
    scene.driver.tasks.clear()
    scene.files.made.add("a")
    begun(scene)
    assert (scene.removals.names, scene.files.made) == ([], {"a"})


def test_a_directory_that_cannot_be_made_refuses_the_start(scene: Scene) -> None:
    scene.put("a", State.STARTING)
    scene.files.refuse["/place/porto/a"] = OSError(errno.EROFS, "Read-only file system")
    begun(scene)
    life = scene.get("a").status.life
    text = "cannot start a: cannot make /place/porto/a: Read-only file system"
    assert (life.state, life.start_error) == (State.STOPPED, text)
    assert scene.launches.requests == []


# -- limits --------------------------------------------------------------------


def test_limits_that_differ_are_set_for_all(scene: Scene) -> None:
    scene.put("a", State.RUNNING, ulimit="nofile: 5 6; core: 7 unlimited")
    scene.driver.place("a", 99)
    scene.processes.limits.clear()
    assert differences(scene, "a", "limits") == [
        ("ulimit[core]", "unlimited unlimited", "7 unlimited"),
        ("ulimit[nofile]", "unlimited unlimited", "5 6"),
    ]
    scene.carry("a")
    for pid in (*BOTH, 99):
        limits = scene.processes.limits[pid]
        assert (limits["Max open files"], limits["Max core file size"]) == ((5, 6), (7, -1))
    assert differences(scene, "a", "limits") == []


def test_limits_of_the_nearest_count(scene: Scene) -> None:
    scene.put("a", State.RUNNING, ulimit="nofile: 1 2; core: 3 4")
    scene.put("a/b", State.RUNNING, ulimit="nofile: 5 6")
    scene.processes.limits.clear()
    assert differences(scene, "a/b", "limits") == [
        ("ulimit[core]", "unlimited unlimited", "3 4"),
        ("ulimit[nofile]", "unlimited unlimited", "5 6"),
    ]


def test_limits_of_a_task_that_has_ended(scene: Scene) -> None:
    scene.put("a", State.RUNNING, ulimit="nofile: 5 6")
    scene.processes.ended.add(41)
    assert differences(scene, "a", "limits") == []


def test_a_process_that_ends_meanwhile_needs_no_limits(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.put("a", State.RUNNING, ulimit="nofile: 5 6")
    scene.processes.limits.clear()
    original = scene.processes.set_limit

    def set_limit(pid: int, kind: int, limits: tuple[int, int]) -> None:
        if pid == 40:
            raise ProcessLookupError(errno.ESRCH, "No such process")
        original(pid, kind, limits)

    monkeypatch.setattr(scene.processes, "set_limit", set_limit)
    scene.carry("a")
    assert scene.processes.limits[41]["Max open files"] == (5, 6)


def test_a_limit_that_the_kernel_refuses(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.put("a", State.RUNNING, ulimit="nofile: 5 unlimited")
    scene.processes.limits.clear()

    def set_limit(pid: int, kind: int, limits: tuple[int, int]) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(scene.processes, "set_limit", set_limit)
    (change,) = (item for item in scene.decide("a").changes if item.facet == "limits")
    with pytest.raises(PortoError) as caught:
        scene.apply([change])
    text = "cannot set ulimit[nofile] of a to 5 unlimited: Operation not permitted"
    assert caught.value.text == text


def test_every_limit_has_its_number(scene: Scene) -> None:
    """include/uapi/asm-generic/resource.h"""
    kinds = [
        *("cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock"),
        *("as", "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime"),
    ]
    scene.put("a", State.STARTING, ulimit="; ".join(f"{kind}: 9" for kind in kinds))
    (facet,) = (item for item in scene.world.chain.launch if item.name == "limits")
    plan = LaunchPlan()
    facet.prepare(scene.world.target(scene.get("a")), plan)
    numbered = sorted((kind, number) for number, kind in enumerate(kinds))
    assert plan.ops == [SetLimit(number, 9, 9) for _, number in numbered]


# -- variables -----------------------------------------------------------------


def variables(scene: Scene, name: str) -> dict[str, str]:
    target = scene.world.target(scene.get(name))
    found = environment(target, cwd="/home", user="me")
    assert list(found) == sorted(found)
    return dict(found)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "node", lambda: "here")


def test_the_variables_of_a_task_that_was_given_none(scene: Scene) -> None:
    scene.put("a", State.RUNNING)
    assert variables(scene, "a") == {
        "HOME": "/home",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PORTO_HOST": "here",
        "PORTO_NAME": "a",
        "PORTO_USER": "root",
        "USER": "me",
        "container": "lxc",
    }


def test_own_variables_win_but_for_those_of_porto(scene: Scene) -> None:
    scene.put("a", State.RUNNING, env="PORTO_NAME=x;HOME=/mine;container=;A=1")
    found = variables(scene, "a")
    assert (found["PORTO_NAME"], found["HOME"], found["container"]) == ("a", "/mine", "")
    assert found["A"] == "1"


def test_a_variable_that_is_taken_away(scene: Scene) -> None:
    scene.put("a", State.RUNNING, env="A=1;HOME=/a", isolate="false")
    scene.put("a/b", State.RUNNING, env="A;HOME", isolate="false")
    assert not {"A", "HOME"} & set(variables(scene, "a/b"))


def test_variables_are_inherited_up_to_the_first_isolated_one(scene: Scene) -> None:
    scene.put("a", State.RUNNING, env="A=a;B=a;C=a")
    scene.put("a/b", State.RUNNING, env="B=b;C=b")
    scene.put("a/b/c", State.RUNNING, env="C=c", isolate="false")
    found = variables(scene, "a/b/c")
    assert "A" not in found
    assert (found["B"], found["C"]) == ("b", "c")
