"""Whose turn it is."""

from porto.reconcilers.engine.jobs_queue import FairQueue
from porto.reconcilers.engine.jobs_values import Bounds


def drained(queue: FairQueue[str]) -> list[str]:
    found = []
    while (item := queue.next()) is not None:
        found.append(item)
    return found


def test_owners_take_turns() -> None:
    queue: FairQueue[str] = FairQueue(Bounds(per_owner=9, in_all=9))
    for item in ("a1", "a2", "a3", "b1", "b2", "c1"):
        queue.add(item[0], item)
    assert drained(queue) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_a_turn_is_not_lost_to_who_came_back() -> None:
    queue: FairQueue[str] = FairQueue(Bounds(per_owner=1, in_all=1))
    for item in ("a1", "a2", "b1"):
        queue.add(item[0], item)
    assert queue.next() == "a1"
    queue.done("a")
    queue.add("a", "a3")
    assert queue.next() == "b1"


def test_neither_one_owner_nor_all_run_too_many() -> None:
    queue: FairQueue[str] = FairQueue(Bounds(per_owner=2, in_all=3))
    for item in ("a1", "a2", "a3", "b1", "b2"):
        queue.add(item[0], item)
    assert drained(queue) == ["a1", "b1", "a2"]
    queue.done("a")
    assert drained(queue) == ["b2"]
    queue.done("b")
    assert drained(queue) == ["a3"]
    queue.done("a")
    assert drained(queue) == []


def test_who_has_none_running_comes_before_who_has() -> None:
    queue: FairQueue[str] = FairQueue(Bounds(per_owner=2, in_all=4))
    for item in ("a1", "a2", "a3", "b1", "b2", "b3", "c1"):
        queue.add(item[0], item)
        if item == "b3":
            assert drained(queue) == ["a1", "b1", "a2", "b2"]
    queue.done("a")
    assert drained(queue) == ["c1"]


def test_one_owner_has_no_more_than_his_share_though_nobody_else_waits() -> None:
    queue: FairQueue[str] = FairQueue(Bounds(per_owner=2, in_all=4))
    for item in ("a1", "a2", "a3"):
        queue.add("a", item)
    assert drained(queue) == ["a1", "a2"]


def test_who_waits_no_longer_is_left_out() -> None:
    queue: FairQueue[str] = FairQueue(Bounds(per_owner=1, in_all=1))
    queue.add("a", "a1")
    queue.add("b", "b1")
    queue.remove("a", "a1")
    assert drained(queue) == ["b1"]
