"""Trees that nobody needs: small ones go at once, large ones by a job."""

import asyncio
import os
from pathlib import Path

import pytest

from porto.kernel.file import files, workdirs
from porto.kernel.file.files import list_aside
from porto.reconcilers.engine.jobs import Jobs
from porto.reconcilers.host.removals import Removals
from tests.fakes.jobs import FakePrograms, run_virtual


def tree(root: Path, name: str, files: int) -> None:
    (root / name).mkdir(parents=True)
    for number in range(files):
        (root / name / str(number)).touch()


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workdirs, "SMALL", (64, 60.0))


def test_a_small_tree_goes_at_once_without_a_job(tmp_path: Path) -> None:
    async def body() -> None:
        programs = FakePrograms()
        tree(tmp_path, "a/b", 10)
        Removals(Jobs(programs, print), files).remove(str(tmp_path), "a")
        await asyncio.sleep(0)
        assert (os.listdir(tmp_path), programs.started) == ([], [])

    run_virtual(body())


def test_the_name_of_a_large_tree_is_free_at_once_and_a_job_does_the_rest(tmp_path: Path) -> None:
    async def body() -> None:
        programs = FakePrograms()
        tree(tmp_path, "a/b", 100)
        removals = Removals(Jobs(programs, print), files)
        removals.remove(str(tmp_path), "a/b")
        assert os.listdir(tmp_path / "a") == []
        (aside,) = list_aside(str(tmp_path))
        await asyncio.sleep(0)
        assert programs.started == [f"remove {tmp_path}/{aside}"]
        assert programs.programs[0].argv[-1] == os.path.basename(aside)
        # The same name again is another tree.
        tree(tmp_path, "a/b", 100)
        removals.remove(str(tmp_path), "a/b")
        await asyncio.sleep(0)
        assert len(programs.started) == len(list_aside(str(tmp_path))) == 2

    run_virtual(body())


def test_what_was_set_aside_before_is_removed_by_the_next_daemon_once(tmp_path: Path) -> None:
    async def body() -> None:
        tree(tmp_path, "a", 100)
        first = Jobs(FakePrograms(), print)
        Removals(first, files).remove(str(tmp_path), "a")
        await first.close()
        programs = FakePrograms()
        removals = Removals(Jobs(programs, print), files)
        removals.resume(str(tmp_path))
        removals.resume(str(tmp_path))
        await asyncio.sleep(0)
        (aside,) = list_aside(str(tmp_path))
        assert programs.started == [f"remove {tmp_path}/{aside}"]

    run_virtual(body())


def test_many_trees_of_one_owner_do_not_hold_up_anothers(tmp_path: Path) -> None:
    async def body() -> None:
        programs = FakePrograms()
        removals = Removals(Jobs(programs, print), files)
        for number in range(5):
            tree(tmp_path, f"a/{number}", 100)
            removals.remove(str(tmp_path), f"a/{number}")
        tree(tmp_path, "b", 100)
        removals.remove(str(tmp_path), "b")
        await asyncio.sleep(0)
        assert len(programs.started) == 3

    run_virtual(body())
