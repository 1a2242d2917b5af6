"""The keyed queue: dedup, earliest time, highest priority, one worker per key."""

from hypothesis import given, settings
from hypothesis import strategies as st

from porto.reconcilers.engine.queue import Priority, Queue


def drain(queue: Queue, now: float) -> list[int]:
    found = []
    while (key := queue.pop(now)) is not None:
        found.append(key)
        queue.done(key)
    return found


def test_a_key_is_handed_out_once_however_often_it_was_added() -> None:
    queue = Queue()
    for _ in range(3):
        queue.add(7, due=0.0, priority=Priority.EVENT)
    assert drain(queue, 1.0) == [7]


def test_a_readd_keeps_the_earlier_time() -> None:
    queue = Queue()
    queue.add(1, due=5.0, priority=Priority.EVENT)
    queue.add(1, due=2.0, priority=Priority.EVENT)
    queue.add(1, due=9.0, priority=Priority.EVENT)
    assert queue.pop(1.9) is None
    assert queue.next_due() == 2.0
    assert queue.pop(2.0) == 1


def test_a_readd_keeps_the_higher_priority() -> None:
    queue = Queue()
    queue.add(3, due=0.0, priority=Priority.RESYNC)
    queue.add(2, due=0.0, priority=Priority.EVENT)
    queue.add(1, due=0.0, priority=Priority.RESYNC)
    queue.add(1, due=0.0, priority=Priority.CALLER)
    queue.add(1, due=0.0, priority=Priority.RESYNC)
    assert drain(queue, 0.0) == [1, 2, 3]


def test_an_earlier_readd_with_less_priority_keeps_its_priority() -> None:
    queue = Queue()
    queue.add(1, due=5.0, priority=Priority.CALLER)
    queue.add(2, due=0.0, priority=Priority.EVENT)
    queue.add(1, due=0.0, priority=Priority.RESYNC)
    assert drain(queue, 0.0) == [1, 2]


def test_the_same_priority_is_first_come_first_served() -> None:
    queue = Queue()
    for key in (3, 1, 2):
        queue.add(key, due=0.0, priority=Priority.EVENT)
    queue.add(3, due=0.0, priority=Priority.EVENT)
    assert drain(queue, 0.0) == [3, 1, 2]


def test_what_waits_for_a_busy_key_keeps_its_place() -> None:
    queue = Queue()
    for key in (1, 2):
        queue.add(key, due=0.0, priority=Priority.EVENT)
        assert queue.pop(0.0) == key
    queue.add(2, due=0.0, priority=Priority.RESYNC)
    queue.add(1, due=0.0, priority=Priority.CALLER)
    assert queue.pop(0.0) is None
    queue.done(1)
    queue.done(2)
    assert drain(queue, 0.0) == [1, 2]


def test_the_next_time_is_that_of_what_still_waits() -> None:
    queue = Queue()
    queue.add(1, due=3.0, priority=Priority.EVENT)
    queue.add(2, due=7.0, priority=Priority.EVENT)
    queue.add(1, due=1.0, priority=Priority.EVENT)
    assert queue.pop(1.0) == 1
    assert queue.next_due() == 7.0
    assert len(queue) == 1


def test_a_later_readd_with_more_priority_does_not_delay() -> None:
    queue = Queue()
    queue.add(1, due=1.0, priority=Priority.RESYNC)
    queue.add(1, due=50.0, priority=Priority.CALLER)
    assert queue.pop(1.0) == 1


def test_a_busy_key_waits_for_the_end_of_its_pass() -> None:
    queue = Queue()
    queue.add(1, due=0.0, priority=Priority.CALLER)
    assert queue.pop(0.0) == 1
    queue.add(1, due=0.0, priority=Priority.CALLER)
    queue.add(2, due=0.0, priority=Priority.RESYNC)
    assert queue.pop(0.0) == 2
    assert queue.pop(0.0) is None
    queue.done(1)
    assert queue.pop(0.0) == 1


def test_a_forgotten_key_is_not_handed_out() -> None:
    queue = Queue()
    queue.add(1, due=0.0, priority=Priority.EVENT)
    queue.forget(1)
    assert queue.pop(0.0) is None
    assert queue.next_due() is None


additions = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 10).map(float), st.sampled_from(list(Priority))),
    max_size=30,
)


@settings(max_examples=50)
@given(additions)
def test_every_key_comes_out_exactly_once_and_never_early(
    added: list[tuple[int, float, Priority]],
) -> None:
    queue = Queue()
    earliest: dict[int, float] = {}
    for key, due, priority in added:
        queue.add(key, due=due, priority=priority)
        earliest[key] = min(due, earliest.get(key, due))
    found: dict[int, float] = {}
    for now in range(11):
        for key in drain(queue, float(now)):
            assert key not in found
            found[key] = float(now)
    assert found == earliest
    assert len(queue) == 0


@settings(max_examples=50)
@given(additions)
def test_what_is_ready_comes_by_priority_and_then_by_age(
    added: list[tuple[int, float, Priority]],
) -> None:
    queue = Queue()
    # What the queue shall remember of a key: its best priority, and when it last improved.
    known: dict[int, tuple[float, Priority, int]] = {}
    for place, (key, due, priority) in enumerate(added):
        queue.add(key, due=due, priority=priority)
        before = known.get(key)
        if before is None:
            known[key] = (due, priority, place)
        elif due < before[0] or priority < before[1]:
            known[key] = (min(due, before[0]), min(priority, before[1]), place)
    expected = sorted(known, key=lambda key: known[key][1:])
    assert drain(queue, 10.0) == expected
