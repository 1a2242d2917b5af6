"""Scheduling of threads, on threads of our own."""

import os
import threading
from collections.abc import Callable

import pytest

from porto.kernel import syscalls
from porto.kernel.process import scheduling
from porto.kernel.process.scheduling import Schedule


@pytest.fixture
def in_thread() -> Callable[[Callable[[], None]], None]:
    """Runs in a thread that is thrown away; what fails there fails here."""

    def run(body: Callable[[], None]) -> None:
        failures: list[BaseException] = []

        def caught() -> None:
            try:
                body()
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=caught)
        thread.start()
        thread.join()
        if failures:
            raise failures[0]

    return run


@pytest.mark.parametrize(
    "schedule",
    [Schedule(scheduling.OTHER, 19), Schedule(scheduling.BATCH, 19), Schedule(scheduling.IDLE, 19)],
)
def test_what_was_written_is_read(in_thread, schedule: Schedule) -> None:
    def body() -> None:
        before = scheduling.read(os.getpid())
        me = threading.get_native_id()
        scheduling.write(me, schedule)
        assert scheduling.read(me) == scheduling.read(0) == schedule
        assert scheduling.read(os.getpid()) == before

    in_thread(body)


def test_disk_priority_is_of_one_thread(in_thread) -> None:
    def body() -> None:
        before = scheduling.read_ioprio(os.getpid())
        me = threading.get_native_id()
        scheduling.write_ioprio(me, 3 << 13)
        assert scheduling.read_ioprio(me) == 3 << 13
        scheduling.write_ioprio(me, 2 << 13 | 7)
        assert scheduling.read_ioprio(0) == 2 << 13 | 7
        scheduling.write_ioprio(me, 0)
        assert scheduling.read_ioprio(me) == 0
        assert scheduling.read_ioprio(os.getpid()) == before

    in_thread(body)


def test_ordinary_is_what_nobody_has_touched(in_thread) -> None:
    def body() -> None:
        me = threading.get_native_id()
        untouched = (scheduling.read(me), scheduling.read_ioprio(me)) == (Schedule(0, 0), 0)
        assert scheduling.is_ordinary(me) is untouched
        scheduling.write_ioprio(me, 2 << 13)
        assert not scheduling.is_ordinary(me)
        scheduling.write_ioprio(me, 0)
        scheduling.write(me, Schedule(scheduling.BATCH, 0 if os.geteuid() == 0 else 19))
        assert not scheduling.is_ordinary(me)
        scheduling.write(me, Schedule(scheduling.OTHER, 19))
        assert not scheduling.is_ordinary(me)

    in_thread(body)


def test_a_level_without_a_class_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "ioprio_get", lambda pid: 4)
    assert scheduling.read_ioprio(1) == 0


def test_a_thread_that_is_not_there_is_told() -> None:
    nobody = (4 << 20) + 1  # above the kernel's largest number
    for call in (
        lambda: scheduling.read(nobody),
        lambda: scheduling.read_ioprio(nobody),
        lambda: scheduling.is_ordinary(nobody),
        lambda: scheduling.write(nobody, Schedule(0, 19)),
        lambda: scheduling.write_ioprio(nobody, 0),
    ):
        with pytest.raises(ProcessLookupError):
            call()


def test_classes_that_no_kernel_has() -> None:
    assert scheduling.knows(scheduling.BATCH)
    assert not scheduling.knows(77)


def test_the_trial_of_a_class_leaves_us_as_we_are() -> None:
    before = scheduling.read(0)
    scheduling.knows(scheduling.IDLE)
    assert scheduling.read(0) == before


def test_words() -> None:
    assert str(Schedule(0, -10)) == "SCHED_OTHER nice -10"
    assert str(Schedule(2, -20, 10)) == "SCHED_RR priority 10 nice -20"
    assert str(Schedule(1 << 30, 0)) == "1073741824 nice 0"
    texts = [scheduling.describe_ioprio(v) for v in (0, 1 << 13 | 4, 2 << 13, 3 << 13, 5 << 13)]
    assert texts == ["none", "rt 4", "be 0", "idle", "5"]
