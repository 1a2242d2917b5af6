"""What files do to containers: the rules of sources/plan.py, one by one."""

import asyncio
import dataclasses
import errno
import os
from pathlib import Path

import pytest

from porto.spec.containers import operations
from porto.spec.containers.sources import ContainerOperations
from porto.spec.containers.spec import find_property
from porto.spec.errors import Permission
from porto.spec.kinds import DIALECTS
from porto.spec.records.record import Run
from porto.spec.sources.apply import Applier
from porto.spec.sources.claims import DIGEST_KEY, FILE_KEY, START_MARK, Subject
from porto.spec.sources.diagnostics import Diagnostic
from porto.spec.sources.directory import DirectoryScanner, WatchedDirectory
from porto.spec.sources.dormant import Dormant
from porto.spec.sources.files import Rules
from tests.unit.spec.sources.rig import Rig


def test_a_new_file_creates_and_starts(rig):
    path = rig.write("web.CT", "command = sleep 1\nthread_limit = 10\n")
    assert rig.sync() == []
    assert rig.state("web") == "running"
    assert rig.value("web", "thread_limit") == 10
    assert rig.record("web").source == path
    assert rig.origin("web", "command") == "file:specs/web.CT:1"
    assert rig.origin("web", "thread_limit") == "file:specs/web.CT:2"
    assert rig.record("web").intent.origin == f"file:{path}"


def test_unless_it_says_otherwise(rig):
    rig.write("web.CT", "command = sleep 1\nstart = false\n")
    assert rig.sync() == []
    assert rig.state("web") == "stopped"


def test_parents_start_before_children_and_without_a_command_are_meta(rig):
    rig.write("a.yaml", "name: top\ncontainers: [{name: x, command: y, containers: [{name: z}]}]\n")
    assert rig.sync() == []
    assert rig.engine.launched == ["top", "top/x", "top/x/z"]
    assert [rig.state(name) for name in rig.names()] == ["meta", "running", "meta"]


def test_a_second_pass_changes_nothing(rig):
    rig.write("a.yaml", "- {name: a, command: x}\n- {name: b, command: x, start: false}\n")
    rig.sync()
    before = list(rig.store.records())
    assert rig.sync() == []
    assert list(rig.store.records()) == before


def test_a_live_property_changes_in_place(rig):
    rig.write("a.yaml", "name: a\ncommand: x\nthread_limit: 10\n")
    rig.sync()
    launch = rig.record("a").intent.launch
    rig.write("a.yaml", "name: a\ncommand: x\nthread_limit: 20\n")
    rig.sync()
    assert rig.value("a", "thread_limit") == 20
    assert rig.record("a").intent.launch == launch
    assert rig.state("a") == "running"


def test_a_launch_time_property_restarts_the_container(rig):
    rig.write("a.yaml", "name: a\ncommand: x\n")
    rig.sync()
    rig.write("a.yaml", "name: a\ncommand: y\n")
    assert rig.sync() == []
    assert rig.value("a", "command") == "y"
    assert rig.engine.launched == ["a", "a"]
    assert rig.state("a") == "running"
    assert START_MARK not in rig.record("a").origins
    assert rig.engine.conditions == []


def test_or_is_reported_where_the_directory_says_so(tmp_path):
    specs = WatchedDirectory(path=str(tmp_path / "specs"), restart=False)
    rig = Rig(tmp_path, specs)
    rig.write("a.yaml", "name: a\ncommand: x\ncwd: /\n")
    rig.sync()
    rig.write("a.yaml", "name: a\ncwd: /tmp\ncommand: y\n")
    rig.sync()
    assert rig.value("a", "command") == "y"
    assert rig.engine.launched == ["a"]
    ((name, condition),) = rig.engine.conditions
    assert (name, condition.kind, condition.facet) == ("a", "RestartRequired", "task")
    assert condition.message == (
        "cannot change command, cwd of a while it is started: "
        f"restart it to apply {tmp_path}/specs/a.yaml:2"
    )
    rig.sync()
    assert len(rig.engine.conditions) == 1


def test_a_property_that_is_named_no_more_goes_back_to_its_default(rig):
    rig.write("a.yaml", "name: a\nthread_limit: 10\nprivate: note\n")
    rig.sync()
    rig.write("a.yaml", "name: a\nprivate: note\n")
    rig.sync()
    assert rig.value("a", "thread_limit") is None
    assert rig.origin("a", "thread_limit") == ""
    assert rig.value("a", "private") == "note"


def test_what_the_api_has_set_and_the_file_never_named_is_left_alone(rig):
    rig.write("a.yaml", "name: a\nthread_limit: 10\n")
    rig.sync()
    rig.api_set("a", "private", "mine")
    rig.write("a.yaml", "name: a\nthread_limit: 20\n")
    rig.sync()
    assert rig.value("a", "private") == "mine"
    assert rig.origin("a", "private") == "api"


def test_the_last_writer_wins(rig):
    rig.write("a.yaml", "name: a\nthread_limit: 10\n")
    rig.sync()
    rig.api_set("a", "thread_limit", "99")
    rig.sync()
    assert rig.value("a", "thread_limit") == 99
    rig.write("a.yaml", "name: a\nthread_limit: 10\nprivate: changed\n")
    rig.sync()
    assert rig.value("a", "thread_limit") == 10


def test_a_field_the_api_took_over_is_not_unset_by_the_file(rig):
    rig.write("a.yaml", "name: a\nthread_limit: 10\n")
    rig.sync()
    rig.api_set("a", "thread_limit", "99")
    rig.write("a.yaml", "name: a\nprivate: x\n")
    rig.sync()
    assert rig.value("a", "thread_limit") == 99


def test_a_removed_file_destroys_what_it_owned(rig):
    rig.write("a.yaml", "- {name: a, command: x}\n- {name: a/b}\n")
    rig.write("c.yaml", "name: c\n")
    rig.api_create("other")
    rig.sync()
    rig.remove("a.yaml")
    assert rig.sync() == []
    assert rig.names() == ["c", "other"]


def test_what_goes_with_its_parent_does_not_keep_others_from_going(rig):
    path = rig.write("a.yaml", "- {name: a, command: x}\n- {name: a/b}\n- {name: c}\n")
    rig.sync()
    rig.remove("a.yaml")
    asyncio.run(rig.watcher.sync())  # destruction is asked for, nothing is done yet
    assert [record.intent.run for record in rig.store.records()] == [Run.ABSENT] * 3
    assert {record.intent.origin for record in rig.store.records()} == {f"file:{path}"}


def test_what_cannot_be_destroyed_is_told_of_its_file_as_a_whole(rig):
    path = rig.write("a.yaml", "name: a\n")
    rig.sync()
    rig.api_create("a/mine")
    rig.remove("a.yaml")
    rig.sync()
    (problem,) = rig.watcher.problems()
    assert (problem.path, problem.line, problem.property) == (path, 0, "name")


def test_a_removed_declaration_destroys_its_container_only(rig):
    rig.write("a.yaml", "- name: a\n- name: b\n")
    rig.sync()
    rig.write("a.yaml", "- name: b\n")
    rig.sync()
    assert rig.names() == ["b"]


def test_a_container_with_what_others_own_in_it_stays_until_that_is_gone(rig):
    rig.write("a.yaml", "name: a\n")
    rig.sync()
    rig.api_create("a/mine")
    rig.remove("a.yaml")
    assert rig.sync() == [
        "specs/a.yaml: name: cannot destroy a, which this file declares no more: "
        "a/mine in it is not of this file"
    ]
    rig.api_create("a/mine/too")
    assert rig.sync() == [
        "specs/a.yaml: name: cannot destroy a, which this file declares no more: "
        "a/mine, a/mine/too in it are not of this file"
    ]
    assert rig.names() == ["a", "a/mine", "a/mine/too"]
    rig.api_destroy("a/mine")
    assert rig.sync() == []
    assert rig.names() == []


def test_weak_containers_go_with_their_parent(rig):
    rig.write("a.yaml", "name: a\n")
    rig.sync()
    rig.api_create("a/shell")
    rig.api_set("a/shell", "weak", "true")
    rig.remove("a.yaml")
    assert rig.sync() == []
    assert rig.names() == []


def test_a_container_that_exists_is_adopted_but_not_owned(rig):
    rig.api_create("a", command="x", private="mine", thread_limit="5")
    rig.write("a.yaml", "name: a\nthread_limit: 7\n")
    rig.sync()
    assert rig.value("a", "thread_limit") == 7
    assert rig.value("a", "private") == "mine"
    assert rig.state("a") == "running"
    assert rig.record("a").source == ""
    rig.remove("a.yaml")
    assert rig.sync() == []
    assert rig.names() == ["a"]
    assert rig.value("a", "thread_limit") == 7
    assert rig.record("a").origins == {"command": "api", "private": "api", "thread_limit": "api"}


def test_an_explicit_stop_holds_until_the_file_changes(rig):
    rig.write("a.yaml", "name: a\ncommand: x\n")
    rig.sync()
    rig.api_stop("a")
    rig.sync()
    rig.restart_daemon()
    assert rig.sync() == []
    assert rig.state("a") == "stopped"
    rig.write("a.yaml", "# touched only\nname: a\ncommand: x\n")
    rig.sync()
    assert rig.state("a") == "stopped"
    rig.write("a.yaml", "name: a\ncommand: x\nprivate: changed\n")
    rig.sync()
    assert rig.state("a") == "running"


def test_a_changed_file_that_says_so_leaves_a_stopped_container_alone(rig):
    rig.write("a.yaml", "name: a\ncommand: x\n")
    rig.sync()
    rig.api_stop("a")
    rig.write("a.yaml", "name: a\ncommand: y\nstart: false\n")
    rig.sync()
    assert rig.state("a") == "stopped"
    assert rig.value("a", "command") == "y"


def test_a_dead_container_is_started_again_only_for_a_new_command(rig):
    rig.write("a.yaml", "name: a\ncommand: x\n")
    rig.sync()
    rig.engine.die("a")
    rig.sync()
    rig.write("a.yaml", "name: a\ncommand: x\nthread_limit: 5\n")
    rig.sync()
    assert rig.state("a") == "dead"
    rig.write("a.yaml", "name: a\ncommand: y\nthread_limit: 5\n")
    rig.sync()
    assert rig.state("a") == "running"


def test_a_daemon_that_restarts_changes_nothing(rig):
    rig.write("a.yaml", "- {name: a, command: x}\n- {name: b, start: false}\n")
    rig.sync()
    before = list(rig.store.records())
    rig.restart_daemon()
    assert rig.sync() == []
    assert list(rig.store.records()) == before


def test_a_daemon_that_restarts_sees_what_happened_meanwhile(rig):
    rig.write("a.yaml", "name: a\ncommand: x\n")
    rig.write("b.yaml", "name: b\n")
    rig.sync()
    rig.watcher.close()
    rig.write("a.yaml", "name: a\ncommand: x\nthread_limit: 3\n")
    rig.remove("b.yaml")
    rig.restart_daemon()
    assert rig.sync() == []
    assert rig.names() == ["a"]
    assert rig.value("a", "thread_limit") == 3


def test_a_daemon_that_died_between_creation_and_start_starts(rig):
    rig.write("a.yaml", "name: a\ncommand: x\nstart: false\n")
    rig.sync()
    rig.write("a.yaml", "name: a\ncommand: x\n")
    rig.sync()
    record = rig.record("a")
    crashed = Rig(rig.root)
    crashed.store.create("a", record.spec, now=1.0, origins=record.origins, source=record.source)
    assert crashed.sync() == []
    assert crashed.state("a") == "running"


def test_after_a_reboot_the_files_come_back(rig):
    rig.write("a.yaml", "name: a\ncommand: x\n")
    rig.sync()
    rebooted = Rig(rig.root)
    rebooted.sync()
    assert rebooted.state("a") == "running"


def test_a_destroyed_container_of_a_file_stays_away(tmp_path):
    rig = Rig(tmp_path, ledger=tmp_path / "ledger")
    rig.write("a.yaml", "- {name: a, command: x}\n- {name: b}\n")
    rig.sync()
    rig.api_destroy("a")
    assert rig.sync() == []
    assert rig.names() == ["b"]
    rig.restart_daemon()
    assert rig.sync() == []
    assert rig.names() == ["b"]
    rig.api_create("a", private="mine")
    rig.sync()
    assert rig.record("a").origins == {"private": "api"}
    rig.api_destroy("a")
    rig.write("a.yaml", "- {name: a, command: y}\n- {name: b}\n")
    rig.sync()
    assert rig.state("a") == "running"
    assert (tmp_path / "ledger").read_text() == "{}"


def test_a_file_that_comes_back_wakes_its_sleeping_container(tmp_path):
    rig = Rig(tmp_path, ledger=tmp_path / "ledger")
    rig.write("a.yaml", "name: a\n")
    rig.sync()
    rig.api_destroy("a")
    rig.remove("a.yaml")
    rig.sync()
    rig.write("a.yaml", "name: a\n")
    rig.sync()
    assert rig.names() == ["a"]


@pytest.mark.parametrize("content", ["[]", "{", "nonsense", '{"a": {}}', ""])
def test_a_broken_ledger_is_an_empty_one(tmp_path, content):
    (tmp_path / "ledger").write_text(content)
    rig = Rig(tmp_path, ledger=tmp_path / "ledger")
    rig.write("a.yaml", "name: a\n")
    rig.sync()
    assert rig.names() == ["a"]


def test_what_the_daemon_destroys_at_its_end_is_nobodys_wish(tmp_path):
    rig = Rig(tmp_path, ledger=tmp_path / "ledger")
    rig.write("a.yaml", "name: a\n")
    rig.sync()
    rig.watcher.close()
    rig.api_destroy("a")
    rig.restart_daemon()
    rig.sync()
    assert rig.names() == ["a"]


@pytest.mark.parametrize(
    "text", ["name: a\ncommand: [\n", "", "name: a\nrespawn: 7\n", "name: a\n---\nname: a\n"]
)
def test_an_invalid_file_changes_nothing_and_is_reported_until_it_is_mended(rig, text):
    rig.write("a.yaml", "name: a\ncommand: x\n")
    rig.sync()
    before = list(rig.store.records())
    rig.write("a.yaml", text)
    problems = rig.sync()
    assert len(problems) == 1
    assert problems[0].startswith("specs/a.yaml")
    assert list(rig.store.records()) == before
    rig.restart_daemon()
    assert rig.sync() == problems
    assert list(rig.store.records()) == before
    rig.write("a.yaml", "name: a\ncommand: x\nthread_limit: 9\n")
    assert rig.sync() == []
    assert rig.value("a", "thread_limit") == 9


def test_one_fault_keeps_the_whole_file_from_counting(rig):
    rig.write("a.yaml", "- name: good\n- name: bad\n  respawn: 7\n")
    assert rig.sync() == ["specs/a.yaml:3: respawn: cannot be '7': wants true or false, not int"]
    assert rig.names() == []


def test_the_first_file_keeps_a_name_and_the_second_is_reported(rig):
    rig.write("m.yaml", "name: a\nprivate: first\n")
    rig.sync()
    rig.write("b.yaml", "name: a\nprivate: second\n")
    expected = ["specs/b.yaml:1: name: 'a' is declared already by specs/m.yaml:1, which keeps it"]
    assert [text.replace(f"{rig.root}/", "") for text in rig.sync()] == expected
    assert rig.value("a", "private") == "first"
    rig.restart_daemon()
    assert rig.sync() == expected
    rig.write("m.yaml", "name: [\n")
    assert any("b.yaml:1: name: 'a' is declared already" in text for text in rig.sync())
    assert rig.value("a", "private") == "first"


def test_at_a_cold_start_the_first_path_wins(rig):
    rig.write("b.yaml", "name: a\nprivate: b\n")
    rig.write("c.yaml", "name: a\nprivate: c\n")
    rig.sync()
    assert rig.value("a", "private") == "b"


def test_the_second_file_takes_over_what_the_first_lets_go(rig):
    rig.write("b.yaml", "name: a\ncommand: x\nthread_limit: 1\n")
    rig.write("c.yaml", "name: a\ncommand: x\nprivate: c\n")
    rig.sync()
    identity = rig.record("a").id
    rig.remove("b.yaml")
    assert rig.sync() == []
    record = rig.record("a")
    assert record.id == identity
    assert record.source == rig.path("c.yaml")
    assert rig.value("a", "private") == "c"
    assert rig.value("a", "thread_limit") is None
    assert rig.engine.launched == ["a"]
    rig.remove("c.yaml")
    rig.sync()
    assert rig.names() == []


def test_a_renamed_file_changes_nothing_but_the_origins(rig):
    rig.write("b.yaml", "name: a\ncommand: x\nthread_limit: 1\n")
    rig.sync()
    rig.api_set("a", "thread_limit", "5")
    os.rename(rig.path("b.yaml"), rig.path("c.yaml"))
    assert rig.sync() == []
    assert rig.value("a", "thread_limit") == 5
    assert rig.origin("a", "command") == "file:specs/c.yaml:2"
    assert rig.record("a").source == rig.path("c.yaml")
    assert rig.engine.launched == ["a"]


def test_origins_follow_lines_that_move(rig):
    rig.write("a.yaml", "name: a\ncommand: x\n")
    rig.sync()
    rig.write("a.yaml", "# a comment\n\nname: a\ncommand: x\n")
    rig.sync()
    assert rig.origin("a", "command") == "file:specs/a.yaml:4"


def test_a_child_without_a_parent_is_reported_and_waits(rig):
    rig.write("c.yaml", "name: p/c\ncommand: x\n")
    assert rig.sync() == ["specs/c.yaml:1: name: cannot create p/c: no parent container p"]
    assert rig.names() == []
    rig.api_create("p")
    assert rig.sync() == []
    assert rig.state("p/c") == "running"


def test_a_child_in_another_file_than_its_parent(rig):
    rig.write("a.yaml", "name: p/c\n")
    rig.write("z.yaml", "name: p\n")
    assert rig.sync() == []
    assert rig.names() == ["p", "p/c"]


def test_a_child_is_not_started_below_what_a_user_stopped(rig):
    rig.write("p.yaml", "name: p\n")
    rig.sync()
    rig.api_stop("p")
    rig.write("c.yaml", "name: p/c\ncommand: x\n")
    expected = ["specs/c.yaml:1: name: cannot start p/c: its parent p is stopped"]
    assert rig.sync() == expected
    assert rig.sync() == expected
    assert rig.state("p") == "stopped"
    rig.api_start("p")
    assert rig.sync() == []
    assert rig.state("p/c") == "running"


def test_a_file_that_comes_back_while_its_container_goes(rig):
    rig.write("a.yaml", "name: a\ncommand: x\n")
    rig.sync()
    rig.remove("a.yaml")
    asyncio.run(rig.watcher.sync())  # destruction is asked for, nothing is done yet
    rig.write("a.yaml", "name: a\ncommand: y\n")
    rig.sync()
    rig.sync()
    assert rig.value("a", "command") == "y"
    assert rig.state("a") == "running"


def test_a_missing_directory_destroys_nothing(rig):
    rig.write("a.yaml", "name: a\ncommand: x\n")
    rig.sync()
    os.rename(rig.root / "specs", rig.root / "away")
    expected = ["specs: the directory is missing; the containers of its files are kept"]
    assert rig.sync() == expected
    rig.restart_daemon()
    assert rig.sync() == expected
    assert rig.state("a") == "running"
    os.rename(rig.root / "away", rig.root / "specs")
    assert rig.sync() == []


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES, errno.ESTALE, errno.EMFILE])
@pytest.mark.parametrize("folder", ["specs", "specs/inner"])
def test_a_directory_that_cannot_be_read_says_nothing(rig, monkeypatch, folder, code):
    """Neither there nor gone: nothing is destroyed, changed or given to another file."""
    rig.write("inner/a.yaml", "name: a\ncommand: x\n")
    rig.write("b.yaml", "name: b\ncommand: x\n")
    rig.sync()
    before = list(rig.store.records())
    rig.remove("inner/a.yaml")
    rig.write("c.yaml", "name: a\ncommand: y\n")
    real = os.scandir

    def scandir(path):
        if str(path) == str(rig.root / folder):
            raise OSError(code, os.strerror(code), path)
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        for _ in range(2):
            problems = rig.sync()
            assert f"{folder}: cannot be read: {os.strerror(code).lower()}" in [
                problem.lower() for problem in problems
            ]
            assert list(rig.store.records()) == before
            rig.restart_daemon()
    assert rig.sync() == []
    assert rig.value("a", "command") == "y"


def test_a_directory_that_is_not_there_yet_is_no_problem(rig):
    os.rmdir(rig.root / "specs")
    assert rig.sync() == []
    rig.write("a.yaml", "name: a\n")
    rig.sync()
    assert rig.names() == ["a"]


def test_a_directory_that_is_watched_no_more_keeps_its_containers(rig):
    rig.write("a.yaml", "name: a\n")
    rig.sync()
    rig.directories = (WatchedDirectory(path=str(rig.root / "other")),)
    rig.restart_daemon()
    assert rig.sync() == ["specs/a.yaml: no watched directory holds this file; a of it is kept"]
    assert rig.names() == ["a"]


def test_the_limit_of_containers_is_reported(rig):
    rig.store._max_total = -operations.SUPERUSER_EXTRA + 1
    rig.write("a.yaml", "- name: a\n- name: b\n")
    (problem,) = rig.sync()
    assert problem.startswith("specs/a.yaml:2: name: cannot create b: the limit of")
    assert rig.names() == ["a"]


def test_problems_are_reported_when_they_change(rig):
    rig.write("a.yaml", "name: 7:\n")
    rig.sync()
    rig.sync()
    assert len(rig.engine.reports) == 1
    rig.write("a.yaml", "name: a\n")
    rig.sync()
    assert [len(report) for report in rig.engine.reports] == [1, 0]


def test_a_thousand_files(rig):
    for number in range(1000):
        rig.write(f"c{number}.CT", f"command = sleep {number}\n")
    assert rig.sync() == []
    assert len(rig.names()) == 1000
    assert len(rig.engine.launched) == 1000


def test_command_and_argv_follow_the_file(rig):
    rig.api_create("a", command_argv="old\tx")
    rig.write("a.yaml", "name: a\ncommand: new\n")
    rig.sync()
    assert rig.value("a", "command_argv") == ()
    assert "command_argv" not in rig.record("a").origins
    rig.write("a.yaml", "name: a\ncommand_argv: [echo, a b]\n")
    rig.sync()
    assert rig.value("a", "command") == "echo 'a b'"
    assert rig.value("a", "command_argv") == ("echo", "a b")
    rig.write("a.yaml", "name: a\n")
    rig.sync()
    assert rig.value("a", "command") == ""
    assert rig.value("a", "command_argv") == ()


def test_every_record_of_a_file_holds_its_digest(rig):
    rig.write("a.yaml", "name: a\n")
    rig.sync()
    first = rig.record("a").origins[DIGEST_KEY]
    rig.write("a.yaml", "name: a\nprivate: x\n")
    rig.sync()
    assert rig.record("a").origins[DIGEST_KEY] != first


def test_clients_are_served_between_changes(rig, monkeypatch):
    turns = []

    async def sleep(seconds):
        turns.append((seconds, len(rig.names())))

    rig.write("a.yaml", "".join(f"- name: c{number:02}\n" for number in range(33)))
    monkeypatch.setattr("porto.spec.sources.apply.asyncio.sleep", sleep)
    assert rig.sync() == []
    assert turns == [(0, 16), (0, 32)]


class Pass:
    """Passes over one directory, and what each change of the store asks for."""

    def __init__(self, rig: Rig, **policy: bool) -> None:
        self.rig = rig
        self.wakes = 0
        self.dormant = Dormant(None)
        directory = WatchedDirectory(path=str(rig.root / "specs"), **policy)
        self.scanner = DirectoryScanner(directory, DIALECTS, rules=Rules())
        self.applier = Applier(
            [ContainerOperations(rig.store, rig.engine, now=lambda: 1.0)],
            rig.engine,
            dormant=self.dormant,
            wake=self.wake,
        )

    def wake(self) -> None:
        self.wakes += 1

    def run(self) -> list[Diagnostic]:
        found = asyncio.run(self.applier.apply([self.scanner.scan()]))
        self.rig.engine.settle()
        self.wakes = 0
        return found


class TestDestroyed:
    """Who has destroyed the container of a file decides what becomes of it."""

    @pytest.fixture
    def one(self, rig: Rig) -> Pass:
        rig.watcher.close()
        rig.write("a.yaml", "name: a\n")
        one = Pass(rig)
        assert one.run() == []
        return one

    def end(self, rig: Rig, origin: str) -> None:
        rig.store.put(rig.record("a").with_intent(run=Run.ABSENT, origin=origin), now=1.0)
        rig.store.delete(rig.record("a"))

    def test_by_a_user_it_sleeps(self, rig, one):
        digest = rig.record("a").origins[DIGEST_KEY]
        self.end(rig, "api")
        assert (one.wakes, one.dormant.digests) == (0, {Subject("container", "a"): digest})
        assert one.run() == []
        assert rig.names() == []

    def test_without_a_digest_nothing_keeps_it_asleep(self, rig, one):
        origins = {FILE_KEY: rig.path("a.yaml")}
        rig.store.put(dataclasses.replace(rig.record("a"), origins=origins), now=1.0)
        self.end(rig, "api")
        assert (one.wakes, one.dormant.digests) == (0, {Subject("container", "a"): ""})

    def test_by_a_file_it_is_made_anew(self, rig, one):
        self.end(rig, "file:/specs/other.yaml")
        assert (one.wakes, one.dormant.digests) == (1, {})

    def test_where_files_are_enforced_it_is_made_anew(self, rig):
        rig.watcher.close()
        rig.write("a.yaml", "name: a\n")
        one = Pass(rig, enforce=True)
        one.run()
        self.end(rig, "api")
        assert (one.wakes, one.dormant.digests) == (1, {})
        one.run()
        assert rig.names() == ["a"]

    def test_what_no_file_has_touched_makes_room(self, rig, one):
        rig.store.put(dataclasses.replace(rig.record("a"), origins={}), now=1.0)
        self.end(rig, "api")
        assert (one.wakes, one.dormant.digests) == (1, {})

    def test_of_what_no_file_declares_no_notice_is_taken(self, rig, one):
        rig.api_create("b")
        rig.api_destroy("b")
        assert (one.wakes, one.dormant.digests) == (0, {})

    def test_once_closed_no_notice_is_taken(self, rig, one):
        one.applier.close()
        one.applier.close()
        self.end(rig, "api")
        assert (one.wakes, one.dormant.digests) == (0, {})

    def test_a_waiting_claim_is_woken_once(self, rig, one):
        rig.write("b.yaml", "name: p/b\n")
        assert len(one.run()) == 1
        rig.api_create("p")
        assert one.wakes == 1
        rig.api_destroy("p")
        assert one.wakes == 1


class TestEnforce:
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Rig:
        return Rig(
            tmp_path,
            WatchedDirectory(path=str(tmp_path / "plain")),
            WatchedDirectory(path=str(tmp_path / "specs"), enforce=True),
        )

    def plain(self, rig: Rig, name: str, text: str) -> None:
        rig.write(f"../plain/{name}", text)

    def test_the_api_cannot_write_what_is_enforced(self, rig):
        rig.write("a.yaml", "name: a\nthread_limit: 5\n")
        rig.sync()
        assert rig.origin("a", "thread_limit") == "enforced:specs/a.yaml:2"
        with pytest.raises(Permission, match=r"enforced by .*specs/a\.yaml:2"):
            rig.api_set("a", "thread_limit", "6")
        rig.api_set("a", "private", "free")

    def test_it_takes_a_name_from_a_file_that_is_not_enforced_and_gives_it_back(self, rig):
        self.plain(rig, "a.yaml", "name: a\ncommand: x\nprivate: plain\n")
        rig.sync()
        rig.write("a.yaml", "name: a\ncommand: x\nthread_limit: 5\n")
        assert len(rig.sync()) == 1
        assert rig.value("a", "thread_limit") == 5
        rig.remove("a.yaml")
        assert rig.sync() == []
        assert rig.value("a", "thread_limit") is None
        assert rig.value("a", "private") == "plain"
        assert rig.engine.launched == ["a"]

    def test_each_pass_repairs(self, rig):
        rig.write("a.yaml", "name: a\ncommand: x\nthread_limit: 5\n")
        rig.sync()
        record = rig.record("a")
        other = record.spec.with_value(find_property("command"), "y")
        rig.store.put(dataclasses.replace(record, spec=other), now=1.0)
        rig.sync()
        assert rig.value("a", "command") == "x"

    def test_a_destroyed_container_comes_back(self, rig):
        rig.write("a.yaml", "name: a\n")
        rig.sync()
        rig.api_destroy("a")
        rig.sync()
        assert rig.names() == ["a"]

    def test_it_takes_a_name_from_a_plain_file_that_cannot_be_read_now(self, rig):
        self.plain(rig, "a.yaml", "name: a\n")
        rig.sync()
        self.plain(rig, "a.yaml", "name: [\n")
        rig.write("a.yaml", "name: a\nthread_limit: 5\n")
        rig.sync()
        assert rig.value("a", "thread_limit") == 5
        assert rig.origin("a", "thread_limit") == "enforced:specs/a.yaml:2"

    def test_an_explicit_stop_holds_here_too(self, rig):
        rig.write("a.yaml", "name: a\n")
        rig.sync()
        rig.api_stop("a")
        rig.sync()
        assert rig.state("a") == "stopped"

    def test_an_unchanged_file_changes_nothing(self, rig):
        rig.write("a.yaml", "name: a\ncommand_argv: [x, y]\nenv: {A: 1}\n")
        rig.sync()
        before = rig.record("a")
        rig.sync()
        assert rig.record("a") is before

    def test_what_was_destroyed_before_its_directory_became_enforced_comes_back(self, tmp_path):
        directory = WatchedDirectory(path=str(tmp_path / "specs"))
        rig = Rig(tmp_path, directory, ledger=tmp_path / "ledger")
        rig.write("a.yaml", "name: a\n")
        rig.sync()
        rig.api_destroy("a")
        rig.restart_daemon()
        rig.sync()
        assert rig.names() == []
        rig.directories = (dataclasses.replace(directory, enforce=True),)
        rig.restart_daemon()
        rig.sync()
        assert rig.names() == ["a"]
