"""Counters that outlive their process."""

import pytest

from porto.api.counters import COUNTERS, KEPT, UNCOUNTED, DaemonCounters
from porto.spec.errors import InvalidValue


def test_counting_and_gauges():
    counters = DaemonCounters()
    counters.add("errors")
    counters.add("errors", 2)
    counters.add("a_new_one", 5)
    counters.gauge("clients", lambda: 7)
    shown = counters.snapshot()
    assert (shown["errors"], shown["a_new_one"], shown["clients"]) == (3, 5, 7)
    assert list(shown) == sorted(shown)
    assert {*COUNTERS, *UNCOUNTED} < set(shown)


def test_counters_wrap():
    counters = DaemonCounters()
    counters.add("errors", (1 << 64) - 1)
    counters.add("errors", 2)
    assert counters.snapshot()["errors"] == 1


def test_a_file_keeps_them(tmp_path):
    path = tmp_path / "stat"
    first = DaemonCounters(path)
    first.add("spawned", 2)
    first.add("a_new_one", 5)
    # Not closed: what a killed daemon has counted is in the file already.
    second = DaemonCounters(path)
    assert second.snapshot()["spawned"] == 2
    assert second.snapshot()["a_new_one"] == 5
    first.close()
    second.close()


@pytest.mark.parametrize("content", [b"", b"junk", b"\xff" * 12288, b"x" * 12288, b"a\x00" * 6144])
def test_a_damaged_file_starts_afresh(tmp_path, content):
    path = tmp_path / "stat"
    path.write_bytes(content)
    counters = DaemonCounters(path)
    assert set(counters.snapshot()) == {*COUNTERS, *UNCOUNTED}
    assert not any(counters.snapshot().values())
    counters.add("errors")
    counters.close()
    again = DaemonCounters(path)
    assert again.snapshot()["errors"] == 1
    again.close()


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "stat").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic links"):
        DaemonCounters(tmp_path / "stat")
    assert (tmp_path / "target").read_bytes() == b"precious"


def test_clearing():
    counters = DaemonCounters()
    for name in ("errors", "warnings", *KEPT):
        counters.add(name)
    counters.gauge("clients", lambda: 1)
    counters.clear("errors")
    assert (counters.snapshot()["errors"], counters.snapshot()["warnings"]) == (0, 1)
    counters.clear("taints")
    counters.clear(None)
    assert counters.snapshot()["warnings"] == 0
    for name in (*KEPT, "clients", "nonsense"):
        with pytest.raises(InvalidValue):
            counters.clear(name)
    assert all(counters.snapshot()[name] for name in KEPT)


def test_too_many_names_are_refused():
    counters = DaemonCounters()
    names = [f"counter_{number}" for number in range(256 - len(COUNTERS))]
    for name in names:
        counters.add(name)
    with pytest.raises(ValueError, match="no room"):
        counters.add("one_too_many")
    with pytest.raises(ValueError, match="no room"):
        DaemonCounters().add("x" * 41)
