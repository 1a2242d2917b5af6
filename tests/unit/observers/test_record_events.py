import signal
from dataclasses import replace

import pytest

from porto.observers.record_events import ending, record_events
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.events import Event, What
from porto.spec.records.status import Condition

LIMIT = find_property("thread_limit")
BORN = ContainerRecord(id=2, name="a", spec=DEFAULT_SPEC)
LIMITED = replace(
    BORN, spec=DEFAULT_SPEC.with_value(LIMIT, 5), origins={"thread_limit": "file:/x.CT:3"}
)


def told(old: ContainerRecord | None, new: ContainerRecord | None) -> list[Event]:
    return list(record_events(old, new))


def test_creation_tells_what_was_set() -> None:
    assert told(None, replace(LIMITED, source="/x.CT")) == [
        Event("container", "a", What.CREATED, text="/x.CT"),
        Event("container", "a", What.SET, "pids", "thread_limit", "5", "", "file:/x.CT:3"),
    ]


def test_creation_does_not_tell_what_nobody_asked_for() -> None:
    spec = LIMITED.spec.with_value(find_property("user"), "alice")
    found = told(None, replace(LIMITED, spec=spec))
    assert [(e.what, e.subject) for e in found] == [(What.CREATED, ""), (What.SET, "thread_limit")]
    changed = told(LIMITED, replace(LIMITED, spec=spec))
    assert [(e.subject, e.want, e.text) for e in changed] == [("user", "alice", "")]


def test_each_property_that_changes_is_one_event() -> None:
    more = replace(LIMITED, spec=LIMITED.spec.with_value(LIMIT, 7))
    back = replace(BORN, spec=LIMITED.spec.without_value(LIMIT))
    assert [(e.want, e.have) for e in told(LIMITED, more)] == [("7", "5")]
    assert [(e.want, e.have, e.text) for e in told(more, back)] == [("", "7", "")]
    same = replace(LIMITED, spec=LIMITED.spec.with_value(LIMIT, 5))
    assert told(LIMITED, same) == []


def test_an_exit_is_told_before_the_state_that_follows() -> None:
    running = BORN.with_status(state=State.RUNNING)
    dead = BORN.with_status(state=State.DEAD, exit_status=3 << 8)
    assert told(running, dead) == [
        Event("container", "a", What.EXIT, text="exit code 3"),
        Event("container", "a", What.STATE, want="dead", have="running"),
    ]
    respawning = BORN.with_status(state=State.RESPAWNING, exit_status=3 << 8)
    assert [e.what for e in told(dead, respawning)] == [What.STATE]
    assert [e.what for e in told(running, respawning)] == [What.EXIT, What.STATE]


def test_a_failed_start_is_told_once() -> None:
    failed = BORN.with_status(start_error="no such file")
    assert told(BORN, failed) == [
        Event("container", "a", What.FAILED, subject="start", text="no such file")
    ]
    assert told(failed, failed.with_status(change_time=3.0)) == []


def test_conditions_come_and_go() -> None:
    stuck = Condition("Stuck", "pids", "cannot")
    other = Condition("RestartRequired", "task", "restart")
    one, two = (BORN.with_status(conditions=c) for c in ((stuck,), (other,)))
    assert told(one, two) == [
        Event("container", "a", What.CONDITION, "task", "RestartRequired", text="restart"),
        Event("container", "a", What.RESOLVED, "pids", "Stuck", text="cannot"),
    ]


def test_the_end() -> None:
    assert told(BORN, None) == [Event("container", "a", What.DESTROYED, text="api")]
    assert told(None, None) == []


@pytest.mark.parametrize(
    ("status", "oom", "text"),
    [
        (0, False, "exit code 0"),
        (signal.SIGKILL, False, "killed by SIGKILL"),
        (signal.SIGKILL, True, "killed: out of memory"),
        (signal.SIGSEGV | 0x80, False, "killed by SIGSEGV, core dumped"),
        (126, False, "killed by signal 126"),
    ],
)
def test_endings(status: int, oom: bool, text: str) -> None:
    assert ending(status, oom=oom) == text


def test_the_store_is_the_source() -> None:
    store, heard = ContainerStore(None), list[Event]()
    store.subscribe(lambda old, new: heard.extend(record_events(old, new)))
    record = store.create("a", LIMITED.spec, now=1.0, origins=LIMITED.origins)
    store.put_status(record, record.with_status(state=State.STARTING).status, now=2.0)
    store.delete(record)
    assert [e.what for e in heard] == [What.CREATED, What.SET, What.STATE, What.DESTROYED]
