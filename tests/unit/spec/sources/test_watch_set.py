import os
from pathlib import Path

import pytest

from porto.spec.kinds import DIALECTS
from porto.spec.sources.directory import DirectoryScanner, WatchedDirectory
from porto.spec.sources.files import Rules
from porto.spec.sources.watch_set import WatchSet, watch_set


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(os.path.realpath(tmp_path))


def watched(*paths: Path) -> WatchSet:
    scanners = [
        DirectoryScanner(WatchedDirectory(path=str(p)), DIALECTS, rules=Rules()) for p in paths
    ]
    return watch_set([scanner.scan() for scanner in scanners])


def below(found: WatchSet, root: Path) -> dict[str, object]:
    return {
        os.path.relpath(folder, root): None if names is None else sorted(names)
        for folder, names in found.folders.items()
        if folder.startswith(str(root))
    }


def test_each_directory_with_files_and_the_parent(root):
    (root / "specs/sub").mkdir(parents=True)
    (root / "specs/.git").mkdir()
    found = watched(root / "specs")
    assert below(found, root) == {".": ["specs"], "specs": None, "specs/sub": None}
    assert found.concerns(str(root / "specs"))
    assert found.concerns(str(root / "specs/sub/new.yaml"))
    assert not found.concerns(str(root / "other"))
    assert not found.concerns(str(root / "specs/.git/index"))


def test_the_nearest_ancestor_of_what_is_missing(root):
    found = watched(root / "not/yet/there")
    assert below(found, root) == {".": ["not"]}
    (root / "not").mkdir()
    assert below(watched(root / "not/yet/there"), root) == {"not": ["yet"]}


def test_links_on_the_way(root):
    for revision in "12":
        (root / f"git/{revision}/specs").mkdir(parents=True)
    (root / "current").symlink_to("git/1")
    found = watched(root / "current/specs")
    assert below(found, root) == {
        ".": ["current"],
        "git/1": ["specs"],
        "git/1/specs": None,
    }


def test_files_that_are_links(root):
    (root / "specs/..1").mkdir(parents=True)
    (root / "specs/..1/a.yaml").write_text("name: a\n")
    (root / "specs/..data").symlink_to("..1")
    (root / "specs/a.yaml").symlink_to("..data/a.yaml")
    assert below(watched(root / "specs"), root) == {
        ".": ["specs"],
        "specs": None,
        "specs/..1": ["a.yaml"],
    }


def test_links_that_lead_nowhere_or_in_circles_end(root):
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    (root / "c").symlink_to("nowhere/else")
    assert below(watched(root / "a", root / "c"), root) == {".": ["a", "b", "c", "nowhere"]}


def test_a_link_that_goes_up_first(root):
    (root / "a").mkdir()
    (root / "real").mkdir()
    (root / "a/link").symlink_to("../real")
    assert below(watched(root / "a/link"), root) == {".": ["real"], "a": ["link"], "real": None}
