"""The daemon's log: the form of a line, and what is counted of it."""

from collections import Counter
from pathlib import Path

import pytest
import structlog

from porto.cli.log import setup_log


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file that gets what is logged."""
    path = tmp_path / "log"
    with path.open("wb", buffering=0) as file:
        monkeypatch.setattr("porto.cli.log.STDERR", file.fileno())
        monkeypatch.setattr("os.getpid", lambda: 7)
        yield path


@pytest.fixture
def counted(written: Path) -> Counter[str]:
    counts: Counter[str] = Counter()

    def count(name: str, amount: int) -> None:
        counts[name] += amount

    setup_log(verbose=False, count=count)
    yield counts
    structlog.reset_defaults()


def test_a_line_says_when_who_what_and_about_whom(written, counted) -> None:
    structlog.get_logger().info("container started", container="a b", pid=5)
    stamp, rest = written.read_text()[:20], written.read_text()[20:]
    assert stamp.count("-") == stamp.count(":") == 2
    assert rest == "portod[7]: info: container started container='a b' pid=5\n"


def test_lines_and_bytes_are_counted_as_they_are_written(written, counted) -> None:
    log = structlog.get_logger()
    log.debug("not written")
    log.warning("späť")
    log.error("broken", exc_info=ValueError("no"))
    log.critical("over")
    assert counted["warnings"] == counted["errors"] == counted["fatals"] == 1
    assert counted["log_lines"] == written.read_bytes().count(b"\n") > 3
    assert counted["log_bytes"] == len(written.read_bytes())
    assert not counted["log_lines_lost"]
    assert not counted["log_bytes_lost"]


def test_who_logs_does_not_fail_for_a_full_disk(counted, monkeypatch) -> None:
    with open("/dev/full", "wb", buffering=0) as full:
        monkeypatch.setattr("porto.cli.log.STDERR", full.fileno())
        structlog.get_logger().warning("nobody reads this")
    assert counted["log_lines_lost"] == counted["log_lines"] == 1
    assert counted["log_bytes_lost"] == counted["log_bytes"] > len("nobody reads this")


def test_the_part_of_an_event_that_did_not_fit_is_lost(counted, monkeypatch) -> None:
    monkeypatch.setattr("porto.cli.log.os.write", lambda descriptor, data: len(data) - 2)
    structlog.get_logger().info("cut")
    assert (counted["log_lines_lost"], counted["log_bytes_lost"]) == (1, 2)
