"""Facts of device nodes, from the host."""

import os
from pathlib import Path

import pytest

from porto.kernel.block.devices import look_at
from porto.spec.device_rules import Node


def test_a_character_device() -> None:
    found = os.stat("/dev/null")
    assert look_at("/dev/null") == Node(
        "c", 1, 3, found.st_mode & 0o7777, found.st_uid, found.st_gid
    )


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/zero")
    found = look_at(str(tmp_path / "link"))
    assert found is not None
    assert (found.kind, found.major, found.minor) == ("c", 1, 5)


def test_other_things_are_no_devices(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "file", tmp_path / "fifo"):
        assert look_at(str(path)) is None
    with pytest.raises(FileNotFoundError):
        look_at(str(tmp_path / "missing"))
    with pytest.raises(NotADirectoryError):
        look_at(str(tmp_path / "file" / "x"))
