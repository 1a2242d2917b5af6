"""The list of sleeping declarations, in memory and on the disk."""

import os
from pathlib import Path

import pytest

from porto.spec.sources.claims import Subject
from porto.spec.sources.dormant import Dormant

WEB, DATA = Subject("container", "web"), Subject("volume", "/place/data")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def test_it_is_written_with_each_change_and_read_by_the_next_daemon(path):
    first = Dormant(path)
    first.add(WEB, "1")
    first.add(DATA, "2")
    assert path.read_text() == '{"web":"1","volume///place/data":"2"}'
    assert Dormant(path).digests == first.digests == {WEB: "1", DATA: "2"}
    first.add(WEB, "3")
    assert path.read_text() == '{"web":"3","volume///place/data":"2"}'
    first.discard(WEB, DATA)
    assert path.read_text() == "{}"
    assert os.listdir(path.parent) == ["ledger"]


def test_what_changes_nothing_is_not_written(path):
    dormant = Dormant(path)
    dormant.discard(WEB)
    assert not path.exists()
    dormant.add(WEB, "1")
    before = path.stat().st_ino
    dormant.add(WEB, "1")
    dormant.discard(DATA)
    dormant.discard()
    assert path.stat().st_ino == before
    dormant.discard(DATA, WEB)
    assert (path.read_text(), dormant.digests) == ("{}", {})


def test_without_a_file_it_is_kept_in_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dormant = Dormant(None)
    dormant.add(WEB, "1")
    dormant.add(DATA, "2")
    dormant.discard(WEB)
    assert dormant.digests == {DATA: "2"}
    assert os.listdir(tmp_path) == []


def test_what_is_stored_is_text(path):
    path.write_text('{"web": 7}')
    assert Dormant(path).digests == {WEB: "7"}


@pytest.mark.parametrize("content", [b"[]", b"{", b"7", b"", b"\xff\xfe{", b'"web"'])
def test_a_file_that_cannot_be_read_is_an_empty_list(path, content):
    path.write_bytes(content)
    assert Dormant(path).digests == {}


def test_a_full_disk_leaves_the_old_list_and_no_rest(path, monkeypatch):
    dormant = Dormant(path)
    dormant.add(WEB, "1")

    def full(source: object, target: object) -> None:
        assert (str(source), str(target)) == (f"{path}.tmp", str(path))
        assert Path(str(source)).exists()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        dormant.add(DATA, "2")
    assert dormant.digests == {WEB: "1", DATA: "2"}
    assert Dormant(path).digests == {WEB: "1"}
    assert os.listdir(path.parent) == ["ledger"]


def test_a_directory_that_is_gone_stops_nothing(tmp_path):
    dormant = Dormant(tmp_path / "gone" / "ledger")
    dormant.add(WEB, "1")
    assert dormant.digests == {WEB: "1"}
