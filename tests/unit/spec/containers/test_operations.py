"""The legality table: each operation in each state, and what it writes."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from porto.spec.containers import operations
from porto.spec.containers.intent import Client
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import (
    ContainerAlreadyExists,
    ContainerDoesNotExist,
    InvalidLabel,
    InvalidProperty,
    InvalidState,
    InvalidValue,
    Permission,
    ResourceNotAvailable,
    Unknown,
)
from porto.spec.records.record import Run
from porto.spec.undo import take_back

ME = Actor(client=Client(pid=10, start=20, uid=0, gid=0))
USER = Actor(superuser=False)
FILE = Actor(origin="file:/etc/a.CT")
ENFORCED = Actor(origin="enforced:/etc/git/a.yaml")
NOBODY = Credentials()
ALL = frozenset(State) - {State.DESTROYED}
STARTED = {State.RUNNING, State.META, State.PAUSED}


def create(store: ContainerStore, name: str, **given: Any) -> ContainerRecord:
    options: dict[str, Any] = {"actor": ME, "credentials": NOBODY, "now": 1.0, **given}
    return operations.create(store, name, **options)


def in_state(store: ContainerStore, name: str, state: State, **status: Any) -> ContainerRecord:
    """A container that the engine has brought into `state`, as it was asked to."""
    record = create(store, name)
    if state is not State.STOPPED:
        run = Run.STOPPED if state is State.STOPPING else Run.RUNNING
        paused = state is State.PAUSED
        record = store.put(record.with_intent(run=run, paused=paused, launch=1), now=1.0)
        status = {"launched": 1, **status}
    new = record.status.changed(state=state, **status)
    return store.put_status(record, new, now=1.0)


def put(
    record: ContainerRecord, name: str, text: str, store: ContainerStore, actor: Actor = ME
) -> ContainerRecord:
    return operations.set_property(store, record, name, text, actor=actor, now=2.0)


def start(store: ContainerStore, record: ContainerRecord) -> Any:
    return operations.start(store, record, actor=ME, now=2.0)


def stop(store: ContainerStore, record: ContainerRecord) -> Any:
    return operations.stop(store, record, kill_at=7.5, actor=ME, now=2.0)


def destroy(store: ContainerStore, record: ContainerRecord) -> Any:
    return operations.destroy(store, record, actor=ME, now=2.0)


def pause(store: ContainerStore, record: ContainerRecord) -> Any:
    return operations.pause(store, record, actor=ME, now=2.0)


def resume(store: ContainerStore, record: ContainerRecord) -> Any:
    return operations.resume(store, record, actor=ME, now=2.0)


def respawn(store: ContainerStore, record: ContainerRecord) -> Any:
    return operations.respawn(store, record, actor=ME, now=2.0)


def kill(store: ContainerStore, record: ContainerRecord) -> Any:
    operations.check_kill(record)


TABLE: Mapping[Callable[..., Any], frozenset[State]] = {
    start: frozenset({State.STOPPED}),
    stop: ALL,
    destroy: ALL,
    pause: frozenset({State.RUNNING, State.META}),
    resume: frozenset({State.PAUSED}),
    respawn: frozenset({State.DEAD, State.RESPAWNING}),
    kill: frozenset({State.RUNNING}),
}
"""In which states of the container an operation is legal, InvalidState otherwise."""

BELOW: Mapping[Callable[..., Any], frozenset[State]] = {
    start: frozenset({State.STOPPED, State.STARTING, State.RUNNING, State.META}),
    respawn: frozenset({State.RUNNING, State.META, State.RESPAWNING}),
}
"""In which states of the parent an operation on its child is legal."""


@pytest.mark.parametrize("state", sorted(ALL))
@pytest.mark.parametrize("operation", TABLE, ids=lambda operation: operation.__name__)
def test_legality(operation: Callable[..., Any], state: State) -> None:
    store = ContainerStore(None)
    record = in_state(store, "a", state)
    if state in TABLE[operation]:
        operation(store, record)
    else:
        with pytest.raises(InvalidState, match=f"cannot {operation.__name__} a: it is {state}"):
            operation(store, record)
        assert store.get("a") is record


@pytest.mark.parametrize("state", sorted(ALL))
@pytest.mark.parametrize("operation", BELOW, ids=lambda operation: operation.__name__)
def test_legality_below_a_parent(operation: Callable[..., Any], state: State) -> None:
    store = ContainerStore(None)
    in_state(store, "a", state)
    child = in_state(store, "a/b", State.STOPPED if operation is start else State.DEAD)
    if state in BELOW[operation]:
        operation(store, child)
    else:
        with pytest.raises(InvalidState, match=f"its parent a is {state}"):
            operation(store, child)


@pytest.mark.parametrize("operation", [stop, destroy, resume])
@pytest.mark.parametrize("level", ["a", "a/b"])
def test_a_child_frozen_through_its_parents_stays(
    operation: Callable[..., Any], level: str
) -> None:
    store = ContainerStore(None)
    for name in ("a", "a/b"):
        in_state(store, name, State.PAUSED if name == level else State.META)
    child = in_state(store, "a/b/c", State.PAUSED)
    with pytest.raises(InvalidState, match=f"its parent {level} is paused"):
        operation(store, child)
    if level == "a":
        return
    operation(store, store.get("a/b"))


@pytest.mark.parametrize("operation", [op for op in TABLE if op not in (stop, destroy)])
@pytest.mark.parametrize("state", sorted(ALL))
def test_nothing_is_done_to_what_is_being_destroyed(
    operation: Callable[..., Any], state: State
) -> None:
    store = ContainerStore(None)
    record = in_state(store, "a", state)
    (record,) = destroy(store, record)
    with pytest.raises(InvalidState, match="being destroyed"):
        operation(store, record)
    assert stop(store, record) == []
    assert destroy(store, record) == [record]


def note(store: ContainerStore, record: ContainerRecord) -> Any:
    return put(record, "private", "x", store)


@pytest.mark.parametrize("operation", [*(op for op in TABLE if op is not kill), note])
def test_a_container_that_is_gone(operation: Callable[..., Any]) -> None:
    store = ContainerStore(None)
    record = create(store, "a")
    store.delete(record)
    with pytest.raises(ContainerDoesNotExist, match="no such container"):
        operation(store, record)


@pytest.mark.parametrize("operation", [pause, kill])
def test_what_is_asked_for_already_counts(operation: Callable[..., Any]) -> None:
    store = ContainerStore(None)
    record = in_state(store, "a", State.RUNNING)
    stop(store, record)
    with pytest.raises(InvalidState, match="it is stopping"):
        operation(store, store.get("a"))


class TestCreate:
    def test_a_stopped_container(self) -> None:
        store = ContainerStore(None)
        record = create(store, "a", source="/etc/a.CT")
        assert record.status.life.state is State.STOPPED
        assert record.intent.run is Run.STOPPED
        assert record.status.creation_time == 1.0
        assert record.source == "/etc/a.CT"
        assert record.spec == DEFAULT_SPEC

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            "self",
            "a/self",
            ".",
            "..",
            "a/../b",
            "a b",
            "a\nb",
            "a\0",
            "ä",
            "a[b]",
            "a" * 129,
            "/".join(["a" * 100] * 2),
            "/".join("a" * 17),
            "\ud800",
        ],
    )
    def test_names_that_are_none(self, name: str) -> None:
        store = ContainerStore(None)
        with pytest.raises(InvalidValue, match="cannot create container"):
            create(store, name, actor=USER)
        assert len(store) == 0

    def test_name_limits(self) -> None:
        store = ContainerStore(None)
        create(store, "a" * 128)
        name = "a"
        for _ in range(16):
            create(store, name)
            name += "/a"
        with pytest.raises(InvalidValue, match="16 levels"):
            create(store, name)

    @pytest.mark.parametrize("actor", [ME, USER, FILE])
    def test_the_longest_name_is_the_same_for_everybody(self, actor: Actor) -> None:
        store = ContainerStore(None)
        parent = "a" * 100
        create(store, parent, actor=actor)
        with pytest.raises(InvalidValue, match="longer than 200 characters"):
            create(store, f"{parent}/{'b' * 100}", actor=actor)
        create(store, f"{parent}/{'b' * 99}", actor=actor)

    def test_exists(self) -> None:
        store = ContainerStore(None)
        create(store, "a")
        with pytest.raises(ContainerAlreadyExists):
            create(store, "a")

    def test_parent(self) -> None:
        store = ContainerStore(None)
        with pytest.raises(ContainerDoesNotExist, match="no parent container a"):
            create(store, "a/b")
        destroy(store, create(store, "a"))
        with pytest.raises(InvalidState, match="being destroyed"):
            create(store, "a/b")

    def test_limit_of_containers(self) -> None:
        store = ContainerStore(None, max_total=1)
        create(store, "a", actor=USER)
        with pytest.raises(ResourceNotAvailable):
            create(store, "b", actor=USER)
        create(store, "b")

    def test_credentials(self) -> None:
        store = ContainerStore(None)
        who = Credentials(user="0", group="root", owner_user="4000000001", owner_group="root")
        spec = create(store, "a", credentials=who).spec
        assert (spec.process.user, spec.process.group) == ("root", "root")
        assert (spec.access.owner_user, spec.access.owner_group) == ("4000000001", "root")

    def test_values_and_where_they_come_from(self) -> None:
        store = ContainerStore(None)
        values = {find_property("command_argv"): ("echo", "a b"), find_property("private"): "x"}
        record = create(
            store, "a", values=values, origins={"private": "file:a:3"}, actor=FILE, weak=True
        )
        assert record.spec.process.command == "echo 'a b'"
        assert record.spec.lifecycle.weak is True
        assert record.origins == {"private": "file:a:3", "command_argv": "file:/etc/a.CT"}

    def test_values_only_the_superuser_may_set(self) -> None:
        store = ContainerStore(None)
        values = {find_property("stdout_limit"): 2 << 30}
        with pytest.raises(Permission):
            create(store, "a", values=values, actor=USER)
        create(store, "a", values=values)


class TestStart:
    def test_it_shows_at_once(self) -> None:
        store = ContainerStore(None)
        record = create(store, "a")
        (started,) = start(store, record)
        assert started.status.life.state is State.STARTING
        # Whoever starts a dead one again sees it dead until the engine acts.
        dead = in_state(store, "b", State.DEAD)
        assert respawn(store, dead).status.life.state is State.DEAD

    def test_stopped_ancestors_first(self) -> None:
        store = ContainerStore(None)
        in_state(store, "a", State.META)
        for name in ("a/b", "a/b/c"):
            create(store, name)
        record = create(store, "a/b/c/d")
        started = start(store, record)
        assert [r.name for r in started] == ["a/b", "a/b/c", "a/b/c/d"]
        for item in started:
            assert item.intent.run is Run.RUNNING
            assert item.intent.launch == 1
            assert item.intent.client == ME.client
        assert store.get("a").intent.launch == 1

    def test_twice(self) -> None:
        store = ContainerStore(None)
        record = create(store, "a")
        start(store, record)
        with pytest.raises(InvalidState, match="it is starting"):
            start(store, store.get("a"))

    def test_a_parent_that_is_to_be_paused_or_stopped(self) -> None:
        store = ContainerStore(None)
        parent = in_state(store, "a", State.RUNNING)
        child = create(store, "a/b")
        pause(store, parent)
        with pytest.raises(InvalidState, match="parent a is paused"):
            start(store, child)
        stop(store, store.get("a"))
        with pytest.raises(InvalidState, match="parent a is stopping"):
            start(store, child)

    def test_nothing_is_written_when_it_is_refused(self) -> None:
        store = ContainerStore(None)
        in_state(store, "a", State.DEAD)
        create(store, "a/b")
        record = create(store, "a/b/c")
        with pytest.raises(InvalidState):
            start(store, record)
        assert store.get("a/b").intent.run is Run.STOPPED


class TestStop:
    def test_the_subtree_children_first(self) -> None:
        store = ContainerStore(None)
        for name in ("a", "a/b", "a/c"):
            in_state(store, name, State.RUNNING)
        create(store, "a/d")
        changed = stop(store, store.get("a"))
        assert [r.name for r in changed] == ["a/b", "a/c", "a"]
        assert all(r.intent.run is Run.STOPPED for r in changed)
        assert all(r.intent.kill_at == 7.5 for r in changed)

    def test_stopped_is_no_error_and_no_change(self) -> None:
        store = ContainerStore(None)
        assert stop(store, create(store, "a")) == []

    def test_a_start_that_is_not_yet_done_is_taken_back(self) -> None:
        store = ContainerStore(None)
        (record,) = start(store, create(store, "a"))
        assert stop(store, record)[0].intent.run is Run.STOPPED

    def test_a_paused_one_is_thawed(self) -> None:
        store = ContainerStore(None)
        assert stop(store, in_state(store, "a", State.PAUSED))[0].intent.paused is False


class TestDestroy:
    def test_the_subtree_children_first(self) -> None:
        store = ContainerStore(None)
        for name in ("a", "a/b", "a/b/c"):
            create(store, name)
        doomed = destroy(store, store.get("a"))
        assert [r.name for r in doomed] == ["a/b/c", "a/b", "a"]
        assert {r.intent.run for r in doomed} == {Run.ABSENT}


class TestPauseAndResume:
    def test_resume_reaches_what_was_paused_below(self) -> None:
        store = ContainerStore(None)
        for name in ("a", "a/b", "a/c"):
            in_state(store, name, State.RUNNING)
        pause(store, store.get("a/b"))
        for name in ("a", "a/b", "a/c"):
            record = store.get(name)
            status = record.status.changed(state=State.PAUSED)
            store.put_status(record, status, now=2.0)
        store.put(store.get("a").with_intent(paused=True), now=2.0)
        changed = resume(store, store.get("a"))
        assert [r.name for r in changed] == ["a", "a/b"]
        assert not any(r.intent.paused for r in store.records())


class TestRespawn:
    def test_asks_for_a_new_launch(self) -> None:
        store = ContainerStore(None)
        record = in_state(store, "a", State.DEAD)
        assert respawn(store, record).intent.launch == record.intent.launch + 1

    @pytest.mark.parametrize(("limit", "count"), [("0", 0), ("3", 3), ("3", 4)])
    def test_limit(self, limit: str, count: int) -> None:
        store = ContainerStore(None)
        record = in_state(store, "a", State.DEAD, respawn_count=count)
        record = put(record, "max_respawns", limit, store)
        with pytest.raises(ResourceNotAvailable, match=f"max_respawns {limit} is reached"):
            respawn(store, record)
        respawn(store, put(record, "max_respawns", "-1", store))


class TestSetProperty:
    def test_writes_value_and_origin(self) -> None:
        store = ContainerStore(None)
        record = put(create(store, "a"), "private", " x\n", store)
        assert record.spec.lifecycle.private == "x"
        assert record.origins == {"private": "api"}
        assert record.generation == 2

    def test_the_last_writer_is_remembered(self) -> None:
        store = ContainerStore(None)
        record = put(create(store, "a"), "private", "x", store, FILE)
        record = put(record, "private", "x", store)
        assert record.origins == {"private": "api"}

    def test_the_same_again_is_no_change(self) -> None:
        store = ContainerStore(None)
        record = put(create(store, "a"), "private", "x", store)
        assert put(record, "private", "x ", store) is record

    def test_the_default_set_explicitly_is_set(self) -> None:
        store = ContainerStore(None)
        record = put(create(store, "a"), "isolate", "true", store)
        assert record.spec.is_set(find_property("isolate"))

    def test_an_outdated_record_costs_nobody_a_value(self) -> None:
        store = ContainerStore(None)
        old = create(store, "a")
        put(old, "private", "x", store)
        assert put(old, "cwd", "/tmp", store).spec.lifecycle.private == "x"

    def test_elements(self) -> None:
        store = ContainerStore(None)
        record = put(create(store, "a"), "env[A]", "1", store)
        record = put(record, "env[B]", "2", store)
        assert record.spec.process.env == (("A", "1"), ("B", "2"))
        record = put(record, "ulimit[nofile]", "5", store)
        assert put(record, "ulimit[nofile]", "", store).spec.process.ulimit == ()

    def test_labels_merge_and_have_a_short_form(self) -> None:
        store = ContainerStore(None)
        record = put(create(store, "a"), "labels", "WEB.a: 1; WEB.b: 2", store)
        record = put(record, "labels", "WEB.a: ; WEB.c: 3", store)
        record = put(record, "WEB.d", "4", store)
        assert record.spec.lifecycle.labels == (("WEB.b", "2"), ("WEB.c", "3"), ("WEB.d", "4"))
        assert record.origins == {"labels": "api"}
        with pytest.raises(InvalidLabel):
            put(record, "PORTO.x", "1", store)

    def test_command_and_argv_follow_each_other(self) -> None:
        store = ContainerStore(None)
        record = put(create(store, "a"), "command_argv", "echo\t$HOME a", store)
        assert record.spec.process.command == "echo '$HOME a'"
        record = put(record, "command", "true", store)
        assert record.spec.process.command_argv == ()

    @pytest.mark.parametrize(
        ("name", "text", "error"),
        [
            ("no_such", "1", InvalidProperty),
            ("memory.stat", "1", InvalidProperty),
            ("env[]", "1", InvalidProperty),
            ("state", "running", InvalidValue),
            ("root_pid", "1", InvalidValue),
            ("cwd[0]", "/", InvalidValue),
            ("private", "x" * 4097, InvalidValue),
            ("private", "a\0b", InvalidValue),
            ("isolate", "maybe", Unknown),
            ("command", "x" * (1 << 20), InvalidValue),
        ],
        ids=range(10),
    )
    def test_refused_and_nothing_changed(self, name: str, text: str, error: Any) -> None:
        store = ContainerStore(None)
        record = create(store, "a")
        with pytest.raises(error):
            put(record, name, text, store)
        assert store.get("a") is record

    def test_a_value_that_no_record_can_hold(self) -> None:
        store = ContainerStore(None, record_max_bytes=1 << 20)
        record = create(store, "a")
        for text in ("A=" + "x" * ((1 << 20) - 2), "A=" + "x" * (1 << 20)):
            with pytest.raises((Unknown, InvalidValue), match="limit of 1048576"):
                put(record, "env", text, store)
        assert store.get("a") is record

    @pytest.mark.parametrize("state", sorted(ALL))
    def test_states(self, state: State) -> None:
        def allowed(name: str, text: str) -> bool:
            store = ContainerStore(None)
            record = in_state(store, "a", state)
            try:
                put(record, name, text, store)
            except InvalidState:
                return False
            return True

        assert allowed("cwd", "/tmp") is (state is State.STOPPED)
        assert allowed("thread_limit", "5") is (state is not State.DEAD)
        assert allowed("private", "x") is True

    def test_a_container_that_is_about_to_start_or_go(self) -> None:
        store = ContainerStore(None)
        (record,) = start(store, create(store, "a"))
        with pytest.raises(InvalidState, match="the container is starting"):
            put(record, "cwd", "/tmp", store)
        (record,) = destroy(store, record)
        with pytest.raises(InvalidState, match="being destroyed"):
            put(record, "private", "x", store)

    def test_enforced_values_win(self) -> None:
        store = ContainerStore(None)
        record = put(create(store, "a"), "private", "x", store, ENFORCED)
        with pytest.raises(Permission, match=r"enforced by /etc/git/a\.yaml"):
            put(record, "private", "y", store)
        assert put(record, "private", "z", store, ENFORCED).spec.lifecycle.private == "z"

    def test_stdout_limit(self) -> None:
        store = ContainerStore(None)
        record = create(store, "a")
        put(record, "stdout_limit", "1G", store, USER)
        with pytest.raises(Permission, match="the limit is 1073741824 bytes"):
            put(record, "stdout_limit", "2G", store, USER)
        put(record, "stdout_limit", "2G", store)

    def test_respawn_count_is_status(self) -> None:
        store = ContainerStore(None)
        record = in_state(store, "a", State.DEAD)
        new = put(record, "respawn_count", "7", store)
        assert new.status.life.respawn_count == 7
        assert new.generation == record.generation
        with pytest.raises(InvalidValue):
            put(new, "respawn_count", "-1", store)


class TestTakeBack:
    def test_a_value(self) -> None:
        store = ContainerStore(None)
        old = put(create(store, "a"), "private", "x", store)
        put(old, "private", "y", store)
        take_back(store, old, now=3.0)
        now = store.get("a")
        assert now.spec == old.spec
        assert now.origins == old.origins
        assert now.generation > old.generation + 1

    def test_what_others_have_set_since_stays(self) -> None:
        store = ContainerStore(None)
        old = create(store, "a")
        new = put(old, "thread_limit", "5", store)
        put(put(new, "private", "x", store), "cwd", "/tmp", store, FILE)
        take_back(store, old, now=3.0, new=new)
        now = store.get("a")
        assert not now.spec.is_set(find_property("thread_limit"))
        assert now.spec.lifecycle.private == "x"
        assert now.origins == {"private": "api", "cwd": FILE.origin}

    def test_what_others_have_set_in_its_place_stays(self) -> None:
        store = ContainerStore(None)
        old = create(store, "a")
        new = put(old, "thread_limit", "5", store)
        put(new, "thread_limit", "6", store)
        take_back(store, old, now=3.0, new=new)
        assert store.get("a").spec.pids.thread_limit == 6

    @pytest.mark.parametrize("launched", [0, 1])
    def test_a_start(self, launched: int) -> None:
        store = ContainerStore(None)
        old = create(store, "a")
        (new,) = start(store, old)
        store.put_status(new, new.status.changed(launched=launched), now=2.0)
        take_back(store, old, now=3.0, new=new)
        now = store.get("a")
        assert now.intent.run is Run.STOPPED
        # A launch may be under way: only the engine knows when it is stopped.
        with pytest.raises(InvalidState, match="stopping"):
            start(store, now)
        store.put_status(now, now.status.changed(state=State.STOPPED), now=4.0)
        (again,) = start(store, store.get("a"))
        assert again.intent.launch == 2

    def test_a_respawn_that_was_not_tried_is_not_wished_for_any_more(self) -> None:
        store = ContainerStore(None)
        old = in_state(store, "a", State.DEAD)
        new = operations.respawn(store, old, actor=ME, now=2.0)
        take_back(store, old, now=3.0, new=new)
        now = store.get("a")
        assert now.intent.run is Run.RUNNING
        assert now.intent.launch == now.status.life.launched

    def test_a_stop_asked_for_since_stays(self) -> None:
        store = ContainerStore(None)
        old = in_state(store, "a", State.RUNNING)
        new = pause(store, old)
        stop(store, new)
        take_back(store, old, now=3.0, new=new)
        assert store.get("a").intent.run is Run.STOPPED

    def test_what_is_gone_stays_gone(self) -> None:
        store = ContainerStore(None)
        old = create(store, "a")
        destroy(store, old)
        take_back(store, old, now=3.0)
        assert store.get("a").intent.run is Run.ABSENT
        store.delete(store.get("a"))
        take_back(store, old, now=3.0)
        assert store.find("a") is None
