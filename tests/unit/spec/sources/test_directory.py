import os
from pathlib import Path

import pytest

from porto.spec.kinds import DIALECTS
from porto.spec.sources import directory as module
from porto.spec.sources.diagnostics import Diagnostic
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


def failing(monkeypatch, path, error: OSError) -> None:
    """Listing `path` fails: its owner came in between, or the kernel refuses."""
    real = os.scandir

    def scandir(folder):
        if folder == str(path):
            raise error
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)


@pytest.mark.parametrize("name", ["sub", "sub.yaml"])
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "Permission denied"), "cannot be read: permission denied"),
        (OSError("torn"), "cannot be read: torn"),
    ],
)
def test_an_unreadable_sub_directory_is_told_and_keeps_its_files(
    place, monkeypatch, name, error, reason
):
    inner = place.write(f"{name}/a.yaml")
    other = place.write("b.yaml")
    assert sorted(place.names()) == ["a", "b"]
    folder = str(place.root / name)
    with monkeypatch.context() as patch:
        failing(patch, folder, error)
        snapshot = place.scan()
    assert snapshot.unreadable == (folder,)
    assert snapshot.diagnostics == (Diagnostic(folder, 0, "", reason),)
    assert list(snapshot.documents) == sorted([str(inner), str(other)])
    assert snapshot.settled
    assert place.scan().diagnostics == ()


def test_a_directory_that_cannot_be_read_at_all_keeps_its_files(place, monkeypatch):
    path = place.write("a.yaml")
    assert place.names() == ["a"]
    failing(monkeypatch, place.root, PermissionError(13, "Permission denied"))
    snapshot = place.scan()
    assert snapshot.unreadable == (str(place.root),)
    assert place.faults() == [f"{place.root}: cannot be read: permission denied"]
    assert list(snapshot.documents) == [str(path)]


def test_a_file_in_place_of_the_directory_is_told(tmp_path):
    (tmp_path / "specs").write_text("")
    scanner = DirectoryScanner(
        WatchedDirectory(path=str(tmp_path / "specs")), DIALECTS, rules=Rules()
    )
    snapshot = scanner.scan()
    assert snapshot.unreadable == (str(tmp_path / "specs"),)
    assert snapshot.diagnostics == (
        Diagnostic(str(tmp_path / "specs"), 0, "", "it is not a directory"),
    )
    assert snapshot.folders == ()


def test_a_sub_directory_that_goes_while_it_is_listed_takes_its_files_along(place, monkeypatch):
    place.write("sub/a.yaml")
    assert place.names() == ["a"]
    failing(monkeypatch, place.root / "sub", FileNotFoundError(2, "No such file or directory"))
    snapshot = place.scan()
    assert (snapshot.unreadable, snapshot.diagnostics) == ((), ())
    assert snapshot.documents == {}


def test_a_link_whose_directory_goes_while_it_is_listed_keeps_its_files(place, monkeypatch):
    place.write(".data/a.yaml")
    link = place.root / "current"
    link.symlink_to(".data")
    assert place.names() == ["a"]
    failing(monkeypatch, link, FileNotFoundError(2, "No such file or directory"))
    snapshot = place.scan()
    assert (snapshot.unreadable, snapshot.diagnostics) == ((str(link),), ())
    assert (snapshot.links, list(snapshot.documents)) == ((str(link),), [str(link / "a.yaml")])


def test_what_a_scan_looked_at(place):
    for name in ("a.yaml", "sub/deep/b.yaml", ".data/c.yaml"):
        place.write(name)
    (place.root / "link").symlink_to(".data")
    (place.root / "z.yaml").symlink_to(".data/c.yaml")
    snapshot = place.scan()
    root = str(place.root)
    assert snapshot.directory == WatchedDirectory(path=root)
    assert snapshot.folders == (root, f"{root}/link", f"{root}/sub", f"{root}/sub/deep")
    assert snapshot.links == (f"{root}/link", f"{root}/z.yaml")
    assert (snapshot.unreadable, snapshot.pending, snapshot.diagnostics) == ((), frozenset(), ())


def test_too_many_files_are_told_once_and_the_rest_is_not_read(place, monkeypatch):
    monkeypatch.setattr(module, "FILES_MAX", 2)
    for name in ("1/a.yaml", "1/b.yaml", "1/c.yaml", "2/d.yaml", "e.yaml"):
        place.write(name)
    snapshot = place.scan()
    root = str(place.root)
    assert list(snapshot.documents) == [f"{root}/1/a.yaml", f"{root}/1/b.yaml"]
    assert snapshot.unreadable == (root,)
    assert snapshot.diagnostics == (
        Diagnostic(root, 0, "", "holds more than 2 files; the rest is not read"),
    )


def test_a_file_that_goes_while_it_is_read_is_looked_for_again(place, monkeypatch):
    path = place.write("a.yaml")
    place.write("b.yaml")
    look = place.scanner.look()
    path.unlink()
    place.scanner.read(look, look.due)
    snapshot = place.scanner.conclude(look)
    assert list(snapshot.documents) == [str(place.root / "b.yaml")]
    assert (snapshot.settled, snapshot.pending) == (False, frozenset())


def test_a_file_that_is_written_while_it_is_read_is_looked_at_again(place, monkeypatch):
    path = place.write("a.yaml", "- name: one\n")
    assert place.names() == ["one"]
    path.write_text("- name: two\n")
    real = module.read_file
    with monkeypatch.context() as patch:
        patch.setattr(module, "read_file", lambda path, rules: (real(path, rules)[0], None))
        snapshot = place.scan()
    assert not snapshot.settled
    assert [item.name for item in snapshot.documents[str(path)].declared] == ["one"]
    assert place.names() == ["two"]


def test_a_refused_file_is_not_read_again_until_it_changes(place, monkeypatch):
    path = place.write("a.yaml", "- name: a\n")
    read = []
    real = module.read_file

    def noting(path, rules):
        read.append(path)
        return real(path, rules)

    monkeypatch.setattr(module, "read_file", noting)
    os.truncate(path, 2 << 20)
    expected = ["a.yaml: it is larger (2097152 bytes) than the limit of 1048576 bytes"]
    assert place.faults() == expected
    assert place.faults() == expected
    assert read == [str(path)]
    path.write_text("- name: b\n")
    assert place.names() == ["b"]


@pytest.mark.parametrize(
    ("age_ns", "counts"),
    [
        (SETTLE_NS, True),
        (SETTLE_NS - 1, False),
        (0, False),
        (1 - module.FUTURE_NS, False),
        (-module.FUTURE_NS, True),
    ],
)
def test_how_long_a_file_must_be_left_alone(place, age_ns, counts):
    path = place.write("a.yaml")
    place.clock.ns = path.stat().st_ctime_ns + age_ns
    snapshot = place.scan(SETTLE_NS)
    assert (snapshot.settled, list(snapshot.documents)) == (counts, [str(path)] if counts else [])


@pytest.mark.parametrize(
    ("passed_ns", "gone"), [(SETTLE_NS, True), (SETTLE_NS - 1, False), (-1, True)]
)
def test_how_long_a_file_must_stay_away(place, passed_ns, gone):
    path = place.write("a.yaml")
    assert place.names() == ["a"]
    path.unlink()
    first = place.scan(SETTLE_NS)
    assert (first.settled, list(first.documents)) == (False, [str(path)])
    place.clock.ns += passed_ns
    second = place.scan(SETTLE_NS)
    assert (second.settled, list(second.documents)) == (gone, [] if gone else [str(path)])
