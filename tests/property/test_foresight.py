"""Apply, then plan is empty; what was planned is what was done: over generated trees."""

import asyncio
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from porto.spec.containers import operations
from porto.spec.containers.outlook import turns
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import PortoError
from porto.spec.preview import Foretold
from tests.unit.reconcilers.containers.test_foresight import carried, facts, foretold
from tests.unit.reconcilers.containers.test_reconciler import ACTOR, Rig

NAMES = ("a", "a/b", "a/b/c", "a/d", "e")

SPECS = st.fixed_dictionaries(
    {"command": st.sampled_from(["", "sleep 1", "sleep 2"])},
    optional={
        "thread_limit": st.integers(1, 10**6).map(str),
        "isolate": st.booleans().map(lambda value: str(value).lower()),
        "env": st.sampled_from(["A=1", "A=1; B=2"]),
        "cwd": st.sampled_from(["/", "tmp"]),
        "umask": st.sampled_from(["0", "0027"]),
        "oom_score_adj": st.integers(-1000, 1000).map(str),
        "stdout_path": st.sampled_from(["", "/dev/null", "/tmp/x"]),
        "respawn": st.just("true"),
    },
)

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["start", "stop", "pause", "resume", "limit"]), st.sampled_from(NAMES)
    ),
    max_size=6,
)


def wish(store: ContainerStore, verb: str, name: str, number: int) -> None:
    """Ask for it, as far as the state allows."""
    record = store.get(name)
    match verb:
        case "start":
            operations.start(store, record, actor=ACTOR, now=0.0)
        case "stop":
            operations.stop(store, record, kill_at=0.0, actor=ACTOR, now=0.0)
        case "pause":
            operations.pause(store, record, actor=ACTOR, now=0.0)
        case "resume":
            operations.resume(store, record, actor=ACTOR, now=0.0)
        case "limit":
            # What runs below has no controller for it.
            top, text = store.get(name[0]), str(number + 100)
            operations.set_property(store, top, "thread_limit", text, actor=ACTOR, now=0.0)


async def live(place: Path, specs: dict[str, dict[str, str]], steps: list[tuple[str, str]]) -> None:
    rig = Rig(place)
    try:
        for name in NAMES:
            rig.create(name, **specs[name])
        for number, (verb, name) in enumerate([*(("start", name) for name in NAMES), *steps]):
            fork = rig.store.fork()
            try:
                wish(fork, verb, name, number)
            except PortoError:  # The state does not allow it: there is nothing to foresee.
                continue
            rig.told.events.clear()
            before = facts(rig)
            expected = foretold(rig, partial(wish, verb=verb, name=name, number=number))
            assert facts(rig) == before
            changed = [turn.name for turn in turns(rig.store, fork)]
            wish(rig.store, verb, name, number)
            await rig.engine.converge([rig.get(item) for item in changed])
            await rig.until(
                lambda: all(not rig.foresight.now(r).changes for r in rig.store.records())
            )
            assert carried(rig) == expected, (verb, name)
            for record in rig.store.records():
                assert rig.foresight.now(record) == Foretold(record.name)
    finally:
        rig.engine.close()


@settings(max_examples=20, deadline=None)
@given(specs=st.fixed_dictionaries(dict.fromkeys(NAMES, SPECS)), steps=STEPS)
def test_what_is_planned_comes_and_nothing_is_left(
    specs: dict[str, dict[str, str]], steps: list[tuple[str, str]]
) -> None:
    with TemporaryDirectory() as place:
        asyncio.run(live(Path(place), specs, steps))
