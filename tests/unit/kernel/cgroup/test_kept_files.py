"""Descriptors of polled files: how many, how long, whose."""

import os
import resource
from pathlib import Path

import pytest

from porto.kernel.cgroup.kept_files import IDLE_S, KeptFiles
from porto.kernel.cgroup.knobs import Knobs


def opened(path: Path) -> int:
    path.write_text("1\n")
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_no_more_than_allowed(tmp_path: Path) -> None:
    kept = KeptFiles(most=1)
    first, second = (opened(tmp_path / name) for name in "ab")
    assert kept.keep("/d", "a", first)
    assert not kept.keep("/d", "b", second)
    assert (kept.find("/d", "a"), kept.find("/d", "b"), kept.find("/e", "a")) == (first, None, None)
    os.close(second)
    kept.close("/d")
    assert not is_open(first)
    assert len(kept) == 0


def test_half_of_the_descriptors_are_left_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    descriptor = opened(tmp_path / "a")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (2 * descriptor, 2 * descriptor))
    assert not KeptFiles().keep("/d", "a", descriptor)
    monkeypatch.setattr(
        resource, "getrlimit", lambda _: (2 * descriptor + 2, resource.RLIM_INFINITY)
    )
    kept = KeptFiles()
    assert kept.keep("/d", "a", descriptor)
    kept.close("/d")


def test_what_nobody_reads_makes_room(tmp_path: Path) -> None:
    now = [0.0]
    kept = KeptFiles(monotonic=lambda: now[0])
    polled, idle = (opened(tmp_path / name) for name in "ab")
    kept.keep("/polled", "a", polled)
    kept.keep("/idle", "b", idle)
    for turn in (1, 2):
        now[0] = turn * IDLE_S
        assert kept.find("/polled", "a") == polled
        kept.keep("/new", str(turn), opened(tmp_path / "c"))
    assert not is_open(idle)
    assert is_open(polled)
    assert kept.find("/new", "1") is not None
    for directory in ("/polled", "/new"):
        kept.close(directory)


def test_a_knob_is_kept_open_only_for_those_who_poll(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "memory.stat"
    path.write_text("anon 1\n")
    knobs = Knobs()
    opens = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda *args: opens.append(args[0]) or real(*args))
    for _ in range(2):
        assert knobs.read(str(path)) == b"anon 1\n"
    assert len(opens) == 2
    for number in range(3):
        path.write_text(f"anon {number}\n")
        with knobs.held():
            assert knobs.read(str(path)) == f"anon {number}\n".encode()
    assert len(opens) == 3
    path.unlink()
    knobs.rmdir(str(tmp_path))
    with knobs.held(), pytest.raises(FileNotFoundError):
        knobs.read(str(path))


def test_a_long_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "io.stat"
    text = b"8:0 rbytes=1\n" * (3 * 65536 // 13)
    path.write_bytes(text)
    knobs = Knobs()
    for _ in range(2):
        with knobs.held():
            assert knobs.read(str(path)) == text
    path.unlink()
    knobs.rmdir(str(tmp_path))
