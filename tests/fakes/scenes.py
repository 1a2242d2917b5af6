"""Containers in any state over fakes, and what a pass decides there, as text.

A `Scene` is put up by a test: records as they shall be, processes in groups, outcomes of
launches, exits. Nothing moves by itself, and time is a number. `told` writes a decision
down, a change and below it its effect::

    FACET SUBJECT: HAVE -> WANT [drift] [slow] [(WHY)]
        EFFECT FIELD=VALUE...
    refused FACET: ERROR
    = RESULT
    then FACET SUBJECT: ...

Of what is noted in a record only what is another value than before is written down, of
what is remembered (since when something is waited for) nothing.
"""

import dataclasses
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any

from porto.kernel.cgroup.group import Group
from porto.reconcilers.containers import upkeep
from porto.reconcilers.containers.assembly import assemble
from porto.reconcilers.containers.effects import Note, Wish
from porto.reconcilers.engine.carrier import Carrier, carry
from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.decision import Decision, Failure
from porto.reconcilers.engine.recording import Recording
from porto.reconcilers.engine.result import Result
from porto.spec.catalog import Catalog
from porto.spec.config import Config, PathsConfig
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.status import Process, State
from porto.spec.containers.store import ContainerStore
from porto.spec.key import Key
from porto.spec.records.record import Run
from tests.fakes.driver import FakeDriver
from tests.fakes.ports import Counts, Told, make_ports
from tests.fakes.tables import (
    FakeClock,
    FakeCpus,
    FakeDisks,
    FakeExits,
    FakeFiles,
    FakeJobs,
    FakeLaunches,
    FakeMounts,
    FakeNotices,
    FakeProcesses,
    FakeRemovals,
    FakeThreads,
    FakeVacancies,
)

PATHS = PathsConfig(place="/place", runtime="/place/run")
LAUNCHER = 77
"""Pid of the parent of all launched children."""


class Scene:
    """All parts of the kind container over fakes; `driver` may be a real one over fakes."""

    def __init__(self, *, driver: Any = None, mounted: Iterable[str] = (), **config: Any) -> None:
        """`mounted` are mount points of the host, `config` sections of the configuration."""
        self.driver: Any = FakeDriver() if driver is None else driver
        self.config = Config(paths=PATHS, **config)
        self.work = self.config.paths.work
        self.store = ContainerStore(None)
        self.clock = FakeClock()
        self.launches, self.exits = FakeLaunches(), FakeExits()
        self.notices, self.processes = FakeNotices(), FakeProcesses()
        self.threads, self.files, self.mounts = FakeThreads(), FakeFiles(), FakeMounts(mounted)
        self.vacancies, self.jobs = FakeVacancies(), FakeJobs()
        self.removals = FakeRemovals(self.files)
        self.counters, self.history = Counts(), Told()
        self.woken: list[Key] = []
        catalog = Catalog(self.store)
        clock: Any = self.clock
        self.ports = make_ports(
            self.driver,
            cpus=FakeCpus(),
            disks=FakeDisks(),
            processes=self.processes,
            scheduling=self.threads,
            files=self.files,
            mounts=self.mounts,
            launches=self.launches,
            exits=self.exits,
            notices=self.notices,
            vacancies=self.vacancies,
            records=Recording(catalog, clock),
            removals=self.removals,
            jobs=self.jobs,
            counters=self.counters,
            history=self.history,
            clock=self.clock,
        )
        exits: Any = self.exits
        notices: Any = self.notices
        parts = assemble(
            self.config,
            self.ports,
            self.store,
            exits=exits,
            notices=notices,
            enqueue=self.woken.append,
            launcher=LAUNCHER,
        )
        self.world, self.reconciler, self.watch = parts.world, parts.reconciler, parts.watch

    def put(
        self,
        name: str,
        state: State = State.STOPPED,
        *,
        run: Run | None = None,
        intent: dict[str, Any] | None = None,
        status: dict[str, Any] | None = None,
        **values: str,
    ) -> ContainerRecord:
        """A container in this state, with these properties by their texts.

        One that is not stopped was started once and is wanted to run; `intent` and `status`
        replace fields. Its generation is the observed one unless `status` says otherwise.
        """
        spec = DEFAULT_SPEC
        for key, text in {"command": "sleep 1", **values}.items():
            prop = find_property(key)
            spec = spec.with_value(prop, prop.parse(name, text))
        record = self.store.create(name, spec, now=0.0, origins={})
        started = state not in (State.STOPPED, State.STARTING)
        wanted = run or (Run.RUNNING if state is not State.STOPPED else Run.STOPPED)
        launch = int(wanted is not Run.STOPPED or started)
        record = self.store.put(
            record.with_intent(**{"run": wanted, "launch": launch, **(intent or {})}), now=0.0
        )
        fields: dict[str, Any] = {"state": state, "observed_generation": record.generation}
        if started:
            fields["launched"] = launch
        if started and state is not State.META:
            fields["process"] = process_of(record)
        fields |= status or {}
        record = self.store.put_status(record, record.status.changed(**fields), now=0.0)
        if started:
            self.driver.create(self.group(name))
            self.notices.armed.add(record.key)
            if fields.get("process") and isinstance(self.driver, FakeDriver):
                self.driver.place(name, *pids_of(record))
            changes, _ = upkeep.plan(self.world.chain.live, self.world.target(record))
            self.apply(changes)
        return record

    def group(self, name: str) -> Group:
        return self.world.controllers.group(name)

    def get(self, name: str) -> ContainerRecord:
        return self.store.get(name)

    def launch(self, name: str) -> str:
        """The name of the launch that is wanted."""
        record = self.get(name)
        return f"{record.id}:{record.intent.launch}"

    def decide(self, name: str) -> Decision:
        """What a pass decides."""
        return self.reconciler.life.decide(self.world.target(self.get(name)))

    def carry(self, name: str) -> Result:
        """A pass: decide, and make it true."""
        return self.carrying(name, self.decide(name))

    def carrying(self, name: str, decision: Decision) -> Result:
        """Make a decision true."""
        carrier = Carrier(self.ports, lambda key, change: None, lambda key: "")
        return carrier.run(self.get(name).key, name, decision)

    def apply(self, changes: Sequence[Change]) -> None:
        for change in changes:
            carry(change, self.ports)

    def told(self, name: str) -> list[str]:
        """What a pass decides, as text; see the module."""
        return self.written(self.decide(name))

    def failed(self, name: str, *failures: Failure) -> list[str]:
        """What is decided when changes cannot be made, as text."""
        failed = self.decide(name).failed
        assert failed is not None
        return self.written(failed(failures))

    def written(self, decision: Decision) -> list[str]:
        """A decision as text."""
        text: list[str] = []
        for change in decision.changes:
            if not change.subject.startswith("wait for "):
                text += self._lines(change)
        text += [f"refused {item.facet}: {item.error.text}" for item in decision.refused]
        text.append(f"= {_result(decision.result)}")
        for change in decision.closing:
            text += self._lines(change, "then ")
        return text

    def _lines(self, change: Change, start: str = "") -> Iterator[str]:
        have = "-" if change.have == "" else change.have
        words = [f"{start}{change.facet} {change.subject}: {have} -> {change.want}"]
        words += ["drift"] if change.is_drift else []
        words += ["slow"] if change.is_slow else []
        words += [f"({change.why})"] if change.why else []
        yield " ".join(words)
        yield from (f"    {line}" for line in self._effect(change.effect))

    def _effect(self, effect: Any) -> Iterator[str]:
        kind = type(effect).__name__
        if isinstance(effect, Note):
            record = self.store.find_id(effect.key.id)
            assert record is not None
            for name, value in effect.fields.items():
                if record.status.changed(**{name: value}) is not record.status:
                    yield f"{record.name} {name}={_value(value)}"
        elif isinstance(effect, Wish):
            intent = effect.record.intent
            yield f"{kind} {effect.record.name} {_fields(intent)}"
        else:
            yield f"{kind} {_fields(effect)}".rstrip()


def lines(text: str) -> list[str]:
    """What `Scene.told` gives, as a test writes it down."""
    return textwrap.dedent(text).strip().splitlines()


def process_of(record: ContainerRecord) -> Process:
    """What a launched container's processes are here: pids follow from its id."""
    init = record.id * 10
    return Process(f"{record.id}:{record.intent.launch}", init, 5, init + 1, 6, 2)


def pids_of(record: ContainerRecord) -> tuple[int, int]:
    return record.id * 10, record.id * 10 + 1


def _result(result: Result | None) -> str:
    error = getattr(result, "error", None)
    if error is not None:
        return f"{type(result).__name__} {error.code.name}: {error.text}"
    after = getattr(result, "after", None)
    return type(result).__name__ + ("" if after is None else f" after {after:g}")


_UNTOLD = (
    *("allocation", "client", "facet", "group", "key", "record", "store", "strays", "target"),
    "writer",
    *("cgroup_fd", "clone_flags", "launch_id", "ops", "pid_ns", "sources"),
)


def _fields(value: Any) -> str:
    return " ".join(
        f"{field.name}={_value(getattr(value, field.name))}"
        for field in dataclasses.fields(value)
        if field.name not in _UNTOLD
    )


def _value(value: Any) -> str:
    if isinstance(value, Enum):
        return value.name if isinstance(value.value, int) else str(value.value)
    if isinstance(value, Process):
        return f"pid {value.init_pid}/{value.task_pid}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    if dataclasses.is_dataclass(value):
        return " ".join(
            _value(getattr(value, field.name)) or "-" for field in dataclasses.fields(value)
        )
    return f"{value:g}" if isinstance(value, float) else str(value)
