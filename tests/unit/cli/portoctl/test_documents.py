"""validate and apply."""

from pathlib import Path

import pytest

DOCUMENT = """\
name: web
command: sleep 100
private: mine
containers:
  - name: cache
    start: false
    command: sleep 200
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "web.yaml"
    path.write_text(DOCUMENT)
    return path


def test_valid_documents_need_no_daemon(ctl, fake, document) -> None:
    fake.stop()
    assert ctl("validate", str(document)) == (0, "", "")


def test_faults_are_listed_with_file_line_and_property(ctl, tmp_path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("name: a\ncommand: sleep 1\nthread_limit: 12Q\nnothing: 1\n")
    ended = ctl("validate", str(path), str(tmp_path / "none.yaml"))
    assert ended.status == 1
    lines = ended.out.splitlines()
    assert any(line.startswith(f"{path}:3: thread_limit: ") for line in lines)
    assert any(line.startswith(f"{path}:4: nothing: ") for line in lines)
    assert any("none.yaml" in line for line in lines)


def test_apply_creates_then_leaves_then_changes(ctl, fake, document) -> None:
    ended = ctl("apply", str(document))
    assert ended == (0, "web: created, started\nweb/cache: created\n", "")
    assert fake.containers["web"]["state"] == "running"
    assert fake.containers["web"]["weak"] == "false"
    assert fake.containers["web/cache"]["state"] == "stopped"
    assert ctl("apply", str(document)).out == "web: unchanged\nweb/cache: unchanged\n"
    document.write_text(DOCUMENT.replace("mine", "yours"))
    assert ctl("apply", str(document)).out == (
        "web: changed\n  - private = mine\n  + private = yours\nweb/cache: unchanged\n"
    )
    assert fake.containers["web"]["private"] == "yours"


def test_dry_run_shows_and_changes_nothing(ctl, fake, document) -> None:
    ended = ctl("apply", "-n", str(document))
    assert ended.status == 0
    assert ended.out == (
        "web: created, started\n"
        "  + command = sleep 100\n"
        "  + private = mine\n"
        "web/cache: created\n"
        "  + command = sleep 200\n"
    )
    assert list(fake.containers) == ["/"]


def test_a_directory_is_applied_as_the_daemon_reads_it(ctl, fake, tmp_path) -> None:
    folder = tmp_path / "specs"
    (folder / "sub" / "deeper").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "a.CT").write_text("command = sleep 1\n")
    (folder / "sub" / "c.yaml").write_text("name: c\nstart: false\n")
    (folder / "sub" / "deeper" / "d.yaml").write_text("name: d\nstart: false\n")
    (folder / ".hidden.CT").write_text("nonsense")
    (folder / ".git" / "e.CT").write_text("nonsense")
    (folder / "readme.txt").write_text("nonsense")
    assert ctl("validate", str(folder)) == (0, "", "")
    assert ctl("apply", str(folder)).out == "a: created, started\nc: created\nd: created\n"


def test_parents_come_first(ctl, fake, tmp_path) -> None:
    for name in ("a%b%c.CT", "a%b.CT", "a.CT"):
        (tmp_path / name).write_text("start = false\n")
    assert ctl("apply", str(tmp_path)).out == "a: created\na/b: created\na/b/c: created\n"


def test_a_parent_need_not_be_declared(ctl, fake, tmp_path) -> None:
    fake.containers["a"] = {"state": "running"}
    (tmp_path / "a%b.CT").write_text("command = sleep 1\n")
    assert ctl("apply", str(tmp_path)) == (0, "a/b: created, started\n", "")


def test_two_claims_of_one_container_are_a_fault(ctl, fake, document, tmp_path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("name: web\ncommand: sleep 9\n")
    ended = ctl("apply", str(document), str(other))
    assert ended.status == 1
    assert ended.err.splitlines() == [
        f"{other}:1: name: 'web' is declared already by {document}:1",
        "Nothing applied: 1 fault",
    ]
    assert list(fake.containers) == ["/"]


def test_one_fault_and_nothing_is_applied(ctl, fake, document, tmp_path) -> None:
    bad = tmp_path / "bad.CT"
    bad.write_text("nothing = 1\n")
    ended = ctl("apply", str(document), str(bad), str(tmp_path / "none.yaml"))
    assert ended.status == 1
    assert f"{bad}:1: nothing: " in ended.err
    assert "Nothing applied: 2 faults" in ended.err
    assert list(fake.containers) == ["/"]


def test_a_refused_container_leaves_nothing_and_the_others_are_applied(ctl, fake, tmp_path) -> None:
    folder = tmp_path / "specs"
    folder.mkdir()
    (folder / "a.CT").write_text("command = fail\n")
    (folder / "b.CT").write_text("command = sleep 1\n")
    ended = ctl("apply", str(folder))
    assert ended.status == 22
    assert "Cannot apply a: InvalidCommand" in ended.err
    assert "a" not in fake.containers
    assert fake.containers["b"]["state"] == "running"
