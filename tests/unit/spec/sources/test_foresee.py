"""Files that are not there yet, over a fork of the store."""

import asyncio
import dataclasses
from collections.abc import Iterable
from pathlib import Path

import pytest

from porto.spec.catalog import Catalog
from porto.spec.containers.intent import ContainerIntent
from porto.spec.containers.outlook import Turn, outlook
from porto.spec.containers.spec import find_property
from porto.spec.containers.store import ContainerStore
from porto.spec.kinds import DIALECTS
from porto.spec.preview import Action
from porto.spec.records.record import Run
from porto.spec.sources.claims import START_MARK, Subject
from porto.spec.sources.diagnostics import Diagnostic
from porto.spec.sources.directory import Snapshot, WatchedDirectory
from porto.spec.sources.documents import Document, parse_document
from porto.spec.sources.foresee import Foreseen, Proposal, overlaid
from tests.unit.spec.sources.rig import Rig


def look(rig: Rig, *directories: str, **texts: str) -> tuple[ContainerStore, Foreseen]:
    """What files of these names would change; the fork and the rest."""
    documents = {}
    for name, text in texts.items():
        path = name if name.startswith("/") else rig.path(name)
        documents[path] = parse_document(text.encode(), path, DIALECTS)
    fork = rig.store.fork()
    return fork, asyncio.run(rig.watcher.foresee(Proposal(documents, directories), Catalog(fork)))


def names(subjects: Iterable[Subject]) -> set[str]:
    return {subject.name for subject in subjects}


def actions(rig: Rig, fork: ContainerStore, foreseen: Foreseen) -> dict[str, Action]:
    return {
        name: outlook(Turn(name, rig.store.find(name), fork.find(name))).action
        for name in sorted(names(foreseen.subjects))
        if rig.store.find(name) or fork.find(name)
    }


CHANGES = {
    "live": ("name: a\ncommand: x\nthread_limit: 1\n", "name: a\ncommand: x\nthread_limit: 2\n"),
    "unset": ("name: a\ncommand: x\nthread_limit: 1\n", "name: a\ncommand: x\n"),
    "restart": ("name: a\ncommand: x\n", "name: a\ncommand: y\n"),
    "restart of a parent": (
        "name: a\ncommand: x\ncontainers: [{name: b, command: x}]\n",
        "name: a\ncommand: y\ncontainers: [{name: b, command: x}]\n",
    ),
    "new child": (
        "name: a\n",
        "name: a\ncontainers: [{name: b, command: x, containers: [{name: c}]}]\n",
    ),
    "child gone": ("name: a\ncontainers: [{name: b}, {name: c}]\n", "name: a\n"),
    "other name": ("name: a\ncommand: x\n", "name: b\ncommand: x\n"),
    "stays stopped": ("name: a\nstart: false\n", "name: a\nstart: false\nthread_limit: 3\n"),
    "nothing": ("name: a\ncommand: x\n", "# the same\nname: a\ncommand: x\n"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_foreseen_is_what_a_pass_does(rig, what):
    before, after = CHANGES[what]
    rig.write("web.yaml", before)
    rig.sync()
    present = list(rig.store.records())
    fork, foreseen = look(rig, **{"web.yaml": after})
    assert foreseen.diagnostics == ()
    assert list(rig.store.records()) == present
    launched = {record.name: record.intent.launch for record in present}
    rig.write("web.yaml", after)
    assert rig.sync() == []
    real = {record.name: record for record in rig.store.records()}
    foretold = {
        record.name: record for record in fork.records() if record.intent.run.value != "absent"
    }
    assert foretold.keys() == real.keys()
    for name, record in real.items():
        told = foretold[name]
        assert told.spec == record.spec
        assert told.origins == record.origins
        assert told.source == record.source
        assert told.intent.run is record.intent.run
        again = record.intent.launch != launched.get(name, 0)
        assert (told.intent.launch != launched.get(name, 0)) is again


def test_files_outside_of_all_directories_are_planned_too(rig):
    fork, foreseen = look(rig, **{"/elsewhere/a.CT": "command = x\n"})
    assert names(foreseen.subjects) == {"a"}
    assert fork.get("a").source == "/elsewhere/a.CT"


def test_a_name_that_another_file_holds_is_a_problem(rig):
    rig.write("one.yaml", "name: a\n")
    rig.sync()
    fork, foreseen = look(rig, **{"two.yaml": "name: a\nthread_limit: 3\n"})
    assert "is declared already by" in foreseen.diagnostics[0].reason
    assert not fork.get("a").spec.is_set(find_property("thread_limit"))


def test_a_name_that_sleeps_is_held_by_the_file_that_had_it(rig):
    path = rig.write("one.yaml", "name: a\n")
    rig.sync()
    rig.api_destroy("a")
    earlier = rig.path("a.yaml")
    fork, foreseen = look(rig, **{"a.yaml": "name: a\nthread_limit: 3\n"})
    reason = f"'a' is declared already by {path}:1, which keeps it"
    assert foreseen.diagnostics == (Diagnostic(earlier, 1, "name", reason),)
    assert fork.find("a") is None


def test_only_what_the_files_concern_is_named(rig):
    rig.write("one.yaml", "name: a\n")
    rig.write("bad.yaml", "name: [\n")
    rig.sync()
    rig.write("unread.yaml", "name: c\n")
    _, foreseen = look(rig, **{"two.yaml": "name: b\n"})
    assert names(foreseen.subjects) == {"b"}
    assert foreseen.diagnostics == ()


def test_a_directory_that_is_known_whole_tells_what_goes(rig):
    rig.write("sub/one.yaml", "name: a\n")
    rig.write("two.yaml", "name: b\n")
    rig.sync()
    fork, foreseen = look(rig, rig.path("sub"), **{"sub/new.yaml": "name: c\n"})
    assert actions(rig, fork, foreseen) == {"a": Action.DESTROY, "c": Action.CREATE}
    fork, foreseen = look(rig, rig.path("sub"), **{"sub/new.yaml": "name: a\n"})
    assert actions(rig, fork, foreseen) == {"a": Action.UNCHANGED}
    assert fork.get("a").source == rig.path("sub/new.yaml")


def test_the_policy_is_that_of_the_watched_directory(tmp_path):
    rig = Rig(tmp_path, WatchedDirectory(path=str(tmp_path / "specs"), restart=False))
    rig.write("a.yaml", "name: a\ncommand: x\n")
    rig.sync()
    fork, foreseen = look(rig, **{"a.yaml": "name: a\ncommand: y\n"})
    assert actions(rig, fork, foreseen) == {"a": Action.CHANGE}
    assert "restart it to apply" in foreseen.conditions[Subject("container", "a")].message
    assert rig.engine.conditions == []


def test_what_somebody_destroyed_sleeps_until_its_declaration_changes(rig):
    rig.write("a.yaml", "name: a\n")
    rig.sync()
    rig.api_destroy("a")
    rig.sync()
    fork, foreseen = look(rig, **{"a.yaml": "name: a\n"})
    assert (fork.find("a"), names(foreseen.asleep)) == (None, {"a"})
    fork, foreseen = look(rig, **{"a.yaml": "name: a\nthread_limit: 3\n"})
    assert (fork.find("a") is None, foreseen.asleep) == (False, frozenset())
    assert rig.sync() == []
    assert rig.names() == []


def test_a_child_of_a_stopped_parent_is_a_problem(rig):
    rig.write("a.yaml", "name: a\n")
    rig.sync()
    rig.api_stop("a")
    fork, foreseen = look(rig, **{"b.yaml": "name: a/b\n"})
    assert "its parent a is stopped" in foreseen.diagnostics[0].reason
    assert fork.find("a/b") is not None


def test_no_mark_and_nothing_else_is_left(rig):
    rig.write("a.yaml", "name: a\ncommand: x\n")
    rig.sync()
    fork, _ = look(rig, **{"a.yaml": "name: a\ncommand: y\n"})
    assert START_MARK not in fork.get("a").origins
    assert rig.store._subscribers == [rig.watcher._applier._changed]
    assert not list(Path(rig.root).glob("**/*.tmp"))


def test_a_restart_is_foreseen_as_a_new_launch_of_all_that_runs(rig):
    text = "name: a\ncommand: {}\ncontainers: [{{name: b, command: x}}, {{name: c, command: x}}]\n"
    path = rig.write("web.yaml", text.format("x"))
    rig.sync()
    rig.api_stop("a")
    rig.api_start("a/b")
    fork, _ = look(rig, **{"web.yaml": text.format("y")})
    again = ContainerIntent(run=Run.RUNNING, origin=f"file:{path}", launch=3)
    assert [record.intent for record in fork.records()] == [
        again,
        again,
        rig.record("a/c").intent,
    ]
    assert [record.status.change_time for record in fork.records()] == [1.0, 1.0, 2.0]


def test_what_is_stopped_is_foreseen_to_be_started_once(rig):
    path = rig.write("web.yaml", "name: a\ncommand: x\n")
    rig.sync()
    rig.api_stop("a")
    fork, _ = look(rig, **{"web.yaml": "name: a\ncommand: y\n"})
    assert fork.get("a").intent == ContainerIntent(run=Run.RUNNING, origin=f"file:{path}", launch=2)


@pytest.mark.parametrize(
    ("directories", "path", "concerned"),
    [
        ((), "/specs/a.yaml", True),
        ((), "/specs/b.yaml", False),
        (("/specs",), "/specs/sub/b.yaml", True),
        (("/other", "/specs"), "/specs/b.yaml", True),
        (("/specs",), "/specs2/b.yaml", False),
        (("/other", "/specs"), "/specs", True),
    ],
)
def test_what_a_proposal_speaks_of(directories, path, concerned):
    document = parse_document(b"name: a\n", "/specs/a.yaml", DIALECTS)
    assert Proposal({"/specs/a.yaml": document}, directories).concerns(path) is concerned


def documents_of(*paths: str) -> dict[str, Document]:
    return {path: parse_document(b"name: a\n", path, DIALECTS) for path in paths}


def snapshot(top: str, *paths: str, **values: object) -> Snapshot:
    known = Snapshot(
        directory=WatchedDirectory(path=top),
        documents=documents_of(*paths),
        unreadable=(),
        pending=frozenset(),
        settled=True,
        diagnostics=(),
        folders=(),
        links=(),
    )
    return dataclasses.replace(known, **values)


def test_a_proposal_replaces_what_is_watched_and_brings_directories_of_its_own():
    enforced = WatchedDirectory(path="/specs", enforce=True)
    watched = [
        snapshot(
            "/specs",
            "/specs/m.yaml",
            "/specs/old/x.yaml",
            "/specs/z.yaml",
            directory=enforced,
            pending=frozenset({"/specs/late.yaml", "/specs/old/y.yaml", "/specs/b.yaml"}),
            unreadable=("/specs/locked",),
            settled=False,
        ),
        snapshot("/other", "/other/o.yaml"),
    ]
    proposed = documents_of(
        "/specs/z.yaml",
        "/specs/b.yaml",
        "/specs/old/n.yaml",
        "/far/1.yaml",
        "/far/2.yaml",
        "/alone.yaml",
    )
    found = overlaid(Proposal(proposed, ("/specs/old", "/other", "/far")), watched)
    assert found == [
        dataclasses.replace(
            watched[0],
            documents=documents_of(
                "/specs/b.yaml", "/specs/m.yaml", "/specs/old/n.yaml", "/specs/z.yaml"
            ),
            pending=frozenset({"/specs/late.yaml"}),
        ),
        snapshot("/other"),
        snapshot("/far", "/far/1.yaml", "/far/2.yaml"),
        snapshot("/alone.yaml", "/alone.yaml"),
    ]
    assert list(found[0].documents) == sorted(found[0].documents)
    assert found[0].documents["/specs/z.yaml"] is proposed["/specs/z.yaml"]
