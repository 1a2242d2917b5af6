"""A directory that suddenly declares next to nothing destroys nothing."""

import asyncio
import dataclasses

import pytest

from porto.cli.daemon import watched_directories
from porto.spec.catalog import Catalog
from porto.spec.config import Config, SpecDirectory
from porto.spec.records.record import Run
from porto.spec.sources.claims import HELD_MARK
from porto.spec.sources.directory import WatchedDirectory
from porto.spec.sources.foresee import Proposal
from porto.spec.sources.removal_cap import FLOOR
from tests.unit.spec.sources.rig import Rig

MANY = 20


def files(rig: Rig, count: int = MANY, prefix: str = "c") -> list[str]:
    """So many containers, each by a file of its own; their names."""
    names = [f"{prefix}{number:02}" for number in range(count)]
    for name in names:
        rig.write(f"{name}.CT", "command = x\n")
    return names


def remove(rig: Rig, names: list[str]) -> None:
    for name in names:
        rig.remove(f"{name}.CT")


def kept(gone: int, total: int, shown: str, cap: int = 80) -> str:
    return (
        f"specs: declares {gone} of its {total} objects no more, and more than {cap} % went at "
        f"once; they are kept ({shown}): bring their files back, destroy them by a call, or set "
        "removal_max_percent to 100"
    )


ALL_KEPT = kept(MANY, MANY, "c00, c01, c02 and 17 more")


def emptied(rig: Rig) -> list[str]:
    names = files(rig)
    assert rig.sync() == []
    remove(rig, names)
    assert rig.sync() == [ALL_KEPT]
    return names


def test_an_emptied_directory_keeps_its_containers_and_is_reported(rig):
    names = emptied(rig)
    assert rig.names() == names
    assert {rig.state(name) for name in names} == {"running"}


def test_a_daemon_that_starts_while_the_file_system_is_not_mounted(rig):
    """Its first look at all is at an empty directory; the records are those on the disk."""
    names = files(rig)
    rig.sync()
    rig.watcher.close()
    remove(rig, names)
    rig.restart_daemon()
    assert rig.sync() == [ALL_KEPT]
    assert rig.names() == names


def test_files_that_come_back_are_followed_again_and_nothing_was_restarted(rig):
    names = emptied(rig)
    files(rig)
    assert rig.sync() == []
    assert rig.engine.launched == names
    assert all(HELD_MARK not in rig.record(name).origins for name in names)
    remove(rig, names[:1])
    assert rig.sync() == []
    assert rig.names() == names[1:]


def test_files_that_come_back_changed(rig):
    names = emptied(rig)
    for name in names:
        rig.write(f"{name}.CT", "command = x\nthread_limit = 5\n")
    assert rig.sync() == []
    assert rig.value("c00", "thread_limit") == 5
    assert HELD_MARK not in rig.record("c00").origins


def test_a_look_while_they_are_kept_writes_nothing(rig):
    emptied(rig)
    before = list(rig.store.records())
    assert rig.sync() == [ALL_KEPT]
    assert list(rig.store.records()) == before
    assert len(rig.engine.reports) == 1


def test_what_is_destroyed_by_a_call_goes_and_drags_nothing_along(rig):
    """Nor does a small rest fall below the floor, also not after a restart."""
    names = emptied(rig)
    for name in names[: MANY - FLOOR + 2]:
        rig.api_destroy(name)
    rest = names[MANY - FLOOR + 2 :]
    assert rig.sync() == [kept(8, 8, "c12, c13, c14 and 5 more")]
    rig.restart_daemon()
    assert rig.sync() == [kept(8, 8, "c12, c13, c14 and 5 more")]
    assert rig.names() == rest
    for name in rest:
        rig.api_destroy(name)
    assert rig.sync() == []
    assert rig.names() == []


def test_new_files_beside_them_do_not_let_them_go(rig):
    names = emptied(rig)
    others = files(rig, MANY, "new")
    expected = [kept(MANY, 2 * MANY, "c00, c01, c02 and 17 more")]
    assert rig.sync() == expected
    assert rig.sync() == expected
    remove(rig, others[:1])
    rig.sync()
    assert rig.names() == [*names, *others[1:]]
    assert rig.sync() == [kept(MANY, 2 * MANY - 1, "c00, c01, c02 and 17 more")]


def test_a_cap_of_100_lets_all_go(rig):
    emptied(rig)
    rig.directories = (dataclasses.replace(rig.directories[0], removal_max_percent=100),)
    rig.restart_daemon()
    assert rig.sync() == []
    assert rig.names() == []


@pytest.mark.parametrize(
    ("total", "gone", "cap", "left"),
    [
        (FLOOR - 1, FLOOR - 1, 80, 0),  # a small directory
        (FLOOR, FLOOR, 80, FLOOR),
        (FLOOR, 8, 80, 2),  # just the cap
        (FLOOR, 9, 80, FLOOR),
        (MANY, 1, 0, MANY),
        (MANY, MANY, 100, 0),
    ],
)
def test_where_the_cap_is(tmp_path, total, gone, cap, left):
    rig = Rig(tmp_path, WatchedDirectory(path=str(tmp_path / "specs"), removal_max_percent=cap))
    names = files(rig, total)
    rig.sync()
    remove(rig, names[:gone])
    rig.sync()
    assert len(rig.names()) == left


def test_in_smaller_portions_all_may_go(rig):
    names = files(rig)
    rig.sync()
    for start in range(0, MANY, 5):
        remove(rig, names[start : start + 5])
        assert rig.sync() == []
    assert rig.names() == []


def test_another_checkout_takes_the_place_of_the_first_at_once(rig):
    """Of what was and is declared half goes: a link that is swapped is a wish."""
    names = files(rig)
    rig.sync()
    others = files(rig, MANY, "new")
    remove(rig, names)
    assert rig.sync() == []
    assert rig.names() == others


def test_one_document_of_many_objects_counts_its_objects(rig):
    rig.write("all.yaml", "".join(f"- name: c{number:02}\n" for number in range(MANY)))
    rig.sync()
    rig.write("all.yaml", "- name: c00\n")
    assert rig.sync() == [kept(MANY - 1, MANY, "c01, c02, c03 and 16 more")]
    assert len(rig.names()) == MANY


def test_what_is_adopted_is_not_let_go_either(rig):
    """Let go and taken again, it would be written anew, and started."""
    names = [f"c{number:02}" for number in range(MANY)]
    for name in names:
        rig.api_create(name)
    files(rig)
    rig.sync()
    origins = dict(rig.record("c00").origins)
    remove(rig, names)
    assert rig.sync() == [ALL_KEPT]
    files(rig)
    assert rig.sync() == []
    assert rig.record("c00").origins == origins


def test_another_directory_is_not_concerned(tmp_path):
    specs, other = (WatchedDirectory(path=str(tmp_path / name)) for name in ("specs", "other"))
    rig = Rig(tmp_path, specs, other)
    names = files(rig)
    rig.write("../other/one.CT", "command = x\n")
    rig.sync()
    remove(rig, names)
    rig.remove("../other/one.CT")
    assert rig.sync() == [ALL_KEPT]
    assert rig.names() == names


def test_what_a_user_destroyed_before_stays_away_when_the_files_are_back(tmp_path):
    rig = Rig(tmp_path, ledger=tmp_path / "ledger")
    names = files(rig)
    rig.sync()
    rig.api_destroy("c00")
    rig.sync()
    remove(rig, names)
    assert rig.sync() == [kept(MANY - 1, MANY - 1, "c01, c02, c03 and 16 more")]
    files(rig)
    assert rig.sync() == []
    assert rig.names() == names[1:]


def test_a_parent_is_kept_with_what_is_kept_in_it(tmp_path):
    """Of two directories one loses all, the other one a parent of that."""
    specs, other = (WatchedDirectory(path=str(tmp_path / name)) for name in ("specs", "other"))
    rig = Rig(tmp_path, specs, other)
    rig.write("../other/p.CT", "isolate = false\n")
    for number in range(MANY):
        rig.write(f"p%c{number:02}.CT", "command = x\n")
    assert rig.sync() == []
    for number in range(MANY):
        rig.remove(f"p%c{number:02}.CT")
    rig.remove("../other/p.CT")
    problems = rig.sync()
    assert problems[0] == (
        "other/p.CT: name: cannot destroy p, which this file declares no more: "
        "p/c00, p/c01, p/c02, p/c03, p/c04 and 15 more in it are not of this file"
    )
    assert len(rig.names()) == MANY + 1


def test_a_full_disk_is_reported_and_kept_is_kept(rig, monkeypatch):
    names = files(rig)
    rig.sync()
    remove(rig, names)
    monkeypatch.setattr(rig.store, "_record_max_bytes", 1)
    problems = rig.sync()
    assert ALL_KEPT in problems
    assert len(problems) == 1 + MANY
    assert rig.names() == names


def test_a_plan_says_so(rig):
    rig.write("a.yaml", "".join(f"- name: c{number:02}\n" for number in range(MANY)))
    rig.sync()
    fork = rig.store.fork()
    proposal = Proposal({}, (rig.directories[0].path,))
    foreseen = asyncio.run(rig.watcher.foresee(proposal, Catalog(fork)))
    assert [str(item).replace(f"{rig.root}/", "") for item in foreseen.diagnostics] == [ALL_KEPT]
    assert all(record.intent.run is not Run.ABSENT for record in fork.records())


@pytest.mark.parametrize(("own", "expected"), [(None, 50), (0, 0), (100, 100)])
def test_the_daemons_cap_holds_where_a_directory_names_none(own, expected):
    config = Config.model_validate(
        {
            "daemon": {"removal_max_percent": 50},
            "spec_dir": [SpecDirectory(path="/specs", removal_max_percent=own)],
        }
    )
    containers, specs = watched_directories(config)
    assert containers.removal_max_percent == 50
    assert specs.removal_max_percent == expected
