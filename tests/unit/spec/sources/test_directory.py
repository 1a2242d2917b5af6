import os
from pathlib import Path

import pytest

from porto.spec.kinds import DIALECTS
from porto.spec.sources import directory as module
from porto.spec.sources.directory import DirectoryScanner, Snapshot, WatchedDirectory, faults
from porto.spec.sources.files import Rules

SETTLE_NS = 100_000_000


class Clock:
    """The scanner's clock; it stands still a minute after the files were written."""

    def __init__(self, root: Path) -> None:
        self.ns = root.stat().st_ctime_ns + 60_000_000_000

    def __call__(self) -> int:
        return self.ns


class Place:
    def __init__(self, root: Path, **options: bool) -> None:
        self.root = root
        self.clock = Clock(root)
        self.scanner = DirectoryScanner(
            WatchedDirectory(path=str(root), **options), DIALECTS, rules=Rules(), now_ns=self.clock
        )

    def write(self, name: str, text: str = "") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or f"- name: {path.stem}\n")
        return path

    def scan(self, settle_ns: int = 0) -> Snapshot:
        return self.scanner.scan(settle_ns=settle_ns)

    def names(self, settle_ns: int = 0) -> list[str]:
        documents = self.scan(settle_ns).documents.values()
        return [item.name for document in documents for item in document.declared]

    def faults(self) -> list[str]:
        return [str(fault).replace(f"{self.root}/", "") for fault in faults(self.scan())]


@pytest.fixture
def place(tmp_path):
    root = tmp_path / "specs"
    root.mkdir()
    return Place(root)


def test_files_are_found_in_order_of_their_paths_and_others_ignored(place):
    for name in ("b.yaml", "a.CT", "sub/deep/c.yaml", ".hidden.yaml", "x.yaml~", ".git/d.yaml"):
        place.write(name, "name = a\n" if name == "a.CT" else "")
    place.write("README", "hello")
    os.mkfifo(place.root / "pipe")
    assert place.names() == ["a", "b", "c"]
    assert place.faults() == []


def test_a_flat_directory_has_no_sub_directories(tmp_path):
    place = Place(tmp_path, recursive=False)
    place.write("a.yaml")
    place.write("sub/b.yaml")
    assert place.names() == ["a"]


def test_unchanged_files_are_not_read_again(place, monkeypatch):
    place.write("a.yaml")
    place.write("b.yaml")
    read = []
    real = module.read_file

    def noting(path, rules):
        read.append(os.path.basename(path))
        return real(path, rules)

    monkeypatch.setattr(module, "read_file", noting)
    assert place.names() == ["a", "b"]
    place.write("b.yaml", "- name: new\n")
    assert place.names() == ["a", "new"]
    assert place.names() == ["a", "new"]
    assert read == ["a.yaml", "b.yaml", "b.yaml"]


def test_a_change_that_keeps_size_and_mtime_is_seen(place):
    path = place.write("a.yaml", "- name: one\n")
    before = path.stat()
    assert place.names() == ["one"]
    path.write_text("- name: two\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert place.names() == ["two"]


def test_a_file_in_the_making_counts_when_it_is_left_alone(place):
    path = place.write("a.yaml")
    place.clock.ns = path.stat().st_ctime_ns + SETTLE_NS // 2
    snapshot = place.scan(SETTLE_NS)
    assert not snapshot.settled
    assert snapshot.pending == {str(path)}
    assert not snapshot.documents
    place.clock.ns += SETTLE_NS
    snapshot = place.scan(SETTLE_NS)
    assert snapshot.settled
    assert list(snapshot.documents) == [str(path)]


def test_a_file_being_rewritten_keeps_what_it_said(place):
    path = place.write("a.yaml", "- name: one\n")
    assert place.names() == ["one"]
    path.write_text("- name: two\n")
    place.clock.ns = path.stat().st_ctime_ns
    assert place.names(SETTLE_NS) == ["one"]
    place.clock.ns += SETTLE_NS
    assert place.names(SETTLE_NS) == ["two"]


def test_a_file_from_the_future_counts_at_once(place):
    path = place.write("a.yaml")
    place.clock.ns = path.stat().st_ctime_ns - 3600 * 10**9
    assert place.names(SETTLE_NS) == ["a"]


def test_a_file_written_to_during_the_look_is_young(place):
    path = place.write("a.yaml")
    place.clock.ns = path.stat().st_ctime_ns - 1000
    assert place.names(SETTLE_NS) == []
    assert place.names() == ["a"]


def test_a_file_is_gone_when_it_stays_away(place):
    path = place.write("a.yaml")
    assert place.names() == ["a"]
    path.unlink()
    assert place.names(SETTLE_NS) == ["a"]
    place.clock.ns += SETTLE_NS // 2
    assert not place.scan(SETTLE_NS).settled
    place.write("a.yaml")
    assert place.names(SETTLE_NS) == ["a"]
    path.unlink()
    assert place.names(SETTLE_NS) == ["a"]
    place.clock.ns += SETTLE_NS
    assert place.names(SETTLE_NS) == []
    assert place.scan(SETTLE_NS).settled


def test_a_missing_directory_says_nothing_about_its_files(place):
    place.write("a.yaml")
    assert place.names() == ["a"]
    place.root.rename(place.root.with_name("away"))
    snapshot = place.scan()
    assert snapshot.unreadable == (str(place.root),)
    assert list(snapshot.documents) == [str(place.root / "a.yaml")]
    assert not snapshot.diagnostics
    place.root.with_name("away").rename(place.root)
    assert place.scan().unreadable == ()


def test_a_removed_sub_directory_takes_its_files_along(place):
    path = place.write("sub/a.yaml")
    assert place.names() == ["a"]
    path.unlink()
    path.parent.rmdir()
    assert place.names() == []


def test_what_is_not_a_readable_file_is_reported(place):
    place.write("target.txt")
    os.mkfifo(place.root / "a.CT")
    (place.root / "b.CT").symlink_to("nowhere")
    (place.root / "c.CT").symlink_to("c.CT")
    (place.root / "d.yaml").touch()
    os.truncate(place.root / "d.yaml", 100 << 20)
    assert place.faults() == [
        "a.CT: it is a pipe, not a regular file",
        "b.CT: the symbolic link leads nowhere",
        "c.CT: cannot be read: too many levels of symbolic links",
        "d.yaml: it is larger (104857600 bytes) than the limit of 1048576 bytes",
    ]


def test_an_unreadable_file_is_read_when_it_can_be(place, monkeypatch):
    place.write("a.yaml")

    def broken(path, rules):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(module, "read_file", broken)
        assert place.faults() == ["a.yaml: cannot be read: input/output error"]
    assert place.names() == ["a"]


def test_links_swapped_by_git_sync_change_what_files_say_but_not_their_paths(place):
    for revision in ("1", "2"):
        place.write(f".worktrees/{revision}/a.yaml", f"- name: rev{revision}\n")
    link = place.root / "current"
    link.symlink_to(".worktrees/1")
    first = place.scan()
    assert [d.declared[0].name for d in first.documents.values()] == ["rev1"]
    assert first.links == (str(link),)
    new = place.root / ".new"
    new.symlink_to(".worktrees/2")
    os.replace(new, link)
    second = place.scan()
    assert [d.declared[0].name for d in second.documents.values()] == ["rev2"]
    assert list(second.documents) == list(first.documents) == [str(link / "a.yaml")]


def test_loops_and_double_ways_are_read_once(place):
    place.write("sub/a.yaml")
    (place.root / "loop").symlink_to(".")
    (place.root / "sub/up").symlink_to("..")
    (place.root / "zweit").symlink_to("sub")
    assert place.names() == ["a"]


def test_a_directory_named_like_a_file_is_a_directory(place):
    place.write("x.yaml/a.yaml")
    assert place.names() == ["a"]


def test_depth_and_number_are_bounded(place, monkeypatch):
    monkeypatch.setattr(module, "FOLDER_DEPTH_MAX", 2)
    monkeypatch.setattr(module, "FILES_MAX", 2)
    place.write("1/2/a.yaml")
    place.write("1/2/3/b.yaml")
    assert place.names() == ["a"]
    assert place.faults() == ["1/2/3: more than 2 directories deep; it is not read"]
    for name in ("0c", "0d", "0e"):
        place.write(f"{name}.yaml")
    snapshot = place.scan()
    assert len(snapshot.documents) == 3  # "a" is not known to be gone
    assert str(place.root) in snapshot.unreadable


def test_a_directory_that_others_can_write_is_not_read(tmp_path):
    root = tmp_path / "specs"
    (root / "sub").mkdir(parents=True)
    for folder in (root, root / "sub"):
        (folder / "a.yaml").write_text("name: a\n")
        (folder / "a.yaml").chmod(0o644)
    (root / "sub").chmod(0o777)
    root.chmod(0o755)
    rules = Rules(trusted_uids=frozenset({os.geteuid()}))
    scanner = DirectoryScanner(WatchedDirectory(path=str(root)), DIALECTS, rules=rules)
    snapshot = scanner.scan()
    assert list(snapshot.documents) == [str(root / "a.yaml")]
    assert snapshot.unreadable == (str(root / "sub"),)
    assert [str(fault) for fault in faults(snapshot)] == [
        f"{root}/sub: it is writable by others than root (mode 0777)"
    ]
    root.chmod(0o777)
    snapshot = scanner.scan()
    assert snapshot.unreadable == (str(root),)
    assert list(snapshot.documents) == [str(root / "a.yaml")]


def test_a_link_into_a_directory_that_others_can_write_is_refused(tmp_path):
    root, open_to_all = tmp_path / "specs", tmp_path / "open"
    root.mkdir(mode=0o755)
    open_to_all.mkdir()
    (open_to_all / "a.yaml").write_text("name: a\n")
    (open_to_all / "a.yaml").chmod(0o644)
    open_to_all.chmod(0o777)
    (root / "a.yaml").symlink_to(open_to_all / "a.yaml")
    rules = Rules(trusted_uids=frozenset({os.geteuid()}))
    snapshot = DirectoryScanner(WatchedDirectory(path=str(root)), DIALECTS, rules=rules).scan()
    assert [str(fault) for fault in faults(snapshot)] == [
        f"{root}/a.yaml: its directory is writable by others than root (mode 0777)"
    ]
