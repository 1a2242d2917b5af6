"""Values as people read them."""

import pytest

from porto.cli.portoctl.format import assignment, duration, exit_status, human, size


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0B"),
        (1023, "1023B"),
        (1024, "1K"),
        (1536, "1.5K"),
        (1 << 20, "1M"),
        (1 << 30, "1G"),
        (3 << 29, "1.5G"),
        (1 << 60, "1E"),
        (1 << 71, "2048E"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (12.5, "12.5s"),
        (59, "59s"),
        (60, "0:01:00"),
        (3661, "1:01:01"),
        (86399, "23:59:59"),
        (86400, "1d 0:00"),
        (3 * 86400 + 4 * 3600 + 5 * 60 + 6, "3d 4:05"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (0, "exit code: 0"),
        (3 << 8, "exit code: 3"),
        (9, "exit signal: 9 (Killed)"),
        (11 | 0x80, "exit signal: 11 (Segmentation fault) (Core dumped)"),
    ],
)
def test_exit_statuses(status: int, text: str) -> None:
    assert exit_status(status) == text


@pytest.mark.parametrize(
    ("prop", "value", "text"),
    [
        ("memory_limit", "1048576", "1M"),
        ("cpu_usage", "1500000000", "1.5s"),
        ("respawn_delay", "1000000000ns", "1s"),
        ("aging_time", "86400", "1d 0:00"),
        ("io_read", "sda: 1024; hw: 0", "sda: 1K; hw: 0B"),
        ("memory_limit", "odd", "odd"),
        ("exit_status", "", ""),
        ("exit_status", "256", "exit code: 1"),
        ("creation_time[raw]", "5", "5"),
        ("command", "1048576", "1048576"),
        ("stdout", "x" * 4096, "x" * 4096),
    ],
)
def test_values(prop: str, value: str, text: str) -> None:
    assert human(prop, value) == text


def test_long_output_is_shortened() -> None:
    text = human("stdout", "a" * 3000 + "b" * 3000)
    assert text == "a" * 2048 + "\n... skip 1904 bytes ...\n" + "b" * 2048


def test_lists_can_be_broken_over_lines() -> None:
    assert assignment("env", "A: 1; B: 2", broken=True) == "env = A: 1;\n      B: 2"
    assert assignment("env", "A: 1; B: 2") == "env = A: 1; B: 2"
