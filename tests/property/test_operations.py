"""Random lives of containers: only public errors, and the tree stays a tree."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from porto.spec.containers import operations
from porto.spec.containers.effective import is_meta
from porto.spec.containers.names import ROOT, parent_name
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import PROPERTIES, SPEC_PROPERTIES
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import PortoError
from porto.spec.records.record import Run
from porto.spec.undo import take_back
from tests.property import strategies

PART = st.sampled_from(["a", "b", "c"])
NAMES = st.lists(PART, min_size=1, max_size=3).map("/".join)
ACTORS = st.sampled_from(
    [Actor(), Actor(superuser=False), Actor(origin="file:/a.CT"), Actor(origin="enforced:/g.yaml")]
)
PROPERTY_NAMES = st.sampled_from(
    [*PROPERTIES, "env[A]", "ulimit[nofile]", "labels[WEB.a]", "WEB.b", "env[]", "x", "cwd[1]"]
)
GOOD = st.sampled_from([p for p in SPEC_PROPERTIES if p.prop.example])


class Lives(RuleBasedStateMachine):
    """Clients' operations in any order, on current and on outdated records, and an engine."""

    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.store = ContainerStore(None, max_total=12)
        self.now = 1.0
        self.seen: dict[int, int] = {}
        self.store.subscribe(self.observe)

    def observe(self, old: ContainerRecord | None, new: ContainerRecord | None) -> None:
        if old is not None and new is not None:
            assert new.generation >= old.generation
            assert new.intent.launch >= old.intent.launch or new.intent.run is not Run.RUNNING
        if new is not None:
            assert new.intent.launch >= new.status.life.launched

    def attempt(self, operation: Any, *arguments: Any, **options: Any) -> Any:
        self.now += 1.0
        before = list(self.store.records())
        try:
            return operation(self.store, *arguments, now=self.now, **options)
        except PortoError:
            pass  # and has changed nothing:
        assert list(self.store.records()) == before
        return None

    @rule(target=held, name=NAMES | strategies.texts(6), actor=ACTORS, weak=st.booleans())
    def create(self, name: str, actor: Actor, weak: bool) -> Any:
        credentials = Credentials(user="root", owner_user="root")
        self.attempt(operations.create, name, actor=actor, credentials=credentials, weak=weak)
        return self.store.find(name)

    @rule(target=held, name=NAMES)
    def look(self, name: str) -> Any:
        return self.store.find(name)

    @rule(record=held, name=PROPERTY_NAMES, text=strategies.texts(12), actor=ACTORS)
    def set_anything(self, record: Any, name: str, text: str, actor: Actor) -> None:
        if record:
            self.attempt(operations.set_property, record, name, text, actor=actor)

    @rule(record=held, prop=GOOD, actor=ACTORS)
    def set_something_good(self, record: Any, prop: Any, actor: Actor) -> None:
        if record:
            self.attempt(operations.set_property, record, prop.name, prop.prop.example, actor=actor)

    @rule(record=held, actor=ACTORS)
    def start(self, record: Any, actor: Actor) -> None:
        if not record:
            return
        for item in self.attempt(operations.start, record, actor=actor) or []:
            assert item.intent.run is Run.RUNNING
            for ancestor in self.store.ancestors(item):
                assert ancestor.intent.run is Run.RUNNING

    @rule(record=held, actor=ACTORS, kill_at=st.floats(0, 100))
    def stop(self, record: Any, actor: Actor, kill_at: float) -> None:
        if record:
            self.attempt(operations.stop, record, actor=actor, kill_at=kill_at)

    @rule(record=held, actor=ACTORS)
    def destroy(self, record: Any, actor: Actor) -> None:
        if not record:
            return
        for item in self.attempt(operations.destroy, record, actor=actor) or []:
            assert item.intent.run is Run.ABSENT

    @rule(record=held, actor=ACTORS)
    def pause(self, record: Any, actor: Actor) -> None:
        if record:
            self.attempt(operations.pause, record, actor=actor)

    @rule(record=held, actor=ACTORS)
    def resume(self, record: Any, actor: Actor) -> None:
        if record:
            self.attempt(operations.resume, record, actor=actor)

    @rule(record=held, actor=ACTORS)
    def respawn(self, record: Any, actor: Actor) -> None:
        if record:
            self.attempt(operations.respawn, record, actor=actor)

    @rule(old=consumes(held), new=held)
    def take_back(self, old: Any, new: Any) -> None:
        if old:
            same = new if new and new.id == old.id else None
            take_back(self.store, old, now=self.now, new=same)

    @rule(name=NAMES, dead=st.booleans())
    def engine(self, name: str, dead: bool) -> None:
        """What a pass would find and make of one container."""
        record = self.store.find(name)
        if record is None:
            return
        if record.intent.run is Run.ABSENT:
            if not self.store.has_children(name):
                self.store.delete(record)
            return
        parent = self.store.parent(record)
        below = parent is None or parent.status.life.state in (
            State.RUNNING,
            State.META,
            State.PAUSED,
        )
        state, launched = State.STOPPED, record.status.life.launched
        if record.intent.run is Run.RUNNING and below:
            launched = record.intent.launch
            state = State.META if is_meta(record.spec) else State.RUNNING
            if record.intent.paused or (parent and parent.status.life.state is State.PAUSED):
                state = State.PAUSED
            elif dead:
                state = State.DEAD
        status = record.status.changed(state=state, launched=launched)
        self.store.put_status(record, status, now=self.now)

    @invariant()
    def the_tree_is_a_tree(self) -> None:
        names = self.store.names()
        assert names == sorted(set(names))
        assert len({record.id for record in self.store.records()}) == len(names)
        for record in self.store.records():
            parent = parent_name(record.name)
            if parent == ROOT:
                continue
            above = self.store.get(parent)
            assert record in self.store.children(parent)
            if above.intent.run is Run.ABSENT:
                assert record.intent.run is Run.ABSENT


Lives.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
test_lives = Lives.TestCase
