"""Where the groups of a store's containers are, and what is left over at start-up."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.file import files
from porto.reconcilers.containers.controllers import Controllers
from porto.reconcilers.containers.leftovers import remove_leftovers
from porto.spec.containers.status import State
from tests.fakes.cgroupfs import COMOUNTED, SPLIT
from tests.unit.observers.hosts import Host


@pytest.fixture(params=[SPLIT, COMOUNTED, (*SPLIT, "v2"), ("v2",)], ids=["v1", "co", "hy", "v2"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path, request.param)
    yield made
    made.fake.close()


def run(host: Host) -> None:
    asyncio.run(
        remove_leftovers(
            host.store,
            host.driver,
            str(host.place / "porto"),
            files=files,
            remove=files.remove_tree_beneath,
        )
    )


def test_readers_and_the_engine_locate_the_same_groups(host: Host) -> None:
    controllers = Controllers(host.store, host.driver)
    host.make("a", {"controllers": "memory: false"})
    record = host.make("a/b", {"thread_limit": "5"}, state=State.META, controllers="freezer")
    host.make("a/c", {"thread_limit": "5"})
    for name in ("a", "a/b", "a/c"):
        group = controllers.group(name)
        shown = host.get(host.store.get(name), "cgroups").split("; ")
        for word, path in (pair.split(": ") for pair in shown):
            assert group.directories[word] == path
    assert not controllers.group("a/b").owns("pids")
    assert controllers.group("a/c").owns("pids")
    assert controllers.enabled("a/b") == {"freezer"}
    assert controllers.wanted(record) >= {"freezer", "pids"}


def test_leftovers_of_containers_that_are_not_started_go(host: Host) -> None:
    host.make("kept", state=State.META, controllers=";".join(sorted(host.driver.controllers)))
    host.make("stopped")
    controllers = Controllers(host.store, host.driver)
    groups = {name: controllers.group(name) for name in ("kept", "stopped", "nobody")}
    pids = {}
    for name, group in groups.items():
        host.driver.create(group)
        pids[name] = host.fake.spawn()
        host.driver.attach(group, pids[name])
    run(host)
    assert {name for name, group in groups.items() if host.driver.exists(group)} == {"kept"}
    assert {name for name, pid in pids.items() if host.fake.alive(pid)} == {"kept"}


def test_nothing_is_left_over_while_a_record_is_unread(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be that record's: a newer release's container outlives this one."""
    group = Controllers(host.store, host.driver).group("of-a-newer-release")
    host.driver.create(group)
    pid = host.fake.spawn()
    host.driver.attach(group, pid)
    directory = host.place / "porto" / "of-a-newer-release"
    directory.mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.setattr(type(host.store), "unread", frozenset({7}))
        run(host)
    assert host.driver.exists(group)
    assert host.fake.alive(pid)
    assert directory.exists()
    run(host)
    assert not host.driver.exists(group)
    assert not directory.exists()


def test_what_a_started_container_has_no_more_goes_too(host: Host) -> None:
    before = host.driver.locate("a", lambda name: host.driver.controllers)
    host.driver.create(before)
    pid = host.fake.spawn()
    host.driver.attach(before, pid)
    host.make("a", state=State.META, controllers="freezer;pids")
    run(host)
    present = Controllers(host.store, host.driver).group("a")
    assert host.driver.exists(present)
    assert {path for path in before.own if host.fake.is_directory(path)} == set(present.own)
    assert host.fake.alive(pid)
    assert host.driver.container_of(pid) == "a"


def test_a_group_that_was_not_marked_yet_is_known_by_its_container(host: Host) -> None:
    """The daemon died between making it and signing it."""
    host.make("a", state=State.META, controllers=";".join(sorted(host.driver.controllers)))
    host.make("a/b")
    controllers = Controllers(host.store, host.driver)
    parent, child = (controllers.group(name) for name in ("a", "a/b"))
    host.driver.create(parent)
    for path in child.own:
        host.fake.mkdir(path)
    run(host)
    assert host.driver.exists(parent)
    assert not any(map(host.fake.is_directory, child.own))
