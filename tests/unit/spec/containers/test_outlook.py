from dataclasses import replace

from porto.spec.containers.intent import ContainerIntent
from porto.spec.containers.outlook import Turn, outlook, spec_changes, turns, unmoved
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.preview import Action, SpecChange
from porto.spec.records.record import Run

LIMIT = find_property("thread_limit")
STOPPED = ContainerRecord(id=2, name="a", spec=DEFAULT_SPEC)
RUNNING = replace(STOPPED, intent=ContainerIntent(run=Run.RUNNING, launch=1)).with_status(
    state=State.RUNNING
)
ABSENT = STOPPED.with_intent(run=Run.ABSENT)
LIMITED = replace(
    STOPPED, spec=DEFAULT_SPEC.with_value(LIMIT, 5), origins={"thread_limit": "file:/x:3"}
)


def action(before: ContainerRecord | None, after: ContainerRecord | None) -> Action:
    return outlook(Turn("a", before, after)).action


def test_actions() -> None:
    again = RUNNING.with_intent(launch=2)
    table = [
        (None, STOPPED, Action.CREATE),
        (None, RUNNING, Action.CREATE),
        (STOPPED, RUNNING, Action.START),
        (RUNNING, STOPPED, Action.STOP),
        (RUNNING, again, Action.RESTART),
        (STOPPED, STOPPED.with_intent(launch=1), Action.UNCHANGED),
        (STOPPED, LIMITED, Action.CHANGE),
        (STOPPED, STOPPED, Action.UNCHANGED),
        (STOPPED, ABSENT, Action.DESTROY),
        (STOPPED, None, Action.DESTROY),
        (ABSENT, ABSENT, Action.UNCHANGED),
        (ABSENT, None, Action.UNCHANGED),
        (None, ABSENT, Action.UNCHANGED),
    ]
    assert [action(before, after) for before, after, _ in table] == [row[2] for row in table]


def test_what_is_set_and_unset_is_told_with_its_origin() -> None:
    assert list(spec_changes(STOPPED, LIMITED)) == [
        SpecChange("thread_limit", None, "5", "file:/x:3")
    ]
    assert list(spec_changes(LIMITED, STOPPED)) == [SpecChange("thread_limit", "5", None, "")]
    assert list(spec_changes(None, LIMITED)) == [SpecChange("thread_limit", None, "5", "file:/x:3")]
    assert list(spec_changes(LIMITED, LIMITED)) == []


def test_setting_a_default_is_a_change() -> None:
    default = replace(STOPPED, spec=DEFAULT_SPEC.with_value(LIMIT, LIMIT.default))
    assert outlook(Turn("a", STOPPED, default)).spec == (
        SpecChange("thread_limit", None, LIMIT.codec.format(LIMIT.default), ""),
    )


def test_idle() -> None:
    assert outlook(unmoved(RUNNING)).is_idle
    assert not outlook(Turn("a", STOPPED, LIMITED)).is_idle
    assert not outlook(Turn("a", STOPPED, RUNNING)).is_idle


def test_reasons() -> None:
    assert outlook(Turn("a", None, RUNNING), "first").reasons == ("first", "it would be started")
    dead = RUNNING.with_status(state=State.DEAD)
    (reason,) = outlook(Turn("a", dead, dead.with_intent(launch=2))).reasons
    assert "has ended" in reason
    handed = replace(STOPPED, source="/x.CT")
    assert outlook(Turn("a", STOPPED, handed)).reasons == ("/x.CT takes it over from the API",)
    assert outlook(Turn("a", handed, None)).reasons == ()


def test_a_fork_shares_nothing_but_the_rules() -> None:
    store = ContainerStore(None, max_total=2)
    kept = store.create("a", DEFAULT_SPEC, now=1.0, origins={})
    gone = store.create("b", DEFAULT_SPEC, now=1.0, origins={})
    fork = store.fork()
    assert list(turns(store, fork)) == []
    fork.delete(gone)
    fork.create("c", DEFAULT_SPEC, now=1.0, origins={})
    fork.put(replace(fork.get("a"), spec=LIMITED.spec), now=2.0)
    assert store.names() == ["a", "b"]
    assert store.get("a") is kept
    assert not store.has_children("c")
    found = {turn.name: (turn.before, turn.after) for turn in turns(store, fork)}
    assert found == {"a": (kept, fork.get("a")), "b": (gone, None), "c": (None, fork.get("c"))}
    assert fork.admission is store.admission
