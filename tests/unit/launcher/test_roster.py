"""What the master remembers, and how a reaper's exit code is read."""

import os
from pathlib import Path

import pytest

from porto.launcher.roster import Child, Roster, read_start, task_status


def child(launch_id: str, pid: int, **given: object) -> Child:
    values = {"init_start": 5, "task_pid": pid + 1, "task_start": 6, "vpid": 2, "reaper": True}
    return Child(launch_id, pid, **{**values, **given})  # type: ignore[arg-type]


def test_an_exit_is_kept_until_it_is_acknowledged() -> None:
    roster = Roster()
    roster.enter(child("a:1", 10))
    assert roster.find(10) is not None
    roster.acknowledge("a:1")  # it runs: this says nothing
    assert "a:1" in roster
    found = roster.reaped(10, 256)
    assert found is not None
    assert (found.launch_id, found.exited) == ("a:1", 256)
    assert roster.find(10) is None  # the pid may be another's soon
    assert [r.exited for r in roster.children()] == [256]
    roster.acknowledge("a:1")
    assert "a:1" not in roster
    assert len(roster) == 0


def test_a_dropped_launch_has_no_exit() -> None:
    roster = Roster()
    roster.enter(child("a:1", 10))
    roster.drop("a:1")
    assert roster.reaped(10, 0) is None
    roster.drop("never:1")
    roster.acknowledge("never:1")


def test_a_name_used_again_keeps_its_new_exit() -> None:
    """The child of a forgotten launch ends after its name was given to another one."""
    roster = Roster()
    roster.enter(child("a:1", 10))
    roster.drop("a:1")
    roster.enter(child("a:1", 20))
    assert roster.reaped(10, 0) is None
    assert roster.children()[0].exited is None


def test_an_ended_record_is_of_no_pid() -> None:
    roster = Roster()
    roster.enter(child("a:1", 10, exited=9))
    assert roster.find(10) is None
    assert roster.reaped(10, 0) is None


def test_a_record_survives_its_state() -> None:
    one = child("a:1", 10, exited=9)
    assert Child(*one.state()).state() == one.state()  # type: ignore[arg-type]
    assert one.launched() == ["launched", "a:1", 10, 5, 11, 6, 2]


@pytest.mark.parametrize(
    ("status", "comm", "expected"),
    [
        (137 << 8, "porto-sig:9\n", 9),
        (139 << 8, "porto-sig:11c\n", 11 | 0x80),
        (192 << 8, "porto-sig:64c", 64 | 0x80),
        (137 << 8, "portoinit\n", 137 << 8),
        (137 << 8, "porto-sig:\n", 137 << 8),
        (137 << 8, "porto-sig:x\n", 137 << 8),
        (137 << 8, "porto-sig:8\n", 137 << 8),  # not the signal of this code
        (1 << 8, "porto-sig:1\n", 1 << 8),
        (9, "porto-sig:9\n", 9),
        (0, "porto-sig:0\n", 0),
    ],
)
def test_a_signal_is_told_from_an_exit_code(status: int, comm: str, expected: int) -> None:
    assert task_status(1, status, comm) == expected


def test_start_time_of_ourselves_and_of_nobody() -> None:
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    assert read_start(os.getpid()) == int(fields[19])
    assert read_start(0x7FFFFFF) == 0
