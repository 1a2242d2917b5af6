from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from porto.kernel.file.journal import Journal
from porto.observers.events import EventLog
from porto.spec.events import Event, What


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(str(tmp_path / "events"))


def event(name: str) -> Event:
    return Event("container", name, What.CREATED)


def test_events_are_kept_with_serial_and_time(journal: Journal) -> None:
    log = EventLog(journal, lambda: 5.0)
    log.add(event("a"))
    log.add(event("b"))
    assert [(e.serial, e.time, e.name) for e in log.read()] == [(1, 5.0, "a"), (2, 5.0, "b")]
    assert [e.name for e in log.read(1)] == ["b"]
    assert log.last == 2


def test_events_are_written_together_later_and_before_anybody_reads(journal: Journal) -> None:
    due: list[Callable[[], None]] = []
    log = EventLog(journal, lambda: 5.0, due.append)
    heard: list[str] = []
    log.follow(lambda event: heard.append(event.name))
    log.add(event("a"))
    log.add(event("b"))
    assert (len(due), journal.last, heard) == (1, 0, [])
    due.pop()()
    assert (journal.last, heard) == (2, ["a", "b"])
    log.add(event("c"))
    assert (len(due), [e.name for e in log.read(2)]) == (1, ["c"])
    log.add(event("d"))
    assert log.last == 4
    log.add(event("e"))
    log.close()
    assert [number for number, _ in journal.read()] == [1, 2, 3, 4, 5]


def test_what_has_happened_is_gone_through_when_it_is_written(journal: Journal) -> None:
    now, due = [5.0], list[Callable[[], None]]()
    log = EventLog(journal, lambda: now[0], due.append)
    told: list[str] = []

    def events() -> Iterator[Event]:
        told.append("gone through")
        yield event("a")
        yield event("b")

    log.extend(events())
    now[0] = 6.0
    log.add(event("c"))
    log.extend(())
    assert not told
    due.pop()()
    assert told == ["gone through"]
    assert [(e.time, e.name) for e in log.read()] == [(5.0, "a"), (5.0, "b"), (6.0, "c")]
    log.extend(())
    due.pop()()
    assert log.last == 3


def test_a_follower_hears_what_is_kept_until_it_leaves(journal: Journal) -> None:
    log = EventLog(journal, lambda: 5.0)
    heard: list[Event] = []
    leave = log.follow(heard.append)
    log.add(event("a"))
    leave()
    log.add(event("b"))
    assert heard == [*log.read()][:1]


def test_a_follower_may_leave_while_it_is_told(journal: Journal) -> None:
    log = EventLog(journal)
    heard: list[str] = []

    def once(event: Event) -> None:
        heard.append(event.name)
        leave()

    leave = log.follow(once)
    log.follow(lambda event: heard.append("other"))
    log.add(event("a"))
    log.add(event("b"))
    assert heard == ["a", "other", "other"]


def test_nobody_is_told_what_is_lost(journal: Journal) -> None:
    log = EventLog(journal)
    heard: list[Event] = []
    log.follow(heard.append)
    log.add(event("x" * 40_000))
    assert (heard, log.lost, log.last) == ([], 1, 0)


def test_a_line_of_another_version_is_passed_over(journal: Journal) -> None:
    log = EventLog(journal)
    journal.append(b"[1,2,3]")
    log.add(event("a"))
    assert [(e.serial, e.name) for e in log.read()] == [(2, "a")]


def test_the_events_of_one_object(journal: Journal) -> None:
    log = EventLog(journal)
    log.add(event("a"))
    log.add(Event("container", "b", What.SET, want="a"))
    log.add(event("a/b"))
    log.add(event("a"))
    assert [e.serial for e in log.read(name="a")] == [1, 4]
    assert [e.serial for e in log.read(1, "a")] == [4]
    assert list(log.read(name="none")) == []
