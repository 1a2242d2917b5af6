"""The daemon's log: the form of a line, and what is counted of it."""

import io
from collections import Counter

import pytest
import structlog

from porto.cli.log import setup_log


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("os.getpid", lambda: 7)
    return stream


@pytest.fixture
def counted(written: io.StringIO) -> Counter[str]:
    counts: Counter[str] = Counter()

    def count(name: str, amount: int) -> None:
        counts[name] += amount

    setup_log(verbose=False, count=count)
    yield counts
    structlog.reset_defaults()


def test_a_line_says_when_who_what_and_about_whom(written, counted) -> None:
    structlog.get_logger().info("container started", container="a b", pid=5)
    stamp, rest = written.getvalue()[:20], written.getvalue()[20:]
    assert stamp.count("-") == stamp.count(":") == 2
    assert rest == "portod[7]: info: container started container='a b' pid=5\n"


def test_lines_and_bytes_are_counted_as_they_are_written(written, counted) -> None:
    log = structlog.get_logger()
    log.debug("not written")
    log.warning("späť")
    log.error("broken", exc_info=ValueError("no"))
    assert counted["warnings"] == counted["errors"] == 1
    assert counted["log_lines"] == written.getvalue().count("\n") > 2
    assert counted["log_bytes"] == len(written.getvalue().encode())
